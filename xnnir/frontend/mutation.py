# torch's own annotations are partial.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
"""In-place operators as functional ones: a tensor that is written to gets a new value from there on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import torch
from torch.fx import Node
from torch.fx.node import map_arg
from xdsl.ir import SSAValue

from xnnir.dialects.aten import find_op_class
from xnnir.frontend import training
from xnnir.frontend.aliasing import AliasAnalysis, is_mutable
from xnnir.frontend.errors import MAKE_FUNCTIONAL, FrontendError

if TYPE_CHECKING:
    from xnnir.frontend.graph import GraphImporter

_CHANGE_NO_DATA = frozenset(
    ("detach_", "squeeze_", "unsqueeze_", "transpose_", "t_", "swapaxes_", "swapdims_")
)
"""In-place operators that change how one tensor sees its memory."""

_SAME_ELEMENTS = frozenset(
    f"aten::{name}"
    for name in (
        "_unsafe_view",
        "alias",
        "contiguous",
        "detach",
        "dropout",
        "feature_dropout",
        "flatten",
        "lift_fresh",
        "reshape",
        "squeeze",
        "unflatten",
        "unsqueeze",
        "view",
        "view_as",
        "reshape_as",
    )
)
"""Views of all elements in the same order."""


def _fake_value(node: Node) -> Any:
    return node.meta["val"]


class Mutations:
    """Applies the in-place operators of a graph."""

    def __init__(self, importer: GraphImporter, analysis: AliasAnalysis):
        self._importer = importer
        self._analysis = analysis
        self.written: set[Node] = set()
        """The tensors that have been written to, directly or through a view."""

    def is_mutation(self, node: Node) -> bool:
        return is_mutable(node)

    def apply(self, index: int, node: Node) -> None:
        """Make the functional call for the in-place operator `node`, number `index` of the graph."""
        importer = self._importer
        schema: Any = node.target._schema  # pyright: ignore
        namespace, _, name = schema.name.partition("::")
        if namespace != "aten":
            raise FrontendError(
                f"expected a functional operator, got {node.target}, which writes to an argument",
                hint="give the operator a functional form",
            )
        if schema.arguments[0].alias_info is None or not schema.arguments[0].alias_info.is_write:
            raise FrontendError(
                f"expected an operator that returns its result, got {node.target}", hint=MAKE_FUNCTIONAL
            )
        written = importer.graph.of(node.args[0])  # pyright: ignore
        assert isinstance(written, Node)
        importer.bind(written, self._functional_call(node, name, schema))
        if name in _CHANGE_NO_DATA:
            return
        self.written.add(written)
        if self._analysis.has_relevant_aliases(written, index):
            self._propagate(index, written)

    def _functional_call(self, node: Node, name: str, schema: Any) -> Any:
        importer = self._importer
        functional = re.sub(r"^__i(\w+)__$", r"__\1__", name.removesuffix("_"))
        overload = schema.overload_name or "default"
        op_class = find_op_class(f"{functional}.{overload}")
        if op_class is None or len(op_class.argument_names()) != len(schema.arguments):
            raise FrontendError(
                f"expected an in-place operator that has a functional form, got {node.target}",
                hint=MAKE_FUNCTIONAL,
            )
        args = importer.arguments(node, schema)
        training.check(
            f"aten::{functional}", dict(zip(op_class.argument_names(), args.values(), strict=True))
        )
        value: Any = node.meta["val"]
        computed = self._computed_dtype(node, functional, overload, value)
        result_type = importer.types.tensor(value if computed is None else value.to(computed))
        result = importer.make_typed_call(op_class, list(args.values()), [result_type], node.name)
        if computed is not None:  # the tensor keeps its element type, whatever was computed
            result = importer.make_call(
                "to.dtype", [result, value.dtype], [importer.types.tensor(value)], node.name
            )
        return result

    def _computed_dtype(self, node: Node, functional: str, overload: str, value: Any) -> torch.dtype | None:
        """The dtype that the functional operator gives where it differs from that of the tensor written to."""
        tensors = [arg.meta.get("val") for arg in node.all_input_nodes]
        if functional == "copy" or all(
            not isinstance(t, torch.Tensor) or t.dtype == value.dtype for t in tensors
        ):
            return None
        operator: Any = getattr(getattr(torch.ops.aten, functional), overload)
        args = map_arg(node.args, _fake_value)
        kwargs = map_arg(node.kwargs, _fake_value)
        with value.fake_mode:
            result = operator(*args, **kwargs)  # pyright: ignore
        return None if result.dtype == value.dtype else result.dtype

    def _propagate(self, index: int, written: Node) -> None:
        """Bring the other tensors in the memory of `written` up to date."""
        root = written
        while (base := self._analysis.base_of(root)) is not None:
            self._importer.bind(base, self._put_back(root, base))
            self.written.add(base)
            root = base
        for view in self._analysis.views_of(root):
            if view is not written and self._importer.is_bound(view):
                self._importer.bind(view, self._importer.make(view))

    def _put_back(self, view: Node, base: Node) -> Any:
        """The tensor `base` with the elements of its view `view` replaced by its new value."""
        importer = self._importer
        old, new = importer.value_of(base), importer.value_of(view)
        schema: Any = getattr(view.target, "_schema", None)
        name = schema.name if schema is not None else "getitem"
        hint = base.name
        if not isinstance(old, SSAValue):
            raise self._refusal(name)
        types = [old.type]
        if name == "aten::to":
            return new  # of the same type: what converts gives a tensor of its own
        if name in _SAME_ELEMENTS:
            return importer.make_call("view_as", [new, old], types, hint)
        args = importer.arguments(view, schema) if schema is not None else {}
        match name:
            case "aten::slice":
                rest = [args[key] for key in ("dim", "start", "end", "step")]
                return importer.make_call("slice_scatter", [old, new, *rest], types, hint)
            case "aten::narrow":
                end = importer.arithmetic("add", [args["start"], args["length"]])
                rest = [args["dim"], args["start"], end]
                return importer.make_call("slice_scatter", [old, new, *rest], types, hint)
            case "aten::diagonal":
                rest = [args[key] for key in ("offset", "dim1", "dim2")]
                return importer.make_call("diagonal_scatter", [old, new, *rest], types, hint)
            case "aten::select":
                return importer.make_call(
                    "select_scatter", [old, new, args["dim"], args["index"]], types, hint
                )
            case "aten::transpose":
                return importer.make_call("transpose.int", [new, args["dim0"], args["dim1"]], types, hint)
            case "aten::t":
                return importer.make_call("t", [new], types, hint)
            case "aten::permute":
                rank = len(args["dims"])
                order = [dim % rank for dim in args["dims"]]
                return importer.make_call("permute", [new, tuple(map(order.index, range(rank)))], types, hint)
            case _:
                raise self._refusal(name)

    @staticmethod
    def _refusal(name: str) -> FrontendError:
        return FrontendError(
            f"expected no use of the tensor that a view by {name} was taken from after writing to the view",
            hint=MAKE_FUNCTIONAL,
        )
