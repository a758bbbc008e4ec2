"""Presets of CMakePresets.json: XNNPACK is built for them as the runtime is."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steps import SetupError

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Preset:
    """A configure preset with what it inherits. `variables` are the cache's, by name."""

    name: str
    toolchain_file: Path | None
    variables: dict[str, str]

    def cmake_arguments(self) -> list[str]:
        """What XNNPACK's own build gets of it: all but our own options."""
        arguments = [
            f"-D{name}={value}" for name, value in self.variables.items() if not name.startswith("XNNIR_")
        ]
        if self.toolchain_file is not None:
            arguments.append(f"-DCMAKE_TOOLCHAIN_FILE={self.toolchain_file}")
        return arguments

    def identity(self) -> str:
        """Another toolchain file, or another that it includes, is another prefix; another checkout is not."""
        arguments = [argument.replace(f"{ROOT}/", "") for argument in self.cmake_arguments()]
        digest = hashlib.sha256(json.dumps(arguments).encode())
        if self.toolchain_file is not None:
            pending = [self.toolchain_file]
            while pending:
                path = pending.pop()
                text = path.read_text()
                digest.update(text.encode())
                included = re.findall(r'include\("?\$\{CMAKE_CURRENT_LIST_DIR\}/([^")]+)', text)
                pending += [path.parent / name for name in included if (path.parent / name).is_file()]
        return f"{self.name} {digest.hexdigest()}"

    @property
    def is_arm(self) -> bool:
        """True when XNNPACK would want KleidiAI."""
        values = " ".join(self.variables.values())
        return re.search(r"aarch64|arm", f"{self.name} {values}") is not None


def _expand(text: str, name: str) -> str:
    """Macros of presets, as far as ours use them."""
    text = text.replace("${sourceDir}", str(ROOT)).replace("${presetName}", name)

    def variable(match: re.Match[str]) -> str:
        value = os.environ.get(match.group(1))
        if not value:
            raise SetupError(
                f"preset {name} needs the environment variable {match.group(1)}, which is not set",
                "docs/platforms.md says what it has to name",
            )
        return value

    return re.sub(r"\$env\{(\w+)\}", variable, text)


def load(name: str) -> Preset:
    """The preset of a name. Raises SetupError when there is none, or its toolchain file is missing."""
    presets: dict[str, dict[str, Any]] = {
        preset["name"]: preset
        for preset in json.loads((ROOT / "CMakePresets.json").read_text())["configurePresets"]
    }
    if name not in presets or presets[name].get("hidden"):
        known = ", ".join(key for key, preset in presets.items() if not preset.get("hidden"))
        raise SetupError(f"there is no preset {name!r} in CMakePresets.json", f"take one of {known}")
    variables: dict[str, str] = {}
    toolchain: str | None = None
    # From the preset to its roots; what is nearer wins.
    pending = [name]
    while pending:
        preset = presets[pending.pop(0)]
        for key, value in preset.get("cacheVariables", {}).items():
            variables.setdefault(key, _expand(str(value), name))
        toolchain = toolchain or preset.get("toolchainFile")
        parents = preset.get("inherits", [])
        pending += [parents] if isinstance(parents, str) else parents
    path = None if toolchain is None else Path(_expand(toolchain, name))
    if path is not None and not path.is_file():
        raise SetupError(f"preset {name}: its toolchain file {path} is not there", "see docs/platforms.md")
    return Preset(name, path, variables)
