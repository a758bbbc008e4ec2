"""A pass that is wrong: it puts the negative in the place of the absolute value."""

from dataclasses import dataclass

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp
from xdsl.passes import ModulePass

from xnnir.dialects import xnn


@dataclass(frozen=True)
class Negates(ModulePass):
    name = "negates"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        for node in list(op.walk()):
            if isinstance(node, xnn.AbsOp):
                inner = xnn.AbsOp(node.input, node.output.type)
                new = xnn.NegateOp(inner.output, node.output.type)
                for made in (inner, new):
                    made.location = node.location
                assert node.parent is not None
                node.parent.insert_ops_before([inner, new], node)
                node.output.replace_all_uses_with(new.output)
                node.detach()
                node.erase()
