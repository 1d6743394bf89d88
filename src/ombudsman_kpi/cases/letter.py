"""Letters: what a deadline is, for the person it is about, to be pasted by a caseworker.

Plain sentences in paragraphs, without ids, digests and names of fields. A letter states what happened, and leaves an
apology to whoever signs it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import ClassVar

from ombudsman_kpi.calendars.bank_holidays import DIVISIONS
from ombudsman_kpi.calendars.dates import WEEKDAYS, day_in_words
from ombudsman_kpi.calendars.places import titled
from ombudsman_kpi.cases.explanation import (
    Explanation,
    Step,
    StepKind,
    clocks_changed,
    closed_days,
    day_of,
    days_skipped,
    escaped,
    rolled_past,
    words_of,
)
from ombudsman_kpi.cases.facts import DayOff, DeadlineFacts
from ombudsman_kpi.cases.letter_words import (
    DUE_OF,
    LATE_ON,
    Done,
    amount_in_words,
    any_of,
    are,
    called,
    capital,
    clock,
    done_of,
    end_of,
    in_full,
    listed,
    on,
    read,
    stood_still,
    thing_of,
)
from ombudsman_kpi.clocks.extensions import LONGER, TOO_LATE
from ombudsman_kpi.clocks.limits import Amount, read_amount
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.events.contacts import CONTACT
from ombudsman_kpi.publish.published import plain
from ombudsman_kpi.records.vocabulary import PARTIES


class Letter(Explanation):
    """A letter about a deadline: text with a paragraph for each step."""

    __slots__ = ()
    between: ClassVar[str] = "\n\n"

    def to_markdown(self) -> str:
        """Return the paragraphs as Markdown."""
        return self.between.join(escaped(step.says) for step in self.steps)

    _repr_markdown_ = to_markdown


def letter_of(deadline: DeadlineFacts) -> Letter:
    """Return the letter about a deadline, from its own data alone.

    Raises ``RecordsError`` where there is nothing to tell: the record contradicts itself, or has no last day.
    """
    if deadline.status == "invalid":
        raise RecordsError(
            f"No letter can be written about {deadline.target}: the record contradicts itself ({deadline.reason}). "
            "Correct the record first; explain() says what is known of it."
        )
    if deadline.due is None and deadline.status in {"pending", "overdue"} and not deadline.pauses:
        raise RecordsError(
            f"No letter can be written about {deadline.target}: its last day is outside the calendar, which explain() "
            "names. Correct the dates of the record, or give its last day by hand."
        )
    writer = (_WholeWriter if words_of(deadline).whole else _Writer)(deadline)
    paragraphs: list[tuple[StepKind, date | None, Iterator[str]]] = [
        ("start", deadline.start, writer.start()),
        ("day 1", deadline.day_1, writer.counted()),
        ("pause", None, writer.pauses()),
        ("extension", deadline.due, writer.extension()),
        ("provisional", deadline.basis.announced_until, writer.provisional()),
        ("status", deadline.stop, writer.status()),
    ]
    written = [(kind, day, plain(" ".join(sentences))) for kind, day, sentences in paragraphs]
    return Letter(tuple(Step(kind=kind, day=day, says=says) for kind, day, says in written if says))


@dataclass(frozen=True)
class _Writer:
    """Writes the paragraphs of a letter about one deadline, sentence by sentence."""

    deadline: DeadlineFacts

    @property
    def awaited(self) -> Done:
        """What is due."""
        deadline = self.deadline
        done = words_of(deadline).done
        again = deadline.started_by == CONTACT
        found = any_of(deadline.record, deadline.waits_for or ("done",), deadline.names, deadline.party, done)
        return found._replace(did=f"{found.did} again") if again else found

    def done(self, field: str) -> Done:
        """Return what was done when a field has its time."""
        deadline = self.deadline
        done = words_of(deadline).done if field in deadline.waits_for else ""
        return done_of(deadline.record, field, deadline.names, deadline.party, done)

    def was_over(self, day: date) -> bool:
        """Return whether a day, or a time, had passed when this was known."""
        known = read(self.deadline.basis.as_of)
        if isinstance(known, datetime):
            return day < known if isinstance(day, datetime) else day < known.date()
        return day_of(day) < known or (isinstance(day, datetime) and day_of(day) == known)

    def start(self) -> Iterator[str]:
        """Say what started the clock, and how long there is from then."""
        deadline, awaited = self.deadline, self.awaited
        if LATE_ON in deadline.names:
            yield f"{capital(awaited.who)} had not {deadline.names[LATE_ON]} in time."
            return
        if deadline.start is None:
            pass
        elif DUE_OF in deadline.names:
            yield f"The time counts from {in_full(deadline.start)}, the day by which {deadline.names[DUE_OF]}."
        elif deadline.started_by is None:
            yield f"The time counts from {in_full(deadline.start)}."
        else:
            yield from self._began(deadline.started_by, deadline.start)
        yield from self._time_allowed()

    def _began(self, field: str, start: date) -> Iterator[str]:
        """Say when something was received, or done, that started the clock."""
        deadline = self.deadline
        recorded, done = deadline.recorded or start, self.done(field).past
        if field == CONTACT:
            done += f" about {thing_of(deadline.record, deadline.names, deadline.party)}"
        counts_later = self._in_days and day_of(recorded) != day_of(start)
        yield f"{done} {on(recorded) if counts_later else self._on(recorded)}."
        if counts_later:
            why = [_DEEMED[name](deadline.options[name]) for name in _DEEMED if name in deadline.options]
            yield f"It counts from {in_full(start)}, because {' and '.join(why)}."

    @property
    def _in_days(self) -> bool:
        """Whether it is due on a day, so that times of day don't matter."""
        deadline = self.deadline
        return not isinstance(deadline.first_due or deadline.due or deadline.start, datetime)

    def _on(self, moment: date) -> str:
        return on(day_of(moment) if self._in_days else moment)

    def _time_allowed(self) -> Iterator[str]:
        """Say how long there is, and up to when."""
        deadline, who = self.deadline, self.awaited.who
        due = deadline.first_due or deadline.due
        limit = read_amount(deadline.limit) if deadline.limit else None
        had = "had" if due is not None and self.was_over(due) else "has" if who.startswith("the ") else "have"
        until = "" if due is None else f", until {end_of(due)}"
        if limit is None:
            if due is not None and deadline.status != "overdue":
                yield f"{capital(who)} {had} until {end_of(due)}."
        elif limit.less_than:
            whole = replace(limit, less_than=False)
            last = "" if due is None else f": {who} {had} until {end_of(due)}"
            yield f"The time for this is less than {whole} from then{last}."
        elif limit.allowed == 0:
            yield f"{capital(who)} {had} until the end of that day."
        else:
            yield f"From then {who} {had} {limit}{until}."

    def counted(self) -> Iterator[str]:
        """Say which days count, and name the days off that don't."""
        deadline = self.deadline
        limit = read_amount(deadline.limit) if deadline.limit else None
        due = deadline.first_due or deadline.due
        if limit is None or limit.allowed == 0:
            return
        if "day_of_receipt" in deadline.options:
            yield "The day on which the time began counts, too."
        if limit.counts_working_days:
            yield from self._working_days(due)
        elif limit.counts_working_hours:
            yield from self._working_hours(due)
        elif limit.in_days:
            yield from self._other_days(limit, due)
        elif due is not None and (changed := clocks_changed(deadline.start, due)):
            yield f"In that time {changed.removesuffix(' in between')}."

    def _working_days(self, due: date | None) -> Iterator[str]:
        deadline, basis = self.deadline, self.deadline.basis
        first = deadline.day_1
        if first is not None and deadline.start is not None and first != deadline.start:
            yield f"The first of these days {self._was(first)} {in_full(first)}."
        days = "Mondays to Fridays" if basis.usual_weekends else "all days but the weekend"
        where = f"bank holidays in {titled(basis.division, '')}"
        if basis.division not in DIVISIONS:
            where = where.replace("bank", "public", 1)
        where = where.replace("all UK nations", "any part of the United Kingdom")
        yield f"Working days are {days}, other than {where}."
        if due is not None:
            yield from self._not_counted(days_skipped(deadline, deadline.start, due))

    def _working_hours(self, due: date | None) -> Iterator[str]:
        deadline = self.deadline
        yield "Working hours are those in which our offices are open."
        if deadline.opens is not None:
            yield f"Our offices were closed then, and opened next at {in_full(deadline.opens)}."
        if due is not None and deadline.start is not None:
            yield from self._not_counted(closed_days(deadline, deadline.start, due))

    def _other_days(self, limit: Amount, due: date | None) -> Iterator[str]:
        deadline = self.deadline
        yield "Weekends and bank holidays are counted."
        if deadline.start is not None and (note := limit.note_on_end(day_of(deadline.start)).strip(" ()")):
            yield f"{note}, so the time ends with the month."
        passed = () if due is None or isinstance(due, datetime) else rolled_past(deadline, limit, due)
        if passed:
            first = passed[0]
            named = "" if first.name in WEEKDAYS else f" ({called(first)})"
            yield f"The time ends on {in_full(first.day)}{named}, which is no working day, so it runs on to the next."

    def _not_counted(self, skipped: tuple[DayOff, ...]) -> Iterator[str]:
        """Name the days off that aren't counted, but for weekends."""
        named = [f"{called(item)} on {in_full(item.day)}" for item in skipped if item.name not in WEEKDAYS]
        if named:
            yield f"{capital(listed(named))} {'does' if len(named) == 1 else 'do'} not count."

    def pauses(self) -> Iterator[str]:
        """Say when the clock stood still."""
        deadline = self.deadline
        as_agreed = deadline.first_due is not None and (not deadline.extended_by or LONGER in deadline.reason)
        moves_until = deadline.first_due if as_agreed else deadline.due
        for pause in deadline.pauses:
            in_vain = moves_until is not None and pause.first > moves_until
            yield f"{stood_still(pause, in_vain=in_vain)}."

    def extension(self) -> Iterator[str]:
        """Say to when the time was extended, or why an extension doesn't count."""
        deadline, due = self.deadline, self.deadline.due
        if TOO_LATE in deadline.reason:
            yield "An extension was agreed only after the last day, so it does not count."
        if deadline.first_due is None:
            return
        if due is None:
            yield f"The time was extended by {deadline.extended_by}."
        elif LONGER in deadline.reason:
            yield f"The time was extended to {end_of(due)}, the longest extension that counts: {deadline.extended_by}."
        else:
            by = f" by {deadline.extended_by}" if deadline.extended_by else ""
            yield f"The time was extended{by}, to {end_of(due)}."

    def provisional(self) -> Iterator[str]:
        """Say that the day may still move."""
        deadline = self.deadline
        if deadline.provisional and deadline.due is not None:
            until = day_in_words(deadline.basis.announced_until)
            yield f"The last day may move if a bank holiday is announced: they are known up to {until}."

    def status(self) -> Iterator[str]:
        """Say what was done and when, or that it hasn't been done yet."""
        yield from {"met": self._met, "late": self._late, "overdue": self._overdue, "pending": self._pending}[
            self.deadline.status
        ]()

    def _left(self) -> str:
        left = self.deadline.left
        return "" if left is None else amount_in_words(abs(left), self.deadline.left_in)

    def _met(self) -> Iterator[str]:
        deadline = self.deadline
        if deadline.stop is None:
            yield f"{self.awaited.past}. That was in time."
            return
        yield f"{self._ended()} {self._on(deadline.stop)}."
        if deadline.ended_by in {None, *deadline.waits_for}:
            yield f"That was in time{f', with {self._left()} to spare' if deadline.left else ''}."
        else:
            yield "That was before the time was over."

    def _late(self) -> Iterator[str]:
        deadline, awaited = self.deadline, self.awaited
        by = "" if deadline.due is None else f" by {end_of(deadline.due)}"
        if deadline.stop is None:
            yield f"{capital(awaited.ought)}{by}. {capital(awaited.who)} did not do so in time."
            return
        yield f"{self._ended()} {self._on(deadline.stop)}."
        if deadline.ended_by in {None, *deadline.waits_for}:
            yield f"That was {f'{self._left()} late' if (deadline.left or 0) < 0 else 'late'}."
        else:
            yield f"Before that, {awaited.ought}{by}, and had not done so."

    def _ended(self) -> str:
        ended_by = self.deadline.ended_by
        return self.awaited.past if ended_by is None else self.done(ended_by).past + " again" * self._is_again(ended_by)

    def _is_again(self, field: str) -> bool:
        return field == CONTACT == self.deadline.started_by

    def _overdue(self) -> Iterator[str]:
        deadline, awaited = self.deadline, self.awaited
        by = "" if deadline.due is None else f" by {end_of(deadline.due)}"
        yield f"{capital(awaited.ought)}{by}."
        over = f"it was {self._left()} overdue" if (deadline.left or 0) < 0 else "it was overdue"
        who = "it" if awaited.who.startswith("the ") else awaited.who
        yield f"{capital(who)} had not done so {self._as_of()}, when {over}."

    def _pending(self) -> Iterator[str]:
        deadline, left = self.deadline, self._left()
        yield f"{self.awaited.not_yet}."
        if deadline.due is None:
            yield "There is no last day while the time stands still."
            if deadline.left is not None and deadline.left > 0:
                yield f"When it runs again, {left} {are(left)} left."
        elif not isinstance(deadline.due, datetime) and str(deadline.due) == deadline.basis.as_of[:10]:
            yield f"The last day is {in_full(day_of(deadline.due))}."
        elif deadline.left and LATE_ON not in deadline.names:
            yield f"{capital(self._as_of())}, there {'was' if are(left) == 'is' else 'were'} {left} left."
        else:
            yield f"There is time until {end_of(deadline.due)}."

    def _as_of(self) -> str:
        """Say as at when all this was known."""
        moment = read(self.deadline.basis.as_of)
        return on(moment) if isinstance(moment, datetime) else f"at the end of {in_full(moment)}"

    def _was(self, day: date) -> str:
        return "was" if self.was_over(day) else "is"


class _WholeWriter(_Writer):
    """Writes the letter about a case as a whole, on which contact is due with each party."""

    def start(self) -> Iterator[str]:
        """Say when it began, and how often there is to be contact."""
        deadline = self.deadline
        if deadline.start is not None:
            yield from self._began(deadline.started_by or "started", deadline.start)
        yield f"From then on, we contact you and the organisation at least every {deadline.limit}."

    def counted(self) -> Iterator[str]:
        """Say nothing: that is for each party."""
        yield from ()

    def _met(self) -> Iterator[str]:
        if self.deadline.stop is not None:
            yield f"{self._ended()} {self._on(self.deadline.stop)}."
        yield f"Until then, we contacted you and the organisation at least every {self.deadline.limit}."

    def _late(self) -> Iterator[str]:
        deadline = self.deadline
        parties = [{"complainant": "you"}.get(name, f"the {name}") for name in PARTIES if name in deadline.reason]
        if deadline.stop is not None:
            yield f"{self._ended()} {self._on(deadline.stop)}."
        often = f"at least every {deadline.limit}"
        yield f"We did not contact {' or '.join(parties) or 'you or the organisation'} {often}."
        if deadline.due is not None and deadline.stop is None:
            yield f"The next contact {self._was(deadline.due)} due by {end_of(deadline.due)}."

    def _overdue(self) -> Iterator[str]:
        due = self.deadline.due
        by = "" if due is None else f" by {end_of(due)}"
        yield f"The next contact, with you or with the organisation, was due{by}."
        yield f"{capital(self._as_of())}, we had not yet made it."

    def _pending(self) -> Iterator[str]:
        due = self.deadline.due
        if due is not None:
            yield f"The next contact, with you or with the organisation, is due by {end_of(due)}."


_DEEMED: dict[str, Callable[[str], str]] = {
    "cut_off": lambda time: f"what comes after {clock(time)} counts from the next day",
    "non_working_receipt": lambda _: "what comes on a day off counts from the next working day",
}
