"""The classes of ATen's overloads, one for each line of `schemas.txt`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from xdsl.ir import OpTraits
from xdsl.traits import Pure

from xnnir.dialects.aten.operator import AtenOp, CallEffects

_PURE = OpTraits(lambda: (Pure(),))
_EFFECTS = OpTraits(lambda: (CallEffects(),))


@cache
def op_classes() -> dict[str, type[AtenOp]]:
    """The classes by op name (`aten.add.Tensor`; the overload `default` is left out of the name)."""
    return make_op_classes((Path(__file__).parent / "schemas.txt").read_text(), "aten", __name__)


def make_op_classes(schemas: str, dialect: str, module: str) -> dict[str, type[AtenOp]]:
    """A class for each line of `schemas`, by the names that the ops have in `dialect`."""
    classes: dict[str, type[AtenOp]] = {}
    for line in schemas.splitlines():
        schema, _, marks = line.partition("  # ")
        # The text is parsed when a schema is first asked for; the name is all that a class needs.
        namespace, _, rest = schema.partition("::")
        operator = rest[: rest.index("(")]
        has_effects = bool(marks) or "!)" in schema or schema.endswith("-> ()")
        name, target = f"{dialect}.{operator}", f"{namespace}.{operator}"
        classes[name] = type(
            "".join(part[:1].upper() + part[1:] for part in operator.replace(".", "_").split("_")) + "Op",
            (AtenOp,),
            {
                "__doc__": schema,
                "__module__": module,
                "name": name,
                "target": target if "." in operator else f"{target}.default",
                "schema_text": schema,
                "traits": _EFFECTS if has_effects else _PURE,
            },
        )
    return classes


def op_class(name: str) -> type[AtenOp]:
    """
    The class of an operator: "add.Tensor" or "aten.add.Tensor"; "relu", "aten.relu" and "aten.relu.default" are one.

    Raises `KeyError` when `schemas.txt` has no such operator.
    """
    found = find_op_class(name)
    if found is None:
        raise KeyError(f"there is no operator {name} in the aten dialect")
    return found


def find_op_class(name: str) -> type[AtenOp] | None:
    """As `op_class`, but None for an unknown name."""
    full = name if name.startswith("aten.") else f"aten.{name}"
    return op_classes().get(full.removesuffix(".default"))
