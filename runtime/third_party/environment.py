"""The virtual environment: pinned packages, and xnnir itself as an editable install."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from steps import SetupError, Steps, run_logged

EXTRAS = ("torch", "test", "bench")
PIP_HINT = (
    "see that pip reaches its package index (`.venv/bin/pip download --no-deps xdsl`), "
    "then `make setup` again; after a change of Python, `make clean-venv` first"
)


class Environment:
    """`.venv` of a checkout."""

    def __init__(self, root: Path):
        self.root = root
        self.folder = root / ".venv"
        self.python = self.folder / "bin" / "python"
        self.project: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text())

    def requirements(self) -> list[str]:
        """What xnnir, its extras and its build need, as pip takes it."""
        project = self.project["project"]
        names: list[str] = [*self.project["build-system"]["requires"], *project["dependencies"]]
        for extra in EXTRAS:
            names += project["optional-dependencies"][extra]
        return sorted(set(names))

    def stamp_of(self, *parts: str) -> str:
        """A digest of what a finished step depended on."""
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def is_stamped(self, name: str, stamp: str) -> bool:
        """True when the step was finished with the same stamp in this very environment."""
        path = self.folder / f".xnnir-{name}"
        return path.exists() and path.read_text() == stamp

    def write_stamp(self, name: str, stamp: str) -> None:
        """Marks a step as finished."""
        (self.folder / f".xnnir-{name}").write_text(stamp)

    def ensure_packages(self, steps: Steps, logs: Path) -> None:
        """Makes `.venv` and installs the pinned packages. Raises SetupError."""
        steps.next()
        constraints = self.root / "constraints.txt"
        requirements = self.requirements()
        stamp = self.stamp_of(sys.version, constraints.read_text(), *requirements)
        if self.is_stamped("packages", stamp):
            return
        pins = len(re.findall(r"(?m)^[A-Za-z0-9]", constraints.read_text()))
        with steps.step(f"Python packages into .venv (up to {pins}; torch is the large one)"):
            log = logs / "pip.log"
            log.unlink(missing_ok=True)
            if not self.works():
                run_logged(
                    [sys.executable, "-m", "venv", "--clear", self.folder],
                    log=log,
                    what="making .venv",
                    hint="install Python's venv module (Debian: python3-venv), then `make setup` again",
                )
            fetched = 0

            def show(line: str) -> None:
                nonlocal fetched
                if line.startswith("Collecting "):
                    fetched += 1
                    steps.progress(min(fetched, pins), pins)

            run_logged(
                [
                    *(self.python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"),
                    *("--progress-bar", "off", "-c", constraints, *requirements),
                ],
                log=log,
                what="installing the Python packages",
                hint=PIP_HINT,
                on_line=show,
            )
        self.write_stamp("packages", stamp)

    def works(self) -> bool:
        """True when `.venv` has a Python of this version that runs."""
        if not self.python.exists():
            return False
        version = "import sys; print(*sys.version_info[:2])"
        run = subprocess.run([self.python, "-c", version], capture_output=True, text=True, check=False)
        return run.stdout.split() == [str(part) for part in sys.version_info[:2]]

    def use_packages(self) -> None:
        """Lets set-up itself import what was installed (rich, for progress)."""
        sys.path += [str(path) for path in (self.folder / "lib").glob("python3.*/site-packages")]

    def ensure_editable_install(self, steps: Steps, logs: Path) -> None:
        """Installs xnnir in editable mode, which configures `build/` and compiles the Python module."""
        steps.next()
        # The install has a list of the modules: one that moved would be looked for where it was.
        modules = sorted(
            str(path.relative_to(self.root))
            for package in ("xnnir", "dialects", "passes")
            for path in (self.root / package).rglob("*.py")
        )
        stamp = self.stamp_of((self.root / "pyproject.toml").read_text(), str(self.root), *modules)
        if self.is_stamped("editable", stamp):
            return
        cmake = shutil.which("cmake")
        if cmake is None:
            raise SetupError("cmake is not on PATH", "install cmake 3.24 or newer, then `make setup` again")
        with steps.step("xnnir itself, editable, with its C++ module"):
            log = logs / "xnnir.log"
            log.unlink(missing_ok=True)
            run_logged(
                [
                    *(self.python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"),
                    *("--no-build-isolation", "--no-deps", "-v", "-e", self.root),
                ],
                log=log,
                what="building and installing xnnir",
                hint="the log names the file that did not compile; `make build` repeats it in full",
                # Packages may bring a cmake of their own into .venv; the one build tree stays with one cmake. That
                # finds XNNPACK by itself: were it told where, it would not look again after a change of patches.
                environment={**os.environ, "CMAKE_EXECUTABLE": cmake},
            )
        self.write_stamp("editable", stamp)
