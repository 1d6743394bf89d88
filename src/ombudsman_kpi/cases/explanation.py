"""Explanations of deadlines, in plain English for a caseworker to send on, and as data."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Literal

from pydantic import Field

from ombudsman_kpi.calendars.dates import WEEKDAYS, day_in_short, ordinal
from ombudsman_kpi.calendars.places import titled
from ombudsman_kpi.cases.facts import DayOff, DeadlineFacts, Fact, amount_of
from ombudsman_kpi.clocks.extensions import LONGER
from ombudsman_kpi.clocks.limits import Amount, read_amount
from ombudsman_kpi.clocks.states import not_yet
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.measures.base.wording import Wording
from ombudsman_kpi.measures.registry import MEASURES

StepKind = Literal[
    "start", "limit", "day 1", "opening", "pause", "due", "extension", "status", "target", "calendar", "provisional"
]


class Step(Fact):
    """One step of an explanation."""

    kind: StepKind
    day: datetime | date | None = Field(None, description="The day (or time) that it is about")
    says: str = Field(description="A sentence")
    skipped: tuple[DayOff, ...] = Field((), description="The days that weren't counted on the way to it")


class Explanation(str):
    """The explanation of a deadline: text with one sentence a line, and the same as data in ``steps``."""

    __slots__ = ("steps",)
    steps: tuple[Step, ...]
    between: ClassVar[str] = "\n"

    def __new__(cls, steps: tuple[Step, ...]) -> "Explanation":
        """Return the explanation with these steps."""
        text = super().__new__(cls, cls.between.join(step.says for step in steps))
        text.steps = steps
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.steps,)

    def to_markdown(self) -> str:
        """Return the steps as a Markdown list, with the due day and the status in bold."""
        return "\n".join(
            f"- **{escaped(step.says)}**" if step.kind in {"due", "status"} else f"- {escaped(step.says)}"
            for step in self.steps
        )

    _repr_markdown_ = to_markdown


def explanation_of(deadline: DeadlineFacts) -> Explanation:
    """Return the explanation of a deadline, from its own data alone."""
    return Explanation(tuple(_steps(deadline)))


def _steps(deadline: DeadlineFacts) -> Iterator[Step]:
    if deadline.start is not None and not words_of(deadline).whole:
        yield _start(deadline, deadline.start)
    if deadline.limits:
        yield Step(kind="limit", says=f"The limit here is {deadline.limits}.")
    if deadline.day_1 is not None and deadline.start is not None:
        yield _day_1(deadline, deadline.day_1)
    if deadline.opens is not None and deadline.start is not None:
        skipped = closed_days(deadline, deadline.start, deadline.opens)
        why = f" ({_summed(skipped, WEEKDAYS[5:])} skipped)" if skipped else ""
        said = f"The office was closed, and opened next on {moment_text(deadline.opens)}{why}."
        yield Step(kind="opening", day=deadline.opens, says=said, skipped=skipped)
    as_agreed = deadline.first_due is not None and (not deadline.extended_by or LONGER in deadline.reason)
    moves_until = deadline.first_due if as_agreed else deadline.due
    for pause in deadline.pauses:
        until = "and still does" if pause.last is None else f"to {moment_text(pause.last)}"
        in_vain = moves_until is not None and pause.first > moves_until
        what = "that time doesn't" if isinstance(pause.first, datetime) else "those days don't"
        said = f"The clock stood still from {moment_text(pause.first)} {until}{'' if in_vain else f': {what} count'}."
        yield Step(kind="pause", day=pause.first, says=said)
    if deadline.status != "invalid" or deadline.due is not None:
        yield _due(deadline.model_copy(update={"due": deadline.first_due}) if deadline.first_due else deadline)
    if deadline.first_due is not None:
        yield _extension(deadline)
    yield Step(kind="status", day=deadline.stop, says=_status(deadline))
    basis = deadline.basis
    said = f"in {basis.title} (scheme {basis.scheme}, digest {basis.digest})"
    yield Step(kind="target", says=f"Target {deadline.target}: “{' '.join(deadline.says.split())}”, {said}.")
    options = "".join(f"; {name.replace('_', ' ')}: {value}" for name, value in deadline.options.items())
    yield Step(
        kind="calendar",
        says=f"Calendar of {titled(basis.division, basis.calendar)}, edition {basis.edition}{options}. "
        f"As at {moment_text(basis.as_of)}.",
    )
    if deadline.provisional:
        said = f"Provisional: bank holidays have been announced only up to {day_text(basis.announced_until)}."
        yield Step(kind="provisional", day=basis.announced_until, says=said)


def _start(deadline: DeadlineFacts, start: date) -> Step:
    """Return the step for the start of the clock, with the reason if that isn't the day of receipt."""
    recorded, words = deadline.recorded, words_of(deadline)
    if words.start and deadline.started_by in {None, *deadline.waits_for}:
        return Step(kind="start", day=start, says=_filled(words.start, deadline))
    if deadline.started_on:
        return Step(kind="start", day=start, says=f"Started {moment_text(start)}, {deadline.started_on}.")
    said = f"{_what(deadline, deadline.started_by or 'started').capitalize()} {moment_text(recorded or start)}."
    if recorded is not None and not isinstance(start, datetime) and day_of(recorded) != start:
        why = [name for name in ("cut_off", "non_working_receipt") if name in deadline.options]
        reason = " and ".join(_DEEMED[name].format(deadline.options[name]) for name in why)
        said = f"{said[:-1]}, which counts as {day_text(start)} ({reason})."
    return Step(kind="start", day=start, says=said)


_DEEMED = {
    "cut_off": "what comes after {} is received the next day",
    "non_working_receipt": "what comes on a day off is received on the next working day",
}


def day_of(moment: date) -> date:
    """Return the day of a date or time."""
    return moment.date() if isinstance(moment, datetime) else moment


def _day_1(deadline: DeadlineFacts, day_1: date) -> Step:
    skipped = days_skipped(deadline, deadline.start, day_1)
    why = f" ({_summed(skipped)} skipped)" if skipped else ""
    if day_1 == deadline.start:
        why = " (the day of receipt is day 1)"
    return Step(kind="day 1", day=day_1, says=f"Day 1 {_was(day_1, deadline)} {day_text(day_1)}{why}.", skipped=skipped)


def _due(deadline: DeadlineFacts) -> Step:
    """Return the step for the due day, with the days that don't count before it."""
    due, words = deadline.due, words_of(deadline)
    if words.whole:
        said = _filled(words.whole, deadline, _what(deadline, deadline.started_by or "started").capitalize())
        next_one = "" if due is None else f"; the next one {_was(due, deadline)} due {day_text(due)}"
        return Step(kind="due", day=due, says=f"{said}{next_one}.")
    if due is None:
        said = "There is no due day while the clock stands still." if deadline.pauses else "It has no due day."
        return Step(kind="due", says=said)
    was = _was(due, deadline)
    if not deadline.limit:
        return Step(kind="due", day=due, says=f"To be {words.done or 'done'} by {day_text(due)}.")
    limit = read_amount(deadline.limit)
    if limit is None:
        return Step(kind="due", day=due, says=f"By {deadline.limit}, it {was} due {moment_text(due)}.")
    if limit.counts_working_days:
        return _due_in_working_days(deadline, limit, day_of(due))
    return _due_in_other_units(deadline, limit, due)


def _extension(deadline: DeadlineFacts) -> Step:
    """Return the step for the day to which an extension moved the due day."""
    due = deadline.due
    if due is None:
        said = f"Extended by {deadline.extended_by}: there is no due day while the clock stands still."
        return Step(kind="extension", says=said)
    by = read_amount(deadline.extended_by) if deadline.extended_by else None
    days: tuple[DayOff, ...] = ()
    weekend: Sequence[str] = WEEKDAYS
    if by is not None and by.counts_working_days:
        days = days_skipped(deadline, deadline.first_due, due)
    elif by is not None and by.counts_working_hours:
        days, weekend = closed_days(deadline, deadline.first_due or due, due), WEEKDAYS[5:]
    if LONGER in deadline.reason:
        why = f", {deadline.extended_by} after that: it was {LONGER}"
    else:
        why = f" by {deadline.extended_by}" if deadline.extended_by else ", as agreed"
    skipped = f" ({_summed(days, weekend)} skipped)" if days else ""
    point = "moment" if isinstance(due, datetime) else "day"
    said = f"Extended to {moment_text(due)}{why}{skipped}. That {_was(due, deadline)} the last {point} in time."
    return Step(kind="extension", day=due, says=said, skipped=days)


def _in_time(deadline: DeadlineFacts) -> str:
    return "in time without its extension" if deadline.first_due else "in time"


def _due_in_working_days(deadline: DeadlineFacts, limit: Amount, due: date) -> Step:
    was = _was(due, deadline)
    if limit.allowed == 0:
        return Step(kind="due", day=due, says=f"It {was} due on the day itself, {day_text(due)}.")
    skipped = days_skipped(deadline, deadline.day_1 or deadline.start, due)
    why = f" ({_summed(skipped)} skipped)" if skipped else ""
    counted = " that counts" if deadline.pauses else ""
    said = f"The {ordinal(limit.allowed)} working day{counted} {was} {day_text(due)}{why}: the last day "
    said += f"{_in_time(deadline)}."
    return Step(kind="due", day=due, says=said, skipped=skipped)


def _due_in_other_units(deadline: DeadlineFacts, limit: Amount, due: date) -> Step:
    was, moment = _was(due, deadline), "moment" if isinstance(due, datetime) else "day"
    if limit.counts_working_hours:
        days = closed_days(deadline, deadline.opens or deadline.start or due, due)
        rolled = f" ({_summed(days, WEEKDAYS[5:])} skipped)" if days else ""
    else:
        days = () if isinstance(due, datetime) else rolled_past(deadline, limit, due)
        rolled = f", or the next working day ({_summed(days)} skipped)," if days else ""
    first = " (the day of receipt is day 1)" if "day_of_receipt" in deadline.options else ""
    first += limit.note_on_end(day_of(deadline.start or due))
    if limit.less_than:
        said = f"Less than {replace(limit, less_than=False)} from then{first}{rolled}: "
        said += f"the last {moment} {_in_time(deadline)} {was} {moment_text(due)}"
    else:
        end = "ended" if was == "was" else "ends" if limit.amount == 1 else "end"
        said = f"{deadline.limit} from then{first}{rolled} {end} {moment_text(due)}: "
        said += f"the last {moment} {_in_time(deadline)}"
    note = "" if limit.counts_working_hours else clocks_changed(deadline.start, due)
    return Step(kind="due", day=due, says=f"{said}{note and f' ({note})'}.", skipped=days)


def words_of(deadline: DeadlineFacts) -> Wording:
    """Return the words of a deadline's measure: those for a whole record, or for what is due by itself."""
    words = MEASURES.get(deadline.measure, Target).words
    is_whole = deadline.party is None and words.whole
    return Wording(awaited="Open at", whole=words.whole) if is_whole else words._replace(whole="")


def _filled(template: str, deadline: DeadlineFacts, what: str = "") -> str:
    """Return a template of a measure with the data of a deadline in it."""
    times = {name: moment_text(getattr(deadline, name)) for name in ("start", "due", "stop")}
    return template.format(**{**dict(deadline), **times, "what": what})


def rolled_past(deadline: DeadlineFacts, limit: Amount, due: date) -> tuple[DayOff, ...]:
    """Return the days off that a due day was moved past."""
    start = deadline.start
    if start is None or "non_working_due" not in deadline.options:
        return ()
    end, first = limit.end_of(day_of(start), deadline.options), day_of(start)
    if "day_of_receipt" not in deadline.options:
        first += timedelta(1)
    for pause in deadline.pauses:  # in order
        stood = [max(day_of(pause.first), first), day_of(pause.last or pause.first)]
        if stood[0] <= min(end, stood[1]):
            end += stood[1] - stood[0] + timedelta(1)
    return days_skipped(deadline, end - timedelta(1), due) if end < due else ()


def clocks_changed(start: date | None, due: date) -> str:
    """Return what the clocks did in between, where that makes the wall clock misleading."""
    if not isinstance(start, datetime) or not isinstance(due, datetime):
        return ""
    before, after = start.utcoffset(), due.utcoffset()
    if before is None or after is None or before == after:
        return ""
    return f"the clocks went {'forward' if after > before else 'back'} in between"


def _status(deadline: DeadlineFacts) -> str:
    """Return the sentence for the status."""
    left = "" if deadline.left is None else amount_of(abs(deadline.left), deadline.left_in)
    because = f" ({deadline.reason})" if deadline.reason and "{reason}" not in words_of(deadline).start else ""
    if deadline.status == "invalid":
        return f"Whether it was in time can't be said: {deadline.reason}."
    if deadline.status in {"met", "late"}:
        done = _ended(deadline)
        if deadline.status == "met":
            return f"{done}: in time{f', with {left} to spare' if deadline.left else ''}{because}."
        return f"{done}: {f'{left} late' if (deadline.left or 0) < 0 else 'late'}{because}."
    waits = f"{_awaited(deadline)} {moment_text(deadline.basis.as_of)}"
    if deadline.status == "overdue":
        return f"{waits}: {f'{left} overdue' if (deadline.left or 0) < 0 else 'overdue'}{because}."
    # An agreed day may be a Saturday, before which no working day is left on Friday.
    is_today = deadline.left == 0 and str(deadline.due or deadline.basis.as_of)[:10] == deadline.basis.as_of[:10]
    how = "due that day" if is_today else f"{left} left" if left else "still possible"
    return f"{waits}: {how}{because}."


def _ended(deadline: DeadlineFacts) -> str:
    """Return the words for what ended a clock, and when; or if its day is unknown, for what was or wasn't done."""
    by, words = deadline.ended_by, words_of(deadline)
    if deadline.stop is None:
        done = words.done or "done"
        return done.capitalize() if deadline.status == "met" else f"Not {done} in time"
    what = _what(deadline, by) if by else words.done or "ended"
    if words.ended and by not in {None, *deadline.waits_for}:
        return _filled(words.ended, deadline, what)
    return f"{what.capitalize()} {moment_text(deadline.stop)}"


def _awaited(deadline: DeadlineFacts) -> str:
    """Return the words for what hasn't happened yet, and up to which day."""
    words = words_of(deadline)
    if words.awaited:
        return _filled(words.awaited, deadline)
    first, *others = map(not_yet, (words.done,) if words.done else deadline.waits_for or ("done",))
    return " or ".join([first, *(other.removeprefix("not yet ") for other in others)]).capitalize() + " by"


def _what(deadline: DeadlineFacts, name: str) -> str:
    """Return the word for a field's time, or for an event that is waited for."""
    done = words_of(deadline).done if name in deadline.waits_for else ""
    return done or name.removesuffix("_at").replace("_", " ")


def _was(day: date, deadline: DeadlineFacts) -> str:
    """Return "is" or "was", as seen at ``as_of``."""
    return "was" if str(day)[:10] < deadline.basis.as_of[:10] else "is"


def days_skipped(deadline: DeadlineFacts, after: date | None, before: date) -> tuple[DayOff, ...]:
    """Return every day off between two days, including weekends, with its name."""
    names = {item.day: item.name for item in deadline.days_off}
    found = []
    day = before if after is None else day_of(after) + timedelta(1)
    while day < before:
        if day.weekday() >= 5 and deadline.basis.usual_weekends:
            found.append(DayOff(day=day, name=WEEKDAYS[day.weekday()]))
        elif day in names:
            found.append(DayOff(day=day, name=names[day]))
        day += timedelta(1)
    return tuple(found)


def closed_days(deadline: DeadlineFacts, after: date, before: date) -> tuple[DayOff, ...]:
    """Return the days without opening hours between two times."""
    return tuple(item for item in deadline.days_off if day_of(after) < item.day < day_of(before))


def _summed(skipped: tuple[DayOff, ...], weekend: Sequence[str] = WEEKDAYS) -> str:
    """Return days off in words: the number of weekends, whose days have no other name, and the names of the others.

    >>> _summed((DayOff(day=date(2024, 3, 31), name="Sunday"), DayOff(day=date(2024, 4, 1), name="Easter Monday")))
    'weekend and Easter Monday'
    """
    weeks = len({day.day.isocalendar()[:2] for day in skipped if day.name in weekend})
    parts = ["weekend" if weeks == 1 else f"{weeks} weekends"] if weeks else []
    parts += [
        day.name if day.name != "closure" else f"closure on {day_text(day.day)}"
        for day in skipped
        if day.name not in weekend
    ]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def day_text(day: date) -> str:
    """Return a day as text.

    >>> day_text(date(2024, 4, 2))
    'Tue 2 Apr 2024'
    """
    return f"{WEEKDAYS[day.weekday()][:3]} {day_in_short(day)}"


def moment_text(moment: date | str | None) -> str:
    """Return a date or time as text.

    >>> moment_text("2024-04-02T09:30:00+01:00")
    'Tue 2 Apr 2024 09:30'
    """
    if isinstance(moment, str):
        moment = date.fromisoformat(moment) if len(moment) == 10 else datetime.fromisoformat(moment)
    if moment is None:
        return "–"
    if not isinstance(moment, datetime):
        return day_text(moment)
    parts = f"{moment:.%f}".rstrip("0").rstrip(".")
    exact = f":{moment:%S}{parts}" if moment.second or parts else ""
    return f"{day_text(moment)} {moment:%H:%M}{exact}"


def escaped(text: str) -> str:
    """Return text with the characters escaped that mean something in Markdown."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>#|~&" else letter for letter in text)
