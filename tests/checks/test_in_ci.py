"""The hook for pre-commit, and the example of a workflow."""

import shlex
from pathlib import Path

import pytest
import yaml

from command_line import Typed

ROOT = Path(__file__).parents[2]


def test_the_hook_calls_the_command() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert {"id", "name", "entry", "language"} <= hook.keys()
    assert (hook["id"], hook["entry"], hook["pass_filenames"]) == ("ombudsman-kpi-check", "ombudsman-kpi check", False)


@pytest.mark.parametrize(("every", "code"), [("--every quarter", 1), ("", 0)])
def test_the_command_of_the_workflow_runs(every: str, code: int, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    workflow = yaml.safe_load((ROOT / "examples" / "nightly-check.yml").read_text("utf-8"))
    (command,) = (step["run"] for step in workflow["jobs"]["check"]["steps"] if step.get("name") == "Check")
    words = shlex.split(
        command.replace('"$(date +%F)"', "2024-03-31")
        .replace("exports/", "examples/data/")
        .replace("--every quarter", every)
    )
    monkeypatch.chdir(ROOT)
    assert typed(*words[1:]).code == code
