"""How numbers are coded while a model is prepared: the configurations that `XNNPACKQuantizer` takes."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torchao.quantization.pt2e import (
    FakeQuantize,
    FusedMovingAvgObsFakeQuantize,
    HistogramObserver,
    MinMaxObserver,
    MovingAverageMinMaxObserver,
    MovingAveragePerChannelMinMaxObserver,
    PerChannelMinMaxObserver,
    PlaceholderObserver,
)
from torchao.quantization.pt2e.quantizer import QuantizationConfig, QuantizationSpec

EPS = 2**-12
"""The smallest scale. XNNPACK wants the ratios of scales of a node within 2^-10 and 2^8; smaller scales break that."""


def get_symmetric_quantization_config(
    is_per_channel: bool = False,
    is_qat: bool = False,
    is_dynamic: bool = False,
    act_qmin: int = -128,
    act_qmax: int = 127,
    weight_qmin: int = -127,
    weight_qmax: int = 127,
) -> QuantizationConfig:
    """
    Activations in int8 with a zero point, one scale a tensor; weights in int8 around zero; biases in float.

    `is_per_channel` gives each output channel of a weight a scale of its own. `is_qat` is for `prepare_qat_pt2e`.
    `is_dynamic` codes activations while the model runs, and leaves results in float. The bounds are of the integers,
    both included; weights of -8 to 7 are stored in 4 bits. Equal arguments give the same object. Raises `ValueError`
    for bounds that int8 does not have.
    """
    _check_bounds("act_qmin", act_qmin, "act_qmax", act_qmax)
    _check_bounds("weight_qmin", weight_qmin, "weight_qmax", weight_qmax)
    if not weight_qmin < 0 < weight_qmax:
        raise ValueError(
            "weights are coded around zero; expected weight_qmin < 0 < weight_qmax, "
            f"got {weight_qmin} and {weight_qmax}"
        )
    return _make_config(is_per_channel, is_qat, is_dynamic, (act_qmin, act_qmax), (weight_qmin, weight_qmax))


@cache
def _make_config(
    is_per_channel: bool,
    is_qat: bool,
    is_dynamic: bool,
    activation_bounds: tuple[int, int],
    weight_bounds: tuple[int, int],
) -> QuantizationConfig:
    activation = QuantizationSpec(
        dtype=torch.int8,
        quant_min=activation_bounds[0],
        quant_max=activation_bounds[1],
        qscheme=torch.per_tensor_affine,
        is_dynamic=is_dynamic,
        observer_or_fake_quant_ctr=_activation_observer(is_qat, is_dynamic),
    )
    weight = QuantizationSpec(
        dtype=torch.int8,
        quant_min=weight_bounds[0],
        quant_max=weight_bounds[1],
        qscheme=torch.per_channel_symmetric if is_per_channel else torch.per_tensor_symmetric,
        ch_axis=0,
        observer_or_fake_quant_ctr=_weight_observer(is_per_channel, is_qat),
    )
    return QuantizationConfig(activation, None if is_dynamic else activation, weight, None, is_qat)


def check_config(config: QuantizationConfig | None) -> None:
    """Raise `TypeError` or `ValueError` for a configuration that XNNPACK has no kernels for."""
    if config is None:
        return
    if not isinstance(config, QuantizationConfig):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(
            f"expected a QuantizationConfig, as get_symmetric_quantization_config gives, or None, got {config!r}"
        )
    for what, spec in (("input", config.input_activation), ("output", config.output_activation)):
        if spec is not None and (spec.dtype, _is_per_tensor(spec)) != (torch.int8, True):
            raise ValueError(
                f"XNNPACK codes activations in int8 with one scale a tensor; got an {what} activation of "
                f"{spec.dtype} with {spec.qscheme}"
            )
    weight = config.weight
    if weight is not None and (
        weight.dtype != torch.int8
        or weight.qscheme not in (torch.per_tensor_symmetric, torch.per_channel_symmetric)
    ):
        raise ValueError(
            f"XNNPACK codes weights in int8 around zero; got {weight.dtype} with {weight.qscheme}"
        )
    if config.bias is not None and config.bias.dtype != torch.float32:
        raise ValueError(f"biases stay in float until the model is lowered; got {config.bias.dtype}")


def is_dynamic(config: QuantizationConfig) -> bool:
    """Whether activations are coded while the model runs."""
    return config.input_activation is not None and config.input_activation.is_dynamic


def _is_per_tensor(spec: QuantizationSpec) -> bool:
    return spec.qscheme in (torch.per_tensor_affine, torch.per_tensor_symmetric)


def _check_bounds(low_name: str, low: int, high_name: str, high: int) -> None:
    if not -128 <= low < high <= 127:
        raise ValueError(f"expected -128 <= {low_name} < {high_name} <= 127, got {low} and {high}")


def _activation_observer(is_qat: bool, is_dynamic: bool) -> Any:
    if is_qat and is_dynamic:
        # Each call is coded by its own range, so there is nothing to average.
        latest = MovingAverageMinMaxObserver.with_args(averaging_constant=1)
        return FakeQuantize.with_args(observer=latest, eps=EPS)
    if is_qat:
        return FusedMovingAvgObsFakeQuantize.with_args(eps=EPS)
    return (PlaceholderObserver if is_dynamic else HistogramObserver).with_args(eps=EPS)


def _weight_observer(is_per_channel: bool, is_qat: bool) -> Any:
    if is_qat:
        observer = MovingAveragePerChannelMinMaxObserver if is_per_channel else MovingAverageMinMaxObserver
        return FusedMovingAvgObsFakeQuantize.with_args(observer=observer, eps=EPS)
    return (PerChannelMinMaxObserver if is_per_channel else MinMaxObserver).with_args(eps=EPS)
