"""Compilers, tools and headers that come from the system."""

import importlib.util
import os
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from pins import PRESET_PACKAGES, SANITIZER_PACKAGES, SYSTEM_PACKAGES, SystemPackage
from steps import SetupError, Steps, run_logged


def header_folders() -> list[Path]:
    """Where a system keeps headers, the multi-architecture folder of Debian among them."""
    folders = [Path("/usr/include"), Path("/usr/local/include"), *Path("/usr/include").glob("*-linux-gnu*")]
    folders += [Path(folder) for folder in os.environ.get("CPATH", "").split(":") if folder]
    return folders


def is_present(package: SystemPackage, folders: list[Path]) -> bool:
    """True when the command is on PATH, the header in one of `folders`, or the library below /usr/lib."""
    if package.command is not None:
        if package.command.startswith("clang++") and "CXX" in os.environ:
            return True
        return shutil.which(package.command) is not None
    if package.library is not None:
        return any(Path("/usr/lib").glob(package.library))
    assert package.header is not None
    return any((folder / package.header).exists() for folder in folders)


def missing_packages(with_sanitizers: bool = False, presets: Sequence[str] = ()) -> list[str]:
    """Names of the Debian packages whose command, header or library is not there."""
    folders = header_folders()
    packages = [*SYSTEM_PACKAGES, *(SANITIZER_PACKAGES if with_sanitizers else ())]
    for preset in presets:
        packages += [package for package in PRESET_PACKAGES.get(preset, ()) if package not in packages]
    missing = [package.name for package in packages if not is_present(package, folders)]
    if importlib.util.find_spec("ensurepip") is None:
        missing.append("python3-venv")
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        missing.append("python3-dev")
    return missing


def ensure_system_packages(
    steps: Steps, logs: Path, with_sanitizers: bool = False, presets: Sequence[str] = ()
) -> None:
    """Installs what is missing where apt and root are there. Raises SetupError that names it elsewhere."""
    steps.next()
    missing = missing_packages(with_sanitizers, presets)
    if not missing:
        return
    command = f"apt-get install --no-install-recommends {' '.join(missing)}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SetupError(
            f"these system packages are missing: {', '.join(missing)} (Debian's names)",
            f"run `sudo {command}` (or the like of your system), then `make setup` again",
        )
    with steps.step(f"system packages: {' '.join(missing)}"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        log = logs / "apt.log"
        log.unlink(missing_ok=True)
        install = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
        # Lists that are too old, or not there, make this fail: fetch them only then.
        first_try = subprocess.run(install, env=environment, capture_output=True, text=True, check=False)
        if first_try.returncode != 0:
            hint = (
                f"see that the machine's apt sources work, run `{command}` by hand, then `make setup` again"
            )
            run_logged(
                ["apt-get", "update"], log=log, what="apt-get update", hint=hint, environment=environment
            )
            run_logged(install, log=log, what="apt-get install", hint=hint, environment=environment)
    still_missing = missing_packages(with_sanitizers, presets)
    if still_missing:
        raise SetupError(
            f"installed, but not found where expected: {', '.join(still_missing)}",
            "see that PATH holds /usr/bin, and that the packages are those of Debian 12",
        )
