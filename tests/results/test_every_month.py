"""A standard for every month of a period, and cohorts that are shown once they have matured."""

from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import Results, Scheme, SchemeError, Tally, load_scheme, measure, tally

SHARE: dict[str, Any] = {
    "says": "Half within a week", "of": "cases", "start": "received_at", "stop": "decided_at",
    "limit": "7 calendar days", "standard": "at least 50%", "cohort": "received",
}  # fmt: skip


def declared(**changes: Any) -> Scheme:
    return load_scheme("lgsco").with_target("share", **{**SHARE, **changes})


EACH = declared(met_when="every month")


def cases(*rows: tuple[str, int | None], **others: Any) -> list[dict[str, Any]]:
    """Give cases by the day of receipt, and the days that they took; None is open."""
    return [
        {"case_id": f"{day}-{n}", "received_at": day, **others,
         "decided_at": None if days is None else date.fromisoformat(day) + timedelta(days)}
        for n, (day, days) in enumerate(rows)
    ]  # fmt: skip


def measured(scheme: Scheme, rows: list[dict[str, Any]], **options: Any) -> Results:
    return measure(scheme, cases=rows, **{"as_of": "2024-12-31", "targets": "share", "every": "quarter", **options})


GOOD, BAD = ("2024-04-02", 3), ("2024-05-02", 30)


def test_one_month_that_is_lost_loses_the_quarter() -> None:
    rows = cases(GOOD, GOOD, GOOD, BAD, ("2024-06-03", 1))
    (plain,), (each,) = measured(declared(), rows), measured(EACH, rows)
    assert (plain.value, plain.status, plain.headroom) == (0.8, "met", 1)
    assert (each.value, each.status, each.headroom) == (0.8, "missed", -1)
    assert each.words == ("met in 2 of 3 months, missed in May 2024",)
    assert each.details["months_missed"] == (date(2024, 5, 1),)


def test_every_month_met_is_met_and_a_month_without_a_record_loses_nothing() -> None:
    (row,) = measured(EACH, cases(GOOD, ("2024-06-03", 1), ("2024-06-04", 40)))
    assert (row.status, row.words, row.headroom) == ("met", ("met in 2 of 2 months",), 0)


def test_while_the_period_is_open_only_a_loss_is_certain() -> None:
    (row,) = measured(EACH, cases(GOOD), as_of="2024-05-31")
    assert (row.status, row.complete) == ("undetermined", False)
    (row,) = measured(EACH, cases(GOOD, BAD), as_of="2024-06-15")
    assert row.status == "missed"
    (row,) = measured(EACH, cases(GOOD, ("2024-06-29", None)), as_of="2024-06-30")
    assert (row.status, row.pending) == ("undetermined", 1)


def test_months_themselves_weeks_and_everything() -> None:
    rows = cases(GOOD, BAD)
    assert [row.status for row in measured(EACH, rows, every="month")] == ["met", "missed"]
    weeks = measured(EACH, rows, every="week")
    assert {row.status for row in weeks} == {"no target"}
    assert "the standard is for every month: measure with every='month', or a longer period" in weeks.rows[0].words
    (whole,) = measured(EACH, rows, every=None)
    assert (whole.period, whole.status, whole.met) == ("all", "missed", 1)


def test_each_group_has_months_of_its_own() -> None:
    rows = [
        *cases(GOOD, ("2024-05-03", 2), team="A"),
        *[{**row, "case_id": f"B{n}"} for n, row in enumerate(cases(GOOD, BAD, team="B"))],
    ]
    found = {row.group[0]: row.status for row in measured(EACH, rows, by="team", as_of="2024-12-31")}
    assert found == {"A": "met", "B": "missed"}


def test_numbers_for_every_month() -> None:
    scheme = load_scheme("lgsco").with_target(
        "share", measure="count", says="Two a month", of="activities", dated="at", cohort="dated",
        standard="at least 2", met_when="every month",
    )  # fmt: skip
    for days, status in ((["2024-04-01"] * 2 + ["2024-05-01"] * 9 + ["2024-06-01"] * 2, "met"),
                         (["2024-04-01"] * 2 + ["2024-06-01"] * 9, "missed")):  # fmt: skip
        activities = [{"kind": "talk", "at": day} for day in days]
        (row,) = measure(scheme, activities=activities, targets="share", every="quarter", as_of="2024-06-30")
        assert row.status == status  # no talk in May is a number, too


def test_tallies_by_month_travel() -> None:
    whole = tally(EACH, cases=cases(GOOD, BAD), targets="share", as_of="2024-12-31")
    assert Tally.from_json(whole.to_json()).results().rows == whole.results().rows


LONG = st.tuples(st.integers(0, 364), st.none() | st.integers(0, 20))


@settings(max_examples=50, deadline=None)
@given(st.lists(LONG, min_size=1, max_size=25))
def test_a_year_is_judged_as_a_plain_loop_over_its_months_does(spans: list[tuple[int, int | None]]) -> None:
    first, as_of = date(2023, 4, 1), date(2024, 3, 31)
    rows, months = [], defaultdict[str, list[str]](list)
    for start, days in spans:
        received = first + timedelta(start)
        rows.append((received.isoformat(), days))
        ended = days is not None and received + timedelta(days) <= as_of
        took = (days or 0) if ended else (as_of - received).days
        months[f"{received:%Y-%m}"].append("missed" if took > 7 else "met" if ended else "open")
    judged = []
    for found in months.values():
        met, open_, size = found.count("met"), found.count("open"), len(found)
        low, high = Fraction(met, size), Fraction(met + open_, size)
        judged.append("missed" if high < Fraction(1, 2) else "met" if low >= Fraction(1, 2) else "open")
    expected = "missed" if "missed" in judged else "open" if "open" in judged else "met"
    (row,) = measured(EACH, cases(*rows), every="financial-year", as_of=as_of)
    assert row.status == {"open": "undetermined"}.get(expected, expected)


# Matured cohorts


MATURED = declared(complete="matured")


def test_a_cohort_is_shown_once_none_of_it_is_pending() -> None:
    rows = cases(GOOD, ("2024-06-27", None))
    (before,) = measured(MATURED, rows, as_of="2024-07-04")  # due on the 4th: it may still be decided in time
    assert (before.value, before.low, before.high, before.status, before.headroom) == (
        None,
        None,
        None,
        "undetermined",
        None,
    )
    assert before.words == ("not shown yet: 1 of them is still pending",)
    assert (before.met, before.pending, before.denominator) == (1, 1, 1)
    (after,) = measured(MATURED, rows, as_of="2024-07-05")
    assert (after.value, after.status, after.overdue) == (0.5, "met", 1)


def test_a_cohort_of_a_period_that_is_not_over_is_not_shown() -> None:
    (row,) = measured(MATURED, cases(GOOD), as_of="2024-06-29")
    assert (row.value, row.words) == (None, ("not shown yet: the period isn't over",))
    assert measured(MATURED, cases(GOOD), as_of="2024-06-30").rows[0].value == 1.0


def test_other_cohorts_are_shown_as_ever() -> None:
    rows = cases(GOOD, ("2024-06-27", None))
    closed = measured(MATURED, rows, as_of="2024-07-01", cohort="closed").rows[0]
    assert closed.value == 1.0


def test_each_group_matures_by_itself() -> None:
    rows = [*cases(GOOD, team="A"), *cases(("2024-06-27", None), team="B")]
    found = {
        row.group[0]: row.value
        for row in measured(MATURED, rows, as_of="2024-07-01", by="team")
        if row.period == "2024/25 Q1"
    }
    assert found == {"A": 1.0, "B": None}


def test_both_can_be_asked_for() -> None:
    scheme = declared(complete="matured", met_when="every month")
    rows = cases(GOOD, ("2024-06-27", None), ("2024-06-27", 1))
    assert [measured(scheme, rows, as_of=day).rows[0].status for day in ("2024-07-04", "2024-07-05")] == [
        "undetermined",
        "met",
    ]


STOCK = {"measure": "stock", "standard": "at most 4", "cohort": "dated"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"met_when": "every month", "standard": None}, "met_when: there is no standard to be met"),
        ({"met_when": "every week"}, "met_when: it can be 'every month'"),
        ({"complete": "always"}, "complete: it can be 'matured'"),
        ({**STOCK, "met_when": "every month"}, "met_when: it means nothing for the measure 'stock'"),
        ({**STOCK, "complete": "matured"}, "complete: only those received"),
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SchemeError, match=words):
        declared(**changes)


def test_a_scheme_without_these_keys_keeps_its_digest() -> None:
    assert "met_when" not in load_scheme("lgsco")["investigation-13w"].model_dump()
    assert EACH.digest != declared().digest
    assert Scheme.model_validate(EACH.model_dump(mode="json", exclude_unset=True)).digest == EACH.digest
