"""Models from functions, and what a graph says of its coding, for the tests of the quantizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import GraphModule, Node
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e, prepare_qat_pt2e
from torchao.quantization.pt2e.quantizer import (
    QuantizationAnnotation,
    QuantizationConfig,
    SharedQuantizationSpec,
)
from torchao.quantization.pt2e.quantizer.quantizer import Q_ANNOTATION_KEY

from xnnir.quantizer import XNNPACKQuantizer, get_symmetric_quantization_config

STATIC = get_symmetric_quantization_config(is_per_channel=True)


class Calls(nn.Module):
    """A function as a model; its first argument gives the modules that it may use."""

    def __init__(self, function: Callable[..., Any], **modules: nn.Module | nn.Parameter) -> None:
        super().__init__()
        self.function = function
        for name, module in modules.items():
            setattr(self, name, module)

    def forward(self, *inputs: Tensor) -> Any:
        return self.function(self, *inputs)


def image(*shape: int) -> Tensor:
    """Random numbers, the same ones in each call."""
    return torch.randn(shape or (1, 4, 8, 8), generator=torch.Generator().manual_seed(0))


def exported(model: nn.Module, *inputs: Tensor, training: bool = False) -> GraphModule:
    """What `prepare_pt2e` takes."""
    module = torch.export.export(model.train(training), inputs, strict=False).module()
    assert isinstance(module, GraphModule)
    return module


def annotated(
    model: nn.Module, *inputs: Tensor, config: QuantizationConfig = STATIC
) -> tuple[GraphModule, XNNPACKQuantizer]:
    """The annotated graph, and the quantizer that annotated it."""
    quantizer = XNNPACKQuantizer().set_global(config)
    module = quantizer.transform_for_annotation(exported(model, *inputs, training=config.is_qat))
    return quantizer.annotate(module), quantizer


def quantized(
    model: nn.Module, *inputs: Tensor, quantizer: Any = None, config: QuantizationConfig = STATIC
) -> GraphModule:
    """The model with quantise and dequantise calls, calibrated on `inputs`."""
    prepare = prepare_qat_pt2e if config.is_qat else prepare_pt2e
    quantizer = quantizer or XNNPACKQuantizer().set_global(config)
    prepared = prepare(exported(model, *inputs, training=config.is_qat), quantizer)
    prepared(*inputs)
    return convert_pt2e(prepared)


def annotation(node: Node) -> QuantizationAnnotation | None:
    """What was decided of `node`, if that is anything."""
    found: QuantizationAnnotation | None = node.meta.get(Q_ANNOTATION_KEY)
    return found if found and (found.input_qspec_map or found.output_qspec) else None


def notes(module: GraphModule) -> dict[str, Any]:
    """All annotations of a graph, with names in place of nodes."""

    def spec(value: Any) -> Any:
        if isinstance(value, SharedQuantizationSpec):
            edge = value.edge_or_node
            return "as", edge.name if isinstance(edge, Node) else tuple(node.name for node in edge)
        return value

    return {
        node.name: (
            {x.name: spec(s) for x, s in found.input_qspec_map.items() if s},
            spec(found.output_qspec),
        )
        for node in module.graph.nodes
        if (found := annotation(node))
    }


def path(module: GraphModule) -> str:
    """The calls of a graph in order, without those on weights: `q dq conv2d relu q dq`."""
    calls = [node for node in module.graph.nodes if node.op == "call_function"]
    return " ".join(_short(node) for node in calls if any(x.op != "get_attr" for x in node.all_input_nodes))


def _short(node: Node) -> str:
    name = getattr(node.target, "__name__", str(node.target)).split(".")[0]
    return {"quantize_per_tensor": "q", "dequantize_per_tensor": "dq"}.get(name, name)
