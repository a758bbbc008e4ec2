"""Workers that take turns: one runs, the others wait, so that all meet the same weather on a shared machine."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent


class Worker:
    """A process that runs one peer."""

    def __init__(self, name: str, command: Sequence[str | Path], threads: int, log: Path):
        self.name = name
        environment = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
        self._log = log.open("w")
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._answer()

    @classmethod
    def python(cls, peer: str, model: str, threads: int, folder: Path) -> Self:
        """A worker for one of `bench.peers`."""
        command = [sys.executable, "-m", "bench.worker", peer, model, str(threads), folder]
        return cls(peer, command, threads, folder / f"{peer.replace(' ', '_').replace(',', '')}.log")

    def ask(self, command: str) -> Any:
        """Send a command and wait for its answer. Raises `RuntimeError` when the worker is gone."""
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(
                f"the worker for {self.name} ended with code {self._process.wait()}: see {self._log.name}"
            )
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        self._log.close()


@dataclass
class Turns:
    """Medians of each worker in each round; ratios are taken within rounds."""

    seconds: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    def median(self, name: str) -> float:
        return median(self.seconds[name])

    def ratio(self, name: str, base: str) -> float:
        """Median over the rounds of the time of `name` over that of `base`."""
        return median(a / b for a, b in zip(self.seconds[name], self.seconds[base], strict=True))


SETTLE_SECONDS = 0.12
"""Pause before a turn: pool threads of the worker before spin for tens of milliseconds when their work is done."""


def take_turns(workers: Sequence[Worker], command: str, rounds: int, repeat: int) -> Turns:
    """Let each worker do `command` `repeat` times, one worker after the other, `rounds` times over."""
    turns = Turns({worker.name: [] for worker in workers})
    order = random.Random(0)
    for _ in range(rounds):
        # Each round has an order of its own: none always runs on the caches that the same other one left.
        for worker in order.sample(workers, len(workers)):
            time.sleep(SETTLE_SECONDS)
            turns.seconds[worker.name].append(median(worker.ask(f"{command} {repeat}")))
    return turns
