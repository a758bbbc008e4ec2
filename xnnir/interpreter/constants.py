"""Constants in and out of torch: what an op over constants computes."""

from __future__ import annotations

import torch
from xdsl.dialects.builtin import BFloat16Type
from xdsl.ir import SSAValue

from xnnir.dialects.aten import AtenOp, StaticValueOp
from xnnir.dialects.weights import Array, WeightStore, constant_array
from xnnir.dialects.xnn.base import tensor_type_of
from xnnir.errors import XnnirError
from xnnir.interpreter.aten import evaluate


def evaluate_constant(op: AtenOp, store: WeightStore) -> Array:
    """
    The only result of `op`, whose operands are parameters, buffers and constants of the model, in float32.

    Raises `XnnirError` for arguments that do not fit.
    """
    values: dict[SSAValue, torch.Tensor] = {}
    for operand in op.operands:
        assert isinstance(operand.owner, StaticValueOp)
        values[operand] = constant_tensor(operand.owner, store)
    try:
        result = evaluate(op, values)[0]
    except Exception as error:
        raise XnnirError(
            f"{op.name}: torch cannot compute it from constants: {error}", op.location
        ) from error
    return result.detach().float().contiguous().numpy()


def constant_tensor(op: StaticValueOp, store: WeightStore) -> torch.Tensor:
    """The numbers of a parameter, buffer or constant."""
    type = tensor_type_of(op.result)
    # A copy: torch has no read-only tensors, and warns of memory that is.
    tensor = torch.as_tensor(constant_array(op.value, type, store).copy())
    return tensor.view(torch.bfloat16) if isinstance(type.get_element_type(), BFloat16Type) else tensor


def constant_numbers(tensor: torch.Tensor) -> Array:
    """What the weight store keeps of `tensor`."""
    contiguous = tensor.detach().contiguous()
    return (contiguous.view(torch.uint16) if tensor.dtype == torch.bfloat16 else contiguous).numpy()
