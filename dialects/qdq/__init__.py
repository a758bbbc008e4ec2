"""
The `qdq` dialect: the calls by which an exported model quantises and dequantises, PyTorch's (`quantized_decomposed`)
and torchao's.

    %q = qdq.quantize_per_tensor(%x, scale = 0.02, zero_point = 3, quant_min = -128, quant_max = 127,
           dtype = torch.int8) : (tensor<1x8xf32>) -> tensor<1x8xi8>
    %w = qdq.dequantize_affine(%codes, block_size = [1, 32], scale = %scales, zero_point = %zeros,
           input_dtype = torch.int8, quant_min = -8, quant_max = 7) : (...) -> tensor<4x64xf32>

They are ops like those of `aten`, made from the schemas in `schemas.txt`, which both namespaces share: no two
operators there have the same name. `qdq.scast` goes between the integers and the coding that they are read by.
"""

from functools import cache
from pathlib import Path

from xdsl.ir import Dialect, Operation

from xnnir.dialects.aten.operator import AtenOp
from xnnir.dialects.aten.registry import make_op_classes
from xnnir.dialects.qdq.scast import ScastOp

NAMESPACES = ("quantized_decomposed", "torchao")
"""Where torch registers these operators."""

__all__ = ["NAMESPACES", "ScastOp", "find_qdq_class", "make_qdq_dialect", "qdq_classes"]


@cache
def qdq_classes() -> dict[str, type[AtenOp]]:
    """The classes by op name: `qdq.quantize_per_tensor.tensor`."""
    return make_op_classes((Path(__file__).parent / "schemas.txt").read_text(), "qdq", __name__)


def find_qdq_class(target: str) -> type[AtenOp] | None:
    """The class of torch's `quantized_decomposed.quantize_per_tensor.default`; None for another operator."""
    namespace, _, operator = target.partition(".")
    return qdq_classes().get(f"qdq.{operator.removesuffix('.default')}") if namespace in NAMESPACES else None


def make_qdq_dialect() -> Dialect:
    """The dialect, with an op for each operator of `schemas.txt`."""
    operations: list[type[Operation]] = [*qdq_classes().values(), ScastOp]
    return Dialect("qdq", operations, [])
