"""How many records there were: against a number for a period, counted once each, and beside the period before."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from ombudsman_kpi import Results, Scheme, SchemeError, assess, load_scheme, measure
from ombudsman_kpi.records.sources import source

ARTICLES = "articles"
REVIEWED = "cases-reviewed"
RECEIVED = "received"


def declared(**changes: Any) -> Scheme:
    keys: dict[str, Any] = {
        "measure": "count", "says": "Four articles a quarter", "of": "activities", "dated": "at",
        "where": {"kind": "article"}, "standard": "at least 4", "per": "quarter", "cohort": "dated",
    }  # fmt: skip
    kept = {key: value for key, value in {**keys, **changes}.items() if value is not ...}
    return load_scheme("lgsco").with_target(ARTICLES, **kept)


Counted = Callable[..., Results]


@pytest.fixture(scope="module")
def counted() -> Counted:
    """Count articles, each given by its day."""

    def run(*days: Any, as_of: object = "2024-12-31", every: Any = "quarter", **changes: Any) -> Results:
        rows = [{"kind": "article", "at": day} for day in days]
        return measure(declared(**changes), activities=rows, as_of=as_of, every=every, targets=ARTICLES)

    return run


Q1 = ["2024-04-01", "2024-05-01", "2024-06-01", "2024-06-30"]


@pytest.mark.parametrize(("number", "status"), [(1, "missed"), (3, "missed"), (4, "met")])
def test_a_number_is_compared_with_the_standard(counted: Counted, number: int, status: str) -> None:
    (row,) = counted(*Q1[:number], as_of="2024-06-30")
    assert (row.value, row.status, row.met) == (number, status, number)


def test_each_period_has_its_own_number_and_an_empty_one_shows(counted: Counted) -> None:
    rows = counted(*Q1, "2024-10-01")
    assert [(row.period, row.value, row.status) for row in rows] == [
        ("2024/25 Q1", 4, "met"),
        ("2024/25 Q2", 0, "missed"),
        ("2024/25 Q3", 1, "missed"),
    ]


@pytest.mark.parametrize(
    ("as_of", "empty"),
    [
        pytest.param("2024-06-30", [], id="the-close-of-the-last-one"),
        pytest.param("2024-07-01", [("2024/25 Q2", False)], id="the-first-day-of-the-next"),
        pytest.param("2024-12-30", [("2024/25 Q2", True), ("2024/25 Q3", False)], id="the-last-day-but-one"),
        pytest.param("2024-12-31", [("2024/25 Q2", True), ("2024/25 Q3", True)], id="the-last-day"),
        pytest.param(
            "2025-01-01T00:00:01+00:00",
            [("2024/25 Q2", True), ("2024/25 Q3", True), ("2024/25 Q4", False)],
            id="an-instant-later",
        ),
    ],
)
def test_every_period_shows_up_to_that_of_as_of(counted: Counted, as_of: str, empty: list[tuple[str, bool]]) -> None:
    first, *others = counted(*Q1, as_of=as_of)
    assert (first.period, first.value, first.status, first.complete) == ("2024/25 Q1", 4, "met", True)
    assert [(row.period, row.complete) for row in others] == empty
    for row in others:
        assert (row.value, row.low, row.high, row.met, row.records) == (0, 0, 0, 0, 0)
        assert row.status == ("missed" if row.complete else "undetermined")


def test_a_standard_for_a_quarter_is_none_for_another_period(counted: Counted) -> None:
    rows = counted(*Q1, every=["quarter", "month", "financial-year", None])
    found = {(row.every, row.period): (row.value, row.status) for row in rows}
    second_half = ("Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    assert found == {
        ("quarter", "2024/25 Q1"): (4, "met"),
        ("quarter", "2024/25 Q2"): (0, "missed"),
        ("quarter", "2024/25 Q3"): (0, "missed"),
        ("month", "Apr 2024"): (1, "no target"),
        ("month", "May 2024"): (1, "no target"),
        ("month", "Jun 2024"): (2, "no target"),
        **{("month", f"{month} 2024"): (0, "no target") for month in second_half},
        ("financial-year", "2024/25"): (4, "no target"),
        ("all", "all"): (4, "no target"),
    }
    words = {row.words for row in rows if row.every != "quarter"}
    assert words == {("the standard is for each quarter: measure with every='quarter'",)}


def test_a_standard_for_no_period_holds_for_every_one(counted: Counted) -> None:
    rows = counted(*Q1, every=["quarter", "financial-year", None], per=..., as_of="2025-03-31")
    assert [(row.period, row.value, row.status) for row in rows] == [
        ("2024/25 Q1", 4, "met"),
        ("2024/25 Q2", 0, "missed"),
        ("2024/25 Q3", 0, "missed"),
        ("2024/25 Q4", 0, "missed"),
        ("2024/25", 4, "met"),
        ("all", 4, "met"),
    ]
    assert {row.words for row in rows} == {()}


@pytest.mark.parametrize(
    ("standard", "number", "during", "after"),
    [
        pytest.param("at least 4", 3, "undetermined", "missed", id="too-few-yet"),
        pytest.param("at least 4", 4, "met", "met", id="enough-already"),
        pytest.param("more than 3", 3, "undetermined", "missed", id="not-more-yet"),
        pytest.param("more than 3", 4, "met", "met", id="more-already"),
        pytest.param("at most 3", 3, "undetermined", "met", id="no-more-yet"),
        pytest.param("at most 3", 4, "missed", "missed", id="too-many-already"),
        pytest.param("less than 4", 3, "undetermined", "met", id="still-fewer"),
        pytest.param("less than 4", 4, "missed", "missed", id="no-longer-fewer"),
        pytest.param("none", 1, "missed", "missed", id="one-where-there-should-be-none"),
        pytest.param("about 4", 4, "no target", "no target", id="an-expectation"),
    ],
)
def test_until_its_period_is_over_a_number_can_only_rise(
    counted: Counted, standard: str, number: int, during: str, after: str
) -> None:
    some = ["2024-04-01"] * number
    found = [counted(*some, as_of=as_of, standard=standard).rows[0] for as_of in ("2024-06-29", "2024-06-30")]
    assert [row.status for row in found] == [during, after]
    assert [row.complete for row in found] == [False, True]


@pytest.mark.parametrize(
    "others", [[], [{"kind": "course", "at": "2024-06-03"}]], ids=["nothing-else", "something-else"]
)
def test_none_is_kept_when_the_period_is_over(others: list[dict[str, str]]) -> None:
    rows = [{"kind": "article", "at": "2024-03-31"}, *others]
    for as_of, status in (("2024-06-29", "undetermined"), ("2024-06-30", "met")):
        found = measure(declared(standard="none"), activities=rows, as_of=as_of, every="quarter", targets=ARTICLES)
        assert [(row.period, row.value, row.status) for row in found] == [
            ("2023/24 Q4", 1, "missed"),
            ("2024/25 Q1", 0, status),
        ]


def test_what_is_later_or_of_another_kind_is_left_out_with_the_reason() -> None:
    rows = [
        {"kind": "article", "at": "2024-04-30"},
        {"kind": "article", "at": "2024-05-01"},
        {"kind": "course", "at": "2024-04-30"},
        {"kind": None, "at": "2024-04-30"},
        {"kind": "article", "at": None},
    ]
    (row,) = measure(declared(), activities=pd.DataFrame(rows), as_of="2024-04-30", targets=ARTICLES)
    assert (row.value, row.records, row.excluded, row.invalid) == (1, 5, 2, 2)
    assert row.reasons == {
        ("excluded", "not yet happened"): 1,
        ("excluded", "kind is not article"): 1,
        ("invalid", "kind is missing"): 1,
        ("invalid", "at is missing"): 1,
    }


def test_a_row_counts_as_often_as_it_says() -> None:
    rows = pd.DataFrame({"kind": ["article", "article"], "period": ["2023/24", "2024/25"], "count": [7, 5]})
    scheme = declared(per="financial-year", standard="at least 6")
    found = measure(scheme, activities=rows, as_of="2025-03-31", every="financial-year", targets=ARTICLES)
    assert [(row.value, row.status) for row in found] == [(7, "met"), (5, "missed")]


def test_a_published_table_ends_with_its_last_period() -> None:
    """Whether nothing happened later, or nothing was published, it doesn't say."""
    rows = pd.DataFrame({"kind": ["article", "article"], "period": ["2021/22", "2023/24"], "count": [7, 5]})
    scheme = declared(per="financial-year", standard="at least 6")
    found = measure(scheme, activities=rows, as_of="2026-03-31", every="financial-year", targets=ARTICLES)
    assert [(row.period, row.value, row.status) for row in found] == [
        ("2021/22", 7, "met"),
        ("2022/23", 0, "missed"),
        ("2023/24", 5, "missed"),
    ]
    assert {row.remarks for row in found} == {("measured on a published table",)}


def test_the_columns_of_a_number(counted: Counted) -> None:
    results = counted(*Q1[:3], as_of="2024-06-30")
    frame = results.to_pandas()
    columns = ["measure", "unit", "cohort", "every", "records", "met", "missed", "value", "low", "high", "standard"]
    assert frame[columns].to_numpy().tolist() == [
        ["count", "number", "dated", "quarter", 3, 3, 0, 3.0, 3.0, 3.0, 4.0],
    ]  # fmt: skip
    assert frame[["numerator", "denominator", "headroom"]].isna().all(axis=None)
    line = next(line for line in repr(results).splitlines() if line.startswith("2024/25 Q1"))
    assert line.split() == ["2024/25", "Q1", "3", "3", "at", "least", "4", "✗", "missed"]
    assert ARTICLES in repr(results)


@pytest.fixture(params=[1, 2, 3, 1000])
def _batch_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "BATCH", request.param)


def reviews(*rows: tuple[str | None, str | None], **more: list[str]) -> pa.Table:
    ids, days = zip(*rows, strict=True)
    size = len(rows)
    fixed = {"review_id": [f"R{place}" for place in range(size)], "standard": ["1"] * size, "answer": ["met"] * size}
    return pa.table(
        {**fixed, "case_id": pa.array(ids, pa.string()), "reviewed_at": pa.array(days, pa.string()), **more}
    )


def once(**changes: Any) -> Scheme:
    return load_scheme("lgsco").with_target(
        REVIEWED, measure="count", says="Cases reviewed", of="reviews", dated="reviewed_at", distinct="case_id",
        cohort="dated", **changes,
    )  # fmt: skip


@pytest.mark.usefixtures("_batch_size")
def test_what_shares_an_id_counts_once_in_the_period_of_the_first() -> None:
    table = reviews(
        ("A", "2024-05-02"), ("B", "2024-04-10"), ("A", "2024-04-30"), ("C", "2024-05-01"), ("A", "2024-06-01"),
        ("B", "2024-04-10"), (None, "2024-04-11"), (None, "2024-05-11"), ("D", "2024-07-01"),
    )  # fmt: skip
    rows = measure(once(), reviews=table, as_of="2024-06-30", every="month", targets=REVIEWED)
    found = {row.period: (row.value, row.invalid) for row in rows if row.complete}
    assert found == {"Apr 2024": (2, 1), "May 2024": (1, 1), "Jun 2024": (0, 0)}
    reasons: dict[tuple[str, str], int] = {}
    for row in rows:
        for pair, number in row.reasons.items():
            reasons[pair] = reasons.get(pair, 0) + number
    assert reasons == {
        ("excluded", "counted already"): 3,
        ("excluded", "not yet reviewed"): 1,
        ("invalid", "case_id is missing"): 2,
    }


@pytest.mark.usefixtures("_batch_size")
def test_of_one_day_the_record_that_stands_first_is_counted() -> None:
    table = reviews(("B", "2024-04-11"), ("A", "2024-04-10"), ("A", "2024-04-10"), ("B", "2024-04-10"))
    rows = assess(once(), reviews=table, as_of="2024-06-30", targets=REVIEWED).sort_values("row")
    assert rows["status"].tolist() == ["excluded", "met", "excluded", "met"]


@pytest.mark.usefixtures("_batch_size")
def test_only_the_records_concerned_can_be_the_first() -> None:
    table = reviews(("A", "2024-04-10"), ("A", "2024-05-10"), ("B", "2024-04-01"), source=["QA", "CPA", "QA"])
    scheme = once(where={"source": "CPA"})
    rows = measure(scheme, reviews=table, as_of="2024-06-30", every="month", targets=REVIEWED)
    assert {row.period: row.value for row in rows} == {"Apr 2024": 0, "May 2024": 1, "Jun 2024": 0}


def test_distinct_cases_are_those_that_pandas_finds() -> None:
    numbers = [(place * 7919) % 97 for place in range(400)]
    days = pd.date_range("2024-01-01", periods=366).strftime("%Y-%m-%d")
    table = reviews(*((f"C{number}", days[(number * place) % 366]) for place, number in enumerate(numbers)))
    rows = measure(once(), reviews=table, as_of="2024-12-31", every="month", targets=REVIEWED)
    firsts = table.to_pandas().groupby("case_id")["reviewed_at"].min().str[:7].value_counts()
    assert {f"{row.period_start:%Y-%m}": row.met for row in rows if row.met} == firsts.to_dict()


def volumes(*days: str, every: str = "month", as_of: str = "2024-12-31") -> Results:
    scheme = load_scheme("lgsco").with_target(
        RECEIVED, measure="volume", says="Cases received", of="cases", dated="received_at", cohort="received"
    )
    rows = [{"case_id": f"C{place}", "received_at": day} for place, day in enumerate(days)]
    return measure(scheme, cases=rows, as_of=as_of, every=every, targets=RECEIVED)  # type: ignore[arg-type]


def test_a_volume_stands_beside_that_of_the_period_before() -> None:
    days = ("2024-04-01", "2024-04-30", "2024-05-01", "2024-05-02", "2024-05-03", "2024-07-01")
    rows = volumes(*days, as_of="2024-09-30")
    assert [(row.period, row.value, row.words) for row in rows] == [
        ("Apr 2024", 2, ()),
        ("May 2024", 3, ("+1 on Apr 2024 (2): +50.0%",)),
        ("Jun 2024", 0, ("−3 on May 2024 (3): −100.0%",)),
        ("Jul 2024", 1, ("+1 on Jun 2024 (0)",)),
        ("Aug 2024", 0, ("−1 on Jul 2024 (1): −100.0%",)),
        ("Sep 2024", 0, ("0 on Aug 2024 (0)",)),
    ]
    assert [dict(row.details) for row in rows] == [
        {},
        {"before": 2, "change": 1, "change_share": Fraction(1, 2)},
        {"before": 3, "change": -3, "change_share": Fraction(-1)},
        {"before": 0, "change": 1},
        {"before": 1, "change": -1, "change_share": Fraction(-1)},
        {"before": 0, "change": 0},
    ]
    assert {row.status for row in rows} == {"no target"}
    assert {(row.measure, row.unit) for row in rows} == {("volume", "number")}


def test_a_volume_that_does_not_change_says_so() -> None:
    assert volumes("2024-04-01", "2024-05-01").rows[1].words == ("0 on Apr 2024 (1): 0.0%",)


def test_the_name_of_the_period_before_is_written_as_everywhere() -> None:
    assert volumes("2024-04-01", "2024-06-01", every="two-month").rows[1].words == ("0 on Apr-May 2024 (1): 0.0%",)


def test_a_volume_of_everything_has_nothing_before_it() -> None:
    scheme = load_scheme("lgsco").with_target(
        RECEIVED, measure="volume", says="Cases received", of="cases", dated="received_at", cohort="received"
    )
    (row,) = measure(
        scheme, cases=[{"case_id": "A", "received_at": "2024-04-01"}], as_of="2024-04-30", targets=RECEIVED
    )
    assert (row.value, row.words, dict(row.details)) == (1, (), {})


@pytest.mark.parametrize("name", ["intake-calls-60s", "quality-measures", "investigation-520w"])
def test_what_a_sample_is_drawn_from_is_a_share_of_cases_within_a_limit(name: str) -> None:
    with pytest.raises(SchemeError, match=f"sampled_from_missed: '{name}' isn't a share within a limit of cases"):
        load_scheme("lgsco").with_target("dip-sample-52w", sampled_from_missed=name)
