"""
Quantisation: deciding which parts of a model compute in int8, and seeing what that costs.

    from xnnir.quantizer import XNNPACKQuantizer, get_symmetric_quantization_config
"""

from xnnir.quantizer.xnnpack_quantizer import XNNPACKQuantizer, get_symmetric_quantization_config

__all__ = ["XNNPACKQuantizer", "get_symmetric_quantization_config"]
