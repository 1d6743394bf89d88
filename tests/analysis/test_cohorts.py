"""Cohorts in progress and the three views: those of plain loops over the records, at every month's end."""

from datetime import date, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from ombudsman_kpi import (
    OptionError,
    Results,
    Scheme,
    SchemeError,
    Tally,
    forecast,
    load_scheme,
    measure,
    tally,
    three_views,
    within_limits,
)
from ombudsman_kpi.statistics import forecast_share, kaplan_meier

AS_OF = date(2024, 6, 12)
LIMIT = 30
TARGET = "decided-in-30-days"
ENDS = [date(2024, month + 1, 1) - timedelta(1) for month in range(1, 6)] + [AS_OF]
LABELS = ["Jan 2024", "Feb 2024", "Mar 2024", "Apr 2024", "May 2024", "Jun 2024"]


@pytest.fixture(scope="module")
def scheme() -> Scheme:
    decided: dict[str, Any] = {"says": "in time", "of": "cases", "start": "received_at", "stop": "decided_at"}
    return (
        load_scheme("lgsco")
        .with_target(TARGET, **decided, limit=f"{LIMIT} calendar days", cohort="closed")
        .with_target("decided-in-9-weeks", **decided, limit="9 weeks", cohort="closed")
        .with_target("median-days", **decided, measure="median", counted_in="calendar days", cohort="closed")
    )


def made_up(number: int) -> list[dict[str, Any]]:
    chance = Random(3)  # noqa: S311
    cases = []
    for place in range(number):
        received = date(2024, 1, 1) + timedelta(chance.randrange(160))
        ended = received + timedelta(chance.choice([chance.randrange(60), chance.randrange(120)]))
        name = "decided_at" if chance.random() < 0.9 else "withdrawn_at"
        cases.append({"case_id": f"A{place}", "received_at": received, name: ended})
    return [{"decided_at": None, "withdrawn_at": None, **case} for case in cases]


CASES = made_up(900)


@pytest.fixture(scope="module")
def counted(scheme: Scheme) -> Tally:
    return tally(scheme, cases=CASES, as_of=AS_OF, every="month", cohort="all", targets=[TARGET, "decided-in-9-weeks"])


def ended(case: dict[str, Any], by: date = AS_OF) -> date | None:
    day: date | None = case["decided_at"] or case["withdrawn_at"]
    return day if day is not None and day <= by else None


def due(case: dict[str, Any]) -> date:
    day: date = case["received_at"] + timedelta(LIMIT)
    return day


def met(case: dict[str, Any]) -> bool:
    return case["decided_at"] is not None and case["decided_at"] <= min(due(case), AS_OF)


def missed(case: dict[str, Any]) -> bool:
    day = ended(case)
    return due(case) < (AS_OF if day is None else day)


RECEIVED = [case for case in CASES if case["received_at"] <= AS_OF]


def in_month(day: date | None, label: str) -> bool:
    return day is not None and f"{day:%b %Y}" == label


def test_each_view_counts_its_own_cohort(counted: Tally) -> None:
    frame = three_views(counted, TARGET).periods
    assert frame["period"].tolist() == LABELS
    assert frame["complete"].tolist() == [True] * 5 + [False]
    days: dict[str, Any] = {"closed": ended, "received": lambda case: case["received_at"], "due": due}
    for view, day in days.items():
        for label, row in zip(LABELS, frame.to_dict("records"), strict=True):
            own = [case for case in RECEIVED if in_month(day(case), label)]
            good, bad = sum(map(met, own)), sum(map(missed, own))
            assert (row[f"{view}_met"], row[f"{view}_counted"]) == (good, good + bad), (view, label)
            assert row[f"{view}_share"] == pytest.approx(good / (good + bad))
            assert row[f"{view}_low"] <= row[f"{view}_share"] <= row[f"{view}_high"]
            assert row[f"{view}_low"] < row[f"{view}_high"]


def test_the_stock_is_what_was_open_at_the_end_of_each_month(counted: Tally) -> None:
    views = three_views(counted, TARGET)
    for end, row in zip(ENDS, views.periods.to_dict("records"), strict=True):
        there = [case for case in RECEIVED if case["received_at"] <= end and ended(case, end) is None]
        assert row["open"] == len(there)
        # Due on the last day and still open, it wasn't in time, but at the day measured at that isn't sure yet.
        over = [case for case in there if due(case) < end or (due(case) == end and end != AS_OF)]
        assert row["over_limit"] == len(over)
    ages = [(AS_OF - case["received_at"]).days for case in RECEIVED if ended(case) is None]
    assert dict(views.stock.itertuples(index=False)) == {
        "up to half the limit": sum(age <= 15 for age in ages),
        "up to the limit": sum(15 < age <= 30 for age in ages),
        "over the limit": sum(30 < age <= 60 for age in ages),
        "over twice the limit": sum(age > 60 for age in ages),
    }


@pytest.mark.parametrize(
    ("days", "age"),
    [
        (15, "up to half the limit"), (16, "up to the limit"), (30, "up to the limit"), (31, "over the limit"),
        (60, "over the limit"), (61, "over twice the limit"),
    ],
)  # fmt: skip
def test_ages_end_with_the_day_that_they_name(scheme: Scheme, days: int, age: str) -> None:
    case = {"case_id": "A1", "received_at": AS_OF - timedelta(days)}
    one = tally(scheme, cases=[case], as_of=AS_OF, every="month", cohort="all", targets=TARGET)
    stock = three_views(one, TARGET).stock
    assert stock.loc[stock["records"] == 1, "age"].tolist() == [age]


def test_a_flattering_month_is_said(scheme: Scheme) -> None:
    """In May the office decides young cases and leaves those of April: the figure rises, and so does the stock."""
    april = [{"case_id": f"A{place}", "received_at": "2024-04-02", "decided_at": None} for place in range(60)]
    march = [
        {"case_id": f"M{n}", "received_at": "2024-03-01", "decided_at": f"2024-04-{1 + n % 30:02}"} for n in range(60)
    ]
    young = [{"case_id": f"Y{n}", "received_at": "2024-05-02", "decided_at": "2024-05-20"} for n in range(60)]
    options: dict[str, Any] = {"as_of": "2024-05-31", "every": "month", "cohort": "all", "targets": TARGET}
    views = three_views(tally(scheme, cases=[*april, *march, *young], **options), TARGET)
    assert views.periods["over_limit"].tolist() == [60, 0, 60][-len(views.periods) :]
    assert views.warnings[0] == (
        "May 2024: the share in time of those closed rises from 0.0% to 100.0%, but 60 records are open over the "
        "limit, after 0, which it leaves out."
    )
    assert views.says.startswith("In May 2024 100.0% of those closed, 100.0% of those received, ")
    assert views.says.endswith(views.warnings[-1])
    honest = three_views(tally(scheme, cases=[*march, *young], **options), TARGET)
    assert honest.warnings == ()


def test_views_of_parts_are_those_of_the_whole(scheme: Scheme, counted: Tally) -> None:
    options: dict[str, Any] = {"as_of": AS_OF, "every": "month", "cohort": "all"}
    parts = [
        tally(scheme, cases=CASES[place::4], targets=[TARGET, "decided-in-9-weeks"], **options) for place in range(4)
    ]
    whole, added = three_views(counted, TARGET), three_views(sum(parts, Tally.zero()).results(), TARGET)
    assert added.periods.equals(whole.periods)
    assert added.stock.equals(whole.stock)
    assert (added.says, added.warnings) == (whole.says, whole.warnings)
    assert within_limits(sum(parts, Tally.zero()), TARGET).equals(within_limits(counted, TARGET))


def test_a_period_in_progress_is_forecast_from_earlier_ones(counted: Tally) -> None:
    found = forecast(counted, TARGET)
    june = [case for case in RECEIVED if case["received_at"].month == 6]
    before = [case for case in RECEIVED if case["received_at"].month < 6]
    by_hand = forecast_share(
        sum(map(met, june)), sum(map(missed, june)), waiting_in(6), elapsed_of(before), LIMIT
    )  # fmt: skip
    assert (found.met, found.missed, found.open) == (by_hand.met, by_hand.missed, by_hand.open)
    assert (found.expected, found.low, found.high) == pytest.approx((by_hand.expected, by_hand.low, by_hand.high))
    assert found.says.startswith("Jun 2024: the share is expected to come to ")
    more = forecast(counted, TARGET, arrivals=40)
    assert more.open == found.open + 40
    by_due = forecast(counted, TARGET, cohort="due")
    assert by_due.open == sum(
        1 for case in RECEIVED if due(case).month == 6 and not missed(case) and ended(case) is None
    )
    early = [case for case in RECEIVED if case["received_at"].month < 5]
    may = forecast(counted, TARGET, period="May 2024", arrivals=40)  # whose chances those of June don't change
    by_hand = forecast_share(may.met, may.missed, waiting_in(5), elapsed_of(early), LIMIT, arrivals=40)
    assert (may.expected, may.low) == pytest.approx((by_hand.expected, by_hand.low))
    done = forecast(counted, TARGET, period="Jan 2024")
    assert (done.open, done.worst) == (0, done.best)


def waiting_in(month: int) -> dict[int, int]:
    """Return how old those are, received in a month, that are open and not yet over the limit."""
    own = [case for case in RECEIVED if case["received_at"].month == month and ended(case) is None]
    ages = [(AS_OF - case["received_at"]).days for case in own if not missed(case)]
    return {age: ages.count(age) for age in ages}


def elapsed_of(cases: list[dict[str, Any]]) -> Any:
    """Return the elapsed times of some cases, counted one by one."""
    import numpy as np

    from ombudsman_kpi.statistics import ElapsedCounts

    columns = np.zeros((3, 200), np.int64)
    for case in cases:
        day = ended(case)
        kind = 2 if day is None else 0 if case["decided_at"] else 1
        columns[kind, ((AS_OF if day is None else day) - case["received_at"]).days] += 1
    return ElapsedCounts(np.arange(200), columns[0], columns[1], columns[2])


def test_shares_within_each_limit_are_those_of_each_months_curve(counted: Tally) -> None:
    frame = within_limits(counted, TARGET)
    assert frame.columns.tolist() == [
        "period", "limit", "records", "within", "share", "estimate", "low", "high", "open", "note",
    ]  # fmt: skip
    assert frame["limit"].tolist() == ["30 calendar days", "9 weeks"] * 6
    for row in frame.to_dict("records"):
        own = [case for case in RECEIVED if in_month(case["received_at"], row["period"])]
        times, limit = elapsed_of(own), 30 if row["limit"][0] == "3" else 63
        found = kaplan_meier(times.elapsed, times.stopped, times.censored).within(limit)
        assert row["open"] == sum(ended(case) is None for case in own)
        took = [(case["decided_at"] - case["received_at"]).days for case in own if case["decided_at"] and ended(case)]
        assert row["within"] == sum(time <= limit for time in took)
        gone = [case for case in own if ended(case) and case["withdrawn_at"]]
        out = sum((case["withdrawn_at"] - case["received_at"]).days <= limit for case in gone)
        assert (row["records"], row["share"]) == (len(own) - out, pytest.approx(row["within"] / (len(own) - out)))
        if found.share is None:
            assert row["note"] == found.note
            assert row["estimate"] != row["estimate"]
        else:
            assert (row["estimate"], row["low"], row["high"]) == pytest.approx(found[:3])
            assert row["note"] == ""
    assert "can't be estimated yet" in frame.attrs["says"]
    tenth = within_limits(counted, TARGET, limits=[10])
    assert tenth["limit"].tolist() == ["10 days"] * 6


def test_less_than_four_hours_isnt_four_hours() -> None:
    hours: dict[str, Any] = {"says": "in time", "of": "cases", "start": "received_at", "stop": "decided_at"}
    scheme = load_scheme("lgsco").with_target("under-4", **hours, limit="less than 4 hours", cohort="received")
    scheme = scheme.with_target("within-4", **hours, limit="4 hours", cohort="received")
    cases = [
        {"case_id": f"A{n}", "received_at": "2024-02-05T09:00", "decided_at": f"2024-02-05T{stop}"}
        for n, stop in enumerate(["10:00", "12:30", "13:00", "13:00"])
    ]
    cases += [{"case_id": "B1", "received_at": "2024-03-31T21:30"}]
    counted = tally(scheme, cases=cases, as_of="2024-03-31", every="month", targets=["under-4", "within-4"])
    for target in ("under-4", "within-4"):
        shares = within_limits(counted, target).set_index(["period", "limit"])["estimate"]
        assert shares["Feb 2024"].to_dict() == pytest.approx({"< 4 hours": 0.5, "4 hours": 1})
    # Of the three that were open for more than 2 hours, one was decided in less than 4.
    assert forecast(counted, "under-4").expected == pytest.approx(1 / 3)
    assert forecast(counted, "within-4").expected == pytest.approx(1)


def test_a_day_off_moves_what_is_in_time() -> None:
    days: dict[str, Any] = {"says": "in time", "of": "cases", "start": "received_at", "stop": "decided_at"}
    clock = {"non_working_due": "next working day"}
    scheme = load_scheme("lgsco").with_target("d", **days, limit="10 calendar days", cohort="received", clock=clock)
    cases = [  # due on Saturday 17 February, and so on Monday 19, the 12th day
        {"case_id": f"A{day}", "received_at": "2024-02-07", "decided_at": f"2024-02-{day}"} for day in (12, 19, 20)
    ]
    counted = tally(scheme, cases=cases, as_of="2024-02-29", every="month", targets="d")
    assert within_limits(counted, "d")[["within", "estimate"]].to_numpy().tolist() == [[2, pytest.approx(2 / 3)]]


def test_a_month_isnt_complete_before_its_last_day_is_over(scheme: Scheme) -> None:
    options: dict[str, Any] = {"cases": CASES, "every": "month", "cohort": "all", "targets": TARGET}
    for as_of, complete in (("2024-05-31", True), ("2024-05-31T12:00", False)):
        frame = three_views(tally(scheme, as_of=as_of, **options), TARGET).periods
        assert frame["complete"].tolist()[-1] == complete


def test_options_that_cant_be_are_refused(counted: Tally) -> None:
    for limits in ("20", 20, [1.5], [-1], ["a"], [float("nan")]):
        with pytest.raises(OptionError, match="limits: a"):
            within_limits(counted, TARGET, limits=limits)  # type: ignore[arg-type]
    for ask in (three_views, forecast, within_limits):
        with pytest.raises(OptionError, match="There is no period 'fortnight'"):
            ask(counted, TARGET, every="fortnight")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="there is none 'open' here"):
        forecast(counted, TARGET, cohort="open")  # type: ignore[arg-type]


def test_views_without_data_say_so(scheme: Scheme) -> None:
    case = {"case_id": "A1", "received_at": AS_OF}
    options: dict[str, Any] = {"as_of": AS_OF, "every": "month", "cohort": "all", "targets": TARGET}
    views = three_views(tally(scheme, cases=[case], **options), TARGET)
    assert views.says == (
        "In Jun 2024 no data of those closed or received (1 not yet due) or due; at 2024-06-12 1 record open, 0 of "
        "them over the limit."
    )
    none = tally(scheme, requests=[], **options)
    assert three_views(none, TARGET).says == "No data: no cases were given."
    assert within_limits(none, TARGET).attrs["says"] == "No data: no cases were given."
    assert forecast(none, TARGET).says == "Jun 2024: No data: no cases were given."


def test_what_is_missing_is_said_with_what_to_do(scheme: Scheme, counted: Tally) -> None:
    options: dict[str, Any] = {"cases": CASES, "as_of": AS_OF, "targets": [TARGET, "median-days"]}
    closed = tally(scheme, every="month", **options)
    median = tally(scheme, every="month", cohort="all", **{**options, "targets": "median-days"})
    for ask in (three_views, forecast, within_limits):
        with pytest.raises(OptionError, match=r"Count them with cohort='received' \(or cohort='all'\)"):
            ask(closed, TARGET)
        with pytest.raises(OptionError, match="Count the records with every='month'"):
            ask(tally(scheme, cohort="all", **options), TARGET)
        with pytest.raises(OptionError, match=r"Count the records with tally\(…\)"):
            ask(measure(scheme, cohort="all", every="month", **options), TARGET)
        with pytest.raises(OptionError, match=r"Count the records with tally\(…\)"):
            ask(Results.from_json(closed.results().to_json()), TARGET)
        with pytest.raises(SchemeError, match="has no target 'decided'"):
            ask(counted, "decided")
        with pytest.raises(OptionError, match="no limit"):
            ask(median, "median-days")
        with pytest.raises(SchemeError, match="A tally of nothing"):
            ask(Tally.zero(), TARGET)
        with pytest.raises(OptionError, match="A tally is wanted"):
            ask(None, TARGET)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"is finished\. It can be: received, due"):
        forecast(counted, TARGET, cohort="closed")


def test_no_records_are_no_data(scheme: Scheme) -> None:
    nothing = tally(scheme, cases=[], as_of=AS_OF, every="month", cohort="all", targets=TARGET)
    assert three_views(nothing, TARGET).says == "No data: nothing has started."
    assert forecast(nothing, TARGET).says == "Jun 2024: No data: nothing is counted in it yet."
    assert within_limits(nothing, TARGET).attrs["says"] == "No data: nothing was received."
    one = tally(scheme, cases=CASES[:1], as_of=AS_OF, every="month", cohort="all", targets=TARGET)
    frame = three_views(one, TARGET).periods
    for row in frame.to_dict("records"):
        for view in ("closed", "received", "due"):
            assert (row[f"{view}_share"] != row[f"{view}_share"]) == (f"{view}: no data" in row["note"])
    assert [*pairwise(frame["period_start"])]
