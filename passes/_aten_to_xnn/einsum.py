"""Einstein sums: transposes, reshapes and one batch matrix multiply for each further operand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from xdsl.ir import SSAValue

from xnnir.dialects import xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.xnn.base import element_type_of, shape_of, tensor_type_of
from xnnir.dialects.xnn.dims import DimAttr, dims_of, static_dim, tensor_type
from xnnir.passes._aten_to_xnn.arguments import Refusal
from xnnir.passes._aten_to_xnn.conversion import Conversion, Converter, require_float
from xnnir.passes._aten_to_xnn.reduce import total
from xnnir.passes._aten_to_xnn.sizes import product_dim


@dataclass(frozen=True)
class _Term:
    """A tensor with a label for each dimension."""

    value: SSAValue
    labels: str

    def dim(self, label: str) -> DimAttr:
        return dims_of(tensor_type_of(self.value))[self.labels.index(label)]


def einsum(op: AtenOp, to: Conversion) -> SSAValue:
    tensors: tuple[SSAValue, ...] = op.arg("tensors")
    inputs, result = _equation(str(op.arg("equation")), [len(shape_of(tensor)) for tensor in tensors])
    terms = [
        _Term(require_float(to.operand(tensor)), labels)
        for tensor, labels in zip(tensors, inputs, strict=True)
    ]
    for term in terms:
        if len(set(term.labels)) < len(term.labels):
            raise Refusal(f"XNNPACK takes no diagonals, got {term.labels} in an Einstein sum")
    while len(terms) > 1:
        a, b, *others = terms
        kept = set(result).union(*(term.labels for term in others))
        terms = [_contract(to, a, b, kept), *others]
    last = _sum_out(to, terms[0], set(result))
    return to.transpose(last.value, [last.labels.index(label) for label in result])


def _equation(equation: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """The labels of each operand and of the result; digits label the dimensions of an ellipsis, from the innermost."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    inputs = left.split(",")
    if len(inputs) != len(ranks):
        raise Refusal(f"expected an equation for {len(ranks)} operands, got '{equation}'")
    hidden = [rank - len(labels.replace("...", "")) for labels, rank in zip(inputs, ranks, strict=True)]
    if max(hidden, default=0) > 9 or min(hidden, default=0) < 0:
        raise Refusal(f"expected at most 9 dimensions in an ellipsis, got '{equation}'")
    full = [
        labels.replace("...", "".join(map(str, reversed(range(count)))))
        for labels, count in zip(inputs, hidden, strict=True)
    ]
    longest = "".join(map(str, reversed(range(max(hidden, default=0)))))
    if not arrow:
        every = left.replace("...", "").replace(",", "")
        right = longest + "".join(sorted(label for label in set(every) if every.count(label) == 1))
    return full, right.replace("...", longest)


def _sum_out(to: Conversion, term: _Term, kept: set[str]) -> _Term:
    """`term` without the dimensions that nothing else has."""
    axes = [axis for axis, label in enumerate(term.labels) if label not in kept]
    if not axes:
        return term
    labels = "".join(label for label in term.labels if label in kept)
    dims = [term.dim(label) for label in labels]
    return _Term(to.reshape(total(to, term.value, axes), dims), labels)


def _contract(to: Conversion, a: _Term, b: _Term, kept: set[str]) -> _Term:
    """The product of `a` and `b`, summed over the labels that both have and that are not `kept`."""
    a, b = _sum_out(to, a, kept | set(b.labels)), _sum_out(to, b, kept | set(a.labels))
    both = [label for label in a.labels if label in b.labels]
    batch = "".join(label for label in both if label in kept)
    inner = "".join(label for label in both if label not in kept)
    rows = "".join(label for label in a.labels if label not in both)
    columns = "".join(label for label in b.labels if label not in both)
    for label in batch + inner:
        if a.dim(label) != b.dim(label):
            raise Refusal(f"expected one size for '{label}' in an Einstein sum, got two")
    left = _matrix(to, a, batch, rows, inner)
    right = _matrix(to, b, batch, inner, columns)
    size = [*dims_of(tensor_type_of(left))[:-1], dims_of(tensor_type_of(right))[-1]]
    product = to.emit(xnn.BatchMatrixMultiplyOp(left, right, tensor_type(element_type_of(left), size)))
    dims = [*(a.dim(label) for label in batch + rows), *(b.dim(label) for label in columns)]
    return _Term(to.reshape(product, dims), batch + rows + columns)


def _matrix(to: Conversion, term: _Term, batch: str, rows: str, columns: str) -> SSAValue:
    """`term` as [batch, rows, columns], each one dimension; without a batch, a matrix."""
    order = batch + rows + columns
    moved = to.transpose(term.value, [term.labels.index(label) for label in order])
    parts: list[Any] = [_size(term, part) for part in ((batch,) if batch else ()) + (rows, columns)]
    return to.reshape(moved, parts)


def _size(term: _Term, labels: str) -> DimAttr:
    return product_dim([term.dim(label) for label in labels]) if labels else static_dim(1)


CONVERTERS: dict[str, Converter] = {"einsum": einsum}
"""By the name of the op, without `aten.`"""
