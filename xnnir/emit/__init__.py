"""
Bytes: `rt` and `xnn` IR to and from `.pte` files. No other Python module knows their layout, and no torch is needed.

    program_writer, program_reader       `rt` module <-> .pte
    flat_tensor_reader                   named tensors of a .ptd
    delegate_writer, delegate_reader     `xnn.graph` <-> XNNPACK delegate blob
    nodes, values, scalar_types          the tables both directions go by
    headers, flatbuffer, fbs             the layers below: fixed headers, checked flatbuffers, their schemas
"""

from xnnir.emit.errors import FormatError
from xnnir.emit.flat_tensor_reader import read_flat_tensor
from xnnir.emit.program_reader import read_program
from xnnir.emit.program_writer import ProgramBytes, write_program

__all__ = ["FormatError", "ProgramBytes", "read_flat_tensor", "read_program", "write_program"]
