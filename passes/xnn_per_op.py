"""
`xnn-per-op`: as `xnn-default`, but each op is a delegate of its own.

    %1 = aten.relu(%0) : (tensor<1x8xf32>) -> tensor<1x8xf32>
    %2 = aten.sigmoid(%1) : (tensor<1x8xf32>) -> tensor<1x8xf32>

becomes

    rt.delegate_call @forward_delegate_0(%0, %1) : (tensor<1x8xf32>, tensor<1x8xf32>)
    rt.delegate_call @forward_delegate_1(%1, %2) : (tensor<1x8xf32>, tensor<1x8xf32>)

This is how ExecuTorch's `XnnpackPartitioner(per_op_mode=True)` delegates: slower, and good for finding the op
that is at fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xdsl.passes import ModulePass

from xnnir.dialects.xnn.support import Target
from xnnir.partition.xnnpack_partitioner import XnnpackPartitioner
from xnnir.passes._pipeline import NamedPipelinePass
from xnnir.pipelines import Level, default_pipeline


@dataclass(frozen=True)
class XnnPerOpPass(NamedPipelinePass):
    """Lower an exported model to methods, with a delegate for each op."""

    name = "xnn-per-op"

    target: Target = "executorch"
    """Who will run the file; decides which nodes there are."""

    compile_to: Level = "rt"
    """The level to stop at."""

    def passes(self) -> Sequence[ModulePass]:
        return default_pipeline([XnnpackPartitioner(per_op_mode=True, target=self.target)], self.compile_to)
