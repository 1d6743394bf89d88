"""Columns of the caller's beside the outcomes of ``assess``."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from ombudsman_kpi import OptionError, assess, load_scheme

LGSCO = load_scheme("lgsco")
OPTIONS: dict[str, Any] = {"as_of": "2024-05-31", "targets": ["decided-or-allocated-20wd", "investigation-13w"]}
CASES = pd.DataFrame({
    "Ref": ["A1", "A2", "A3"], "received_at": "2024-03-28", "valid_at": "2024-03-28", "allocated_at": None,
    "decided_at": ["2024-04-02", "2024-06-03", None], "decision": ["upheld", "upheld", None],
    "directorate": ["Adults", "Adults", None], "officer": [7, 8, 9],
})  # fmt: skip


@pytest.mark.parametrize("made", [lambda f: f, pl.from_pandas, pa.Table.from_pandas, lambda f: f.to_dict("records")])
def test_columns_come_along_as_they_are(made: Callable[[pd.DataFrame], Any]) -> None:
    rows = assess(
        LGSCO, cases=made(CASES), keep=["directorate", "officer"], columns={"cases": {"case_id": "Ref"}}, **OPTIONS
    )
    assert list(rows.columns[-2:]) == ["directorate", "officer"]
    first = rows[rows["target"] == "decided-or-allocated-20wd"]
    assert first["officer"].tolist() == [7, 8, 9]
    assert first["directorate"].fillna("none").tolist() == ["Adults", "Adults", "none"]


def test_a_renamed_column_goes_by_its_field() -> None:
    names = {"cases": {"case_id": "Ref", "own_team": "directorate"}}
    rows = assess(LGSCO, cases=CASES, keep="own_team", columns=names, **OPTIONS)
    assert rows["own_team"].head(2).tolist() == ["Adults", "Adults"]


def test_nothing_is_told_from_after_as_of() -> None:
    rows = assess(LGSCO, cases=CASES.rename(columns={"Ref": "case_id"}), keep=["decided_at", "decision"], **OPTIONS)
    first = rows[rows["target"] == "decided-or-allocated-20wd"]
    assert first["decided_at"].tolist() == [pd.Timestamp("2024-04-02"), pd.NaT, pd.NaT]
    assert first["decision"].isna().tolist() == [False, True, True]


def test_records_without_the_column_have_nothing_there() -> None:
    requests = [{"request_id": "R1", "kind": "service-complaint", "received_at": "2024-03-28"}]
    targets = ["decided-or-allocated-20wd", "service-complaints-20wd"]
    cases = CASES.rename(columns={"Ref": "case_id"})
    rows = assess(LGSCO, cases=cases, requests=requests, keep="officer", as_of="2024-05-31", targets=targets)
    assert rows.groupby("record")["officer"].count().to_dict() == {"cases": 3, "requests": 0}


def test_an_unknown_column_names_the_nearest_and_one_of_the_outcomes_another_name() -> None:
    cases = CASES.rename(columns={"Ref": "case_id"})
    with pytest.raises(OptionError, match="Did you mean 'officer'"):
        assess(LGSCO, cases=cases, keep="oficer", **OPTIONS)
    with pytest.raises(OptionError, match="own_status"):
        assess(LGSCO, cases=cases, keep="status", **OPTIONS)


def test_no_outcomes_have_the_columns_too() -> None:
    rows = assess(LGSCO, calls=[], keep="line", as_of="2024-05-31", targets="investigation-13w")
    assert "line" in rows.columns
