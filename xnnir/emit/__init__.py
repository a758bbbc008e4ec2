"""
Bytes: `rt` and `xnn` IR to and from `.pte` files. No other Python module knows their layout, and no torch is needed.

    program_writer, program_reader       `rt` module <-> .pte
    delegate_writer, delegate_reader     `xnn.graph` <-> XNNPACK delegate blob
    nodes, types                         the tables both directions go by
    headers, flatbuffer, fbs             the layers below: fixed headers, checked flatbuffers, their schemas
"""

from xnnir.emit.errors import FormatError

__all__ = ["FormatError"]
