"""
`xnn-default`: the whole way from an exported model to what the runtime executes.

    func.func @forward(%x: tensor<1x8xf32>) -> tensor<1x8xf32> {
      %y = aten.relu(%x) : (tensor<1x8xf32>) -> tensor<1x8xf32>
      func.return %y : tensor<1x8xf32>
    }

becomes a graph that XNNPACK runs, and a method that calls it:

    xnn.graph @forward_delegate_0(%x: tensor<1x8xf32>) -> tensor<1x8xf32> { ... }
    rt.method @forward { ... rt.delegate_call @forward_delegate_0(%x, %y) ... }

The passes are in `xnnir.pipelines`; tools that show IR between passes show it between those.
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
class XnnDefaultPass(NamedPipelinePass):
    """Lower an exported model to methods, with the fewest delegates that data flow allows."""

    name = "xnn-default"

    target: Target = "executorch"
    """Who will run the file; decides which nodes there are."""

    compile_to: Level = "rt"
    """The level to stop at."""

    def passes(self) -> Sequence[ModulePass]:
        return default_pipeline([XnnpackPartitioner(target=self.target)], self.compile_to)
