"""Partitioners: ExecuTorch's, by name, arguments and meaning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from inspect import isclass
from typing import Any, Never, get_args

from xnnir.dialects.xnn.support import Precision, Target
from xnnir.partition.config import ALL_PARTITIONER_CONFIGS, ConfigPrecisionType, XNNPartitionerConfig


class XnnpackPartitioner:
    """
    Gives to XNNPACK what it supports, by the table in `dialects/xnn/support.py`, in as few delegates as data flow
    allows.

    configs:
        Classes of `xnnir.partition.config`: only the operators that they select are delegated. All of them by default.
    config_precisions:
        One or several: only nodes that compute in one of them are delegated. All of them by default.
    per_op_mode:
        One delegate per operator instead of the largest groups that can run in one piece.
    verbose:
        Print which ops were not delegated, where they stand in the model, and why.
    force_non_static_weights_for_f32_linear:
        Keep the weights of float32 linear layers out of the delegate: they are constants of the program, which gives
        them to the delegate as inputs. Several delegates, or a program that changes its weights, can share them.
    enable_bf16:
        Delegate linear layers of bfloat16 whose weights are quantised, between casts to float32 and back: XNNPACK has
        no node for bfloat16.
    target:
        Who runs the file: any ExecuTorch runtime ("executorch"), or ours alone with all of XNNPACK's nodes ("xnnir").

    Raises `TypeError` for an unknown argument or one of the wrong type, `ValueError` for a value that selects nothing
    or is none of those expected.
    """

    def __init__(
        self,
        configs: Iterable[type[XNNPartitionerConfig]] | None = None,
        config_precisions: ConfigPrecisionType | Iterable[ConfigPrecisionType] | None = None,
        per_op_mode: bool = False,
        verbose: bool = False,
        *,
        force_non_static_weights_for_f32_linear: bool = False,
        enable_bf16: bool = False,
        target: Target = "executorch",
        **unknown: Never,
    ):
        if unknown:
            raise TypeError(_about_unknown(next(iter(unknown)), type(self).__name__))
        self.configs = _checked_configs(configs)
        self.config_precisions = _checked_precisions(config_precisions)
        self.per_op_mode = _checked_bool("per_op_mode", per_op_mode)
        self.verbose = _checked_bool("verbose", verbose)
        self.force_non_static_weights_for_f32_linear = _checked_bool(
            "force_non_static_weights_for_f32_linear", force_non_static_weights_for_f32_linear
        )
        self.enable_bf16 = _checked_bool("enable_bf16", enable_bf16)
        if target not in get_args(Target):
            raise ValueError(f"expected target to be one of {', '.join(get_args(Target))}, got {target!r}")
        self.target: Target = target

    @property
    def config_names(self) -> tuple[str, ...] | None:
        """The names of the configs; None for all."""
        return None if self.configs is None else tuple(config.__name__ for config in self.configs)

    @property
    def precisions(self) -> tuple[Precision, ...] | None:
        """The names of the precisions; None for all."""
        if self.config_precisions is None:
            return None
        return tuple(type.precision for type in self.config_precisions)

    def __repr__(self) -> str:
        arguments = {
            "configs": None if self.configs is None else f"[{', '.join(self.config_names or ())}]",
            "config_precisions": self.config_precisions and [type.name for type in self.config_precisions],
            **{
                name: getattr(self, name)
                for name in (
                    "per_op_mode",
                    "verbose",
                    "force_non_static_weights_for_f32_linear",
                    "enable_bf16",
                )
            },
        }
        shown = [f"{name}={value}" for name, value in arguments.items() if value]
        return f"XnnpackPartitioner({', '.join([*shown, f'target={self.target!r}'])})"


class XnnpackFloatingPointPartitioner(XnnpackPartitioner):
    """Delegates what computes in floats, and nothing else."""

    def __init__(self, **options: Any):
        super().__init__(config_precisions=ConfigPrecisionType.FP32, **_without_precisions(self, options))


class XnnpackQuantizedPartitioner(XnnpackPartitioner):
    """Delegates what computes in integers with fixed scales, and nothing else."""

    def __init__(self, **options: Any):
        super().__init__(
            config_precisions=ConfigPrecisionType.STATIC_QUANT, **_without_precisions(self, options)
        )


class XnnpackDynamicallyQuantizedPartitioner(XnnpackPartitioner):
    """Delegates what computes in integers with scales found at run time, and nothing else."""

    def __init__(self, **options: Any):
        super().__init__(
            config_precisions=ConfigPrecisionType.DYNAMIC_QUANT, **_without_precisions(self, options)
        )


def partitioners(
    given: Sequence[XnnpackPartitioner] | XnnpackPartitioner | None,
) -> tuple[XnnpackPartitioner, ...]:
    """
    The partitioners of an argument that takes one, several in order, or None for the default.

    Raises `TypeError` for something else, `ValueError` for an empty list or for partitioners of different targets.
    """
    if given is None:
        return (XnnpackPartitioner(),)
    several = (given,) if isinstance(given, XnnpackPartitioner) else tuple(given)
    for one in several:
        if not isinstance(one, XnnpackPartitioner):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"expected partitioners, as XnnpackPartitioner(), got {one!r}")
    if not several:
        raise ValueError("expected at least one partitioner, or None for the default one, got an empty list")
    targets = dict.fromkeys(one.target for one in several)
    if len(targets) > 1:
        raise ValueError(f"expected partitioners of one target, got {' and '.join(targets)}")
    return several


def _checked_configs(configs: Any) -> tuple[type[XNNPartitionerConfig], ...] | None:
    if configs is None:
        return None
    if isinstance(configs, str) or not isinstance(configs, Iterable):
        raise TypeError(f"expected configs to be a list of config classes, got {configs!r}")
    given: list[Any] = list(configs)  # pyright: ignore[reportUnknownArgumentType]
    classes: tuple[Any, ...] = tuple(dict.fromkeys(given))
    if not classes:
        raise ValueError("expected configs to have at least one class, or to be None for all, got none")
    for config in classes:
        if config not in ALL_PARTITIONER_CONFIGS:
            name = config.__name__ if isclass(config) else repr(config)
            is_instance = not isclass(config) and type(config) in ALL_PARTITIONER_CONFIGS
            raise TypeError(
                "expected configs to have classes of xnnir.partition.config, got "
                + (f"an instance of {type(config).__name__}" if is_instance else name)
            )
    return classes


def _checked_precisions(precisions: Any) -> tuple[ConfigPrecisionType, ...] | None:
    if precisions is None:
        return None
    several: Any = (precisions,) if isinstance(precisions, ConfigPrecisionType) else precisions
    known = ", ".join(f"ConfigPrecisionType.{type.name}" for type in ConfigPrecisionType)
    if isinstance(several, str) or not isinstance(several, Iterable):
        raise TypeError(f"expected config_precisions to be one or several of {known}, got {precisions!r}")
    chosen: tuple[Any, ...] = tuple(dict.fromkeys(several))  # pyright: ignore[reportUnknownArgumentType]
    if not chosen:
        raise ValueError(f"expected config_precisions to have at least one of {known}, or to be None for all")
    for one in chosen:
        if not isinstance(one, ConfigPrecisionType):
            raise TypeError(f"expected config_precisions to be one or several of {known}, got {one!r}")
    return chosen


def _checked_bool(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"expected {name} to be True or False, got {value!r}")
    return value


_OPTIONS = (
    "configs",
    "config_precisions",
    "per_op_mode",
    "verbose",
    "force_non_static_weights_for_f32_linear",
    "enable_bf16",
    "target",
)

_RENAMED = {"force_fp32_dynamic_linear": "force_non_static_weights_for_f32_linear"}
"""What options were called in old releases of ExecuTorch, which ignores these names."""


def _about_unknown(name: str, class_name: str) -> str:
    close = [_RENAMED[name]] if name in _RENAMED else get_close_matches(name, _OPTIONS, 1)
    return f"{class_name} has no option {name}; " + (
        f"did you mean {close[0]}?" if close else f"expected one of {', '.join(_OPTIONS)}"
    )


def _without_precisions(self: XnnpackPartitioner, options: dict[str, Any]) -> dict[str, Any]:
    if "config_precisions" in options:
        raise ValueError(
            f"{type(self).__name__} has its own precision; "
            f"expected no config_precisions, got {options['config_precisions']!r}; use XnnpackPartitioner"
        )
    return options
