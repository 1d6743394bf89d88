"""The elapsed times in tallies: those of a plain loop over the records, whichever way these were counted."""

from collections import Counter
from datetime import date, timedelta
from random import Random
from typing import Any

import numpy as np
import pytest

from ombudsman_kpi import OptionError, Results, Scheme, SchemeError, Tally, load_scheme, measure, tally
from ombudsman_kpi.statistics import ElapsedCounts, kaplan_meier, survival

AS_OF = date(2024, 4, 30)
TARGET = "decided-in-30-days"


@pytest.fixture(scope="module")
def scheme() -> Scheme:
    decided: dict[str, Any] = {"says": "in time", "of": "cases", "start": "received_at", "stop": "decided_at"}
    return (
        load_scheme("lgsco")
        .with_target(TARGET, **decided, limit="30 calendar days", cohort="closed")
        .with_target("median-days", **decided, measure="median", counted_in="calendar days", cohort="closed")
        .with_target("in-20wd", **decided, limit="20 working days", cohort="received")
        .with_target("in-9-hours", **decided, limit="9 hours", cohort="received")
        .with_target("in-2-months", **decided, limit="2 months", cohort="received")
    )


def made_up(number: int) -> list[dict[str, Any]]:
    chance = Random(7)  # noqa: S311
    cases = []
    for place in range(number):
        received = date(2024, 1, 1) + timedelta(chance.randrange(125))  # some after AS_OF
        ended = received + timedelta(chance.randrange(-1, 70))  # some before they were received
        name = chance.choice(["decided_at", "decided_at", "withdrawn_at", "none"])
        cases.append({
            "case_id": f"A{place}", "team": chance.choice(["North", "South"]), "received_at": received,
            "decided_at": ended if name == "decided_at" else None,
            "withdrawn_at": ended if name == "withdrawn_at" else None,
        })  # fmt: skip
    return cases


CASES = made_up(800)


def by_hand(cases: list[dict[str, Any]]) -> dict[str, Counter[int]]:
    """Return how many stopped, were withdrawn and are open after how many days."""
    found: dict[str, Counter[int]] = {"stopped": Counter(), "withdrawn": Counter(), "open": Counter()}
    for case in cases:
        ended = case["decided_at"] or case["withdrawn_at"]
        if case["received_at"] > AS_OF or (ended is not None and ended < case["received_at"] and ended <= AS_OF):
            continue
        if ended is None or ended > AS_OF:
            found["open"][(AS_OF - case["received_at"]).days] += 1
        else:
            found["stopped" if case["decided_at"] else "withdrawn"][(ended - case["received_at"]).days] += 1
    return found


def columns_of(counts: ElapsedCounts) -> dict[str, Counter[int]]:
    return {
        name: +Counter(dict(zip(counts.elapsed.tolist(), getattr(counts, name).tolist(), strict=True)))
        for name in ("stopped", "withdrawn", "open")
    }


@pytest.mark.parametrize("target", [TARGET, "median-days"])
@pytest.mark.parametrize("cohort", ["received", "closed", "all"])
@pytest.mark.parametrize("every", [None, "month", "week"])
def test_times_are_those_of_a_plain_loop(scheme: Scheme, target: str, cohort: str, every: Any) -> None:
    counted = tally(scheme, cases=CASES, as_of=AS_OF, cohort=cohort, every=every, targets=target, by="team")
    counts = counted.elapsed_counts(target)
    expected = by_hand(CASES)
    assert columns_of(counts) == expected
    assert counts.left_out == len(CASES) - sum(sum(column.values()) for column in expected.values())
    assert counts.limit == (30 if target == TARGET else None)
    assert columns_of(counted.results().elapsed_counts(target)) == expected


def test_times_of_a_period_and_of_a_group_are_those_of_its_records(scheme: Scheme) -> None:
    counted = tally(scheme, cases=CASES, as_of=AS_OF, cohort="all", every="month", targets=TARGET, by="team")
    march = [case for case in CASES if case["received_at"].month == 3]
    north = [case for case in march if case["team"] == "North"]
    assert columns_of(counted.elapsed_counts(TARGET, period="Mar 2024")) == by_hand(march)
    assert columns_of(counted.elapsed_counts(TARGET, period="Mar 2024", group={"team": "North"})) == by_hand(north)
    first = [case for case in CASES if case["received_at"].month < 4]
    assert columns_of(counted.elapsed_counts(TARGET, period="2023/24 Q4")) == by_hand(first)
    assert columns_of(counted.elapsed_counts(TARGET, group={"team": "East"})) == by_hand([])


def test_a_tally_of_parts_has_the_curve_of_the_whole(scheme: Scheme) -> None:
    options: dict[str, Any] = {"as_of": AS_OF, "cohort": "received", "every": "month", "targets": TARGET}
    whole = tally(scheme, cases=CASES, **options)
    parts = sum((tally(scheme, cases=CASES[place::3], **options) for place in range(3)), Tally.zero())
    again = Tally.from_json(parts.to_json())
    frame = survival(whole, TARGET)
    assert frame.columns.tolist() == ["elapsed", "at_risk", "stopped", "share", "low", "high"]
    for other in (parts, again, whole.results()):
        assert survival(other, TARGET).equals(frame)
        assert survival(other, TARGET).attrs == frame.attrs
    hand = by_hand(CASES)
    times = sorted(set().union(*hand.values()))
    stopped = [hand["stopped"][time] for time in times]
    censored = [hand["open"][time] + hand["withdrawn"][time] for time in times]
    assert kaplan_meier(times, stopped, censored).frame().equals(frame)


def test_what_is_open_was_seen_for_whole_units_only(scheme: Scheme) -> None:
    def seen(target: str, received: str, as_of: str) -> list[int]:
        case = {"case_id": "A1", "received_at": received}
        counts = tally(scheme, cases=[case], as_of=as_of, targets=target).elapsed_counts(target)
        return [int(time) for time in counts.elapsed]

    assert seen("in-20wd", "2024-04-18", "2024-04-19") == [1]  # a Friday: day 1 is over
    assert seen("in-20wd", "2024-04-18", "2024-04-20") == [1]  # of day 2 only a Saturday has passed
    assert seen("in-20wd", "2024-04-18", "2024-04-22") == [2]
    assert seen("in-20wd", "2024-04-18", "2024-04-22T12:00") == [1]  # of day 2 only half has passed
    assert seen(TARGET, "2024-04-18", "2024-04-20") == [2]  # of calendar days each is one
    assert seen("in-2-months", "2024-03-18", "2024-04-20") == [1]
    assert seen("in-9-hours", "2024-04-18T09:00", "2024-04-18T11:30") == [2]
    assert seen("in-9-hours", "2024-04-18T09:00", "2024-04-18T09:00") == [0]


def test_late_withdrawals_and_abandoned_calls_are_not_finished(scheme: Scheme) -> None:
    case = {"case_id": "A1", "received_at": "2024-01-02", "withdrawn_at": "2024-03-02"}
    counts = tally(scheme, cases=[case], as_of=AS_OF, targets=TARGET).elapsed_counts(TARGET)
    assert columns_of(counts) == {"stopped": {}, "withdrawn": {60: 1}, "open": {}}
    calls = [{"offered_at": "2024-04-02T09:00:00", "abandoned_at": "2024-04-02T09:01:10"}]
    counts = tally(scheme, calls=calls, as_of=AS_OF, targets="intake-calls-60s").elapsed_counts("intake-calls-60s")
    assert columns_of(counts) == {"stopped": {}, "withdrawn": {70: 1}, "open": {}}


def test_times_counted_in_parts_are_in_whole_units_rounded_up(scheme: Scheme) -> None:
    median: dict[str, Any] = {"of": "calls", "start": "offered_at", "stop": "answered_at", "cohort": "received"}
    calls_scheme = scheme.with_target("wait", says="short", measure="median", counted_in="seconds", **median)
    calls = [{"offered_at": "2024-04-02T09:00:00", "answered_at": "2024-04-02T09:00:07.000001"}]
    counts = tally(calls_scheme, calls=calls, as_of=AS_OF, targets="wait").elapsed_counts("wait")
    assert columns_of(counts) == {"stopped": {8: 1}, "withdrawn": {}, "open": {}}


def test_no_records_are_no_data(scheme: Scheme) -> None:
    frame = survival(tally(scheme, cases=[], as_of=AS_OF, targets=TARGET), TARGET)
    assert (len(frame), frame.attrs["says"]) == (0, "No data: no clock has run.")
    frame = survival(tally(scheme, cases=[], as_of=AS_OF, targets="intake-calls-60s"), "intake-calls-60s")
    assert frame.attrs["says"] == "No data: no calls were given."


def test_figures_without_times_say_what_to_do(scheme: Scheme) -> None:
    counted = tally(scheme, cases=CASES, as_of=AS_OF, targets=[TARGET, "delays-explained"], every="month", events=[])
    with pytest.raises(SchemeError, match="has no target 'decided'"):
        counted.elapsed_counts("decided")
    with pytest.raises(SchemeError, match="has no target"):
        counted.elapsed_counts([TARGET])  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="A period is text such as 'Apr 2018', not of the kind int"):
        counted.elapsed_counts(TARGET, period=2024)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="group: a label for each column"):
        counted.elapsed_counts(TARGET, group="team")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="A tally is wanted"):
        survival(None, TARGET)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"no time that it takes until it is finished.*It can be: decided-in-30-days"):
        counted.elapsed_counts("delays-explained")
    with pytest.raises(OptionError, match="Count them with cohort='received'"):
        counted.elapsed_counts(TARGET, period="Mar 2024")
    with pytest.raises(OptionError, match="isn't grouped by 'team'"):
        counted.elapsed_counts(TARGET, group={"team": "North"})
    months = tally(scheme, cases=CASES, as_of=AS_OF, targets=TARGET, every="month", cohort="received")
    with pytest.raises(OptionError, match="Count them with every='week'"):
        months.elapsed_counts(TARGET, period="w/c 4 Mar 2024")
    with pytest.raises(OptionError, match=r"Count the records with tally\(…\)"):
        survival(Results.from_json(counted.results().to_json()), TARGET)
    with pytest.raises(SchemeError, match="A tally of nothing"):
        survival(Tally.zero(), TARGET)
    with pytest.raises(ValueError, match="counts below zero"):
        survival(tally(scheme, cases=[], as_of=AS_OF, targets=TARGET) - counted_of(scheme), TARGET)


def counted_of(scheme: Scheme) -> Tally:
    return tally(scheme, cases=CASES, as_of=AS_OF, targets=TARGET)


def test_results_of_measure_hold_times_without_groups_and_periods(scheme: Scheme) -> None:
    results = measure(scheme, cases=CASES, as_of=AS_OF, targets=[TARGET, "median-days"])
    assert survival(results, TARGET).equals(survival(counted_of(scheme), TARGET))
    assert columns_of(results.elapsed_counts(TARGET)) == by_hand(CASES)
    for narrower in ({"every": "month"}, {"by": "team"}):
        figures = measure(scheme, cases=CASES, as_of=AS_OF, targets=[TARGET, "median-days"], **narrower)  # type: ignore[arg-type]
        with pytest.raises(OptionError, match=r"Count the records with tally\(…\).*without by= and every="):
            survival(figures, TARGET)
    assert int(results["median-days"].elapsed_counts("median-days").stopped.sum()) == np.sum(
        [*by_hand(CASES)["stopped"].values()]
    )
