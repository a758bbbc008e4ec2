"""
The dialects of xnnir, one folder or file each:

- `aten`: a model as `torch.export` gives it, one op per ATen operator;
- `qdq`: the calls that quantise and dequantise in a model as it was exported;
- `xnn`: a network as XNNPACK sees it, one op per node of its subgraph API;
- `rt`: what the runtime executes, instruction by instruction.
"""

if __name__ != "xnnir.dialects":
    raise ImportError(f"import xnnir.dialects, not {__name__}")

from collections.abc import Callable

from xdsl.ir import Dialect


def get_all_dialects() -> dict[str, Callable[[], Dialect]]:
    """The factories of the dialects by name. A dialect is imported when its factory is called."""

    def get_aten() -> Dialect:
        from xnnir.dialects.aten import make_aten_dialect

        return make_aten_dialect()

    def get_qdq() -> Dialect:
        from xnnir.dialects.qdq import make_qdq_dialect

        return make_qdq_dialect()

    def get_rt() -> Dialect:
        from xnnir.dialects.rt import RT

        return RT

    def get_xnn() -> Dialect:
        from xnnir.dialects.xnn import make_xnn_dialect

        return make_xnn_dialect()

    return {"aten": get_aten, "qdq": get_qdq, "rt": get_rt, "xnn": get_xnn}
