"""The limits of XNNPACK on scales that types hold in the weight store, where the table of support does not see them."""

from __future__ import annotations

import numpy as np
from xdsl.ir import Operation

from xnnir.dialects import xnn
from xnnir.dialects.weights import Array, WeightStore
from xnnir.dialects.xnn.base import element_type_of
from xnnir.dialects.xnn.gemm_ops import ConvolutionLikeOp
from xnnir.dialects.xnn.types import PerChannelType, PerTensorType
from xnnir.passes._quantization import SMALLEST_SCALE, scales_of

MAX_REQUANTIZATION = 256.0
"""Input scale * weight scale / output scale is below this (`xnn_create_convolution2d_nhwc_qs8_qc8w` and its kin)."""


def why_out_of_range(op: Operation, store: WeightStore) -> str | None:
    """Why XNNPACK refuses the scales of `op`; None when it does not."""
    if not isinstance(op, ConvolutionLikeOp | xnn.FullyConnectedOp):
        return None
    filter = element_type_of(op.filter)
    scales: Array
    match filter:
        case PerTensorType():
            scales = np.array([filter.scale.value.data])
        case PerChannelType() | xnn.QBInt4Type():
            scales = scales_of(filter, store)
        case _:
            return None
    if not np.all(np.isfinite(scales)) or np.any(scales < SMALLEST_SCALE):
        return "XNNPACK wants scales that are positive, finite, normal numbers"
    source, result = element_type_of(op.input), element_type_of(op.results[0])
    if not isinstance(source, PerTensorType) or not isinstance(result, PerTensorType):
        return None
    ratio = float(scales.max()) * source.scale.value.data / result.scale.value.data
    if not ratio < MAX_REQUANTIZATION:
        return f"XNNPACK wants input scale * weight scale / output scale below {MAX_REQUANTIZATION:g}, got {ratio:g}"
    return None
