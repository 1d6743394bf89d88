"""The rank of each group by a rate of kinds, beside a comparator that is named."""

from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import Results, Scheme, load_scheme, measure

UPHELD = "uphold-rate"


def declared(**changes: Any) -> Scheme:
    keys: dict[str, Any] = {
        "measure": "rank", "says": "The uphold rate of each authority", "of": "cases", "dated": "decided_at",
        "where": {"decision": ["upheld", "not-upheld"]}, "numerator": {"decision": "upheld"}, "cohort": "dated",
    }  # fmt: skip
    return load_scheme("lgsco").with_target(UPHELD, **{**keys, **changes})


def decided(*groups: tuple[str, int, int], other: int = 0, day: str = "2024-05-01") -> list[dict[str, Any]]:
    """Give the decisions of each authority: so many upheld, of so many; and others that aren't counted."""
    return [
        {
            "case_id": f"{day}-{name}-{place}", "received_at": "2024-04-02", "decided_at": day, "authority": name,
            "decision": "advice" if place >= counted else "upheld" if place < upheld else "not-upheld",
        }
        for name, upheld, counted in groups
        for place in range(counted + other)
    ]  # fmt: skip


def ranked(rows: list[dict[str, Any]], scheme: Scheme | None = None, **options: Any) -> Results:
    chosen = {"as_of": "2024-12-31", "by": "authority", "targets": UPHELD, **options}
    return measure(scheme or declared(), cases=pd.DataFrame(rows), **chosen)


def ranks(results: Results) -> dict[str, int | None]:
    return {row.group[0]: row.details.get("rank") for row in results}


def test_the_highest_rate_has_the_first_rank() -> None:
    results = ranked(decided(("York", 1, 4), ("Leeds", 3, 4), ("Hull", 1, 2)))
    assert ranks(results) == {"York": 3, "Leeds": 1, "Hull": 2}
    assert {row.details["ranked"] for row in results} == {3}


def test_equal_rates_have_an_equal_rank_whatever_they_are_made_of() -> None:
    results = ranked(decided(("York", 1, 3), ("Leeds", 3, 9), ("Hull", 2, 4), ("Bath", 0, 5)))
    assert ranks(results) == {"Hull": 1, "York": 2, "Leeds": 2, "Bath": 4}
    assert {row.group[0]: row.words[0][:9] for row in results}["Leeds"] == "rank 2 of"


def test_nought_of_some_has_a_rank_and_nought_of_none_has_not() -> None:
    rows = [*decided(("York", 1, 3), ("Leeds", 0, 3)), *decided(("Hull", 0, 0), other=2)]
    results = ranked(rows)
    assert ranks(results) == {"York": 1, "Leeds": 2, "Hull": None}
    hull = next(row for row in results if row.group == ("Hull",))
    assert (hull.value, hull.status, hull.denominator, hull.excluded) == (None, "no data", 0, 2)
    assert hull.words == ("comparator 16.7% (pooled, 1 of 6)",)
    assert {row.details["ranked"] for row in results} == {2}


UNEQUAL = decided(("York", 9, 10), ("Leeds", 3, 30), ("Hull", 0, 0), other=1)


def test_the_pooled_comparator_is_the_rate_of_all_records() -> None:
    for row in ranked(UNEQUAL):
        assert row.details["comparator"] == Fraction(12, 40)
        assert row.words[0].endswith("comparator 30.0% (pooled, 12 of 40)")


def test_the_mean_of_rates_gives_each_group_the_same_weight() -> None:
    for row in ranked(UNEQUAL, declared(comparator="mean of rates")):
        assert row.details["comparator"] == (Fraction(9, 10) + Fraction(3, 30)) / 2
        assert row.words[0].endswith("comparator 50.0% (mean of 2 rates)")


def test_each_period_has_ranks_of_its_own() -> None:
    rows = [
        *decided(("York", 1, 2), ("Leeds", 0, 2)),
        *decided(("York", 0, 2), ("Leeds", 1, 2), ("Hull", 2, 2), day="2024-06-03"),
    ]
    results = ranked(rows, every="month")
    found = {(row.period, row.group[0]): row.details["rank"] for row in results if row.denominator}
    assert found == {
        ("May 2024", "York"): 1, ("May 2024", "Leeds"): 2,
        ("Jun 2024", "York"): 3, ("Jun 2024", "Leeds"): 2, ("Jun 2024", "Hull"): 1,
    }  # fmt: skip
    comparators = {row.period: row.details["comparator"] for row in results}
    assert comparators == {"May 2024": Fraction(1, 4), "Jun 2024": Fraction(1, 2)}


def test_there_is_nothing_to_rank_without_groups() -> None:
    for by in ((), "authority"):
        (row,) = ranked(decided(("York", 1, 4)), by=by)
        assert (row.value, row.words, dict(row.details)) == (0.25, (), {})


def test_a_standard_holds_for_each_group() -> None:
    scheme = declared(standard="at most 50%")
    found = {row.group[0]: row.status for row in ranked(decided(("York", 2, 4), ("Leeds", 3, 4)), scheme)}
    assert found == {"York": "met", "Leeds": "missed"}


def test_the_comparator_is_printed_with_the_results() -> None:
    for comparator in ("pooled", "mean of rates"):
        results = ranked(UNEQUAL, declared(comparator=comparator))
        assert results.options["clocks"][UPHELD] == {"comparator": comparator}
        assert f"comparator: {comparator}" in repr(results)


def test_the_columns_of_a_rank() -> None:
    results = ranked(decided(("York", 1, 4), ("Leeds", 3, 4)))
    frame = results.to_pandas()
    columns = ["measure", "unit", "authority", "met", "missed", "numerator", "denominator", "value", "low", "high"]
    assert frame[columns].to_numpy().tolist() == [
        ["rank", "share", "Leeds", 3, 1, 3, 4, 0.75, 0.75, 0.75],
        ["rank", "share", "York", 1, 3, 1, 4, 0.25, 0.25, 0.25],
    ]
    assert frame[["standard", "headroom"]].isna().all(axis=None)
    assert frame["note"].tolist() == [
        "rank 1 of 2; comparator 50.0% (pooled, 4 of 8)",
        "rank 2 of 2; comparator 50.0% (pooled, 4 of 8)",
    ]
    lines = repr(results).splitlines()
    assert [line.split() for line in lines if line.startswith(("Leeds", "York", "All"))] == [
        ["Leeds", "3", "of", "4", "upheld", "75.0%", "–", "no", "target", "1"],
        ["York", "1", "of", "4", "upheld", "25.0%", "–", "no", "target", "2"],
        ["All", "4", "of", "8", "upheld", "50.0%", "–", "no", "target"],
    ]
    assert "1  Rank 1 of 2; comparator 50.0% (pooled, 4 of 8)." in lines
    assert "2  Rank 2 of 2; comparator 50.0% (pooled, 4 of 8)." in lines


@settings(max_examples=50)
@given(st.lists(st.integers(0, 5).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=2, max_size=7))
def test_ranks_are_those_of_pandas(groups: list[tuple[int, int]]) -> None:
    rows = [
        row
        for place, (upheld, counted) in enumerate(groups)
        for row in decided((f"G{place}", upheld, counted), other=1)
    ]
    expected = {
        f"G{place}": None if not counted else Fraction(upheld, counted)
        for place, (upheld, counted) in enumerate(groups)
    }
    some = pd.Series({name: float(rate) for name, rate in expected.items() if rate is not None}, dtype="float64")
    order = some.rank(method="min", ascending=False).astype(int).to_dict()
    results = ranked(rows)
    assert {row.group[0]: row.exact for row in results} == expected
    assert ranks(results) == {name: order.get(name) for name in expected}


@pytest.mark.parametrize("comparator", ["median", "pool"])
def test_a_comparator_that_there_is_not_is_refused(comparator: str) -> None:
    with pytest.raises(ValueError, match="comparator"):
        declared(comparator=comparator)
