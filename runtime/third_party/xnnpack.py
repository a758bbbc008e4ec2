"""
The XNNPACK prefix that the runtime links: the user's own, or one built once into the cache.

`python3 xnnpack.py --print-root` prints its path for CMake, and fails when there is none yet; `--build` builds it on
systems where set_up.py cannot install the rest. Both take `--preset`, of CMakePresets.json, for other machines.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import presets
from debian_sources import DebianSources, unpack
from locks import locked
from pins import (
    DEPENDENCIES,
    XNNPACK,
    XNNPACK_ARM_FLAGS,
    XNNPACK_CLANG_FLAGS,
    XNNPACK_CROSS_ENVIRONMENT,
    XNNPACK_FLAGS,
    SourcePin,
)
from presets import Preset
from steps import SetupError, Steps, run_logged

HEADERS = {"xnnpack": "xnnpack.h", "pthreadpool": "pthreadpool.h", "cpuinfo": "cpuinfo.h"}
# Written last: a prefix without it is not complete.
MARKER = "xnnir-build.json"
# What is changed in XNNPACK's sources, because it is slow or wrong. A source folder of the user's own stays as it is.
PATCHES = sorted((Path(__file__).parent / "patches").glob("*.patch"))
BUILD_HINT = "run `make setup` again: it goes on where it stopped. If it fails the same way, read the log"


def cache_folder() -> Path:
    """Where downloads and prefixes are kept."""
    return Path(os.environ.get("XNNIR_CACHE") or Path.home() / ".cache" / "xnnir").expanduser().absolute()


@dataclass(frozen=True)
class Compilers:
    """The C and C++ compiler, and the one line that tells it from others."""

    cc: str
    cxx: str
    identity: str

    @classmethod
    def find(cls) -> "Compilers":
        """CC and CXX, else clang-16, else clang. Raises SetupError when there is none."""
        cc, cxx = os.environ.get("CC"), os.environ.get("CXX")
        if not cc or not cxx:
            suffix = "-16" if shutil.which("clang-16") else ""
            cc, cxx = cc or f"clang{suffix}", cxx or f"clang++{suffix}"
        identity: list[str] = []
        for flag in ("--version", "-dumpmachine"):
            try:
                run = subprocess.run([cc, flag], capture_output=True, text=True, check=True)
            except (OSError, subprocess.CalledProcessError) as error:
                raise SetupError(
                    f"the C compiler {cc!r} cannot be run", "install clang-16, or set CC and CXX"
                ) from error
            identity.append(run.stdout.splitlines()[0].strip())
        return cls(cc, cxx, " ".join(identity))

    @property
    def short_name(self) -> str:
        """`clang-16` of `Debian clang version 16.0.6 ...`."""
        match = re.search(r"(clang|gcc).*?(\d+)\.", self.identity)
        return f"{match.group(1)}-{match.group(2)}" if match else Path(self.cc).name


@dataclass(frozen=True)
class Build:
    """How XNNPACK is compiled: its options, the name of the result, and what tells it from others."""

    name: str
    identity: str
    flags: tuple[str, ...]
    # Options that the identity stands for.
    compiler_arguments: tuple[str, ...]
    environment: dict[str, str]

    @classmethod
    def native(cls, compilers: Compilers) -> "Build":
        """For the compilers' own target."""
        is_arm = re.search(r"(aarch64|arm)[^ ]*$", compilers.identity) is not None
        is_clang = "clang" in compilers.identity
        flags = XNNPACK_FLAGS + (XNNPACK_CLANG_FLAGS if is_clang else ())
        return cls(
            compilers.short_name,
            compilers.identity,
            flags + (XNNPACK_ARM_FLAGS if is_arm else ()),
            (f"-DCMAKE_C_COMPILER={compilers.cc}", f"-DCMAKE_CXX_COMPILER={compilers.cxx}"),
            {},
        )

    @classmethod
    def of_preset(cls, preset: Preset) -> "Build":
        """As a preset has it. Its compiler's version is part of the identity where it can be asked."""
        compiler = preset.variables.get("CMAKE_C_COMPILER", "clang-16")
        version = ""
        if shutil.which(compiler) is not None:
            run = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False)
            version = (run.stdout.splitlines() or [""])[0].strip()
        flags = XNNPACK_FLAGS + (XNNPACK_ARM_FLAGS if preset.is_arm else ())
        is_msvc = preset.variables.get("CMAKE_C_COMPILER") in ("cl", "clang-cl")
        return cls(
            preset.name,
            f"{preset.identity()} {version}",
            flags,
            tuple(preset.cmake_arguments()),
            {} if preset.is_arm or is_msvc else XNNPACK_CROSS_ENVIRONMENT,
        )


def plan(preset: Preset | None = None) -> Build:
    """The build for a preset, or for this machine. Raises SetupError."""
    return Build.native(Compilers.find()) if preset is None else Build.of_preset(preset)


def user_source() -> Path | None:
    """XNNPACK_SOURCE_DIR, checked."""
    given = os.environ.get("XNNPACK_SOURCE_DIR")
    if not given:
        return None
    source = Path(given).expanduser().absolute()
    if not (source / "include" / "xnnpack.h").exists():
        raise SetupError(
            f"XNNPACK_SOURCE_DIR={given}: expected XNNPACK's source folder, found no include/xnnpack.h in it",
            "point it at the folder with XNNPACK's CMakeLists.txt, or unset it",
        )
    return source


def prefix_path(build: Build) -> Path:
    """The cache's prefix for these sources, compilers and flags."""
    source = user_source()
    if source is None:
        sources = [f"{pin.name} {pin.version} {pin.sha256}" for pin in (XNNPACK, *DEPENDENCIES)]
        sources += [hashlib.sha256(patch.read_bytes()).hexdigest() for patch in PATCHES]
        revision = XNNPACK.revision
    else:
        fingerprint = hashlib.sha256((source / "CMakeLists.txt").read_bytes())
        fingerprint.update((source / "include" / "xnnpack.h").read_bytes())
        sources = [str(source), fingerprint.hexdigest()]
        revision = "own"
    identity = json.dumps([sources, build.identity, build.flags])
    key = hashlib.sha256(identity.encode()).hexdigest()[:10]
    return cache_folder() / f"xnnpack-{revision}-{build.name}-{key}"


def user_prefix() -> Path | None:
    """XNNPACK_ROOT, checked."""
    given = os.environ.get("XNNPACK_ROOT")
    if not given:
        return None
    prefix = Path(given).expanduser().absolute()
    headers = [f"include/{header}" for header in HEADERS.values()]
    missing = [name for name in headers if not (prefix / name).exists()]
    for name in ("XNNPACK", "pthreadpool", "cpuinfo"):
        if not any((prefix / "lib" / file).exists() for file in (f"lib{name}.a", f"{name}.lib")):
            missing.append(f"lib/lib{name}.a")
    if missing:
        raise SetupError(
            f"XNNPACK_ROOT={given}: not a prefix of XNNPACK, {', '.join(missing)} missing",
            "give a prefix with include/ and lib/, or unset XNNPACK_ROOT and let `make setup` build one",
        )
    return prefix


def find_prefix(preset: Preset | None = None) -> Path | None:
    """The prefix to link, or None when it is still to be built."""
    prefix = user_prefix()
    if prefix is not None:
        return prefix
    prefix = prefix_path(plan(preset))
    return prefix if (prefix / MARKER).exists() else None


def ensure_xnnpack(steps: Steps, preset: Preset | None = None) -> Path:
    """Returns the prefix, after building it where it is not there yet. Raises SetupError."""
    steps.next()
    prefix = user_prefix()
    if prefix is not None:
        return prefix
    build = plan(preset)
    prefix = prefix_path(build)
    if (prefix / MARKER).exists():
        return prefix
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    # Another checkout may be building the very same: wait for it, then use it.
    with locked(cache / f"{prefix.name}.lock"):
        if not (prefix / MARKER).exists():
            what = f"with {build.name}" if preset is None else f"for {build.name}"
            with steps.step(f"XNNPACK {what}, once: about five minutes of one core"):
                build_prefix(prefix, build, steps)
    return prefix


def build_prefix(prefix: Path, how: Build, steps: Steps) -> None:
    """Fetches, builds and installs. What an interrupted run left is used."""
    work = prefix.with_name(prefix.name + ".work")
    log = cache_folder() / f"{prefix.name}.log"
    log.unlink(missing_ok=True)
    sources = collect_sources(work, log, steps)
    build = work / "build"
    run_logged(
        [
            *("cmake", "-S", sources["xnnpack"], "-B", build, "-G", "Ninja"),
            *how.compiler_arguments,
            *how.flags,
            *(f"-D{pin.name.upper()}_SOURCE_DIR={sources[pin.name]}" for pin in DEPENDENCIES),
        ],
        log=log,
        what="configuring XNNPACK",
        hint=BUILD_HINT,
        environment={**os.environ, **how.environment},
    )

    def show(line: str) -> None:
        match = re.match(r"\[(\d+)/(\d+)\]", line)
        if match:
            steps.progress(int(match.group(1)), int(match.group(2)))

    run_logged(
        ["cmake", "--build", build, "--target", "XNNPACK"],
        log=log,
        what="building XNNPACK",
        hint=BUILD_HINT,
        on_line=show,
    )
    install(prefix, sources, build, how)
    shutil.rmtree(work, ignore_errors=True)


def collect_sources(work: Path, log: Path, steps: Steps) -> dict[str, Path]:
    """Source folders by name: the user's, those beside it, and fetched ones."""
    sources: dict[str, Path] = {}
    own = user_source()
    if own is not None:
        sources["xnnpack"] = own
        for sibling in own.parent.iterdir():
            if sibling.is_dir() and sibling.name.lower() in {pin.name for pin in DEPENDENCIES}:
                sources[sibling.name.lower()] = sibling
    fetcher = DebianSources(cache_folder() / "downloads", log, steps)
    for pin in (XNNPACK, *DEPENDENCIES):
        if pin.name not in sources:
            patches = PATCHES if pin is XNNPACK else ()
            sources[pin.name] = fetch_and_unpack(pin, work, fetcher, patches, log)
    return sources


def fetch_and_unpack(
    pin: SourcePin, work: Path, fetcher: DebianSources, patches: Sequence[Path], log: Path
) -> Path:
    """The package's source folder, patched; there already when an earlier run was interrupted after it."""
    folder = work / pin.name
    if folder.exists():
        return folder
    partial = work / f"{pin.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    unpack(fetcher.fetch(pin), partial)
    for patch in patches:
        run_logged(
            ["patch", "--directory", partial, "--strip=1", "--forward", "--batch", f"--input={patch}"],
            log=log,
            what=f"applying {patch.name} to {pin.name}",
            hint="remove XNNIR_CACHE's downloads and run `make setup` again",
        )
    partial.rename(folder)
    return folder


def install(prefix: Path, sources: dict[str, Path], build: Path, how: Build) -> None:
    """Gathers headers, archives and licences under `prefix`, which appears complete or not at all."""
    partial = prefix.with_name(prefix.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    for folder in ("include", "lib", "licenses"):
        (partial / folder).mkdir(parents=True)
    for name, header in HEADERS.items():
        shutil.copy(sources[name] / "include" / header, partial / "include" / header)
    for archive in (*build.rglob("*.a"), *build.rglob("*.lib")):
        shutil.copy(archive, partial / "lib" / archive.name)
    for name, source in sources.items():
        for licence in source.glob("LICENSE*"):
            shutil.copy(licence, partial / "licenses" / f"{name}-{licence.name}")
    own = user_source()
    record = {
        "sources": str(own) if own else {pin.name: pin.version for pin in (XNNPACK, *DEPENDENCIES)},
        "patches": [] if own else [patch.name for patch in PATCHES],
        "compiler": how.identity,
        "flags": how.flags,
    }
    (partial / MARKER).write_text(json.dumps(record, indent=2) + "\n")
    shutil.rmtree(prefix, ignore_errors=True)
    partial.rename(prefix)


def main() -> int:
    """Prints the prefix for CMake."""
    parser = argparse.ArgumentParser(description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--print-root", action="store_true", help="print the prefix's path")
    action.add_argument("--build", action="store_true", help="build it where it is not there yet")
    parser.add_argument("--preset", help="for another machine: a preset of CMakePresets.json")
    arguments = parser.parse_args()
    try:
        preset = presets.load(arguments.preset) if arguments.preset else None
        prefix = ensure_xnnpack(Steps(1), preset) if arguments.build else find_prefix(preset)
    except SetupError as error:
        print(error.report(), file=sys.stderr)
        return 1
    if prefix is None:
        print(
            f"XNNPACK is not built yet{f' for {preset.name}' if preset else ''}.",
            file=sys.stderr,
        )
        return 1
    print(prefix)
    return 0


if __name__ == "__main__":
    sys.exit(main())
