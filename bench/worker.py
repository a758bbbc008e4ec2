"""
One peer in a process of its own. Reads commands from stdin, answers each with a line of JSON.

    load N      load afresh and run once, N times: seconds of each
    run N       N inferences: seconds of each
    output      the result of one inference
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from pathlib import Path
from typing import Any

from bench.peers import PEERS, Peer


def main() -> None:
    """Arguments: peer, model, threads, folder of the artefacts."""
    name, model, threads, folder = sys.argv[1:]
    # Peers print to stdout as they please; answers go to the descriptor that was stdout.
    answers = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        peer = PEERS[name](Path(folder), model, int(threads))
        peer.load()
        output = peer.run()
        answer(answers, "ready")
        for line in sys.stdin:
            command, _, count = line.strip().partition(" ")
            match command:
                case "load":
                    answer(answers, [time_load(peer) for _ in range(int(count))])
                case "run":
                    answer(answers, [time_run(peer) for _ in range(int(count))])
                case "output":
                    answer(answers, output.flatten().tolist())
                case _:
                    raise SystemExit(f"unknown command {line!r}")


def answer(stream: Any, value: Any) -> None:
    print(json.dumps(value), file=stream, flush=True)


def time_load(peer: Peer) -> float:
    start = time.perf_counter()
    peer.load()
    peer.run()
    return time.perf_counter() - start


def time_run(peer: Peer) -> float:
    start = time.perf_counter()
    peer.run()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
