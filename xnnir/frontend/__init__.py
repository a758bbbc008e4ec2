"""From `torch.export` programs to the `aten` dialect."""

from xnnir.frontend.errors import FrontendError
from xnnir.frontend.importer import import_exported_program

__all__ = ["FrontendError", "import_exported_program"]
