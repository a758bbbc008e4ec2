"""
The pipelines, as lists of passes.

Each line is a pass that people can also run by itself (`xnn-opt -p 'xnn-fold-padding'`) or put into a list of
their own:

    from xnnir import pipelines
    passes = [*pipelines.import_to_xnn(), MyPass(), *pipelines.xnn_to_rt()]
    pipelines.run(passes, ctx, module)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass
from xdsl.transforms.common_subexpression_elimination import CommonSubexpressionElimination

from xnnir.dialects.xnn.support import Target
from xnnir.partition.xnnpack_partitioner import XnnpackPartitioner
from xnnir.passes.aten_canonicalize import AtenCanonicalizePass
from xnnir.passes.aten_decompose import AtenDecomposePass
from xnnir.passes.aten_fold_batch_norm import AtenFoldBatchNormPass
from xnnir.passes.aten_fold_constants import AtenFoldConstantsPass
from xnnir.passes.aten_resolve_sizes import AtenResolveSizesPass
from xnnir.passes.convert_aten_to_xnn import ConvertAtenToXnnPass
from xnnir.passes.fuse_int8_matmul import FuseInt8MatmulPass
from xnnir.passes.fuse_quantized_embedding import FuseQuantizedEmbeddingPass
from xnnir.passes.lower_to_rt import LowerToRtPass
from xnnir.passes.normalize_quant import NormalizeQuantPass
from xnnir.passes.plan_memory import PlanMemoryPass
from xnnir.passes.verify_xnn_legal import VerifyXnnLegalPass
from xnnir.passes.xnn_canonicalize import XnnCanonicalizePass
from xnnir.passes.xnn_fold_padding import XnnFoldPaddingPass
from xnnir.passes.xnn_fold_quant import XnnFoldQuantPass
from xnnir.passes.xnn_fuse_activation import XnnFuseActivationPass
from xnnir.passes.xnn_optimize_layout import XnnOptimizeLayoutPass
from xnnir.passes.xnn_outline_subgraphs import XnnOutlineSubgraphsPass
from xnnir.passes.xnn_partition import XnnPartitionPass
from xnnir.passes.xnn_space_to_depth import XnnSpaceToDepthPass
from xnnir.passes.xnn_split_per_op import XnnSplitPerOpPass

Level: TypeAlias = Literal["aten", "xnn", "rt"]
"""The dialect in which a pipeline may stop: as exported, as XNNPACK sees it, as executed."""

Observer: TypeAlias = Callable[[ModulePass | None, ModuleOp, ModulePass | None], None]
"""Called before the first pass, between two, and after the last: (the one that ran, the module, the one to come)."""


DEFAULT_PARTITIONER = XnnpackPartitioner()


def aten_to_xnn(
    partitioner: XnnpackPartitioner = DEFAULT_PARTITIONER, is_last: bool = True
) -> list[ModulePass]:
    """
    From what was exported, or what earlier partitioners left, to nodes of XNNPACK with their layouts settled.

    Ops that the last partitioner leaves, and that no kernel runs, are taken apart, for their parts may be nodes.
    """
    convert = ConvertAtenToXnnPass(
        target=partitioner.target,
        configs=partitioner.config_names,
        precisions=partitioner.precisions,
        bf16=partitioner.enable_bf16,
        runtime_linear_weights=partitioner.force_non_static_weights_for_f32_linear,
    )
    tidy: list[ModulePass] = [
        AtenCanonicalizePass(),  # no-ops are gone; each op has one spelling
        AtenResolveSizesPass(),  # sizes are those of inputs, and arithmetic on them
        AtenFoldConstantsPass(),  # what depends on parameters only is a parameter
    ]
    decompose: list[ModulePass] = [
        AtenDecomposePass(target=partitioner.target),  # what is no node has a kernel, or cannot run
        *tidy,
        convert,
        AtenFoldConstantsPass(dequantize=True),  # what kernels read of quantised weights is floats
    ]
    first, *others = tidy
    return [
        first,
        FuseInt8MatmulPass(),  # products of integers are linear layers of dequantised numbers
        *others,
        FuseQuantizedEmbeddingPass(),  # tables that are looked up in stay integers
        NormalizeQuantPass(partitioner.precisions, partitioner.enable_bf16),  # codings are types
        AtenFoldBatchNormPass(),  # batch norms are in the weights of the convolution or linear before them
        convert,  # every op XNNPACK has is a node; the others carry their reason
        *(decompose if is_last else ()),
        CommonSubexpressionElimination(),  # what is computed twice is computed once: layers share masks and tables
        XnnFoldQuantPass(target=partitioner.target),  # nodes between conversions compute in integers
        XnnFoldPaddingPass(),  # zero padding is part of the convolution or pool that reads it
        XnnFuseActivationPass(),  # clamps are output bounds
        XnnOptimizeLayoutPass(),  # only the transposes that will run are left
        XnnSpaceToDepthPass(),  # strided int8 convolutions of an image are over blocks of its pixels
        XnnCanonicalizePass(),  # one constant per weight, nothing dead
    ]


def xnn_to_graphs(partitioner: XnnpackPartitioner = DEFAULT_PARTITIONER) -> list[ModulePass]:
    """From nodes to the graphs that become delegates."""
    target = partitioner.target
    return [
        XnnSplitPerOpPass(target=target) if partitioner.per_op_mode else XnnPartitionPass(target=target),
        XnnOutlineSubgraphsPass(),  # every graph has a name
        VerifyXnnLegalPass(target=target),  # every node is one that the runtime will take
    ]


def xnn_to_rt(target: Target = "executorch") -> list[ModulePass]:
    """From graphs to what the runtime executes."""
    return [
        LowerToRtPass(target=target),  # instructions over a table of values
        PlanMemoryPass(),  # values that live at different times share memory
    ]


def delegation(partitioners: Sequence[XnnpackPartitioner] = (DEFAULT_PARTITIONER,)) -> list[ModulePass]:
    """
    From an imported module to graphs: each partitioner takes what it can of what those before it left, so that no
    graph has nodes of two.
    """
    return [
        step
        for partitioner in partitioners
        for step in (*aten_to_xnn(partitioner, partitioner is partitioners[-1]), *xnn_to_graphs(partitioner))
    ]


def default_pipeline(
    partitioners: Sequence[XnnpackPartitioner] = (DEFAULT_PARTITIONER,), compile_to: Level = "rt"
) -> list[ModulePass]:
    """
    The passes from an imported module to `compile_to`, for partitioners of one target. Raises `ValueError` for a
    level that is none.
    """
    if compile_to not in get_args(Level):
        raise ValueError(f"expected compile_to to be one of {', '.join(get_args(Level))}, got {compile_to!r}")
    if compile_to == "aten":
        return []
    passes = delegation(partitioners)
    return passes if compile_to == "xnn" else [*passes, *xnn_to_rt(partitioners[0].target)]


def run(
    passes: Sequence[ModulePass], ctx: Context, module: ModuleOp, observer: Observer | None = None
) -> None:
    """
    Run `passes` on `module` in order.

    Raises what the passes raise: `XnnirError` for what a user can mend, `VerifyException` where a pass broke the IR.
    """
    previous: ModulePass | None = None
    for current in passes:
        if observer is not None:
            observer(previous, module, current)
        current.apply(ctx, module)
        previous = current
    if observer is not None:
        observer(previous, module, None)


def dump_to(directory: Path) -> Observer:
    """An observer that writes the module after each pass to `directory/NN_name.mlir`."""
    directory.mkdir(parents=True, exist_ok=True)
    count = 0

    def observe(previous: ModulePass | None, module: ModuleOp, current: ModulePass | None) -> None:
        nonlocal count
        name = previous.name if previous is not None else "import"
        (directory / f"{count:02}_{name}.mlir").write_text(str(module) + "\n")
        count += 1

    return observe
