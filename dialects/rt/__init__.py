"""
The `rt` dialect: a program as the runtime executes it, and all that a .pte file says.

A method has slots (values: tensors with their memory, numbers, lists), then instructions that work on them:

    rt.method @forward arenas [606176] {
      %x = rt.tensor arena 1 offset 0 : tensor<1x3x224x224xf32>
      %y = rt.tensor arena 1 offset 602112 : tensor<1x1000xf32>
      rt.inputs(%x) : (tensor<1x3x224x224xf32>)
      rt.delegate_call @delegate_0(%x, %y) : (tensor<1x3x224x224xf32>, tensor<1x1000xf32>)
      rt.return(%y) : (tensor<1x1000xf32>)
    }

The graphs of the XNNPACK delegate are `xnn.graph` operations beside the methods.
"""

from xdsl.ir import Dialect

from xnnir.dialects.rt.instruction_ops import (
    DelegateCallOp,
    FallthroughOp,
    FreeOp,
    InputsOp,
    InstructionOp,
    JumpFalseOp,
    KernelCallOp,
    MoveOp,
    ReturnOp,
)
from xnnir.dialects.rt.program_ops import DelegateOp, MethodOp, NamedDataOp
from xnnir.dialects.rt.slot_ops import (
    BoolListOp,
    BoolOp,
    DoubleListOp,
    DoubleOp,
    IntListOp,
    IntOp,
    NullOp,
    OptionalTensorListOp,
    SlotOp,
    StringOp,
    TensorListOp,
)
from xnnir.dialects.rt.tensor_ops import ConstantOp, TensorOp, TensorSlotOp
from xnnir.dialects.rt.types import (
    BoolListType,
    BoolType,
    DoubleListType,
    DoubleType,
    IntListType,
    IntType,
    NullType,
    OptionalTensorListType,
    ScalarType,
    StringType,
    TensorListType,
    element_size,
    tensor_bytes,
)

RT = Dialect(
    "rt",
    [
        BoolListOp,
        BoolOp,
        ConstantOp,
        DelegateCallOp,
        DelegateOp,
        DoubleListOp,
        DoubleOp,
        FallthroughOp,
        FreeOp,
        InputsOp,
        IntListOp,
        IntOp,
        JumpFalseOp,
        KernelCallOp,
        MethodOp,
        MoveOp,
        NamedDataOp,
        NullOp,
        OptionalTensorListOp,
        ReturnOp,
        StringOp,
        TensorListOp,
        TensorOp,
    ],
    [
        BoolListType,
        BoolType,
        DoubleListType,
        DoubleType,
        IntListType,
        IntType,
        NullType,
        OptionalTensorListType,
        ScalarType,
        StringType,
        TensorListType,
    ],
)

__all__ = [
    "RT",
    "BoolListOp",
    "BoolListType",
    "BoolOp",
    "BoolType",
    "ConstantOp",
    "DelegateCallOp",
    "DelegateOp",
    "DoubleListOp",
    "DoubleListType",
    "DoubleOp",
    "DoubleType",
    "FallthroughOp",
    "FreeOp",
    "InputsOp",
    "InstructionOp",
    "IntListOp",
    "IntListType",
    "IntOp",
    "IntType",
    "JumpFalseOp",
    "KernelCallOp",
    "MethodOp",
    "MoveOp",
    "NamedDataOp",
    "NullOp",
    "NullType",
    "OptionalTensorListOp",
    "OptionalTensorListType",
    "ReturnOp",
    "ScalarType",
    "SlotOp",
    "StringOp",
    "StringType",
    "TensorListOp",
    "TensorListType",
    "TensorOp",
    "TensorSlotOp",
    "element_size",
    "tensor_bytes",
]
