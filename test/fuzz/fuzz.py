"""
Runs the fuzz targets for a time each, and keeps account of the executions.

`build/fuzz` has a corpus, which grows from run to run, findings, and `tally.json` with the executions of each target.
The exit status is 1 when there is a finding; its input is then named, to be given to the target by itself.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARIES = ROOT / "build" / "asan" / "test" / "bin"
FOLDER = ROOT / "build" / "fuzz"
STOCK = ROOT / "test" / "runtime" / "stock"
TARGETS = sorted(path.stem for path in Path(__file__).parent.glob("*.cc") if path.stem != "seeds")

# Files of these kinds are seeds for these targets.
STOCK_SEEDS = {"pte": ("program", "run"), "ptd": ("ptd",)}

# Damaged sizes can ask for any amount of memory: what is refused then has to be handled, and quickly.
SANITIZERS = {
    "ASAN_OPTIONS": "allocator_may_return_null=1:max_allocation_size_mb=256:detect_stack_use_after_return=0",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


def write_seeds() -> None:
    """Fills `build/fuzz/seeds` from the programs of the tests."""
    subprocess.run([BINARIES / "fuzz_seeds", FOLDER / "seeds"], check=True)
    for suffix, targets in STOCK_SEEDS.items():
        for file in sorted(STOCK.glob(f"*.{suffix}")):
            for target in targets:
                folder = FOLDER / "seeds" / target
                folder.mkdir(parents=True, exist_ok=True)
                (folder / file.name).write_bytes(file.read_bytes())


def run(target: str, seconds: int, timeout: int) -> tuple[int, bool]:
    """Fuzzes one target. Returns its executions, and whether it found nothing."""
    folders = [FOLDER / "corpus" / target, FOLDER / "seeds" / target]
    findings = FOLDER / "findings" / target
    for folder in (*folders, findings):
        folder.mkdir(parents=True, exist_ok=True)
    command = [
        *(BINARIES / f"fuzz_{target}", *folders),
        *(f"-max_total_time={seconds}", f"-timeout={timeout}", "-max_len=16384", "-malloc_limit_mb=300"),
        *("-rss_limit_mb=2048", "-print_final_stats=1", "-print_funcs=0", f"-artifact_prefix={findings}/"),
    ]
    log = FOLDER / f"{target}.log"
    with log.open("w") as output:
        status = subprocess.run(
            [str(part) for part in command],
            env={**os.environ, **SANITIZERS},
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    text = log.read_text(errors="replace")
    found = re.search(r"number_of_executed_units: (\d+)", text)
    if status != 0:
        print(text[-4000:])
        print(f"error: {target} has a finding, see {log}; its input is in {findings}")
    return int(found[1]) if found else 0, status == 0


def main() -> int:
    """The command line; 0 when nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default: %(default)s)")
    parser.add_argument("--timeout", type=int, default=30, help="seconds that one input may take")
    parser.add_argument("targets", nargs="*", help=f"all, unless given: {', '.join(TARGETS)}")
    arguments = parser.parse_args()
    unknown = [target for target in arguments.targets if target not in TARGETS]
    if unknown:
        parser.error(f"no target {', '.join(unknown)}, expected {', '.join(TARGETS)}")
    write_seeds()
    tally_file = FOLDER / "tally.json"
    tally: dict[str, int] = json.loads(tally_file.read_text()) if tally_file.exists() else {}
    clean = True
    for target in arguments.targets or TARGETS:
        executions, found_nothing = run(target, arguments.seconds, arguments.timeout)
        clean = clean and found_nothing
        tally[target] = tally.get(target, 0) + executions
        tally_file.write_text(json.dumps(tally, indent=2) + "\n")
        print(f"{target:14} {executions:>12,} executions, {tally[target]:>13,} in all", flush=True)
    print(f"{'sum':14} {'':12}             {sum(tally.values()):>13,}")
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
