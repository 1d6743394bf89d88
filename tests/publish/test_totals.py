"""The figures of all groups together are those that are measured without groups."""

import random
import tomllib
from datetime import date, timedelta
from typing import Any

import pytest

from ombudsman_kpi import Results, Scheme, load_scheme, measure
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.measures.registry import MEASURES
from ombudsman_kpi.publish.totals import TOTAL, is_total, is_unsummed, with_totals

SEED = 8
TEAMS = ["North", "South", "All", "", "total", str.__str__(TOTAL)]  # which nobody would write
FIGURE = ("met", "missed", "pending", "excluded", "invalid", "records", "numerator", "denominator", "exact", "status",
          "headroom", "low", "high", "complete", "provisional")  # fmt: skip


def cases(number: int) -> list[dict[str, Any]]:
    draw = random.Random(SEED)  # noqa: S311
    rows = []
    for place in range(number):
        received = date(2023, 1, 2) + timedelta(days=draw.randrange(400))
        decided = received + timedelta(days=draw.randrange(1, 60))
        rows.append(
            {"case_id": f"C{place}", "received_at": received, "team": draw.choice(TEAMS),
             "decided_at": decided if draw.random() < 0.9 else None, "allocated_at": None,
             "decision": draw.choice(["upheld", "not-upheld"])}
        )  # fmt: skip
    return rows


def scheme() -> Scheme:
    own = {"of": "cases", "cohort": "received"}
    clock = {**own, "start": "received_at", "stop": "decided_at"}
    dated = {**own, "dated": "received_at"}
    changed = load_scheme("lgsco")
    targets: dict[str, dict[str, Any]] = {
        "number": {"measure": "count", **dated, "standard": "at most 30"},
        "volume": {"measure": "volume", **dated},
        "median": {"measure": "median", **clock, "counted_in": "calendar days"},
        "mean": {"measure": "average", **clock, "counted_in": "working days"},
        "stock": {"measure": "stock", "of": "cases", "cohort": "dated", "start": "received_at", "stop": "decided_at",
                  "limit": "4 weeks", "standard": "no more than 5"},
        "upheld": {"measure": "share of kinds", "of": "cases", "cohort": "dated", "dated": "decided_at",
                   "numerator": {"decision": "upheld"}, "standard": "at most 50%"},
        "monthly": {"measure": "share within", **clock, "limit": "20 working days", "standard": "at least 40%",
                    "met_when": "every month"},
    }  # fmt: skip
    for name, keys in targets.items():
        changed = changed.with_target(name, says=name, **keys)
    return changed


TARGETS = ["number", "volume", "median", "mean", "stock", "upheld", "monthly", "decided-or-allocated-20wd"]
PLAIN = ["number", "volume", "upheld", "decided-or-allocated-20wd"]  # figures that are made of numbers alone


def figures(rows: Any) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    return {
        (row.target, row.cohort, row.every, row.period): tuple(getattr(row, name) for name in FIGURE) for row in rows
    }


def measured(**options: Any) -> Results:
    return measure(scheme(), **{"cases": cases(300), "as_of": "2024-02-15", "targets": TARGETS, **options})


@pytest.mark.parametrize("every", [None, "month", "quarter", ["month", "year"]], ids=str)
@pytest.mark.parametrize("cohort", [None, "all"])
def test_the_totals_are_what_is_measured_without_groups(every: Any, cohort: str | None) -> None:
    by, whole = measured(every=every, by="team", cohort=cohort), measured(every=every, cohort=cohort)
    totals = [row for row in with_totals(by.rows, by.basis, by.counts) if is_total(row)]
    assert figures(totals) == figures(whole)
    assert {row.group for row in totals} == {(TOTAL,)}


@pytest.mark.parametrize("every", [None, "month", "quarter"], ids=str)
def test_without_counts_they_are_the_same_or_none(every: Any) -> None:
    by, whole = measured(every=every, by="team"), figures(measured(every=every))
    again = Results.from_json(by.to_json())
    totals = [row for row in with_totals(again.rows, again.basis) if is_total(row)]
    assert {row.target for row in totals} == set(TARGETS)
    for row in totals:
        key = row.target, row.cohort, row.every, row.period
        if row.target in PLAIN:
            assert figures([row])[key] == whole[key]
        else:
            assert (row.exact, row.value, row.headroom) == (None, None, None)
            assert row.withheld["value"] == "z"
            assert row.records == whole[key][FIGURE.index("records")]


OF_CASES = ["share within", "share of kinds", "volume", "median", "stock", "rank", "caseload"]


@pytest.mark.parametrize("name", OF_CASES)
def test_no_measure_has_a_total_that_only_looks_right(name: str) -> None:
    """Each measure's example, from rows alone: a total is either that of its counts, or none."""
    changed = load_scheme("lgsco").with_target("one", says="One", measure=name, **_example(name))
    by = measure(changed, cases=cases(200), as_of="2024-02-15", targets="one", by="team", every="quarter")
    counted = figures(row for row in with_totals(by.rows, by.basis, by.counts) if is_total(row))
    added = [row for row in with_totals(by.rows, by.basis) if is_total(row)]
    assert added
    for row in added:
        assert row.exact is None or figures([row]).items() <= counted.items()


def _example(name: str) -> dict[str, Any]:
    keys = tomllib.loads(MEASURES[name].example)
    keys.pop("measure", None)
    return keys


def test_a_rate_of_too_small_a_population_is_no_total() -> None:
    rate = load_scheme("lgsco").with_target(
        "rate", says="Rate", measure="rate", of="cases", dated="received_at", per=1000, cohort="received"
    )
    homes = [{"period": "2023/24", "number": 1000, "team": "North"}]
    options: dict[str, Any] = {"as_of": "2024-03-31", "targets": "rate", "by": "team", "every": "financial-year"}
    both = [
        {"case_id": f"C{n}", "received_at": "2023-05-01", "team": team} for n, team in enumerate(["North", "South"])
    ]
    by = measure(rate, cases=both, populations=homes, **options)
    (total,) = (row for row in with_totals(by.rows, by.basis, by.counts) if is_total(row))
    assert (total.exact, total.withheld["value"]) == (None, "x")
    by = measure(rate, cases=both[:1], populations=homes, **options)
    (total,) = (row for row in with_totals(by.rows, by.basis, by.counts) if is_total(row))
    assert total.value == 1


def test_without_groups_there_are_no_totals_and_they_are_added_once() -> None:
    whole = measured()
    assert with_totals(whole.rows, whole.basis, whole.counts) is whole.rows
    by = measured(by="team")
    once = with_totals(by.rows, by.basis, by.counts)
    assert with_totals(once, by.basis, by.counts) is once


def test_results_themselves_have_none() -> None:
    by = measured(by="team")
    repr(by)
    by.summary()
    assert not any(is_total(row) for row in by)
    assert isinstance(by.rows[0], Row)
    assert TOTAL not in {*by.to_pandas()["team"]}


def test_a_total_that_cannot_be_worked_out_says_why_and_not_that_there_is_no_data() -> None:
    declared = {**_example("share within"), "standard": "at least 50%", "complete": "matured"}
    matured = load_scheme("lgsco").with_target("one", says="One", **declared)
    options: dict[str, Any] = {"cases": cases(60), "as_of": "2024-12-31", "targets": "one"}
    by = measure(matured, by="team", **options)
    again = Results.from_json(by.to_json())
    (total,) = [row for row in with_totals(again.rows, again.basis) if is_total(row)]
    assert is_unsummed(total)
    assert "The figure of all groups together can't be worked out" in repr(again)
    assert again.summary().says == "Of all groups together, nothing is known that could be met or missed."
    assert by.summary().says != again.summary().says
