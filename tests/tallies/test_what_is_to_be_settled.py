"""Everything that has to be settled before a file can be measured is told at once, each on a line of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import ombudsman_kpi as kpi
from ombudsman_kpi.records.sources import source

LGSCO = kpi.load_scheme("lgsco")
OPTIONS: dict[str, Any] = {"as_of": "2024-06-30", "targets": "decided-or-allocated-20wd"}
FRAME = pd.DataFrame(
    {
        "case_id": ["A", "B", "C"],
        "received_at": ["13/03/2024", "2024-03-28", "2024-03-28"],
        "allocated_at": ["2024-04-02", "2024-04-02", "2024-04-02"],
        "decided_at": ["2024-04-29", "2024-04-29", "29.04.2024"],
    }
)


def refused(cases: Any, **options: Any) -> list[str]:
    with pytest.raises(kpi.RecordsError) as caught:
        kpi.measure(LGSCO, cases=cases, **{**OPTIONS, **options})
    return str(caught.value).splitlines()


@pytest.mark.parametrize("form", ["frame", "CSV"])
@pytest.mark.parametrize("batch", [2, 1 << 16])
def test_every_column_of_dates_that_cannot_be_read_is_told(
    form: str, batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BATCH", batch)
    FRAME.to_csv(tmp_path / "cases.csv", index=False)
    head, *lines = refused(FRAME if form == "frame" else tmp_path / "cases.csv")
    if form == "frame" and batch == 2:  # the third row is in the second batch, which isn't read so early
        assert head.startswith("cases row 0: received_at has the form 99/99/9999")
        return
    label = "cases" if form == "frame" else "cases (cases.csv)"
    assert head == "2 things have to be settled:"
    assert lines[0].startswith(f"- {label} row 0: received_at has the form 99/99/9999")
    assert lines[1].startswith(f"- {label} row 2: decided_at has the form 99.99.9999")
    assert len(lines) == 2


def test_one_column_of_dates_is_told_as_ever() -> None:
    (line,) = refused(FRAME.assign(decided_at=None))
    assert line.startswith("cases row 0: received_at has the form")


def test_every_column_that_is_missing_is_told() -> None:
    names = {"case_id": "Ref", "received_at": "Date in", "decided_at": "Date out"}
    head, *lines, remedy = refused(FRAME.rename(columns=names), targets=None)
    assert head == "cases: several columns aren't there:"
    assert lines == [
        "- no column 'received_at', which target 'decided-or-allocated-20wd' needs",
        "- no column 'decided_at', which target 'decided-or-allocated-20wd' needs",
        "- no column 'case_id', which every one of cases needs",
    ]
    assert remedy.startswith("It has: Ref, Date in, allocated_at, Date out. Say which they are: columns={'cases': {")
    (line,) = refused(FRAME.drop(columns="received_at"), targets=None)
    assert line.startswith(
        "cases has no column 'received_at', which target 'decided-or-allocated-20wd' needs. It can be"
    )


@pytest.mark.parametrize("form", [pd.DataFrame, pl.DataFrame, pa.Table.from_pandas])
@pytest.mark.parametrize("batch", [1, 1 << 16])
def test_a_missing_column_is_told_with_the_forms_of_dates_before_many_events_are_read(
    batch: int, form: Callable[[pd.DataFrame], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BATCH", batch)
    event = {"case_id": "A", "event": "contact", "at": "2024-04-02", "party": "complainant", "direction": "out"}
    heard: list[tuple[str, int]] = []
    options: dict[str, Any] = {"targets": ["keep-in-touch-20wd", "decided-or-allocated-20wd"]}
    lines = refused(
        form(FRAME[["case_id", "received_at"]].assign(received_at="13/03/2024")), events=pd.DataFrame([event] * 3),
        progress=lambda *step: heard.append(step), **options,
    )  # fmt: skip
    assert [line[:25] for line in lines[:3]] == [
        "cases: several columns ar", "- no column 'allocated_at", "- no column 'decided_at',",
    ]  # fmt: skip
    assert lines[-1].startswith("Dates in received_at aren't in ISO 8601. Say how they are written: dates={'cases':")
    assert not heard or batch > 3
