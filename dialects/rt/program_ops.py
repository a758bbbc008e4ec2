"""What stands at the top level of a program: methods, delegates of unknown backends, named data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from xdsl.dialects.builtin import (
    ArrayAttr,
    DenseArrayBase,
    DictionaryAttr,
    IntegerType,
    StringAttr,
    SymbolNameConstraint,
    TensorType,
    i64,
)
from xdsl.ir import Attribute, Operation, Region, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    opt_prop_def,
    prop_def,
    region_def,
    traits_def,
)
from xdsl.parser import Parser
from xdsl.printer import Printer
from xdsl.traits import IsolatedFromAbove, SymbolOpInterface
from xdsl.utils.exceptions import VerifyException
from xdsl.utils.hints import isa

from xnnir.dialects.rt.instruction_ops import (
    DelegateCallOp,
    FallthroughOp,
    InputsOp,
    InstructionOp,
    JumpFalseOp,
    ReturnOp,
)
from xnnir.dialects.rt.slot_ops import SlotOp
from xnnir.dialects.rt.tensor_ops import TensorOp, TensorSlotOp
from xnnir.dialects.rt.types import element_size, tensor_bytes
from xnnir.dialects.weights import WeightAttr
from xnnir.dialects.xnn.dims import upper_bound_shape
from xnnir.dialects.xnn.graph_ops import GraphOp
from xnnir.dialects.xnn.types import QuantizedType


@irdl_op_definition
class MethodOp(IRDLOperation):
    """
    A method of a program: its slots, its inputs, its instructions, its outputs. `arenas` are the bytes of the memory
    that tensors share.

    `input_structure` and `output_structure` are PyTorch's pytree specs (JSON), by which a caller packs and unpacks
    nested arguments. `input_sizes` are the sizes that inputs may have: lists of [input, dimension (-1: the input is a
    number), scale, symbol, offset, smallest, largest], where the size is scale * symbol + offset and the symbol is the
    same wherever it stands. `arena_devices` puts an arena on a device: lists of [arena, device type, device index].

    Example:
        rt.method @forward arenas [32] {
          %x = rt.tensor arena 1 offset 0 : tensor<4xf32>
          %y = rt.tensor arena 1 offset 16 : tensor<4xf32>
          rt.inputs(%x) : (tensor<4xf32>)
          rt.delegate_call @delegate_0(%x, %y) : (tensor<4xf32>, tensor<4xf32>)
          rt.return(%y) : (tensor<4xf32>)
        }
    """

    name = "rt.method"

    sym_name = prop_def(StringAttr)
    arenas = opt_prop_def(DenseArrayBase.constr(i64))
    arena_devices = opt_prop_def(ArrayAttr[DenseArrayBase[IntegerType]])
    input_structure = opt_prop_def(StringAttr)
    output_structure = opt_prop_def(StringAttr)
    input_sizes = opt_prop_def(ArrayAttr[DenseArrayBase[IntegerType]])
    body = region_def()

    traits = traits_def(IsolatedFromAbove(), SymbolOpInterface())

    RESERVED: ClassVar[tuple[str, ...]] = ("sym_name", "arenas")

    def __init__(
        self,
        name: str,
        body: Region,
        *,
        arenas: Sequence[int] | None = None,
        arena_devices: Sequence[tuple[int, int, int]] = (),
        input_structure: str | None = None,
        output_structure: str | None = None,
        input_sizes: Sequence[Sequence[int]] = (),
    ):
        sizes = [DenseArrayBase.from_list(i64, list(row)) for row in input_sizes]
        devices = [DenseArrayBase.from_list(i64, list(device)) for device in arena_devices]
        super().__init__(
            properties={
                "sym_name": StringAttr(name),
                "arenas": None if arenas is None else DenseArrayBase.from_list(i64, list(arenas)),
                "arena_devices": ArrayAttr(devices) if devices else None,
                "input_structure": None if input_structure is None else StringAttr(input_structure),
                "output_structure": None if output_structure is None else StringAttr(output_structure),
                "input_sizes": ArrayAttr(sizes) if sizes else None,
            },
            regions=[body],
        )

    @property
    def arena_sizes(self) -> tuple[int, ...]:
        """Bytes of arena 1, 2, ..."""
        return () if self.arenas is None else self.arenas.get_values()

    def slots(self) -> Iterator[SlotOp]:
        """The values of the method, in order."""
        return (op for op in self.body.blocks[0].ops if isinstance(op, SlotOp))

    def instructions(self) -> Iterator[InstructionOp]:
        """What the method runs, in order."""
        return (op for block in self.body.blocks for op in block.ops if isinstance(op, InstructionOp))

    @property
    def inputs(self) -> Sequence[SSAValue]:
        """The slots a caller fills, in order."""
        for op in self.body.blocks[0].ops:
            if isinstance(op, InputsOp):
                return op.inputs
        return ()

    @property
    def outputs(self) -> Sequence[SSAValue]:
        """The slots a caller reads, in order."""
        last = self.body.blocks[-1].last_op
        return last.outputs if isinstance(last, ReturnOp) else ()

    @classmethod
    def parse(cls, parser: Parser) -> MethodOp:
        name = parser.parse_symbol_name()
        arenas = None
        if parser.parse_optional_keyword("arenas") is not None:
            arenas = parser.parse_comma_separated_list(
                parser.Delimiter.SQUARE,
                lambda: parser.parse_integer(allow_boolean=False, allow_negative=False),
            )
        attributes = parser.parse_optional_attr_dict_with_keyword(cls.RESERVED)
        op = cls(name.data, parser.parse_region(), arenas=arenas)
        named: dict[str, Attribute] = {} if attributes is None else dict(attributes.data)
        for key, value in named.items():
            (op.properties if key in cls.get_irdl_definition().properties else op.attributes)[key] = value
        return op

    def print(self, printer: Printer) -> None:
        printer.print_string(" ")
        printer.print_symbol_name(self.sym_name.data)
        if self.arenas is not None:
            printer.print_string(" arenas ")
            with printer.in_square_brackets():
                printer.print_list(self.arena_sizes, lambda size: printer.print_string(str(size)))
        properties = {key: value for key, value in self.properties.items() if key not in self.RESERVED}
        printer.print_op_attributes({**properties, **self.attributes}, print_keyword=True)
        printer.print_string(" ")
        printer.print_region(self.body)

    def verify_(self) -> None:
        if not self.sym_name.data:
            raise VerifyException("expected a name for the method, got an empty one")
        if any(size < 0 for size in self.arena_sizes):
            raise VerifyException(f"expected arena sizes of 0 or more, got {list(self.arena_sizes)}")
        for device in self.arena_devices or ():
            if len(device) != 3:
                raise VerifyException(
                    f"expected [arena, device type, device index] in arena_devices, got {device}"
                )
        for row in self.input_sizes or ():
            if len(row) != 7:
                raise VerifyException(
                    "expected [input, dimension, scale, symbol, offset, smallest, largest] in input_sizes, "
                    f"got {row}"
                )
        if not self.body.blocks:
            raise VerifyException("expected a body, got none")
        last = self.body.blocks[-1].last_op
        if not isinstance(last, ReturnOp):
            raise VerifyException(f"expected rt.return at the end, got {last.name if last else 'nothing'}")
        known = SlotOp | InstructionOp | InputsOp | FallthroughOp | ReturnOp
        graphs = _delegates_around(self)
        has_inputs = False
        for index, block in enumerate(self.body.blocks):
            if block.args:
                raise VerifyException("expected blocks without arguments, got some")
            if block.next_block is not None and not isinstance(block.last_op, JumpFalseOp | FallthroughOp):
                raise VerifyException(
                    "expected rt.jump_false or rt.fallthrough at the end of each block but the last"
                )
            last = block.last_op
            if last is not None and self.body.blocks[0] in last.successors:
                raise VerifyException("expected no jump to the first block, which has the values")
            for op in block.ops:
                if not isinstance(op, known):
                    raise VerifyException(f"expected operations of the rt dialect in a method, got {op.name}")
                if isinstance(op, SlotOp | InputsOp) and index:
                    raise VerifyException(f"expected {op.name} in the first block")
                if isinstance(op, InputsOp):
                    if has_inputs:
                        raise VerifyException("expected rt.inputs once, got it again")
                    has_inputs = True
                if isinstance(op, TensorOp):
                    self._verify_place(op)
                if isinstance(op, DelegateCallOp):
                    _verify_delegate_call(op, graphs)

    def _verify_place(self, op: TensorOp) -> None:
        if op.arena is None or op.offset is None:
            return
        arena, offset = op.arena.value.data, op.offset.value.data
        if arena > len(self.arena_sizes):
            raise VerifyException(f"expected an arena of 1 to {len(self.arena_sizes)}, got {arena}")
        end = offset + tensor_bytes(op.tensor_type)
        if end > self.arena_sizes[arena - 1] and op.dynamism != StringAttr("unbound"):
            raise VerifyException(
                f"expected a tensor that ends within the {self.arena_sizes[arena - 1]} bytes of arena {arena}, "
                f"got {op.tensor_type} at offset {offset}, which ends at {end}"
            )


@irdl_op_definition
class DelegateOp(IRDLOperation):
    """
    A graph in the own format of a backend that only the runtime knows. XNNPACK's graphs are `xnn.graph` instead.

    Example:
        rt.delegate @delegate_1 backend "CoreMLBackend" processed <w9f3c0a1b2c3d4e5f>
          compile_specs {model_type = #xnn.weight<w1a2b3c4d5e6f7a8b>}
    """

    name = "rt.delegate"

    sym_name = prop_def(SymbolNameConstraint())
    backend = prop_def(StringAttr)
    processed = prop_def(WeightAttr)
    compile_specs = opt_prop_def(DictionaryAttr)
    """Options the backend reads when the method is loaded: names, and bytes in the weight store."""

    traits = traits_def(SymbolOpInterface())
    assembly_format = (
        "$sym_name `backend` $backend `processed` $processed (`compile_specs` $compile_specs^)? attr-dict"
    )

    def __init__(
        self,
        name: str,
        backend: str,
        processed: WeightAttr,
        compile_specs: dict[str, WeightAttr] | None = None,
    ):
        super().__init__(
            properties={
                "sym_name": StringAttr(name),
                "backend": StringAttr(backend),
                "processed": processed,
                "compile_specs": DictionaryAttr(dict(compile_specs)) if compile_specs else None,
            }
        )

    def verify_(self) -> None:
        specs: dict[str, Attribute] = {} if self.compile_specs is None else dict(self.compile_specs.data)
        for key, value in specs.items():
            if not isinstance(value, WeightAttr):
                raise VerifyException(f"expected #xnn.weight<...> for compile spec {key}, got {value}")


@irdl_op_definition
class NamedDataOp(IRDLOperation):
    """
    Bytes that an `rt.delegate` looks up by name when a method is loaded. The weights of an `xnn.graph` need no such op:
    the file names them by their hashes.

    Example:
        rt.named_data "encoder.weight" <w9f3c0a1b2c3d4e5f>
    """

    name = "rt.named_data"

    key = prop_def(StringAttr)
    data = prop_def(WeightAttr)

    assembly_format = "$key $data attr-dict"

    def __init__(self, key: str, data: WeightAttr):
        super().__init__(properties={"key": StringAttr(key), "data": data})

    def verify_(self) -> None:
        if not self.key.data:
            raise VerifyException("expected a name for the data, got an empty one")


def _delegates_around(method: MethodOp) -> dict[str, Operation] | None:
    """The delegates of the program that `method` is in; None when it is in none."""
    block = method.parent_block()
    if block is None:
        return None
    return {op.sym_name.data: op for op in block.ops if isinstance(op, GraphOp | DelegateOp)}


def _verify_delegate_call(call: DelegateCallOp, delegates: dict[str, Operation] | None) -> None:
    if delegates is None:
        return
    name = call.delegate.root_reference.data
    graph = delegates.get(name)
    if graph is None:
        raise VerifyException(
            f"expected @{name} to be an xnn.graph or an rt.delegate, got nothing of that name"
        )
    if not isinstance(graph, GraphOp):
        return
    types = (*graph.function_type.inputs.data, *graph.function_type.outputs.data)
    if len(types) != len(call.args):
        raise VerifyException(
            f"expected {len(types)} arguments for @{name} (inputs, then outputs), got {len(call.args)}"
        )
    for index, (type, arg) in enumerate(zip(types, call.args, strict=True)):
        slot = arg.owner
        if not isa(type, TensorType[Attribute]):
            continue
        if not isinstance(slot, TensorSlotOp):
            raise VerifyException(f"expected argument {index} of @{name} to be a tensor, got {arg.type}")
        dims = upper_bound_shape(type)
        got = slot.physical_dims() or (1,)
        if dims is not None and (dims or (1,)) != got:
            raise VerifyException(
                f"expected argument {index} of @{name} to lie in memory as {list(dims)}, got {list(got)}"
            )
        _verify_element_types(name, index, type.get_element_type(), slot.tensor_type.get_element_type())


def _verify_element_types(name: str, index: int, graph_type: Attribute, slot_type: Attribute) -> None:
    if isinstance(graph_type, QuantizedType):
        matches = element_size(slot_type) in (1, 4)
    else:
        # XNNPACK's indices are 32 bits wide; the runtime widens them in place where the method has 64.
        matches = graph_type == slot_type or (str(graph_type), str(slot_type)) == ("i32", "i64")
    if not matches:
        raise VerifyException(
            f"expected argument {index} of @{name} to have elements of {graph_type}, got {slot_type}"
        )
