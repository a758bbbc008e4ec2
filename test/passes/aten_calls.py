"""Single ATen calls as functions in IR, what torch says they return, and what they return after conversion."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor
from xdsl.context import Context
from xdsl.dialects import func
from xdsl.dialects.builtin import ModuleOp, StringAttr, TensorType
from xdsl.ir import Block, Region, SSAValue
from xdsl.passes import ModulePass

from xnnir.context import make_context
from xnnir.dialects.aten import ELEMENT_TYPES, AtenOp, ConstantOp
from xnnir.dialects.weights import get_weight_store
from xnnir.dialects.xnn.support import Target
from xnnir.emit import write_program
from xnnir.interpreter import aten as aten_semantics
from xnnir.interpreter.xnn import run_graph
from xnnir.passes.convert_aten_to_xnn import REFUSED, ConvertAtenToXnnPass
from xnnir.passes.lower_to_rt import LowerToRtPass
from xnnir.passes.plan_memory import PlanMemoryPass
from xnnir.passes.verify_xnn_legal import VerifyXnnLegalPass
from xnnir.passes.xnn_fold_padding import XnnFoldPaddingPass
from xnnir.passes.xnn_fuse_activation import XnnFuseActivationPass
from xnnir.passes.xnn_outline_subgraphs import XnnOutlineSubgraphsPass
from xnnir.passes.xnn_partition import XnnPartitionPass

ON_XNNPACK = importlib.util.find_spec("xnnir.runtime._C") is not None
"""Whether the runtime has been built: then each conversion is run by XNNPACK too."""


def randn(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Numbers that depend on the shape only, so that a failure is the same when it is run again."""
    generator = torch.Generator().manual_seed(sum(i * size for i, size in enumerate(shape, 1)))
    return torch.randn(*shape, generator=generator).to(dtype)


@dataclass(frozen=True)
class Static:
    """A tensor of the model: a constant of the function."""

    tensor: Tensor


@dataclass(frozen=True)
class Outcome:
    """What became of a call."""

    names: list[str]
    """The ops of the function after conversion, without constants and the terminator."""
    refusals: list[str]
    results: list[Tensor] | None
    """What the nodes compute; None when the call was refused."""
    expected: list[Tensor]
    file: bytes | None
    """The .pte file with the nodes as delegates; None when the call was refused or left no nodes."""
    inputs: list[Tensor]


def call(
    name: str,
    args: Mapping[str, Any],
    target: Target = "executorch",
    passes: Sequence[ModulePass] = (),
    returned: int | None = None,
) -> Outcome:
    """
    Convert `aten.<name>` with `args` (tensors become arguments of the function, `Static` ones constants).

    The function returns the first `returned` results of the call that are floats; all of them by default.
    """
    ctx = make_context()
    store = get_weight_store(ctx)
    block = Block()
    inputs: list[Tensor] = []
    values: dict[SSAValue, Tensor] = {}

    def to_value(value: Any) -> Any:
        if isinstance(value, Tensor):
            inputs.append(value)
            argument = block.insert_arg(tensor_type(value), len(block.args))
            values[argument] = value
            return argument
        if isinstance(value, Static):
            constant = ConstantOp("c", store.add(value.tensor.numpy()), tensor_type(value.tensor))
            block.add_op(constant)
            values[constant.result] = value.tensor
            return constant.result
        if isinstance(value, list | tuple):
            return tuple(to_value(item) for item in cast(list[Any], value))
        return value

    draft = {key: to_value(value) for key, value in args.items()}
    probe = AtenOp.create_call(name, draft, [])
    expected = [result for result in aten_semantics.evaluate(probe, values) if isinstance(result, Tensor)]
    probe.erase()
    op = AtenOp.create_call(name, draft, [tensor_type(result) for result in expected])
    op.verify()
    block.add_op(op)
    # Indices beside values are for those who use them.
    has_no_floats = not any(value.is_floating_point() for value in expected)
    used = [
        result
        for result, value in zip(op.results, expected, strict=True)
        if value.is_floating_point() or has_no_floats
    ]
    expected = [value for value in expected if value.is_floating_point() or has_no_floats][:returned]
    used = used[:returned]
    block.add_op(func.ReturnOp(*used))
    function = func.FuncOp("f", (block.arg_types, [value.type for value in used]), Region(block))
    module = ModuleOp([function])
    module.verify()
    for pass_ in (
        ConvertAtenToXnnPass(target=target),
        XnnFoldPaddingPass(),
        XnnFuseActivationPass(),
        *passes,
    ):
        pass_.apply(ctx, module)
        module.verify()
    ops = list(function.body.block.ops)
    refusals = [reason.data for op in ops if isinstance(reason := op.attributes.get(REFUSED), StringAttr)]
    names = [op.name for op in ops if op.name not in ("xnn.constant", "func.return")]
    results = None if refusals else run_graph(function, inputs, store)
    file = _file(ctx, module, target) if not refusals and names else None
    return Outcome(names, refusals, results, expected, file, inputs)


def _file(ctx: Context, module: ModuleOp, target: Target) -> bytes:
    to_file = (
        XnnPartitionPass(target=target),
        XnnOutlineSubgraphsPass(),
        VerifyXnnLegalPass(target=target),
        LowerToRtPass(target=target),
        PlanMemoryPass(),
    )
    for pass_ in to_file:
        pass_.apply(ctx, module)
    return write_program(module, ctx).buffer


def run_on_xnnpack(file: bytes, inputs: Sequence[Tensor]) -> list[Tensor]:
    """What the method of `file` returns; arguments and results have their logical shapes."""
    from xnnir.runtime import Runtime

    return Runtime.get().load_program(file).load_method("f").execute(inputs)


def tensor_type(tensor: Tensor) -> TensorType[Any]:
    """The IR type of `tensor`."""
    return TensorType(ELEMENT_TYPES[str(tensor.dtype).removeprefix("torch.")], list(tensor.shape))


def assert_converts(
    name: str,
    args: Mapping[str, Any],
    target: Target = "executorch",
    tolerance: float = 1e-5,
    returned: int | None = None,
) -> Outcome:
    """The call converts, and its nodes return what torch does."""
    outcome = call(name, args, target, returned=returned)
    assert not outcome.refusals, f"{name}: {outcome.refusals}"
    assert outcome.results is not None
    assert all(op.startswith("xnn.") for op in outcome.names)
    for got, expected in zip(outcome.results, outcome.expected, strict=True):
        assert got.dtype == expected.dtype
        torch.testing.assert_close(got, expected, rtol=tolerance, atol=tolerance)
    if outcome.file is not None and ON_XNNPACK:
        for got, expected in zip(run_on_xnnpack(outcome.file, outcome.inputs), outcome.expected, strict=True):
            torch.testing.assert_close(got, expected, rtol=10 * tolerance, atol=10 * tolerance)
    return outcome


def assert_refused(name: str, args: Mapping[str, Any], reason: str, target: Target = "executorch") -> None:
    """The call stays, and `reason` is part of what it says."""
    outcome = call(name, args, target)
    assert len(outcome.refusals) == 1, outcome.names
    assert reason in outcome.refusals[0]
