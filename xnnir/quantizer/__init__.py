"""
Quantisation: deciding which parts of a model compute in int8, and seeing what that costs.

    from xnnir.quantizer import XNNPACKQuantizer, compare, get_symmetric_quantization_config
"""

from xnnir.quantizer.compare import compare
from xnnir.quantizer.comparison import Comparison, OpError
from xnnir.quantizer.xnnpack_quantizer import XNNPACKQuantizer, get_symmetric_quantization_config

__all__ = ["Comparison", "OpError", "XNNPACKQuantizer", "compare", "get_symmetric_quantization_config"]
