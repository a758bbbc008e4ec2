"""Rewrites before annotation, which keep the numbers and let more of a model be coded."""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import GraphModule, Node

from xnnir.quantizer.annotation import argument, tensor_of
from xnnir.quantizer.operators import ADD, MUL, SUB

_aten = torch.ops.aten


def transform(model: GraphModule) -> GraphModule:
    """
    Scalars of sums, differences and products become constant tensors, which have a coding; clamps between two numbers
    become `hardtanh`, which every lowering knows as an activation; `padding="same"` becomes numbers; SiLU becomes the
    product with a sigmoid that it is.
    """
    for node in list(model.graph.nodes):
        if node.op != "call_function":
            continue
        if node.target in (_aten.clamp.default, _aten.clamp_.default):
            _clamp_to_hardtanh(node)
        elif node.target in (_aten.conv1d.padding, _aten.conv2d.padding):
            _write_out_padding(node)
        elif node.target is _aten.rsub.Scalar and argument(node, 2, "alpha", 1) == 1:
            node.target = _aten.sub.Tensor
            node.args = (node.args[1], node.args[0])
        elif node.target in (_aten.silu.default, _aten.silu_.default):
            _write_out_silu(node)
        if node.target in ADD | SUB | MUL:
            _scalars_to_constants(model, node)
    model.recompile()
    return model


def _scalars_to_constants(model: GraphModule, node: Node) -> None:
    value = tensor_of(node)
    if value is None or not value.dtype.is_floating_point:
        return
    args: list[Any] = list(node.args)
    for place, arg in enumerate(args[:2]):
        if isinstance(arg, Node):
            continue
        number = torch.tensor(float(arg))
        name = next(
            name
            for i in range(len(model.graph.nodes) + 1)
            if not hasattr(model, name := f"_tensor_constant_{i}")
        )
        model.register_buffer(name, number)
        with model.graph.inserting_before(node):
            constant = model.graph.get_attr(name)
        fake_mode = getattr(value, "fake_mode", None)
        constant.meta["val"] = fake_mode.from_tensor(number, static_shapes=True) if fake_mode else number
        args[place] = constant
    node.args = tuple(args)


def _clamp_to_hardtanh(node: Node) -> None:
    low, high = argument(node, 1, "min"), argument(node, 2, "max")
    value = tensor_of(node)
    if not isinstance(low, int | float) or not isinstance(high, int | float) or low > high:
        return
    if value is None or not value.dtype.is_floating_point:
        return
    node.target = _aten.hardtanh_.default if node.target is _aten.clamp_.default else _aten.hardtanh.default
    node.args, node.kwargs = (node.args[0], float(low), float(high)), {}


def _write_out_padding(node: Node) -> None:
    """Padding of equal sizes on both sides as numbers: XNNPACK takes it, and training folds batch norm only then."""
    weight = tensor_of(argument(node, 1, "weight"))
    stride, dilation = argument(node, 3, "stride", 1), argument(node, 5, "dilation", 1)
    if weight is None:
        return
    sizes = list(weight.shape[2:])
    dilations = [dilation] * len(sizes) if isinstance(dilation, int) else list(dilation)
    if len(dilations) != len(sizes):
        dilations *= len(sizes)
    match argument(node, 4, "padding", "valid"):
        case "valid":
            totals = [0] * len(sizes)
        case "same":
            totals = [dilation * (size - 1) for dilation, size in zip(dilations, sizes, strict=True)]
        case _:
            return
    if any(total % 2 for total in totals):
        return
    groups = argument(node, 6, "groups", 1)
    bias = argument(node, 2, "bias")
    node.target = _aten.conv1d.default if len(sizes) == 1 else _aten.conv2d.default
    strides = [stride] * len(sizes) if isinstance(stride, int) else list(stride)
    node.args = (
        *node.args[:2],
        bias,
        strides,
        [total // 2 for total in totals],
        dilations,
        groups,
    )
    node.kwargs = {}


def _write_out_silu(node: Node) -> None:
    """`x * sigmoid(x)`: XNNPACK has both in int8, and SiLU itself in neither."""
    x = node.args[0]
    value = tensor_of(x)
    if not isinstance(x, Node) or value is None or value.dtype != torch.float32:
        return
    with node.graph.inserting_before(node):
        sigmoid = node.graph.call_function(_aten.sigmoid.default, (x,))
    sigmoid.meta = {**node.meta}
    node.target = _aten.mul_.Tensor if node.target is _aten.silu_.default else _aten.mul.Tensor
    node.args = (x, sigmoid)
