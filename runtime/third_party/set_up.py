"""All set-up of a checkout, in order. Can be interrupted at any time, and run again; see README.md here."""

import argparse
import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - the one place that an older Python reaches
    sys.exit(
        f"error: expected Python 3.11 or newer, got {sys.version.split()[0]}\n"
        "what to do: install python3.11, or run `make PYTHON=<path> setup`"
    )

import presets
from environment import Environment
from presets import Preset
from steps import SetupError, Steps
from system_packages import ensure_system_packages
from xnnpack import cache_folder, ensure_xnnpack

ROOT = Path(__file__).resolve().parents[2]


def set_up(only_native: bool, with_sanitizers: bool, targets: list[Preset]) -> None:
    """Runs the steps that are not complete yet. Raises SetupError."""
    steps = Steps(1 + len(targets) if targets else 2 if only_native else 4)
    logs = cache_folder() / "logs"
    ensure_system_packages(steps, logs, with_sanitizers, [preset.name for preset in targets])
    if targets:
        for preset in targets:
            ensure_xnnpack(steps, preset)
        return
    if only_native:
        ensure_xnnpack(steps)
        return
    environment = Environment(ROOT)
    environment.ensure_packages(steps, logs)
    environment.use_packages()
    ensure_xnnpack(steps)
    environment.ensure_editable_install(steps, logs)


def main() -> int:
    """The command line; 0 when everything is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only-native", action="store_true", help="system packages and XNNPACK, without Python's"
    )
    parser.add_argument(
        "--with-sanitizers", action="store_true", help="clang's sanitizers and libFuzzer, too"
    )
    parser.add_argument(
        "--preset",
        action="append",
        default=[],
        help="only system packages and XNNPACK for this preset of CMakePresets.json; may be repeated",
    )
    arguments = parser.parse_args()
    try:
        targets = [presets.load(name) for name in arguments.preset]
        set_up(arguments.only_native, arguments.with_sanitizers, targets)
    except SetupError as error:
        print(error.report(), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; `make setup` goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
