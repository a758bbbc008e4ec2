"""The options of a partitioner on command lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from xnnir.partition.xnnpack_partitioner import XnnpackPartitioner


def partitioner_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a partitioner to `command`, which gets it as the argument `partitioner`."""

    @click.option(
        "--target",
        type=click.Choice(["executorch", "xnnir"]),
        default="executorch",
        show_default=True,
        help="Which runtime will run the file; the stock one has fewer nodes.",
    )
    @click.option("--per-op", is_flag=True, help="Make each op a delegate of its own.")
    @click.option(
        "--configs",
        metavar="NAME,...",
        help="Delegate only what these config classes select (LinearConfig,AddConfig).",
    )
    @click.option(
        "--config-precisions",
        metavar="NAME,...",
        help="Delegate only what computes in these: fp32, static_quant, dynamic_quant.",
    )
    @click.option(
        "--force-non-static-weights-for-f32-linear",
        "runtime_weights",
        is_flag=True,
        help="Make weights of float32 linear layers inputs of their delegates.",
    )
    @click.option(
        "--enable-bf16", is_flag=True, help="Delegate linear layers of bfloat16 with quantised weights."
    )
    @wraps(command)
    def with_partitioner(
        *args: Any,
        target: Any,
        per_op: bool,
        configs: str | None,
        config_precisions: str | None,
        runtime_weights: bool,
        enable_bf16: bool,
        **options: Any,
    ) -> None:
        partitioner = _partitioner(configs, config_precisions)(
            per_op_mode=per_op,
            force_non_static_weights_for_f32_linear=runtime_weights,
            enable_bf16=enable_bf16,
            target=target,
        )
        command(*args, partitioner=partitioner, **options)

    return with_partitioner


def _partitioner(configs: str | None, precisions: str | None) -> Callable[..., XnnpackPartitioner]:
    from functools import partial

    from xnnir.partition.config import CONFIGS_BY_NAME, ConfigPrecisionType
    from xnnir.partition.xnnpack_partitioner import XnnpackPartitioner

    types = {type.name.lower(): type for type in ConfigPrecisionType}
    return partial(
        XnnpackPartitioner,
        configs=None if configs is None else _named("--configs", configs, CONFIGS_BY_NAME),
        config_precisions=(
            None
            if precisions is None
            else _named("--config-precisions", precisions.lower().replace("-", "_"), types)
        ),
    )


def _named(option: str, text: str, known: Mapping[str, Any]) -> list[Any]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise click.BadParameter(f"expected {_listed(known)}, got none", param_hint=option)
    for name in names:
        if name not in known:
            close = get_close_matches(name, list(known), 1)
            way_on = f"did you mean {close[0]}?" if close else f"expected {_listed(known)}"
            raise click.BadParameter(f"{name} is none; {way_on}", param_hint=option)
    return [known[name] for name in names]


def _listed(names: Iterable[str]) -> str:
    return f"one or several of {', '.join(names)}"
