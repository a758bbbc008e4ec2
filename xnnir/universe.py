"""What xDSL's own tools see of xnnir: the entry point `xdsl.universe` names `XNNIR_UNIVERSE`."""

from xdsl.universe import Universe

from xnnir.dialects import get_all_dialects
from xnnir.passes import get_all_passes

XNNIR_UNIVERSE = Universe(all_dialects=get_all_dialects(), all_passes=get_all_passes())
