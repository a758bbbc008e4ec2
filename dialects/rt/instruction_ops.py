"""
Instructions: what a method does, in order. Blocks are the targets of jumps; where a jump is not taken, and at the end
of a block, the method goes on with the next block.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import cast

from xdsl.dialects.builtin import FlatSymbolRefAttr, StringAttr, SymbolRefAttr, TensorType, i1
from xdsl.ir import Attribute, Block, SSAValue
from xdsl.irdl import (
    IRDLOperation,
    irdl_op_definition,
    operand_def,
    prop_def,
    successor_def,
    traits_def,
    var_operand_def,
)
from xdsl.traits import IsTerminator
from xdsl.utils.exceptions import VerifyException

from xnnir.dialects.rt.types import BoolType


class InstructionOp(IRDLOperation, ABC):
    """One entry of the method's list of instructions. Its location becomes the instruction's call stack in the file."""


@irdl_op_definition
class KernelCallOp(InstructionOp):
    """
    Runs a kernel of the runtime, named by operator and overload. The arguments are those of the operator's schema, out
    tensors included, and then each return value once more.

    Example:
        rt.kernel_call "aten::cumsum.out"(%x, %dim, %dtype, %y, %y) : (tensor<2xf32>, !rt.int, !rt.null, tensor<2xf32>,
          tensor<2xf32>)
    """

    name = "rt.kernel_call"

    operator = prop_def(StringAttr)
    args = var_operand_def()

    assembly_format = "$operator `(` $args `)` attr-dict `:` `(` type($args) `)`"

    def __init__(self, operator: str, args: Sequence[SSAValue]):
        super().__init__(operands=[args], properties={"operator": StringAttr(operator)})

    def verify_(self) -> None:
        if not self.operator.data.partition(".")[0]:
            raise VerifyException(f'expected an operator such as "aten::add.out", got "{self.operator.data}"')


@irdl_op_definition
class DelegateCallOp(InstructionOp):
    """
    Runs a delegate: an `xnn.graph` or an `rt.delegate`. The arguments are the inputs and then the outputs.

    Example:
        rt.delegate_call @delegate_0(%x, %y) : (tensor<1x3x224x224xf32>, tensor<1x1000xf32>)
    """

    name = "rt.delegate_call"

    delegate = prop_def(FlatSymbolRefAttr)
    args = var_operand_def()

    assembly_format = "$delegate `(` $args `)` attr-dict `:` `(` type($args) `)`"

    def __init__(self, delegate: str, args: Sequence[SSAValue]):
        super().__init__(operands=[args], properties={"delegate": SymbolRefAttr(delegate)})


@irdl_op_definition
class MoveOp(InstructionOp):
    """
    Makes `target` the same value as `source`.

    Example:
        rt.move %a to %b : (tensor<2xf32>, tensor<2xf32>)
    """

    name = "rt.move"

    source = operand_def()
    target = operand_def()

    assembly_format = "$source `to` $target attr-dict `:` `(` type($source) `,` type($target) `)`"

    def __init__(self, source: SSAValue, target: SSAValue):
        super().__init__(operands=[source, target])


@irdl_op_definition
class FreeOp(InstructionOp):
    """
    Gives back the memory of a tensor of unbounded shape.

    Example:
        rt.free %a : tensor<0xf32>
    """

    name = "rt.free"

    tensor = operand_def(TensorType[Attribute])

    assembly_format = "$tensor attr-dict `:` type($tensor)"

    def __init__(self, tensor: SSAValue):
        super().__init__(operands=[tensor])


@irdl_op_definition
class JumpFalseOp(InstructionOp):
    """
    Goes to `target` when the condition (a bool, or a tensor of one bool) is false, and on to the next block otherwise.

    Example:
        rt.jump_false %condition ^next else ^target : tensor<1xi1>
    """

    name = "rt.jump_false"

    condition = operand_def()
    next_block = successor_def()
    target = successor_def()

    traits = traits_def(IsTerminator())
    assembly_format = "$condition $next_block `else` $target attr-dict `:` type($condition)"

    def __init__(self, condition: SSAValue, next_block: Block, target: Block):
        super().__init__(operands=[condition], successors=[next_block, target])

    def verify_(self) -> None:
        type = self.condition.type
        is_bool_tensor = (
            isinstance(type, TensorType) and cast(TensorType[Attribute], type).get_element_type() == i1
        )
        if not isinstance(type, BoolType) and not is_bool_tensor:
            raise VerifyException(f"expected a condition of type !rt.bool or a tensor of i1, got {type}")
        _verify_next(self, self.next_block)


@irdl_op_definition
class FallthroughOp(IRDLOperation):
    """
    Ends a block at which a jump's target follows. Not an instruction: it takes no time and has no place in the file.

    Example:
        rt.fallthrough ^next
    """

    name = "rt.fallthrough"

    next_block = successor_def()

    traits = traits_def(IsTerminator())
    assembly_format = "$next_block attr-dict"

    def __init__(self, next_block: Block):
        super().__init__(successors=[next_block])

    def verify_(self) -> None:
        _verify_next(self, self.next_block)


@irdl_op_definition
class ReturnOp(IRDLOperation):
    """
    Ends a method and names its outputs.

    Example:
        rt.return(%y) : (tensor<1x1000xf32>)
    """

    name = "rt.return"

    outputs = var_operand_def()

    traits = traits_def(IsTerminator())
    assembly_format = "`(` $outputs `)` attr-dict `:` `(` type($outputs) `)`"

    def __init__(self, outputs: Sequence[SSAValue]):
        super().__init__(operands=[outputs])

    def verify_(self) -> None:
        block = self.parent_block()
        if block is not None and block.next_block is not None:
            raise VerifyException("expected rt.return in the last block only")


@irdl_op_definition
class InputsOp(IRDLOperation):
    """
    Names the inputs of a method, in the order in which a caller gives them.

    Example:
        rt.inputs(%x) : (tensor<1x3x224x224xf32>)
    """

    name = "rt.inputs"

    inputs = var_operand_def()

    assembly_format = "`(` $inputs `)` attr-dict `:` `(` type($inputs) `)`"

    def __init__(self, inputs: Sequence[SSAValue]):
        super().__init__(operands=[inputs])


def _verify_next(op: JumpFalseOp | FallthroughOp, next_block: Block) -> None:
    block = op.parent_block()
    if block is not None and block.next_block is not next_block:
        raise VerifyException(f"expected the block that follows as the one {op.name} goes on with")
