"""Progress, logs and errors of set-up. Uses rich once it is installed, plain lines before."""

import contextlib
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

LOG_TAIL = 15


class SetupError(Exception):
    """A step failed. `what` says which and why, `hint` what to do, `log` where the whole output is."""

    def __init__(self, what: str, hint: str, log: Path | None = None):
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.log = log

    def report(self) -> str:
        """The message for the terminal: the log's tail, then what failed, then what to do."""
        lines: list[str] = []
        if self.log is not None and self.log.exists():
            with self.log.open(errors="replace") as log:
                lines += [f"  | {line.rstrip()}" for line in deque(log, LOG_TAIL)]
            lines.append(f"  (whole log: {self.log})")
        lines.append(f"error: {self.what}")
        lines.append(f"what to do: {self.hint}")
        return "\n".join(lines)


class Steps:
    """Numbers the steps and shows how far the running one is."""

    def __init__(self, total: int):
        self.total = total
        self.current = 0
        self.title = ""
        self.last_shown = 0.0
        self.bar: tuple[Any, Any] | None = None

    @contextlib.contextmanager
    def step(self, title: str) -> Generator[None]:
        """Announces a step that has something to do, and the seconds it took."""
        self.title = title
        started = time.monotonic()
        self.last_shown = 0.0
        self.say(f"[{self.current}/{self.total}] {title}")
        try:
            yield
        finally:
            self.close_bar()
        self.say(f"[{self.current}/{self.total}] {title}: done in {time.monotonic() - started:.0f} s")

    def next(self) -> None:
        """Counts a step, whether or not it has anything to do."""
        self.current += 1

    def say(self, line: str) -> None:
        """Prints a line at once."""
        print(line, flush=True)

    def progress(self, done: int, total: int) -> None:
        """Shows `done` of `total` parts of the step: a bar on a terminal, a line every 10 s elsewhere."""
        if sys.stdout.isatty():
            self.show_bar(done, total)
            return
        now = time.monotonic()
        if now - self.last_shown >= 10:
            if self.last_shown:
                self.say(f"[{self.current}/{self.total}] {self.title}: {done} of {total}")
            self.last_shown = now

    def show_bar(self, done: int, total: int) -> None:
        """A bar by rich, or one line that overwrites itself where rich is not installed yet."""
        if self.bar is None:
            try:
                from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
            except ImportError:
                print(f"\r  {done}/{total} ", end="", flush=True)
                return
            bar = Progress(BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), transient=True)
            bar.start()
            self.bar = (bar, bar.add_task(self.title, total=total))
        bar, task = self.bar
        bar.update(task, completed=done, total=total)

    def close_bar(self) -> None:
        """Takes the bar away, so that lines can follow."""
        if self.bar is not None:
            self.bar[0].stop()
            self.bar = None
        elif sys.stdout.isatty():
            print("\r\033[K", end="", flush=True)


def run_logged(
    command: Sequence[str | Path],
    *,
    log: Path,
    what: str,
    hint: str,
    cwd: Path | None = None,
    environment: dict[str, str] | None = None,
    on_line: Callable[[str], None] | None = None,
) -> None:
    """
    Runs a command with its output in `log`. Raises SetupError when it fails or cannot be started.

    `on_line` sees every line as it comes, for progress.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        file.write(f"$ {' '.join(map(str, command))}\n")
        file.flush()
        try:
            process = subprocess.Popen(
                list(map(str, command)),
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        except OSError as error:
            raise SetupError(f"{what}: cannot run {command[0]}: {error.strerror}", hint) from error
        assert process.stdout is not None
        try:
            for line in process.stdout:
                file.write(line)
                if on_line is not None:
                    on_line(line)
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if process.wait() != 0:
            file.flush()
            raise SetupError(f"{what} failed (exit status {process.returncode})", hint, log)
