"""Closed periods whose figures changed since an earlier tally, and why."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ombudsman_kpi import Findings, KpiError, OptionError, Tally, check, load_scheme, tally

LGSCO = load_scheme("lgsco")
TARGET = "decided-or-allocated-20wd"
CASES = [
    {"case_id": "A1", "received_at": "2024-01-03", "decided_at": "2024-01-10", "allocated_at": None, "team": "Zebedee"},
    {"case_id": "A2", "received_at": "2024-01-04", "decided_at": "2024-03-10", "allocated_at": None, "team": "South"},
    {"case_id": "A3", "received_at": "2024-02-05", "decided_at": "2024-02-10", "allocated_at": None, "team": "South"},
]


def earlier(**options: Any) -> Tally:
    return tally(LGSCO, **{"cases": CASES, "as_of": "2024-03-31", "every": "month", "targets": TARGET, **options})


def since(before: Any, cases: list[dict[str, Any]], **options: Any) -> Findings:
    chosen = {"scheme": LGSCO, "as_of": "2024-04-30", "targets": TARGET, **options}
    return check(chosen.pop("scheme"), cases=cases, against=before, **chosen)


def changed(*, of: int, **cells: Any) -> list[dict[str, Any]]:
    return [{**case, **cells} if place == of else case for place, case in enumerate(CASES)]


def says(found: Findings) -> list[str]:
    return [item.says for item in found if item.rule == "figure-changed"]


def test_nothing_changed() -> None:
    assert says(since(earlier(), CASES)) == []
    later = [*CASES, {"case_id": "A4", "received_at": "2024-04-02", "decided_at": None, "allocated_at": None}]
    assert says(since(earlier(), later)) == []  # a period that hadn't ended


@pytest.mark.parametrize("suffix", ["json", "parquet"])
def test_a_change_of_the_data_has_both_figures(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"march.{suffix}"
    if suffix == "json":
        path.write_text(earlier().to_json(), "utf-8")
    else:
        earlier().to_parquet(path)
    found = since(path, changed(of=1, decided_at="2024-01-10"))
    assert says(found) == [
        f"{TARGET} in Jan 2024 (received) changed, by the data: it was 50.0% (1 of 2), and is 100.0% (2 of 2)"
    ]
    assert found.exit_code == 1


def test_a_record_that_is_gone_is_a_change() -> None:
    assert says(since(earlier(), CASES[:2])) == [
        f"{TARGET} in Feb 2024 (received) changed, by the data: it was 100.0% (1 of 1), and is nothing"
    ]


def test_a_change_of_the_scheme_is_told_from_one_of_the_data() -> None:
    other = LGSCO.with_target(TARGET, limit="60 working days")
    (line,) = says(since(earlier(), CASES, scheme=other))
    assert f"by the scheme, whose digest was {LGSCO.digest} and is {other.digest}" in line
    both = says(since(earlier(), changed(of=2, decided_at="2024-09-10"), scheme=other, as_of="2024-09-30"))
    assert [("the scheme" in line, "by the data" in line) for line in both] == [(True, False), (False, True)]


def test_a_change_of_the_calendar_is_said(tmp_path: Path) -> None:
    content = json.loads(earlier().to_json())
    assert content["calendar"] != "0" * 12
    path = tmp_path / "march.json"
    path.write_text(json.dumps({**content, "calendar": "0" * 12, "days_off": "1" * 12}), "utf-8")
    assert says(since(path, CASES)) == []
    (line,) = says(since(path, changed(of=1, decided_at="2024-01-10")))
    assert "by the calendar's edition, or the data" in line


def test_an_earlier_as_of_is_said() -> None:
    (line,) = says(since(earlier(), CASES, as_of=date(2024, 2, 4)))[-1:]
    assert "by the option as_of, which was 2024-03-31" in line


def test_groups_are_counted_and_never_named() -> None:
    found = since(earlier(by="team"), changed(of=0, decided_at="2024-03-20"))
    assert says(found) == [f"{TARGET} in Jan 2024 (received) changed in 1 group, by the data"]
    assert "Zebedee" not in found.to_json()


def test_what_is_no_tally_of_periods_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="every="):
        since(earlier(every=None), CASES)
    with pytest.raises(OptionError, match="can't be read"):
        since(tmp_path / "none.json", CASES)
    with pytest.raises(OptionError, match="takes a tally"):
        since(7, CASES)
    for name, text in (("a.json", "{}"), ("b.json", "no"), ("c.parquet", "no")):
        (tmp_path / name).write_text(text, "utf-8")
        with pytest.raises(KpiError, match="no tally"):
            since(tmp_path / name, CASES)
