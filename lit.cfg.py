"""lit's configuration: IR tests (.mlir) and runnable Python with CHECK lines (.py)."""

import os
import sys
from pathlib import Path

import lit.formats

root = Path(__file__).resolve().parent
# lit runs from the environment's own Python; commands resolve to what is installed beside it.
bin_folder = Path(sys.executable).parent

config.name = "xnnir"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".py"]
config.excludes = ["Inputs"]
# The root itself, so that a path on the command line (`lit test/passes`) is a path of this suite.
config.test_source_root = str(root)
config.test_exec_root = str(root / "build" / "lit")

# Python files that lit does not run are pytest's, or helpers of tests.
config.excludes += [path.name for path in (root / "test").rglob("*.py") if "# RUN:" not in path.read_text()]

config.environment["PATH"] = os.pathsep.join(
    [str(bin_folder), str(root / "build" / "bin"), os.environ.get("PATH", "")]
)
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"
for name in ("HOME", "XNNIR_CACHE"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

config.substitutions += [
    ("%python", sys.executable),
    ("%source_root", str(root)),
]
