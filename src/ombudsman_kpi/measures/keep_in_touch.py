"""Contact with each party of a case at least so often: each interval, and each case with all of its intervals.

Source of the rule: the intervals from the start of the investigation to the first outgoing contact, between contacts,
and from the last to the end. They run between distinct days, so that ten contacts on a day count as one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from ombudsman_kpi.arrays import row_days
from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.dates import day_number
from ombudsman_kpi.clocks.judging import last_certain_start, last_days_in_time, provisional_days
from ombudsman_kpi.clocks.outcomes import NOT_ENDED, Assessed, Cohort, Outcome
from ombudsman_kpi.clocks.states import NONE
from ombudsman_kpi.clocks.timeline import Timeline, timeline
from ombudsman_kpi.events.as_known import NEVER, AsKnownBatch
from ombudsman_kpi.events.contacts import CONTACT
from ombudsman_kpi.events.log import Misfit
from ombudsman_kpi.measures.base.figures import Figures, share_figures
from ombudsman_kpi.measures.base.lasting import records_of
from ombudsman_kpi.measures.base.on_clock import Limited
from ombudsman_kpi.measures.base.places import Places
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.rules import ClockRule
from ombudsman_kpi.measures.base.target import CASE, Records, Rule, Target
from ombudsman_kpi.measures.base.wording import Wording
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.records.vocabulary import PARTIES, Party

MET, LATE, OVERDUE, PENDING = (Outcome(status) for status in ("met", "late", "overdue", "pending"))
_NAMES = np.array([*PARTIES, None], object)
_OF_INTERVALS = MET, LATE, OVERDUE, PENDING


class Intervals(NamedTuple):
    """The intervals of a batch's cases, in any order: when they began and ended; ``MISSING`` while one is open.

    Those that end on the day on which they began are none.
    """

    lane: Integers  # the position of its case in the batch, and the party: ``case * 2 + party``
    begin: Integers
    end: Integers


@dataclass(frozen=True)
class Run:
    """The investigations of a batch: their clocks, when they ended, and their intervals, judged."""

    clock: Timeline
    end: Integers
    intervals: Intervals
    over: Truths  # which intervals were too long
    allowed: int

    def due(self, places: Integers) -> Integers:
        """Return when some intervals are due to end."""
        return self.clock.axis.due(self.intervals.begin.take(places), self.allowed)


@dataclass(frozen=True)
class KeepInTouchRule(ClockRule):
    """The intervals between contacts, judged by the limit; each for itself, or all of a case together."""

    target: "KeepInTouch"
    related: Related

    def fields(self, table: Columns) -> list[str]:
        """Return the names of the fields that the clock of the investigation reads."""
        _ = self.related.told(CONTACT)  # found before several threads ask for them
        return super().fields(table)

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return the outcomes of a batch's intervals, or of its cases."""
        target = self.target
        run = run_of(target, known, self.related)
        return self._each(known, run) if target.counted == "intervals" else self._whole_cases(known, run)

    def stays(self, known: AsKnownBatch) -> Truths:
        """Return which investigations have ended, unless a due day of theirs may still move."""
        assessed = self.assess(known)
        return super().stays(known) & ~records_of(assessed, np.not_equal(assessed.provisional, 0), known)

    def _each(self, known: AsKnownBatch, run: Run) -> Assessed:
        """Return the outcome of each interval; and of the cases that contradict themselves, that."""
        target = self.target
        some = np.flatnonzero(run.intervals.begin != run.intervals.end)
        clock, order = run.clock, some[np.lexsort((run.intervals.begin[some], run.intervals.lane[some]))]
        (lane, begin, end), due = (part.take(order) for part in run.intervals), run.due(order)
        elapsed = target.limit.shown(clock.axis.elapsed(begin, np.where(end == MISSING, known.as_of.day, end)))
        case, party, over = lane >> 1, lane & 1, run.over.take(order)
        code = np.where(end == MISSING, 3 - over, over).astype(np.intp)  # places in the categories
        categories = (*_OF_INTERVALS, *_reasons(clock))
        invalid = np.flatnonzero(np.array([state.ending == "invalid" for state in clock.states]).take(clock.state))
        if len(invalid):
            none = np.full(len(invalid), MISSING)
            begin, end, due = (np.concatenate([days, none]) for days in (begin, end, due))
            code = np.concatenate([code, clock.state[invalid].astype(np.intp) + len(_OF_INTERVALS)])
            elapsed = np.concatenate([elapsed, np.full(len(invalid), NONE)])
            case, party = np.concatenate([case, invalid]), np.concatenate([party, np.full(len(invalid), len(PARTIES))])

        return Assessed(
            code, categories, begin, end, elapsed, target.limit.elapsed_unit, lambda: (begin, end, due),
            provisional=provisional_days(
                target.limit, target.clock, clock.start.take(case), due, known.setting.calendar
            ),
            record=case, party=_NAMES.take(party),
        )  # fmt: skip

    def _whole_cases(self, known: AsKnownBatch, run: Run) -> Assessed:
        """Return the outcome of each case: late when any interval was, overdue when only a last one is."""
        clock, end, intervals, over = run.clock, run.end, run.intervals, np.flatnonzero(run.over)
        late, overdue = np.zeros(2 * len(end), np.int8), np.zeros(len(end), np.bool_)
        lane, ended = intervals.lane.take(over), intervals.end.take(over) != MISSING
        late[lane[ended]] = 1
        overdue[lane[~ended] >> 1] = True
        # Lanes 6 and 7 are the two parties of case 3: late with the first is 1, with the second 2, with both 3.
        parties = late[::2] + 2 * late[1::2]
        open_ = end == MISSING
        code = np.where(open_, 2 - overdue, 0)  # places in the categories
        # Categories: met, overdue, pending, then the three of _LATE, and the same three for cases still open. A case
        # that is late with the second party is in category 2 + 2 = 4, and in 4 + 3 = 7 while it is open.
        code = np.where(parties > 0, parties + 2 + open_ * len(_LATE), code)
        code = np.where(clock.elapsed == NONE, clock.state.astype(np.int64) + len(_WHOLE), code).astype(np.intp)
        return Assessed(
            code, (*_WHOLE, *_reasons(clock)), clock.start_day, end, np.full(len(end), NONE),
            self.target.limit.elapsed_unit, lambda: (clock.start, end, _next_due(run)),
            provisional=self._provisional(known, run),
        )  # fmt: skip

    def _provisional(self, known: AsKnownBatch, run: Run) -> Integers | int:
        """Return in which cases the next contact is due after the last announced year; mostly in none."""
        calendar = known.setting.calendar
        latest = last_certain_start(self.target, run.clock.axis, calendar)
        if latest is None or run.intervals.begin.max(initial=MISSING) <= latest:
            return 0
        return provisional_days(self.target.limit, self.target.clock, run.clock.start, _next_due(run), calendar)


def _next_due(run: Run) -> Integers:
    """Return the day by which each open case must have the next contact; with whichever party it is due first."""
    first = np.full(len(run.end), NEVER)
    open_ = np.flatnonzero(run.intervals.end == MISSING)
    due = run.due(open_)
    np.minimum.at(first, run.intervals.lane.take(open_) >> 1, np.where(due == MISSING, NEVER, due))
    return np.where(first == NEVER, MISSING, first)


def _too_long(code: int) -> str:
    """Return with whom contact was too rare, in words; the parties are the bits of a number."""
    names = [name for place, name in enumerate(PARTIES) if code >> place & 1]
    return "too long without contact with the " + " and the ".join(names)


_LATE = tuple(Outcome("late", _too_long(code)) for code in range(1, 1 << len(PARTIES)))
_WHOLE = (MET, OVERDUE, PENDING, *_LATE, *(Outcome("late", f"{item.reason}, still open", NOT_ENDED) for item in _LATE))


def _reasons(clock: Timeline) -> tuple[Outcome, ...]:
    """Return the outcome of each state by which a case is left out."""
    return tuple(
        Outcome(state.ending, state.reason) if state.ending in {"excluded", "invalid"} else MET
        for state in clock.states
    )


def run_of(target: "KeepInTouch", known: AsKnownBatch, related: Related) -> Run:
    """Return the investigations of a batch, with their intervals judged; worked out once for all targets."""
    name = ("contact", target.clock_key, target.parties, target.limit)
    return known.once(name, lambda: _run(target, known, related))


def _run(target: "KeepInTouch", known: AsKnownBatch, related: Related) -> Run:
    clock, allowed = timeline(target, known), target.limit.allowed
    end = clock.end_day
    for name in reversed(target.stop):  # it ends with the decision, else with closing or withdrawal
        stop = known.moments(known.batch.table.resolve(name, f"target {target.id!r}"))
        end = np.where(stop.usable & (end != MISSING), stop.days, end)
    start, end = (np.where(clock.elapsed == NONE, MISSING, days) for days in (clock.start, end))
    intervals = cut_into_intervals(target, known, related, start, end)
    first, in_time = last_days_in_time(clock.axis, allowed, known.setting.calendar)
    last = np.where(intervals.end == MISSING, known.as_of.day, intervals.end)
    return Run(clock, end, intervals, last > in_time.take(intervals.begin - first), allowed)


def cut_into_intervals(
    target: "KeepInTouch", known: AsKnownBatch, related: Related, start: Integers, end: Integers
) -> Intervals:
    """Return the run of each case, cut into intervals by the days on which each party was contacted.

    What lies outside a run is moved to its nearer end. Intervals without length that come of this aren't counted.
    """
    offset, size = known.batch.offset, len(known.batch)
    runs = np.repeat(start != MISSING, 2)
    for place, name in enumerate(PARTIES):
        if name not in target.parties:
            runs[place::2] = False
    lanes, today = np.arange(2 * size), known.as_of.day
    begun = row_days.pack(lanes, np.where(runs, np.repeat(start, 2), today))
    ended = row_days.pack(lanes, np.where(runs, np.repeat(np.where(end == MISSING, today + 1, end), 2), today))
    np.maximum(ended, begun, out=ended)  # received on a day off, and ended before it counts as received: nothing ran
    contacts = related.told(CONTACT).days[CONTACT].within(offset, offset + size)
    lane, before, reached = row_days.intervals(contacts, begun, ended)
    running = np.flatnonzero(runs)
    still = end.take(running >> 1) == MISSING
    return Intervals(
        np.concatenate([lane, running]),
        np.concatenate([before, row_days.days(begun.take(running))]),
        np.concatenate([reached, np.where(still, MISSING, row_days.days(ended.take(running)))]),
    )


class KeepInTouch(Limited):
    """Contact with each party of a case at least so often: each interval, or each case with all of its intervals."""

    measure: Literal["keep in touch"]
    counted: Literal["cases", "intervals"] = Field("cases", description="What is counted: cases, or intervals")
    parties: tuple[Party, ...] = Field(PARTIES, description="With whom", min_length=1)

    example: ClassVar[str] = """
    of = "cases"
    start = "investigation_started_at"
    stop = "decided_at"
    limit = "20 working days"
    standard = "at least 20%"
    cohort = "closed"
    """
    rule_types: ClassVar[tuple[type[Rule], ...]] = (KeepInTouchRule,)
    better = "increase"
    words: ClassVar[Wording] = Wording(
        done="contacted",
        start="Last contact with the {party}: {start}.",
        awaited="No contact with the {party} since then by",
        ended="Without another contact the case ended ({what} {stop})",
        whole="{what} {start}: since then contact is due with each party at least every {limit}",
    )
    in_time = obliges = True

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """An interval has a due day, a case as a whole has none."""
        return ("received", "closed", "due") if self.counted == "intervals" else ("received", "closed")

    @property
    def reads(self) -> Mapping[Records, str | None]:
        """Cases, and beside each the events that say when there was contact."""
        return {self.of: CASE, "events": CASE}

    def own_rules(self, related: Related) -> Iterator[tuple[Records, Rule]]:
        """Return the rule for cases."""
        yield self.of, KeepInTouchRule(self, related)

    def misfits(self, related: Related) -> Mapping[Misfit, int]:
        """Return what wasn't understood of contacts."""
        return related.told(CONTACT).misfits(CONTACT)

    def figures(self, places: Places) -> Figures:
        """Return the share of those in time."""
        return share_figures(self.standard, places)

    def from_layout_1(self, outcome: Outcome) -> Outcome:
        """Return an outcome with its mark."""
        return next((item for item in _WHOLE if item[:2] == outcome[:2]), outcome)

    @property
    def waits_for(self) -> tuple[str, ...]:
        """A contact."""
        return (CONTACT,)

    def telling(self, assessed: Assessed) -> Sequence[int]:
        """Return the intervals open or too long; where a party has none of these, its last one."""
        parties = assessed.party.tolist() if assessed.party is not None else [None] * len(assessed.code)
        last = {party: place for place, party in enumerate(parties)}
        statuses = [assessed.categories[code].status for code in assessed.code.tolist()]
        places = {place for place, status in enumerate(statuses) if status != "met"}
        told = {parties[place] for place in places}
        return sorted(places | {place for party, place in last.items() if party not in told})

    @property
    def due_by_parts(self) -> bool:
        """A whole case is due when one of its intervals is."""
        return self.counted == "cases"

    def account(
        self, known: AsKnownBatch, related: Related, start: date | None, stop: date | None
    ) -> Mapping[str, Any]:
        """Return by what an interval of a case started and ended: a contact, or what its investigation did."""
        run, told = run_of(self, known, related), dict[str, Any]()
        if start is not None and day_number(start) != run.clock.start_day[0]:
            told |= {"started_by": "contact", "recorded": start}
        if stop is not None and day_number(stop) != run.end[0]:
            told["ended_by"] = "contact"
        elif stop is not None:  # a decision ends it, even where the case was closed before
            for name in self.stop:
                if known.moments(known.batch.table.resolve(name, "")).days[0] == run.end[0]:
                    return {**told, "ended_by": name}
        return told

    def repeats(self, other: Target) -> bool:
        """Return whether it says of whole cases what another target says of their intervals."""
        return self.counted == "cases" and isinstance(other, KeepInTouch) and other.counted == "intervals"

    @model_validator(mode="after")
    def _of_cases(self) -> Self:
        if self.of != "cases":
            raise ValueError(f"of: contact is kept on cases, not on {self.of}")
        if not self.limit.in_days:
            raise ValueError("limit: intervals run between days; write it in days or weeks")
        return self
