"""Refuses graphs that were exported in training mode: they change statistics and draw random numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xnnir.frontend.errors import EVAL_MODE, FrontendError

_BATCH_NORMS = frozenset(
    f"aten::{name}"
    for name in ("batch_norm", "native_batch_norm", "_native_batch_norm_legit", "_batch_norm_with_update")
)
_DROPOUTS = frozenset(
    f"aten::{name}"
    for name in ("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout", "native_dropout")
)


def check(operator: str, args: Mapping[str, Any]) -> None:
    """Raise `FrontendError` when a call of `operator` ("aten::dropout") trains."""
    if operator in _BATCH_NORMS and args.get("training", True) and args.get("running_mean") is not None:
        raise FrontendError(
            "expected a model in eval mode, got a batch norm that updates its statistics", hint=EVAL_MODE
        )
    if operator in _DROPOUTS and args.get("train") is not False and args.get("p") != 0.0:
        raise FrontendError("expected a model in eval mode, got a dropout that drops", hint=EVAL_MODE)
