"""What will happen: against plain loops, all subsets of what is open, and all orders to decide it in."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import chain, combinations, permutations
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ombudsman_kpi as kpi
from command_line import Typed
from ombudsman_kpi.measures.share_within import ShareWithinRule

AS_OF = date(2024, 5, 15)
DAY = timedelta(1)
LIMIT = 30
DECIDED: dict[str, Any] = {
    "says": "in time", "of": "cases", "start": "received_at", "stop": "decided_at", "limit": f"{LIMIT} calendar days",
}  # fmt: skip
COHORTS = ("received", "due", "closed")
PLAIN = kpi.load_scheme("lgsco")
Case = dict[str, Any]


def scheme_of(standards: dict[str, int]) -> kpi.Scheme:
    scheme = PLAIN
    for cohort, percent in standards.items():
        scheme = scheme.with_target(f"by-{cohort}", **DECIDED, cohort=cohort, standard=f"at least {percent}%")
    return scheme


def case(place: int, received: date, decided: date | None = None, withdrawn: date | None = None) -> Case:
    return {"case_id": f"A{place}", "received_at": received, "decided_at": decided, "withdrawn_at": withdrawn}


def due(one: Case) -> date:
    day: date = one["received_at"] + LIMIT * DAY
    return day


def look(cases: Sequence[Case], standards: dict[str, int], **options: Any) -> kpi.Outlook:
    targets = [f"by-{cohort}" for cohort in standards]
    asked: dict[str, Any] = {"as_of": AS_OF, "every": "month", "targets": targets, **options}
    return kpi.outlook(scheme_of(standards), cases=pd.DataFrame(cases), **asked)


@st.composite
def caseloads(draw: st.DrawFn) -> list[Case]:
    """Up to 5 that are open and in time, up to 3 that are overdue, and up to 8 that were decided, in time or not."""
    open_ages = draw(st.lists(st.integers(0, LIMIT - 1), min_size=1, max_size=5))
    overdue = draw(st.lists(st.integers(LIMIT + 1, LIMIT + 20), max_size=3))
    ended = draw(st.lists(st.tuples(st.integers(0, 70), st.integers(1, 45)), max_size=8))
    cases = [case(place, AS_OF - age * DAY) for place, age in enumerate([*open_ages, *overdue])]
    for age, time in ended:
        received = AS_OF - age * DAY
        cases.append(case(len(cases), received, min(received + time * DAY, AS_OF)))
    return cases


def month(day: date) -> str:
    return f"{day:%b %Y}"


def subsets(some: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    return chain.from_iterable(combinations(some, size) for size in range(len(some) + 1))


class OnPaper:
    """One target in one month, as a plain loop has it: what is counted, what is open, and what is due later."""

    def __init__(self, cases: Sequence[Case], cohort: str, label: str, standard: int) -> None:
        self.standard = Fraction(standard, 100)
        self.closed = cohort == "closed"
        ended = [one for one in cases if one["decided_at"] is not None]
        is_open = [one for one in cases if one["decided_at"] is None]
        pending, overdue = [one for one in is_open if due(one) >= AS_OF], [one for one in is_open if due(one) < AS_OF]
        days: dict[str, Callable[[Case], date]] = {
            "received": lambda one: one["received_at"], "due": due, "closed": lambda one: one["decided_at"],
        }  # fmt: skip
        day = days[cohort]
        own = [one for one in ended if month(day(one)) == label]
        self.met = sum(one["decided_at"] <= due(one) for one in own)
        self.missed = len(own) - self.met
        if self.closed:
            self.missed += len(overdue) * (month(AS_OF + DAY) == label)
            self.pending = [one for one in pending if month(due(one) + DAY) == label]
            self.later = [
                one for one in pending if month(due(one) + DAY) != label and due(one) > min(map(due, self.pending))
            ]
        else:
            self.missed += sum(month(day(one)) == label for one in overdue)
            self.pending, self.later = [one for one in pending if month(day(one)) == label], []

    def kept(self, decided: int, early: int = 0) -> bool:
        counted = self.met + self.missed + len(self.pending) + early
        return Fraction(self.met + decided + early, counted) >= self.standard

    def least(self, by: date) -> int | None:
        """Return the fewest of those due by a day that are decided in any way to keep the target; None without one."""
        keeping = [some for some in subsets(self.pending) if self.kept(len(some))]
        if keeping:
            return min(sum(due(one) <= by for one in some) for some in keeping)
        early = self.early
        return None if early is None else sum(due(one) <= by for one in self.pending)

    @property
    def early(self) -> int | None:
        """Return how many of those due later are needed where not all that are due are enough."""
        return next((more for more in range(len(self.later) + 1) if self.kept(len(self.pending), more)), None)


@settings(deadline=None, max_examples=25)
@given(cases=caseloads(), cohort=st.sampled_from(COHORTS), standard=st.sampled_from([40, 50, 75, 90, 100]))
def test_the_schedule_is_the_fewest_of_all_subsets_that_keep_the_target(
    cases: list[Case], cohort: str, standard: int
) -> None:
    found = look(cases, {cohort: standard})
    assert set(found.targets["period"]) == set(found.schedule["period"])
    seen = 0
    for label, rows in found.schedule.groupby("period", sort=False):
        paper = OnPaper(cases, cohort, str(label), standard)
        (target,) = found.targets[found.targets["period"] == label].to_dict("records")
        weeks = rows[rows["note"] == ""]
        for row in weeks.to_dict("records"):
            by = row["due_by"].date()
            assert by.weekday() == 6
            assert row["open"] == sum(due(one) <= by for one in paper.pending)
            assert (None if pd.isna(row["at_least"]) else row["at_least"]) == paper.least(by)
        early = paper.early
        if early:
            last = rows.iloc[-1]
            assert (last["at_least"], last["open"]) == (
                len(paper.pending) + early,
                len(paper.pending) + len(paper.later),
            )
        else:
            assert len(weeks) == len(rows)
        expected = "out of reach" if early is None else "in reach with early ones" if early else (
            "met whatever happens" if paper.kept(0) else "in reach")  # fmt: skip
        assert target["reach"] == expected
        seen += len(paper.pending)
    assert seen == sum(one["decided_at"] is None and due(one) >= AS_OF for one in cases)


@settings(deadline=None, max_examples=20)
@given(cases=caseloads(), standards=st.tuples(*[st.sampled_from([50, 75, 90])] * 3))
def test_what_may_wait_can_be_missed_by_all_targets_together_and_no_more_of_it(
    cases: list[Case], standards: tuple[int, int, int]
) -> None:
    asked = dict(zip(COHORTS, standards, strict=True))
    found = look(cases, asked)
    by_id = {one["case_id"]: one for one in cases}
    waiting = {
        name for name, decide in zip(found.order["id"], found.order["decide"], strict=True) if decide == "may wait"
    }
    papers = {
        (row["target"], row["period"]): OnPaper(cases, row["target"][3:], row["period"], asked[row["target"][3:]])
        for row in found.targets.to_dict("records") if row["reach"] != "out of reach"
    }  # fmt: skip

    def broken(missed: set[str]) -> set[str]:
        """Return the targets that are lost where these records are missed."""
        lost = set()
        for (target, _), paper in papers.items():
            decided = sum(one["case_id"] not in missed for one in paper.pending)
            if decided < len(paper.pending) and not paper.kept(decided):
                lost.add(target)
        return lost

    assert broken(waiting) == set()
    for row in found.order.to_dict("records"):
        if row["decide"] == "needed":
            assert broken(waiting | {row["id"]}) == set(row["needed_by"].split(", "))
        else:
            assert row["needed_by"] == ""
        assert row["decide_by"].date() == due(by_id[row["id"]])
    assert found.order["decide_by"].is_monotonic_increasing
    assert len(found.order) == sum(one["decided_at"] is None and due(one) >= AS_OF for one in cases)


@settings(deadline=None, max_examples=10)
@given(ages=st.lists(st.integers(LIMIT - 6, LIMIT), min_size=1, max_size=5), standard=st.sampled_from([50, 90]))
def test_no_order_keeps_more_than_what_is_due_first_first(ages: list[int], standard: int) -> None:
    cases = [case(place, AS_OF - age * DAY) for place, age in enumerate(ages)]
    by_id = {one["case_id"]: one for one in cases}

    def in_time(order: Sequence[Case]) -> int:
        """Return how many are in time, if one is decided each day, and what is overdue is left for the last."""
        day, kept = AS_OF, 0
        for one in order:
            if due(one) >= day:
                day, kept = day + DAY, kept + 1
        return kept

    order = [by_id[name] for name in look(cases, {"received": standard}).order["id"]]
    assert in_time(order) == max(map(in_time, permutations(cases)))


@settings(deadline=None, max_examples=10)
@given(
    times=st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 50), st.sampled_from(["decided", "withdrawn"])), min_size=1
    )
)
def test_open_is_what_was_open_and_arrived_less_what_ended(times: list[tuple[int, int, str]]) -> None:
    cases = [
        case(place, AS_OF - age * DAY, **{way: AS_OF - (age - time) * DAY if time <= age else None})
        for place, (age, time, way) in enumerate(times)
    ]  # fmt: skip
    weeks = look(cases, {"closed": 90}).weeks
    assert (weeks["before"] + weeks["arriving"] - weeks["deciding"] - weeks["withdrawn"] == weeks["open"]).all()
    assert weeks["before"].tolist() == [0, *weeks["open"].tolist()[:-1]]
    for row in weeks.to_dict("records"):
        first, last = row["week_start"].date(), row["week_end"].date()
        ended = [(one["decided_at"] or one["withdrawn_at"]) for one in cases]
        assert row["arriving"] == sum(first <= one["received_at"] <= last for one in cases)
        assert row["deciding"] == sum(
            one["decided_at"] is not None and first <= one["decided_at"] <= last for one in cases
        )
        there = [end for one, end in zip(cases, ended, strict=True) if one["received_at"] <= last]
        assert row["open"] == sum(end is None or end > last for end in there)
    assert (weeks["complete"] == (weeks["week_end"] <= pd.Timestamp(AS_OF))).all()


def steady(arriving: int, deciding: int, weeks: int = 10) -> list[Case]:
    """Make so many that arrive each week, and as many of the eldest as are decided."""
    first = date(2024, 3, 4)
    cases = []
    received = [first + (7 * week) * DAY for week in range(weeks) for _ in range(arriving)]
    decided = [first + (7 * week + 4) * DAY for week in range(weeks) for _ in range(deciding)]
    for place, day in enumerate(received):
        cases.append(case(place, day, decided[place] if place < len(decided) else None))
    return cases


@pytest.mark.parametrize(
    ("arriving", "deciding", "growth", "chance", "words"),
    [
        (20, 10, 10, "more than chance", "so the backlog grows by 10.0 a week, which is more than chance"),
        (20, 19, 1, "may be chance", "so the backlog grows by 1.0 a week, which may be chance"),
        (20, 20, 0, "may be chance", "so the backlog stays as it is, which may be chance"),
    ],
)
def test_growth_is_told_from_chance(arriving: int, deciding: int, growth: int, chance: str, words: str) -> None:
    found = look(steady(arriving, deciding), {"closed": 90}, weeks=8)
    (row,) = found.growth.to_dict("records")
    assert (row["weeks"], row["arriving"], row["deciding"], row["growth"]) == (8, arriving, deciding, growth)
    low, high = kpi.statistics.difference_of_counts(8 * deciding, 8 * arriving)
    assert (row["low"], row["high"], row["chance"]) == (pytest.approx(low / 8), pytest.approx(high / 8), chance)
    assert words in row["says"]
    assert words in found.says


def test_a_week_that_is_not_over_is_no_week_of_the_growth() -> None:
    found = look([case(0, AS_OF)], {"closed": 90})
    (row,) = found.growth.to_dict("records")
    assert (row["weeks"], row["chance"]) == (0, "no data")
    assert row["says"] == "by-closed: 1 are open. No data: no week is complete."


@pytest.mark.parametrize("lists", ["worklist", "outlook"])
def test_each_record_is_assessed_once(monkeypatch: pytest.MonkeyPatch, lists: str) -> None:
    scheme = scheme_of({"closed": 90, "received": 80})
    seen: list[str] = []
    assess = ShareWithinRule.assess

    def counted(self: Any, known: Any) -> Any:
        seen.append(self.target.id)
        return assess(self, known)

    monkeypatch.setattr(ShareWithinRule, "assess", counted)
    options: dict[str, Any] = {"as_of": AS_OF, "every": "month", "targets": ["by-closed", "by-received"]}
    getattr(kpi, lists)(scheme, cases=[case(0, AS_OF), case(1, AS_OF - 40 * DAY)], **options)
    assert sorted(seen) == ["by-closed", "by-received"]


def test_it_says_what_must_be_decided() -> None:
    cases = [case(0, AS_OF - 20 * DAY), case(1, AS_OF - 10 * DAY), case(2, AS_OF - 50 * DAY, AS_OF - 40 * DAY)]
    found = look(cases, {"received": 50})
    assert found.says.endswith(
        "Of 2 figures with open records: 2 figures in reach. 2 records must be decided in time to keep those in reach, "
        "the first by Sun 26 May 2024."
    )
    assert found.to_pandas().attrs["says"] == found.says


def test_without_anything_open_it_says_so() -> None:
    found = look([case(0, AS_OF - 20 * DAY, AS_OF - 10 * DAY)], {"received": 50})
    assert found.says.endswith("Nothing that a target counts is open and in time.")
    assert (len(found.schedule), len(found.order)) == (0, 0)


def test_what_has_no_standard_to_keep_is_named() -> None:
    found = kpi.outlook(
        PLAIN.with_target("late", **DECIDED, cohort="due", standard="at most 5%"),
        cases=[case(0, AS_OF)],
        as_of=AS_OF,
        targets="late",
    )
    assert "late: no standard that deciding could keep" in found.notes
    assert found.targets.empty


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"weeks": 0}, "whole number of 1 or more"),
        ({"weeks": 2.5}, "whole number of 1 or more"),
        ({"level": 1.2}, "level"),
        ({"every": ["month", "quarter"]}, "takes one period"),
        ({"targets": "customer-satisfaction-score"}, "no target|There is no"),
    ],
)
def test_bad_options(options: dict[str, Any], says: str) -> None:
    with pytest.raises(kpi.KpiError, match=says):
        look([case(0, AS_OF)], {"received": 50}, **options)


def test_the_command_prints_the_schedule(typed: Typed) -> None:
    command = ["outlook", "lgsco", "--cases", "examples/data/cases.csv", "--as-of", "2023-12-14"]
    shown = typed(*command, "--rows", "3").out
    assert "Outlook: LGSCO" in shown
    assert "… and" in shown
    assert "so the backlog shrinks by 4.0 a week, which is more than chance" in shown
    rows = typed(*command, "--csv").out.splitlines()
    assert rows[0] == "target,period,standard,due_by,open,at_least,reach,note"
    assert rows[1].startswith("decided-or-allocated-20wd,2023/24 Q3,at least 40%,2023-12-17,11,0,in reach")


def test_what_is_decided_early_counts_in_the_whole_as_well() -> None:
    # 3 are overdue and 1 is due in May: with 2 that are due in June it is 3 of 6, with 1 of them 2 of 5.
    ages = [40, 40, 40, 25, 5, 5, 5, 5, 5]
    found = look([case(place, AS_OF - age * DAY) for place, age in enumerate(ages)], {"closed": 50})
    may = found.targets.iloc[0]
    assert (may["period"], may["late_when_ended"], may["must"], may["reach"]) == (
        "May 2024", 3, 3, "in reach with early ones"
    )  # fmt: skip
    rows = found.schedule[found.schedule["period"] == "May 2024"]
    assert rows[["open", "at_least"]].values.tolist() == [[1, 1], [6, 3]]
    assert rows["due_by"].dt.strftime("%d %b").tolist() == ["26 May", "31 May"]
    assert rows["note"].iloc[-1] == "2 of those due later must be decided in the period, too"
