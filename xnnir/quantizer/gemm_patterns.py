"""Linear layers and convolutions, with the batch norm and the activation that they take in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch.fx import Node
from torchao.quantization.pt2e.quantizer import QuantizationSpec, QuantizationSpecBase

from xnnir.quantizer.annotation import (
    Refusal,
    Request,
    annotate_chain,
    annotation_of,
    argument,
    is_constant,
    only_user,
    tensor_of,
    with_activation,
)
from xnnir.quantizer.config import is_dynamic
from xnnir.quantizer.operators import BATCH_NORM, CONV_TRANSPOSE


def linear(node: Node, request: Request) -> None:
    """Input, weight, and the result after the activation. XNNPACK adds the bias in 32 bits: it needs no coding."""
    _annotate(with_activation(node, request.accepts), request, request.config.weight)


def conv(node: Node, request: Request) -> None:
    """As `linear`, for convolutions of sequences and images."""
    _annotate(with_activation(node, request.accepts), request, _conv_weight(node, request))


def conv_bn(node: Node, request: Request) -> None:
    """
    A convolution and its batch norm in training, coded as the one convolution that they become.

    Without training there is none left: `prepare_pt2e` folds batch norms into weights.
    """
    norm = only_user(node)
    if norm is None or norm.target not in BATCH_NORM or argument(norm, 0, "input") is not node:
        return
    if annotation_of(norm) or not request.accepts(norm):
        return
    _annotate([node, *with_activation(norm, request.accepts)], request, _conv_weight(node, request))


Annotator = Callable[[Node, Request], None]


def _annotate(chain: list[Node], request: Request, weight_spec: QuantizationSpec | None) -> None:
    first = chain[0]
    x, weight, bias = (argument(first, place, name) for place, name in enumerate(("input", "weight", "bias")))
    _require_float(x, is_dynamic(request.config))
    if not is_constant(weight):
        raise Refusal(
            "XNNPACK packs the weight when the model is loaded, and this one is computed while it runs"
        )
    inputs: dict[Node, QuantizationSpecBase | None] = {x: request.input, weight: weight_spec}
    if isinstance(bias, Node):
        inputs[bias] = request.config.bias
    annotate_chain(chain, inputs, request.output)


def _require_float(x: Node, is_dynamic: bool) -> None:
    value = tensor_of(x)
    wanted = (torch.float32, torch.float16) if is_dynamic else (torch.float32,)
    if value is not None and value.dtype not in wanted:
        names = " and ".join(str(dtype).removeprefix("torch.") for dtype in wanted)
        raise Refusal(
            f"only {names} are coded in int8; {x.name} is {str(value.dtype).removeprefix('torch.')}"
        )


def _conv_weight(node: Node, request: Request) -> QuantizationSpec | None:
    """How the weight of a convolution is coded. Raises `Refusal` for convolutions that XNNPACK does in float."""
    spec = request.config.weight
    weight = tensor_of(argument(node, 1, "weight"))
    is_transposed = node.target in CONV_TRANSPOSE or (
        bool(argument(node, 6, "transposed", False)) and _is_general(node)
    )
    groups = _groups(node, is_transposed)
    if is_transposed and groups != 1:
        raise Refusal(f"XNNPACK has transposed convolutions in int8 for one group, got {groups}")
    if is_dynamic(request.config) and weight is not None:
        if weight.dim() != 4:
            raise Refusal(
                f"XNNPACK codes inputs of convolutions while they run for images only, got a weight of shape "
                f"{list(weight.shape)}"
            )
        if not is_transposed and weight.shape[1] == 1:
            raise Refusal("XNNPACK has no depthwise convolution whose input is coded while it runs")
    if is_transposed and spec is not None:
        # Weights of transposed convolutions have their output channels second.
        return replace(spec, ch_axis=1)
    return spec


def _is_general(node: Node) -> bool:
    return node.target is torch.ops.aten.convolution.default


def _groups(node: Node, is_transposed: bool) -> int:
    if _is_general(node):
        return int(argument(node, 8, "groups", 1))
    return int(argument(node, 6, "groups", 1))
