"""What is coded as its input is: movements of data, pooling, concatenations; and what a GRU takes and gives."""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import isfinite, prod

from torch.fx import Graph, Node
from torchao.quantization.pt2e.quantizer import (
    FixedQParamsQuantizationSpec,
    QuantizationSpec,
    QuantizationSpecBase,
    SharedQuantizationSpec,
)

from xnnir.dialects import xnn
from xnnir.quantizer.annotation import (
    Refusal,
    Request,
    annotate,
    annotation_of,
    argument,
    output_spec,
    require_float32,
    tensor_of,
)
from xnnir.quantizer.operators import SHARING, SPLITS, why_not_int8


def adaptive_avg_pool2d(node: Node, request: Request) -> None:
    """An average over all of an image, or over nothing; by windows XNNPACK averages in float only."""
    x: Node = argument(node, 0, "input")
    require_float32(x)
    _require_whole_image(node)
    # Where the input is coded, `propagate` has the result follow it.
    if not _has_coded_source(x):
        annotate(node, {x: request.input}, SharedQuantizationSpec((x, node)))


def cat(node: Node, request: Request) -> None:
    """All tensors as the first one that is coded already: XNNPACK moves numbers without coding them anew."""
    tensors: list[Node] = argument(node, 0, "tensors")
    for tensor in tensors:
        require_float32(tensor)
    first = next((tensor for tensor in tensors if _has_coded_source(tensor)), tensors[0])
    shared = SharedQuantizationSpec((first, node))
    inputs: dict[Node, QuantizationSpecBase | None] = dict.fromkeys(tensors, shared)
    annotate(node, {**inputs, first: request.input}, shared)


def gru_io(node: Node, request: Request) -> None:
    """
    Input, hidden state, and both results of a GRU, which itself is computed in float.

    Only where asked for by name: XNNPACK has no GRU, so that the codings cost accuracy and save nothing by themselves.
    """
    if not request.is_explicit:
        raise Refusal(
            "XNNPACK has no GRU, and coding what it takes and gives saves nothing by itself; "
            "set_operator_type(torch.ops.aten.gru.input, config) does it nevertheless"
        )
    x, state = node.args[:2]
    assert isinstance(x, Node) and isinstance(state, Node)
    annotate(node, {x: request.input, state: request.input}, None)
    for result in node.users:
        annotate(result, {}, request.output)


def propagate(graph: Graph, accepts: Callable[[Node], bool], refuse: Callable[[Node, str], None]) -> None:
    """
    Code the results of operators that stay within the range of their input as that is coded.

    In order of the graph, so that chains of them follow. `refuse` is told why one is left in float whose input is
    coded.
    """
    for node in graph.nodes:
        if node.op != "call_function" or (node.target not in SHARING and node.target not in SPLITS):
            continue
        x = node.args[0] if node.args else None
        if not isinstance(x, Node) or output_spec(x) is None or annotation_of(node) or not accepts(node):
            continue
        try:
            _share(node, x)
        except Refusal as refusal:
            refuse(node, str(refusal))


def keep_known_ranges(graph: Graph) -> None:
    """
    Have readers of a result whose coding is fixed by its range read it in that coding.

    Observers of their own would find nearly the same range, and all numbers would be coded twice.
    """
    for node in graph.nodes:
        annotation = annotation_of(node)
        if annotation is None:
            continue
        specs = annotation.input_qspec_map
        # Where others are coded as this input is, their range matters as well.
        leading = {_edge(spec) for spec in (annotation.output_qspec, *specs.values())}
        for x, spec in specs.items():
            if isinstance(spec, QuantizationSpec) and (x, node) not in leading and _has_known_range(x):
                specs[x] = SharedQuantizationSpec(x)


def _edge(spec: QuantizationSpecBase | None) -> object:
    return spec.edge_or_node if isinstance(spec, SharedQuantizationSpec) else None


def _has_known_range(node: Node) -> bool:
    spec = output_spec(node)
    while isinstance(spec, SharedQuantizationSpec):
        source = spec.edge_or_node
        if not isinstance(source, Node):
            return False
        spec = output_spec(source)
    return isinstance(spec, FixedQParamsQuantizationSpec)


def _share(node: Node, x: Node) -> None:
    """Code the result of `node` as `x`. Raises `Refusal` where XNNPACK has no such node for it."""
    if (reason := why_not_int8({**SHARING, **SPLITS}[node.target])) is not None:  # pyright: ignore[reportArgumentType]
        raise Refusal(reason)
    shared = SharedQuantizationSpec(x)
    if node.target in SPLITS:
        annotate(node, {x: shared}, None)
        for result in node.users:
            if result.target is operator.getitem:
                annotate(result, {}, shared)
        return
    match SHARING[node.target]:  # pyright: ignore[reportArgumentType]
        case xnn.StaticConstantPadOp:
            _require_zeros(node)
        case xnn.GlobalAveragePooling2DOp:
            _require_whole_image(node)
        case _:
            pass
    annotate(node, {x: shared}, shared)


def _require_zeros(node: Node) -> None:
    """Zero is in every range; another number, say one for masking, would stretch it."""
    mode = argument(node, 2, "mode", "constant") if "pad.default" in str(node.target) else "constant"
    if mode != "constant":
        raise Refusal(f"XNNPACK pads with one number, got {mode}")
    value = argument(node, 3 if "pad.default" in str(node.target) else 2, "value", 0.0) or 0.0
    if value != 0 or not isfinite(value):
        raise Refusal(f"padding with {value:g} would stretch the range that the numbers are coded in")


def _require_whole_image(node: Node) -> None:
    x, result = tensor_of(node.args[0]), tensor_of(node)
    if x is None or result is None:
        return
    sizes, pooled = list(x.shape[-2:]), list(result.shape[-2:])
    if prod(pooled) != 1 and sizes != pooled:
        reason = why_not_int8(xnn.AveragePooling2DOp)
        if reason is not None:
            raise Refusal(f"{reason}; got one of {sizes} to {pooled}")


def _has_coded_source(node: Node) -> bool:
    """Whether `node` is coded, or will be by `propagate`."""
    while output_spec(node) is None:
        if node.target not in SHARING or not node.args or not isinstance(node.args[0], Node):
            return False
        node = node.args[0]
    return True
