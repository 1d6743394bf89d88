"""The command line as its users type it, in this process. Only for tests."""

import sys
from typing import NamedTuple

import pytest

from ombudsman_kpi.cli import run


class Answer(NamedTuple):
    """What was printed, and the exit code."""

    code: int
    out: str
    err: str


class Typed:
    """Runs the command line up to its exit."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *words: str) -> Answer:
        self._monkeypatch.setattr(sys, "argv", ["ombudsman-kpi", *words])
        with pytest.raises(SystemExit) as stopped:
            run()
        captured = self._capsys.readouterr()
        return Answer(int(stopped.value.code or 0), captured.out, captured.err)
