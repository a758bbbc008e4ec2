"""What a person sees when a step of set-up fails."""

import sys
from pathlib import Path

import pytest
from steps import LOG_TAIL, SetupError, run_logged


def test_failure_shows_the_logs_end_and_what_to_do(tmp_path: Path) -> None:
    """The report has the step, the exit status, the last lines, the log's path and the hint."""
    log = tmp_path / "logs" / "a.log"
    script = "import sys; [print('line', i) for i in range(100)]; sys.exit(3)"
    with pytest.raises(SetupError) as error:
        run_logged([sys.executable, "-c", script], log=log, what="counting", hint="count less")
    report = error.value.report()
    assert "error: counting failed (exit status 3)" in report
    assert "what to do: count less" in report
    assert str(log) in report
    assert report.count("| line") == LOG_TAIL
    assert "| line 99" in report


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    """A missing program is an error like any other, not a traceback."""
    with pytest.raises(SetupError, match="cannot run no-such-program"):
        run_logged(["no-such-program"], log=tmp_path / "log", what="trying", hint="install it")


def test_lines_come_as_they_are_written(tmp_path: Path) -> None:
    """Progress sees every line."""
    lines: list[str] = []
    run_logged(
        [sys.executable, "-c", "print('a'); print('b')"],
        log=tmp_path / "log",
        what="printing",
        hint="",
        on_line=lines.append,
    )
    assert lines == ["a\n", "b\n"]
