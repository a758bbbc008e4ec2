"""Loops without an end, and results whose sizes nothing bounds, from Python."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from xdsl.dialects.builtin import ModuleOp, TensorType, f32, i64
from xdsl.ir import Block, Operation, Region, SSAValue

from xnnir.context import make_context
from xnnir.dialects import rt
from xnnir.emit import write_program
from xnnir.runtime import Program, Runtime, StatusCode, StatusError


def load(operations: list[Operation], arena: int = 0) -> Program:
    method = rt.MethodOp("forward", Region([Block(operations)]), arenas=[arena])
    return Runtime.get().load_program(write_program(ModuleOp([method]), make_context()).buffer)


def nonzero_program(size: int) -> Program:
    """The places of elements that are not zero; how many those are is in no file."""
    self = rt.TensorOp(TensorType(f32, [size]))
    out = rt.TensorOp(TensorType(i64, [1, 1]), dynamism="unbound")
    operands: list[SSAValue] = [self.value, out.value, out.value]
    return load(
        [
            self,
            out,
            rt.InputsOp([self.value]),
            rt.KernelCallOp("aten::nonzero.out", operands),
            rt.ReturnOp([out.value]),
        ]
    )


def test_output_without_a_bound() -> None:
    method = nonzero_program(1000).load_method("forward")
    for count in (0, 1, 1000, 17):
        self = torch.zeros(1000)
        self[torch.randperm(1000, generator=torch.Generator().manual_seed(count))[:count]] = 1
        (places,) = method.execute([self])
        assert places.equal(self.nonzero())
        (places,) = method.execute([self.numpy()])
        assert np.array_equal(places, self.nonzero().numpy())


def test_instructions_are_limited() -> None:
    program = nonzero_program(4)
    assert len(program.load_method("forward", max_instructions=1).execute([torch.ones(4)])) == 1
    with pytest.raises(StatusError, match="max_instructions") as raised:
        program.load_method("forward", max_instructions=0).execute([torch.ones(4)])
    assert raised.value.code is StatusCode.OUT_OF_RESOURCES
