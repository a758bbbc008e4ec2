"""
Writes `dialects/aten/schemas.txt`, the operators of the `aten` dialect, from the operators that torch registers:

    python -m xnnir.frontend.generate_aten_schemas dialects/aten/schemas.txt

One schema a line, as torch prints it. Left out are overloads that write to an argument (values of the IR do not
change; the importer makes calls of those functional), backward passes, kernels of one vendor's library, operators of
sparse and nested tensors, and signatures over types that an exported graph has no values for. A `#` after a schema
introduces what the schema does not say:

    aten::bernoulli(Tensor self, *, Generator? generator=None) -> Tensor  # random
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import torch

_OTHER_BACKENDS = re.compile(
    r"backward|cudnn|cuda|miopen|mkldnn|mps|fbgemm|nccl|cslt|flash_attention_forward|efficient_attention_forward"
    r"|_foreach|_fused_(adam|sgd|adagrad|rms)|sparse|nested|jagged|_c[sr][rc]|_bs[rc]|csr|_test_|_debug|_sobol"
)

_VALUE_TYPES = frozenset(
    "Tensor int SymInt float SymFloat bool SymBool str number Scalar"
    " ScalarType Layout Device MemoryFormat Generator".split()
)

_SCALAR_TYPES = frozenset("int SymInt float bool".split())

_SCALAR_ARITHMETIC = frozenset(
    "add sub mul div floordiv remainder pow neg eq ne lt le gt ge __and__ __or__ __not__ ceil floor Int Float sqrt"
    " Bool".split()
)
"""TorchScript's operators on numbers: they stand for the arithmetic on sizes between the nodes of a graph."""


def _base_types(schema: Any) -> set[str]:
    text = " ".join(str(argument.real_type) for argument in [*schema.arguments, *schema.returns])
    return set(re.findall(r"[A-Za-z_][A-Za-z_0-9.]*", re.sub(r"\b(List|Optional)\b", "", text)))


def _is_wanted(schema: Any) -> bool:
    name = schema.name.removeprefix("aten::")
    if _OTHER_BACKENDS.search(name) or schema.is_mutable or "..." in str(schema):
        return False
    types = _base_types(schema)
    if types & {"Tensor"} or name.startswith("sym_"):
        return types <= _VALUE_TYPES and hasattr(
            getattr(torch.ops.aten, name), schema.overload_name or "default"
        )
    if types <= _SCALAR_TYPES and "List" not in str([argument.type for argument in schema.arguments]):
        return name in _SCALAR_ARITHMETIC or name.startswith("sym_")
    # Factories and guards.
    return types <= _VALUE_TYPES and name in {
        "_assert_scalar",
        "sym_constrain_range",
        "sym_constrain_range_for_size",
    }


def _line(schema: Any) -> str:
    name, overload = schema.name.removeprefix("aten::"), schema.overload_name or "default"
    operator = getattr(getattr(torch.ops.aten, name), overload, None)
    is_random = operator is not None and torch.Tag.nondeterministic_seeded in operator.tags
    return f"{schema}  # random" if is_random else str(schema)


def aten_schemas() -> list[str]:
    """The lines of the file, sorted, for the torch that is installed."""
    schemas: list[Any] = torch._C._jit_get_all_schemas()  # pyright: ignore[reportPrivateUsage]
    return sorted(
        {_line(schema) for schema in schemas if schema.name.startswith("aten::") and _is_wanted(schema)}
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text("\n".join(aten_schemas()) + "\n")
