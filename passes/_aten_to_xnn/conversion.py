"""
What the converters of single ops share: reading operands, building nodes, refusing.

A converter takes an `aten` op and a `Conversion`, and returns the values that replace the op's results, in the same
logical layout. Every node goes through `Conversion.emit`, which asks the support table; a converter that cannot do an
op raises `Refusal`, and what it built until then is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from typing import TypeAlias, cast

import numpy as np
from xdsl.dialects.builtin import BFloat16Type, Float16Type, Float32Type, TensorType, f32
from xdsl.ir import Attribute, Block, Operation, SSAValue
from xdsl.utils.exceptions import VerifyException

from xnnir.dialects import aten, xnn
from xnnir.dialects.aten import AtenOp
from xnnir.dialects.weights import Array, WeightStore, constant_array, numpy_dtype
from xnnir.dialects.xnn.base import XnnOp, element_type_of, ints, shape_of, tensor_type_of
from xnnir.dialects.xnn.dims import DimAttr, dims_of, tensor_type
from xnnir.dialects.xnn.support import Precision, Target, moves_data_only, why_unsupported
from xnnir.passes._aten_to_xnn.arguments import NotSelected, Refusal
from xnnir.passes._aten_to_xnn.collapse import collapse, has_too_many_dims
from xnnir.passes._aten_to_xnn.dequantized import dequantized_codes
from xnnir.passes._aten_to_xnn.selection import Selection
from xnnir.passes._aten_to_xnn.sizes import add_to_dim
from xnnir.passes._quantization import Codes, Unrepresentable, codes_of, is_quantized_constant, note_float

Dims: TypeAlias = Sequence[int | DimAttr]

DEFAULT_SELECTION = Selection()


class Conversion:
    """Builds the nodes that replace the ops of one function, one op at a time."""

    def __init__(
        self,
        block: Block,
        store: WeightStore,
        target: Target,
        written: Set[str] = frozenset(),
        selection: Selection = DEFAULT_SELECTION,
    ):
        """`written` names the buffers that the program changes: these are no constants."""
        self.block = block
        self.store = store
        self.target: Target = target
        self.written = written
        self.selection = selection
        self.nodes: list[Operation] = []
        """What the op that is being converted has become so far, not yet in the block."""
        self.precision: Precision | None = None
        """What the op that is being converted computes in by the quantisations around it."""
        self.unexpanded: dict[SSAValue, SSAValue] = {}
        """What an expanded tensor was before, for nodes that broadcast by themselves."""
        self._constants: dict[tuple[Attribute, Attribute], SSAValue] = {}
        self._codes: dict[SSAValue, Codes | Unrepresentable | None] = {}
        self._note: str | None = None

    def emit(self, node: XnnOp) -> SSAValue:
        """
        Add `node`; return its first result. Raises `Refusal` when XNNPACK does not have it.

        One on tensors of too many dimensions is made on fewer; a reshape to or from them, or to no dimensions, is
        left to the host.
        """
        self.nodes.append(node)
        try:
            node.verify_()
        except VerifyException as error:
            raise Refusal(str(error)) from error
        if isinstance(node, xnn.StaticReshapeOp) and (
            has_too_many_dims(node) or not shape_of(node.output) or not shape_of(node.input)
        ):
            return node.results[0]
        if has_too_many_dims(node):
            self.nodes.pop()
            return collapse(self, node)
        if (reason := why_unsupported(node, self.target)) is not None:
            raise Refusal(reason)
        if (reason := self.selection.why_not_node(node, self.precision)) is not None:
            raise NotSelected(reason)
        return node.results[0]

    def drop(self) -> None:
        """Forget the nodes of an op that was refused."""
        for node in reversed(self.nodes):
            node.erase()
        self.nodes, self._note = [], None

    def place(self, op: Operation) -> None:
        """Put the nodes of a converted op before it."""
        for node in self.nodes:
            node.location = op.location
        if self._note is not None:
            computing = [node for node in self.nodes if not moves_data_only(node)]
            if computing:
                note_float(computing[0], self._note)
        self.block.insert_ops_before(self.nodes, op)
        self.nodes, self._note = [], None

    def operand(self, value: SSAValue) -> SSAValue:
        """`value` as nodes use it: parameters, buffers and constants of `aten` as an `xnn.constant`."""
        owner = self._static_owner(value)
        if isinstance(owner, aten.StaticValueOp):
            return self._constant(owner.value, tensor_type_of(value), value.name_hint)
        if not self.is_dequantized(value) or isinstance(value.owner, xnn.ConvertOp):
            return value
        return self.arranged(value, lambda array: array, "constant", element_type_of(value))

    def is_dequantized(self, value: SSAValue) -> bool:
        """Whether `value` is a constant that the model dequantises."""
        return self._dequantized(value) is not None

    def arranged(
        self, value: SSAValue, arrange: Callable[[Array], Array], what: str, element_type: Attribute = f32
    ) -> SSAValue:
        """
        A constant laid out anew by `arrange`, which reshapes and transposes, its numbers of `element_type`. One that
        the model dequantises is a constant of integers and a conversion to floats, which `xnn-fold-quant` takes away.

        Raises `Refusal` when `value` is computed.
        """
        codes = self._dequantized(value)
        if codes is None:
            return self.constant(arrange(self.static(value, what)), element_type, value.name_hint)
        try:
            if isinstance(codes, Unrepresentable):
                raise codes
            made = codes.arranged(arrange).constant(self.store)
        except Unrepresentable as reason:
            self._note = self._note or str(reason)
            return self.constant(arrange(self.static(value, what)), element_type, value.name_hint)
        constant = self._constant(made.value, tensor_type_of(made.result), value.name_hint)
        made.erase()
        convert = xnn.ConvertOp(constant, TensorType(element_type, shape_of(constant)))
        convert.output.name_hint = value.name_hint
        self.nodes.append(convert)
        return convert.output

    def _dequantized(self, value: SSAValue) -> Codes | Unrepresentable | None:
        if value not in self._codes:
            self._codes[value] = self._read_codes(value)
        return self._codes[value]

    def _read_codes(self, value: SSAValue) -> Codes | Unrepresentable | None:
        owner = value.owner
        if isinstance(owner, xnn.ConvertOp) and is_quantized_constant(owner.input.owner):
            return codes_of(cast(xnn.ConstantOp, owner.input.owner), self.store)
        if not isinstance(owner, AtenOp):
            return None
        try:
            return dequantized_codes(owner, self._plain_array)
        except Unrepresentable as reason:
            return reason

    def array(self, value: SSAValue) -> Array | None:
        """The numbers of a constant, bfloat16 as float32; None when `value` is computed."""
        match self._dequantized(value):
            case None:
                return self._plain_array(value)
            case Codes() as codes:
                return codes.real()
            case _:
                # Quantised as XNNPACK has no type for; torch knows what it means.
                from xnnir.interpreter.constants import evaluate_constant

                return evaluate_constant(cast(AtenOp, value.owner), self.store)

    def _plain_array(self, value: SSAValue) -> Array | None:
        owner = self._static_owner(value)
        if owner is None:
            return None
        array = constant_array(owner.value, tensor_type_of(value), self.store)
        if isinstance(element_type_of(value), BFloat16Type):
            return (array.astype(np.uint32) << 16).view(np.float32)
        return array

    def static(self, value: SSAValue, what: str) -> Array:
        """The numbers of a constant. Raises `Refusal` when `value` is computed."""
        array = self.array(value)
        if array is None:
            raise Refusal(
                f"XNNPACK packs the {what} when the model is loaded, and this one is computed while it runs"
            )
        return array

    def linear_weight(self, value: SSAValue) -> SSAValue:
        """`value` as the weight or bias of a linear layer: a constant, or an input of the delegate when asked for."""
        owner = self._static_owner(value)
        if owner is None or not self.selection.runtime_linear_weights or element_type_of(value) != f32:
            return self.operand(value)
        if isinstance(owner, aten.StaticValueOp):
            return value
        outside = aten.ConstantOp(value.name_hint or "weight", owner.value, value.type)
        outside.result.name_hint = value.name_hint
        self.nodes.append(outside)
        return outside.result

    def constant(self, array: Array, element_type: Attribute, name: str | None = None) -> SSAValue:
        """A constant of `array`'s shape, its numbers rounded to `element_type`."""
        if isinstance(element_type, BFloat16Type):
            raise Refusal("XNNPACK computes in float32 and float16, got bfloat16")
        numbers = np.ascontiguousarray(array, dtype=numpy_dtype(element_type))
        # ascontiguousarray makes an array of rank 0 one of rank 1.
        return self._constant(self.store.add(numbers), TensorType(element_type, array.shape), name)

    def number(self, number: float, like: SSAValue | Attribute) -> SSAValue:
        """One number as a tensor that broadcasts against `like` (a tensor or its type) and has its element type."""
        type = cast(TensorType[Attribute], like.type if isinstance(like, SSAValue) else like)
        shape = (1,) if len(type.get_shape()) else ()
        return self.constant(np.full(shape, number), type.get_element_type())

    def reshape(self, value: SSAValue, dims: Dims) -> SSAValue:
        """`value` with another shape; itself when it has that shape."""
        if tuple(dims_of(tensor_type_of(value))) == tuple(dims_of(tensor_type(element_type_of(value), dims))):
            return value
        return self.emit(xnn.StaticReshapeOp(value, tensor_type(element_type_of(value), dims)))

    def transpose(self, value: SSAValue, perm: Sequence[int]) -> SSAValue:
        """`value` with its dimensions in another order; itself when the order is the same."""
        if list(perm) == list(range(len(perm))):
            return value
        dims = dims_of(tensor_type_of(value))
        type = tensor_type(element_type_of(value), [dims[axis] for axis in perm])
        return self.emit(xnn.StaticTransposeOp(value, type, perm=perm))

    def pad(
        self, value: SSAValue, before: Sequence[int], after: Sequence[int], number: float = 0.0
    ) -> SSAValue:
        """`value` with `number` around it; itself when there is nothing to add."""
        if not any(before) and not any(after):
            return value
        dims = [
            add_to_dim(dim, a + b)
            for dim, a, b in zip(dims_of(tensor_type_of(value)), before, after, strict=True)
        ]
        type = tensor_type(element_type_of(value), dims)
        return self.emit(
            xnn.StaticConstantPadOp(value, type, pre_paddings=before, post_paddings=after, value=number)
        )

    def slice(self, value: SSAValue, axis: int, offset: int, size: int) -> SSAValue:
        """`size` slices of `value` along `axis` from `offset` on; dynamic dimensions elsewhere stay whole."""
        dims: list[int | DimAttr] = list(dims_of(tensor_type_of(value)))
        shape = shape_of(value)
        if shape[axis] == size:
            return value
        dims[axis] = size
        offsets, sizes = [0] * len(dims), [max(whole, 0) for whole in shape]
        offsets[axis], sizes[axis] = offset, size
        type = tensor_type(element_type_of(value), dims)
        return self.emit(xnn.StaticSliceOp(value, type, offsets=offsets, sizes=sizes))

    def _static_owner(self, value: SSAValue) -> aten.StaticValueOp | xnn.ConstantOp | None:
        owner = value.owner
        if isinstance(owner, xnn.ConstantOp):
            return owner
        if not isinstance(owner, aten.StaticValueOp) or not isinstance(value.type, TensorType):
            return None
        is_written = isinstance(owner, aten.BufferOp) and owner.fqn.data in self.written
        return None if is_written else owner

    def _constant(self, value: Attribute, type: TensorType[Attribute], name: str | None) -> SSAValue:
        found = self._constants.get((value, type))
        if found is None:
            op = xnn.ConstantOp(value, type)
            op.result.name_hint = name
            first = self.block.first_op
            assert first is not None
            self.block.insert_op_before(op, first)
            found = self._constants[value, type] = op.result
        return found


Converter: TypeAlias = Callable[[AtenOp, Conversion], SSAValue | Sequence[SSAValue]]
"""Returns what replaces the results of an op: one value, or one for each result that is used."""


def is_float(element_type: Attribute) -> bool:
    """Whether XNNPACK computes in `element_type` as it is."""
    return isinstance(element_type, Float32Type | Float16Type)


def require_float(value: SSAValue) -> SSAValue:
    """`value`; raises `Refusal` where XNNPACK does not compute in its element type."""
    if not is_float(element_type_of(value)):
        raise Refusal(f"XNNPACK computes in float32 and float16, got {element_type_of(value)}")
    return value


def transposed_source(value: SSAValue) -> SSAValue | None:
    """What `value` is a transpose of, last two dimensions swapped; None when it is none."""
    owner = value.owner
    if not isinstance(owner, xnn.StaticTransposeOp):
        return None
    rank = len(shape_of(value))
    swapped = (*range(rank - 2), rank - 1, rank - 2)
    return owner.input if rank >= 2 and ints(owner.perm) == swapped else None
