"""
Runs lit, pytest and ctest, all of them even when one fails, and adds up their counts.

The exit status is 0 only when each suite ran at least one test and none failed.
"""

import argparse
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "build" / "reports"
BIN = Path(sys.executable).parent


@dataclass
class Outcome:
    """Counts of one suite."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    # What went wrong beyond single tests: the suite did not start, or ran nothing.
    trouble: str = ""

    @property
    def ok(self) -> bool:
        """True when something ran and nothing failed."""
        return self.failed == 0 and not self.trouble


def count(name: str, report: Path) -> Outcome:
    """Counts from a JUnit report."""
    outcome = Outcome(name)
    try:
        cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError):
        outcome.trouble = "left no report"
        return outcome
    for case in cases:
        if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
            outcome.failed += 1
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            outcome.skipped += 1
        else:
            outcome.passed += 1
    if outcome.passed + outcome.failed == 0:
        outcome.trouble = "ran no test"
    return outcome


def run(name: str, command: Sequence[str | Path], report: Path) -> Outcome:
    """Runs a suite with its output on the terminal."""
    report.unlink(missing_ok=True)
    print(f"== {name}", flush=True)
    started = time.monotonic()
    status = subprocess.run(list(map(str, command)), cwd=ROOT, check=False).returncode
    outcome = count(name, report)
    outcome.seconds = time.monotonic() - started
    if status != 0 and outcome.ok:
        outcome.trouble = f"exit status {status}"
    return outcome


def summarize(outcomes: Sequence[Outcome]) -> int:
    """Prints the table; 0 when all went well."""
    print()
    width = max(8, *(len(outcome.name) for outcome in outcomes))
    for outcome in outcomes:
        counts = f"{outcome.passed:5} passed {outcome.failed:4} failed {outcome.skipped:4} skipped"
        print(f"{outcome.name:{width}} {counts} {outcome.seconds:6.0f} s  {outcome.trouble}".rstrip())
    passed, failed, skipped = (
        sum(getattr(outcome, key) for outcome in outcomes) for key in ("passed", "failed", "skipped")
    )
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if all(outcome.ok for outcome in outcomes) else 1


def main() -> int:
    """Runs the three suites and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out tests marked slow")
    parser.add_argument("--all", action="store_true", help="also run tests marked exhaustive")
    arguments = parser.parse_args()
    left_out = " and ".join(
        f"not {marker}"
        for marker, leave_out in (
            ("slow", arguments.quick),
            ("exhaustive", not arguments.all),
            ("cross", True),
        )
        if leave_out
    )
    REPORTS.mkdir(parents=True, exist_ok=True)
    jobs = os.cpu_count() or 1
    reports = {name: REPORTS / f"{name}.xml" for name in ("lit", "pytest", "ctest")}
    outcomes = [
        run("lit", [BIN / "lit", "-sv", "test", "--xunit-xml-output", reports["lit"]], reports["lit"]),
        run(
            "ctest",
            [
                "ctest",
                "--quiet",
                "--test-dir",
                "build",
                "--parallel",
                str(jobs),
                "--output-junit",
                reports["ctest"],
            ],
            reports["ctest"],
        ),
        run(
            "pytest",
            [
                *(
                    BIN / "pytest",
                    "-q",
                    "-n",
                    "2",
                    "--dist",
                    "loadgroup",
                    "--durations",
                    "10",
                    f"--junitxml={reports['pytest']}",
                ),
                *("-m", left_out),
            ],
            reports["pytest"],
        ),
    ]
    if outcomes[1].failed:
        subprocess.run(
            ["ctest", "--test-dir", "build", "--rerun-failed", "--output-on-failure"], cwd=ROOT, check=False
        )
    return summarize(outcomes)


if __name__ == "__main__":
    sys.exit(main())
