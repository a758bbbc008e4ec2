"""
Functions that are made of exponentials and logarithms, in forms that neither overflow nor cancel.

Where a result goes to zero it is right to the precision of the numbers around 1 (1e-7), as it is in the nodes that
XNNPACK has itself.
"""

from __future__ import annotations

import math

from xdsl.dialects.builtin import Float16Type
from xdsl.ir import SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.xnn.base import element_type_of
from xnnir.passes._aten_to_xnn.arguments import Refusal, float_arg
from xnnir.passes._aten_to_xnn.conversion import Conversion, Converter
from xnnir.passes._aten_to_xnn.elementwise import input_of


def _times(to: Conversion, x: SSAValue, factor: float) -> SSAValue:
    return x if factor == 1.0 else to.emit(xnn.MultiplyOp(x, to.number(factor, x), x.type))


def _softplus(to: Conversion, x: SSAValue) -> SSAValue:
    """max(x, 0) + log(1 + exp(-|x|))"""
    small = to.emit(xnn.ExpOp(_negated(to, to.emit(xnn.AbsOp(x, x.type))), x.type))
    rest = to.emit(xnn.LogOp(to.emit(xnn.AddOp(small, to.number(1.0, x), x.type)), x.type))
    return to.emit(xnn.AddOp(to.emit(xnn.ClampOp(x, x.type, 0.0, None)), rest, x.type))


def _negated(to: Conversion, x: SSAValue) -> SSAValue:
    return to.emit(xnn.NegateOp(x, x.type))


def softplus(op: AtenOp, to: Conversion) -> SSAValue:
    """Log(1 + exp(beta * x)) / beta; PyTorch gives x itself from beta * x = threshold on."""
    x = input_of(op, to)
    beta, threshold = float_arg(op, "beta"), float_arg(op, "threshold")
    if beta <= 0.0:
        raise Refusal(f"expected a positive beta, got {beta:g}")
    if threshold < 15.0:
        raise Refusal(f"expected a threshold at which softplus is the identity in floats, got {threshold:g}")
    return _times(to, _softplus(to, _times(to, x, beta)), 1.0 / beta)


def log_sigmoid(op: AtenOp, to: Conversion) -> list[SSAValue]:
    """Min(x, 0) - log(1 + exp(-|x|))"""
    x = input_of(op, to)
    return [_negated(to, _softplus(to, _negated(to, x)))]


def mish(op: AtenOp, to: Conversion) -> SSAValue:
    """
    X * tanh(softplus(x)), where the tanh is n / (n + 2) for n = exp(x) * (exp(x) + 2).

    From some x on that is 1 in floats; beyond it the exponential need not be computed, and would overflow.
    """
    x = input_of(op, to)
    largest = 5.0 if isinstance(element_type_of(x), Float16Type) else 20.0
    e = to.emit(xnn.ExpOp(to.emit(xnn.ClampOp(x, x.type, None, largest)), x.type))
    two = to.number(2.0, x)
    n = to.emit(xnn.MultiplyOp(e, to.emit(xnn.AddOp(e, two, x.type)), x.type))
    ratio = to.emit(xnn.DivideOp(n, to.emit(xnn.AddOp(n, two, x.type)), x.type))
    return to.emit(xnn.MultiplyOp(x, ratio, x.type))


def celu(op: AtenOp, to: Conversion) -> SSAValue:
    """Alpha * elu(x / alpha), where elu has alpha 1"""
    x = input_of(op, to)
    alpha = float_arg(op, "alpha")
    if alpha <= 0.0:
        raise Refusal(f"expected a positive alpha, got {alpha:g}")
    inner = _times(to, x, 1.0 / alpha)
    return _times(to, to.emit(xnn.EluOp(inner, x.type, 1.0)), alpha)


def exp_minus_one(op: AtenOp, to: Conversion) -> SSAValue:
    """
    `expm1`: elu where x <= 0, and exp(x) * -elu(-x) where it is above.

    Each part is zero where the other one is not.
    """
    x = input_of(op, to)
    below = to.emit(xnn.EluOp(to.emit(xnn.ClampOp(x, x.type, None, 0.0)), x.type))
    above = to.emit(xnn.ClampOp(x, x.type, 0.0, None))
    shrunk = _negated(to, to.emit(xnn.EluOp(_negated(to, above), x.type)))
    grown = to.emit(xnn.MultiplyOp(to.emit(xnn.ExpOp(above, x.type)), shrunk, x.type))
    return to.emit(xnn.AddOp(below, grown, x.type))


def logarithm(base: float) -> Converter:
    """A converter to a logarithm to `base`."""

    def convert(op: AtenOp, to: Conversion) -> SSAValue:
        x = input_of(op, to)
        return _times(to, to.emit(xnn.LogOp(x, x.type)), 1.0 / math.log(base))

    return convert


def power_of_two(op: AtenOp, to: Conversion) -> SSAValue:
    """`exp2`"""
    x = input_of(op, to)
    return to.emit(xnn.ExpOp(_times(to, x, math.log(2.0)), x.type))


def logit(op: AtenOp, to: Conversion) -> SSAValue:
    """Log(x / (1 - x)), with x kept `eps` away from 0 and 1"""
    x = input_of(op, to)
    if op.arg("eps") is not None:
        eps = float_arg(op, "eps")
        if not 0.0 <= eps < 0.5:
            raise Refusal(f"expected eps below 0.5, got {eps:g}")
        x = to.emit(xnn.ClampOp(x, x.type, eps, 1.0 - eps))
    odds = to.emit(xnn.DivideOp(x, to.emit(xnn.SubtractOp(to.number(1.0, x), x, x.type)), x.type))
    return to.emit(xnn.LogOp(odds, x.type))


CONVERTERS: dict[str, Converter] = {
    "celu": celu,
    "exp2": power_of_two,
    "expm1": exp_minus_one,
    "log10": logarithm(10.0),
    "log2": logarithm(2.0),
    "log_sigmoid": log_sigmoid,
    "log_sigmoid_forward": log_sigmoid,
    "logit": logit,
    "mish": mish,
    "softplus": softplus,
}
"""By the name of the op, without `aten.`"""
