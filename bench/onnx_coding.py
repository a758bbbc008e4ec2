"""ONNX models coded in few bits by the tools that come with ONNX Runtime, as its documentation has it for x86."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from xnnir.testing import zoo
from xnnir.testing.zoo.quantized import CALIBRATION_SEEDS


def _static(path: Path, model: zoo.ZooModel) -> None:
    """Activations uint8 with the ranges of the inputs that calibrate ours, weights int8 with a scale a channel."""
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quant_pre_process,
        quantize_static,
    )

    class Inputs(CalibrationDataReader):
        def __init__(self, names: list[str]) -> None:
            self.feeds = iter(
                {name: tensor.numpy() for name, tensor in zip(names, model.inputs(seed), strict=True)}
                for seed in CALIBRATION_SEEDS
            )

        def get_next(self) -> Any:
            return next(self.feeds, None)

    quant_pre_process(path, path)
    quantize_static(
        path,
        path,
        Inputs(_input_names(path)),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )


def _dynamic(path: Path, model: zoo.ZooModel) -> None:
    """Inputs of matrix products uint8 while the model runs, weights int8 with a scale a channel."""
    from onnxruntime.quantization import QuantType, quant_pre_process, quantize_dynamic

    quant_pre_process(path, path)
    quantize_dynamic(path, path, per_channel=True, weight_type=QuantType.QInt8)


def _four_bits(path: Path, model: zoo.ZooModel) -> None:
    """Weights of matrix products in 4 bits by 32, inputs int8 (`accuracy_level` 4)."""
    import onnx
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    quantizer = MatMulNBitsQuantizer(
        onnx.load(path), bits=4, block_size=32, is_symmetric=True, accuracy_level=4
    )
    quantizer.process()
    coded: Any = quantizer.model
    coded.save_model_to_file(str(path))


def _input_names(path: Path) -> list[str]:
    import onnx

    return [value.name for value in onnx.load(path).graph.input]


CODINGS: Mapping[str, Callable[[Path, zoo.ZooModel], None]] = {
    "static": _static,
    "dynamic": _dynamic,
    "four bits": _four_bits,
}
"""Write the model at a path anew, by the names that `bench.models.Coded` has for the ways."""
