"""A due day is provisional where a bank holiday that is still to be announced can move it, and nowhere else.

The law is tried out: the office closes on every weekday after the last announced one, up to the last day that anything
is due on. What is provisional must move by that, and nothing else may.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ombudsman_kpi import Scheme, WorkingCalendar, deadlines

Row = dict[str, Any]
laws = settings(max_examples=settings().max_examples * 5 // 2, deadline=None, derandomize=True)

ANNOUNCED = WorkingCalendar.uk("england-and-wales").announced_until
AS_OF = ANNOUNCED + timedelta(days=500)
PARTIES = ("complainant", "organisation")
CLOCK = {"of": "cases", "start": "received_at", "stop": "decided_at"}
UNITS = ("working days", "calendar days", "weeks", "months")


def a_scheme(targets: list[Row], closures: Iterator[date] | tuple[()] = ()) -> Scheme:
    named = [{"says": "As we say", **target} for target in targets]
    return Scheme.model_validate(
        {
            "id": "own", "title": "Own", "source": "A notice", "division": "england-and-wales",
            "closures": [day.isoformat() for day in closures], "targets": named,
        }
    )  # fmt: skip


def weekdays_to(last: date) -> Iterator[date]:
    """The weekdays after the last announced day."""
    for shift in range(1, (last - ANNOUNCED).days + 1):
        day = ANNOUNCED + timedelta(days=shift)
        if day.weekday() < 5:
            yield day


def dues(targets: list[Row], case: Row, events: list[Row], closures: Any = ()) -> dict[tuple[str, str | None], Any]:
    """Give, by target and party, when what is open is due, and whether that is provisional."""
    found = deadlines(a_scheme(targets, closures), case, events=events, as_of=AS_OF)
    return {
        (item.target, item.party): (item.due, item.provisional)
        for item in found
        if item.status in {"pending", "overdue", "late"} and item.stop is None
    }


DAYS = st.integers(-60, 25).map(lambda shift: ANNOUNCED + timedelta(days=shift))
AMOUNTS = st.sampled_from([(30, unit) for unit in UNITS[:3]] + [(4, "months")])
LIMITS = AMOUNTS.flatmap(lambda pair: st.integers(0, pair[0]).map(lambda amount: f"{amount} {pair[1]}"))
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "day_of_receipt": st.just("day 1"),
        "non_working_receipt": st.just("next working day"),
        "non_working_due": st.just("next working day"),
    },
)


@st.composite
def target_lists(draw: st.DrawFn) -> list[Row]:
    """Draw a target of each measure that something is due by, on clocks with the same limit and options."""
    limit, options = draw(LIMITS), draw(OPTIONS)
    if limit.endswith("working days"):
        options.pop("non_working_due", None)
    clocked = {**CLOCK, "limit": limit, "clock": options}
    pauses = (
        {} if "non_working_due" in options or limit.endswith("months") else {"clock": {**options, "pauses": "allowed"}}
    )
    explained = {"measure": "delays explained", "of": "cases", "cohort": "due"}
    after = draw(st.one_of(st.none(), st.integers(0, 20)))
    up_to = {} if after is None else {"up_to": f"{after} {draw(st.sampled_from(UNITS[:2]))}"}
    both = [limit, draw(LIMITS)]
    sooner: Row = {**clocked, "limit": {"earlier": both}}
    extension: Row = draw(
        st.fixed_dictionaries({"to": st.just("extended_to_at")}, optional={"at_most": LIMITS})
        | st.fixed_dictionaries({"where": st.just({"extended": "yes"}), "limit": LIMITS})
    )
    return [
        {"id": "sooner", "cohort": "received", **sooner},
        {"id": "extended", "cohort": "received", **clocked, "extension": extension},
        {"id": "sooner-extended", "cohort": "received", **sooner, "extension": extension},
        {"id": "within", "cohort": "received", **clocked},
        {"id": "net", "cohort": "received", **clocked, **pauses},
        {"id": "cases", "measure": "keep in touch", "cohort": "closed", **clocked},
        {"id": "intervals", "measure": "keep in touch", "counted": "intervals", "cohort": "due", **clocked},
        {"id": "explained", "late_on": ["within"], **explained, **up_to},
        {"id": "net-explained", "late_on": ["net"], **explained, **up_to},
    ]


@st.composite
def event_lists(draw: st.DrawFn) -> list[Row]:
    """Draw contacts with each party, and a pause."""
    events: list[Row] = [
        {"event": "contact", "direction": "out", "party": party, "at": day}
        for party, day in draw(st.lists(st.tuples(st.sampled_from(PARTIES), DAYS), max_size=4))
    ]
    for begin, length in draw(st.lists(st.tuples(DAYS, st.integers(1, 20)), max_size=1)):
        events += [{"event": "paused", "at": begin}, {"event": "resumed", "at": begin + timedelta(days=length)}]
    return [{"case_id": "A", **event} for event in events]


def rolled(measure: str, limit: str) -> list[Row]:
    """Give one target whose due days roll on to working days."""
    clock = {"non_working_due": "next working day"}
    return [{"id": "own", "measure": measure, "cohort": "received", **CLOCK, "limit": limit, "clock": clock}]


def net(measure: Row) -> list[Row]:
    """Give a target whose clock may stand still, and one that explains its delays."""
    clocked = {**CLOCK, "limit": "10 working days", "clock": {"pauses": "allowed"}}
    return [{"id": "net", "cohort": "received", **clocked}, {"id": "own", "of": "cases", "cohort": "due", **measure}]


def one(limit: Any, **others: Any) -> list[Row]:
    """Give one target with a limit, or the sooner of some."""
    return [{"id": "own", "cohort": "received", **CLOCK, "limit": limit, **others}]


EVE = ANNOUNCED - timedelta(days=5)
TEN = WorkingCalendar.uk("england-and-wales").add(EVE, 10)  # ten working days end after the last announced day,
TIED = {"earlier": ["10 working days", f"{(TEN - EVE).days} calendar days"]}  # and so many days on the same day
BY_FLAG = {"where": {"extended": "yes"}, "limit": "10 working days"}
TO_A_DATE = {"to": "extended_to_at", "at_most": "10 working days"}

PAUSED = [
    {"case_id": "A", "event": word, "at": ANNOUNCED + timedelta(days=shift)}
    for word, shift in (("paused", -25), ("resumed", -5))
]


@laws
@given(target_lists(), DAYS, event_lists(), DAYS | st.none())
@example(one(TIED), EVE, [], None)
@example(one({"earlier": [*reversed(TIED["earlier"])]}), EVE, [], None)
@example(one("1 calendar day", extension=BY_FLAG), EVE, [], EVE)
@example(one("1 calendar day", extension=TO_A_DATE), EVE, [], ANNOUNCED + timedelta(days=60))
@example(one("1 calendar day", extension=TO_A_DATE), EVE, [], ANNOUNCED + timedelta(days=5))
@example(rolled("keep in touch", "4 weeks"), ANNOUNCED - timedelta(days=20), [], None)
@example(rolled("share within", "30 calendar days"), ANNOUNCED - timedelta(days=30), [], None)
@example(net({"measure": "delays explained", "late_on": ["net"]}), ANNOUNCED - timedelta(days=30), PAUSED, None)
def test_a_due_day_is_provisional_where_it_can_still_be_moved_and_nowhere_else(
    targets: list[Row], received: date, events: list[Row], to: date | None
) -> None:
    case = {"case_id": "A", "received_at": received, "extended_to_at": to, "extended": "yes" if to else "no"}
    before = dues(targets, case, events)
    # Nothing, where the day of receipt is day 1, ends on the day before it; that day must be one that can be closed.
    last = max(due for due, _ in before.values() if due is not None) + timedelta(days=1)
    after = dues(targets, case, events, weekdays_to(last))
    assert after.keys() == before.keys()
    moved = {name: after[name][0] != due for name, (due, _) in before.items()}
    assert {name: provisional for name, (_, provisional) in before.items()} == moved
