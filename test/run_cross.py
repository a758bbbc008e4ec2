"""
Builds for other machines and runs the tests there, under an emulator: `run_cross.py <preset of CMakePresets.json>...`

The C++ tests run as ctest has them, then programs that stock ExecuTorch wrote (test/cross); those also with this
machine's own build, where that is for x86-64, as processors without AVX2 run it. The exit status is 0 only when all was
built, each part ran at least one test, and none failed.
"""

import argparse
import os
import platform
import subprocess
import sys
import time

from run_all import BIN, REPORTS, ROOT, Outcome, run, summarize


def build(preset: str, target: str) -> bool:
    """Sets up, configures and builds; False when one of them failed."""
    print(f"== {preset}: build", flush=True)
    jobs = str(os.cpu_count() or 1)
    commands = (
        [sys.executable, "runtime/third_party/set_up.py", "--preset", preset],
        ["cmake", "--preset", preset, "--log-level=WARNING", "-Wno-dev"],
        ["cmake", "--build", f"build/{preset}", "--parallel", jobs, "--target", target],
    )
    return all(subprocess.run(command, cwd=ROOT, check=False).returncode == 0 for command in commands)


def main() -> int:
    """Builds each, runs what was built, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("presets", nargs="*", help="build all, run the C++ tests and the programs")
    parser.add_argument(
        "--programs", action="append", default=[], metavar="PRESET", help="build xnn-run, run the programs"
    )
    arguments = parser.parse_args()
    # Of this machine, if anything.
    for name in ("XNNPACK_ROOT", "CC", "CXX"):
        os.environ.pop(name, None)
    REPORTS.mkdir(parents=True, exist_ok=True)
    outcomes: list[Outcome] = []
    built: list[str] = []
    for preset, target in [
        *((preset, "all") for preset in arguments.presets),
        *((preset, "xnn-run") for preset in arguments.programs),
    ]:
        started = time.monotonic()
        if not build(preset, target):
            outcomes.append(Outcome(preset, trouble="was not built"))
            continue
        print(f"built in {time.monotonic() - started:.0f} s", flush=True)
        built.append(preset)
        if target == "all":
            report = REPORTS / f"ctest-{preset}.xml"
            command = ["ctest", "--test-dir", f"build/{preset}", "--parallel", str(os.cpu_count() or 1)]
            outcomes.append(
                run(f"{preset} C++", [*command, "--output-on-failure", "--output-junit", report], report)
            )
    # What `make build` left, on lesser processors of the same kind.
    if built and platform.machine() == "x86_64":
        built.append("default")
    if built:
        os.environ["XNNIR_CROSS"] = ",".join(built)
        report = REPORTS / "cross.xml"
        command = [BIN / "pytest", "-q", "-n", "2", "-m", "cross", "test/cross", f"--junitxml={report}"]
        outcomes.append(run("programs", command, report))
    return summarize(outcomes)


if __name__ == "__main__":
    sys.exit(main())
