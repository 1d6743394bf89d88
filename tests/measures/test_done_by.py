"""Something that is to be done by a date: done in time, too late, or still possible."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from ombudsman_kpi import Results, Scheme, assess, load_scheme, measure
from ombudsman_kpi.figures.row import Row

REPORT = "report-published"


def declared(**changes: Any) -> Scheme:
    keys: dict[str, Any] = {
        "measure": "done by", "says": "The report is published by 31 July 2024", "of": "activities", "dated": "at",
        "where": {"kind": "report"}, "by_date": date(2024, 7, 31), "cohort": "dated",
    }  # fmt: skip
    return load_scheme("lgsco").with_target(REPORT, **{**keys, **changes})


Done = Callable[..., Results]


@pytest.fixture(scope="module")
def done() -> Done:
    """Measure reports, each given by its day; something else is recorded too."""

    def run(*days: str, as_of: object, **options: Any) -> Results:
        rows = [{"kind": "report", "at": day} for day in days] + [{"kind": "course", "at": "2024-01-08"}]
        return measure(declared(), activities=rows, as_of=as_of, targets=REPORT, **options)

    return run


def only(results: Results) -> Row:
    assert len(results) == 1
    return results.rows[0]


@pytest.mark.parametrize(
    ("day", "status", "value"),
    [
        pytest.param("2024-02-01", "met", 1, id="long-before"),
        pytest.param("2024-07-30", "met", 1, id="the-day-before"),
        pytest.param("2024-07-31", "met", 1, id="on-the-day"),
        pytest.param("2024-07-31T23:59:59", "met", 1, id="late-on-the-day"),
        pytest.param("2024-07-31T22:59:59Z", "met", 1, id="late-on-the-day-by-the-clock-here"),
        pytest.param("2024-07-31T23:00:00Z", "missed", 0, id="midnight-by-the-clock-here"),
        pytest.param("2024-08-01", "missed", 0, id="the-day-after"),
    ],
)
def test_the_date_itself_is_the_last_in_time(done: Done, day: str, status: str, value: int) -> None:
    row = only(done(day, as_of="2024-12-31"))
    assert (row.status, row.value, row.low, row.high) == (status, value, value, value)
    assert (row.met, row.missed) == (value, 1 - value)


@pytest.mark.parametrize(
    ("as_of", "status", "high"),
    [
        pytest.param("2024-07-30", "undetermined", 1, id="the-day-before"),
        pytest.param("2024-07-31T23:59:59+01:00", "undetermined", 1, id="in-the-last-second"),
        pytest.param("2024-07-31", "missed", 0, id="at-the-close-of-the-day"),
        pytest.param("2024-08-01T00:00:01+01:00", "missed", 0, id="just-after-midnight"),
        pytest.param("2024-08-01", "missed", 0, id="the-day-after"),
    ],
)
def test_until_the_date_has_passed_it_may_still_be_done(done: Done, as_of: str, status: str, high: int) -> None:
    row = only(done(as_of=as_of))
    assert (row.status, row.value, row.low, row.high) == (status, 0, 0, high)
    assert row.words == ("by 31 July 2024",)
    assert row.details == {"by_date": date(2024, 7, 31)}


def test_what_is_done_is_done_before_its_date_has_passed(done: Done) -> None:
    row = only(done("2024-05-01", as_of="2024-05-01"))
    assert (row.status, row.value, row.high) == ("met", 1, 1)


def test_what_comes_after_as_of_is_not_known(done: Done) -> None:
    row = only(done("2024-05-02", as_of="2024-05-01"))
    assert (row.status, row.value, row.high) == ("undetermined", 0, 1)
    assert row.reasons[("excluded", "not yet happened")] == 1


def test_one_in_time_is_enough(done: Done) -> None:
    row = only(done("2024-08-20", "2024-07-01", "2024-06-01", as_of="2024-12-31"))
    assert (row.status, row.value, row.met, row.missed, row.excluded) == ("met", 1, 2, 1, 1)
    assert row.reasons == {("late", "after the date"): 1, ("excluded", "kind is not report"): 1}


@pytest.mark.parametrize("every", ["month", "week", "financial-year", None])
def test_it_is_done_once_whatever_the_periods(done: Done, every: str | None) -> None:
    row = only(done("2024-03-31", "2024-06-01", as_of="2024-06-30", every=every))
    assert (row.period, row.every, row.status, row.complete, row.met) == ("all", "all", "met", True, 2)


def test_it_is_shown_once_however_many_kinds_of_periods(done: Done) -> None:
    assert len(done("2024-06-01", as_of="2024-06-30", every=["month", "quarter", "week"])) == 1


def test_each_group_does_it_for_itself() -> None:
    rows = [
        {"kind": "report", "at": "2024-07-31", "office": "York"},
        {"kind": "report", "at": "2024-08-01", "office": "Leeds"},
        {"kind": "course", "at": "2024-01-01", "office": "Hull"},
    ]
    found = measure(declared(), activities=rows, as_of="2024-12-31", targets=REPORT, by="office")
    assert {row.group[0]: row.status for row in found} == {"York": "met", "Leeds": "missed", "Hull": "missed"}


def test_each_record_is_in_time_or_too_late() -> None:
    rows = [{"kind": "report", "at": day} for day in ("2024-07-31", "2024-08-01", "2025-01-01")]
    found = assess(declared(), activities=rows, as_of="2024-12-31", targets=REPORT)
    assert list(zip(found["status"], found["reason"], strict=True)) == [
        ("met", ""),
        ("late", "after the date"),
        ("excluded", "not yet happened"),
    ]


def test_the_columns_of_what_is_to_be_done(done: Done) -> None:
    results = done(as_of="2024-06-30")
    frame = results.to_pandas()
    columns = ["measure", "unit", "cohort", "period", "value", "low", "high", "operator", "status", "note"]
    note = "by 31 July 2024; excluded: 1 kind is not report"
    assert frame[columns].to_numpy().tolist() == [
        ["done by", "number", "dated", "all", 0.0, 0.0, 1.0, "", "undetermined", note],
    ]  # fmt: skip
    assert frame[["numerator", "denominator", "standard", "headroom"]].isna().all(axis=None)
    assert "– undetermined" in repr(results)
    assert "1  By 31 July 2024." in repr(results).splitlines()
