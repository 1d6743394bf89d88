"""Results know to whom they are reported: the heading of what is published follows from it, and nothing else."""

from pathlib import Path
from typing import Any

import pytest

import ombudsman_kpi as kpi

LGSCO = kpi.load_scheme("lgsco")
CASES: list[dict[str, Any]] = [
    {"case_id": "A1", "received_at": "2024-03-28", "valid_at": "2024-03-28", "decided_at": "2024-04-29"},
    {"case_id": "A2", "received_at": "2024-04-03", "valid_at": "2024-04-03", "decided_at": None},
]
OPTIONS: dict[str, Any] = {"cases": CASES, "as_of": "2024-05-31"}


def test_the_audience_is_called_as_the_scheme_calls_it() -> None:
    assert kpi.measure(LGSCO, **OPTIONS, report="commission").basis.report == "Commission"
    assert kpi.measure(LGSCO, **OPTIONS, report="executive team").options["report"] == "Executive Team"
    assert "report" not in kpi.measure(LGSCO, **OPTIONS).options


def test_the_audience_outlives_files(tmp_path: Path) -> None:
    tally = kpi.tally(LGSCO, **OPTIONS, report="commission")
    tally.to_parquet(tmp_path / "tally.parquet")
    for again in (
        kpi.Tally.from_json(tally.to_json()),
        kpi.Tally.from_parquet(tmp_path / "tally.parquet"),
        kpi.Results.from_json(tally.results().to_json()),
    ):
        assert again.basis is not None
        assert again.basis.report == "Commission"
    assert '"report"' not in kpi.tally(LGSCO, **OPTIONS).to_json()  # as it was before


def test_the_audience_is_no_part_of_what_was_counted() -> None:
    options = {**OPTIONS, "every": "quarter"}
    commission, team = (kpi.tally(LGSCO, **options, report=name) for name in ("commission", "executive-team"))
    names = list(team.basis.every) if team.basis else []
    assert team == kpi.tally(LGSCO, **options, targets=names)
    commission = kpi.tally(LGSCO, **options, report="commission", targets=names)
    assert commission == team
    both = commission + team, team + commission
    assert [each.basis and each.basis.report for each in both] == [None, None]
    twice = commission + commission
    assert twice.basis is not None
    assert twice.basis.report == "Commission"


@pytest.mark.parametrize("memory", [None, "1 GB"])
def test_every_engine_keeps_the_audience(memory: str | None) -> None:
    assert kpi.measure(LGSCO, **OPTIONS, report="commission", memory=memory).basis.report == "Commission"
