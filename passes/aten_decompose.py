"""
Take apart composite ops that neither XNNPACK nor a kernel of the runtime runs.

PyTorch says what such an op is: its own decomposition is traced for the types at hand, sizes that vary included, down
to operators that have a kernel. `convert-aten-to-xnn` can then be asked again, so that the parts of an op that it
refused still become nodes. An op whose decomposition would need a kernel that does not exist stays as it is, and says
which.

    %1 = aten.logsumexp(%x, dim = [1]) : (tensor<2x8xf32>) -> tensor<2xf32>
    // becomes
    %amax = aten.amax(%x, dim = [1], keepdim = true) : (tensor<2x8xf32>) -> tensor<2x1xf32>
    ...
    %log = aten.log(%sum) : (tensor<2xf32>) -> tensor<2xf32>
    %add = aten.add.Tensor(%log, %squeeze) : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr, TensorType
from xdsl.ir import Block, Operation, SSAValue
from xdsl.passes import ModulePass

from xnnir.dialects.aten import AtenOp, CallOperatorOp, StaticValueOp
from xnnir.dialects.weights import get_weight_store
from xnnir.dialects.xnn.support import Target
from xnnir.errors import XnnirError
from xnnir.passes._aten_to_xnn.dequantized import DEQUANTIZE
from xnnir.passes._blocks import function_blocks
from xnnir.passes._host_kernels import find_host_kernel
from xnnir.passes._lower_to_rt.scalars import find_scalar_lowering
from xnnir.passes.aten_fold_constants import foldable_calls

if TYPE_CHECKING:
    from xnnir.frontend.decompose import Decomposer

NOT_DECOMPOSED = "aten.not_decomposed"
"""The attribute that says why an op that no kernel runs is still there."""


@dataclass(frozen=True)
class AtenDecomposePass(ModulePass):
    """Take apart composite ops that neither XNNPACK nor a kernel of the runtime runs."""

    name = "aten-decompose"

    max_relative_error: ClassVar[float] = 1e-4
    """Sums and exponentials are taken in another order."""

    target: Target = "executorch"
    """Who will run the file: `executorch` is any ExecuTorch runtime, `xnnir` ours, which has more kernels."""

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        found = [(block, inner) for block in function_blocks(op) for inner in self._taken_apart(block)]
        if not found:
            return
        # Torch takes seconds to import; most models have nothing to decompose.
        from xnnir.frontend.decompose import Decomposer

        decomposer = Decomposer(get_weight_store(ctx), only_stock=self.target == "executorch")
        for block, inner in found:
            self._decompose(inner, block, decomposer)

    def _taken_apart(self, block: Block) -> list[AtenOp]:
        found = [
            op for op in block.ops if isinstance(op, AtenOp) and _gives_tensors(op) and not self._runs(op)
        ]
        if not any(op.name in DEQUANTIZE for op in found):
            return found
        # What a weight is in floats is computed once its readers have been asked again whether they take its integers.
        folded_later = set(foldable_calls(block, dequantize=True))
        return [op for op in found if op.name not in DEQUANTIZE or op not in folded_later]

    def _decompose(self, op: AtenOp, block: Block, decomposer: Decomposer) -> None:
        try:
            ops, results = decomposer.decompose(op)
            # Kernels have limits that PyTorch's decompositions do not know: such a part is taken apart, too.
            for part in [new for new in ops if isinstance(new, AtenOp) and not self._runs(new)]:
                ops = self._replace(part, ops, results, decomposer)
        except XnnirError as error:
            _explain(op, error.message)
            return
        if missing := sorted({_operator(new) for new in ops if not self._runs(new)}):
            _erase(ops)
            _explain(op, f"its decomposition needs {', '.join(missing)}, which no kernel runs")
            return
        for new in ops:
            new.location = op.location
        block.insert_ops_before(ops, op)
        for old, new in zip(op.results, results, strict=True):
            new.name_hint = old.name_hint or new.name_hint
            old.replace_all_uses_with(new)
        op.detach()
        op.erase()

    def _replace(
        self, part: AtenOp, ops: list[Operation], results: list[SSAValue], decomposer: Decomposer
    ) -> list[Operation]:
        """`ops` with the decomposition of `part`, where it has one, in the place of `part`."""
        try:
            inner, values = decomposer.decompose(part)
        except XnnirError:
            return ops
        for old, new in zip(part.results, values, strict=True):
            results[:] = [new if result is old else result for result in results]
            old.replace_all_uses_with(new)
        index = ops.index(part)
        part.erase()
        return [*ops[:index], *inner, *ops[index + 1 :]]

    def _runs(self, op: Operation) -> bool:
        return (
            isinstance(op, StaticValueOp)
            or find_host_kernel(op, self.target) is not None
            or find_scalar_lowering(op) is not None
        )


def _gives_tensors(op: AtenOp) -> bool:
    return any(isinstance(type, TensorType) for type in op.result_types)


def _operator(op: Operation) -> str:
    return op.operator if isinstance(op, CallOperatorOp) else op.name


def _explain(op: AtenOp, reason: str) -> None:
    op.attributes[NOT_DECOMPOSED] = StringAttr(reason)


def _erase(ops: Sequence[Operation]) -> None:
    for op in reversed(ops):
        op.erase()
