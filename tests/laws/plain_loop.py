"""The rules of counting as plainly as they can be said: one record at a time, one day after another.

Only for tests. Nothing here is quick or clever, and nothing is shared with the library.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, islice
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

LONDON = ZoneInfo("Europe/London")
ONE_DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)

# England and Wales, from the government's published lists.
BANK_HOLIDAYS = frozenset(
    date.fromisoformat(f"{year}-{day}")
    for year, days in {
        2022: ["01-03", "04-15", "04-18", "05-02", "06-02", "06-03", "08-29", "09-19", "12-26", "12-27"],
        2023: ["01-02", "04-07", "04-10", "05-01", "05-08", "05-29", "08-28", "12-25", "12-26"],
        2024: ["01-01", "03-29", "04-01", "05-06", "05-27", "08-26", "12-25", "12-26"],
        2025: ["01-01", "04-18", "04-21", "05-05", "05-26", "08-25", "12-25", "12-26"],
    }.items()
    for day in days
)

Moment = date | datetime  # a date alone, a wall-clock time, or a time with a zone


@dataclass(frozen=True)
class Rules:
    """A limit, and the options of its clock."""

    amount: int
    unit: str  # working days, calendar days, weeks, months, hours, seconds
    less_than: bool = False
    receipt_is_day_1: bool = False
    deemed_next_working_day: bool = False
    cut_off: time | None = None
    due_day_rolls: bool = False
    unanswered: str = "late"

    @property
    def limit(self) -> str:
        """The limit as a scheme has it."""
        return f"{'< ' if self.less_than else ''}{self.amount} {self.unit}"

    @property
    def clock(self) -> dict[str, str]:
        """The options as a scheme has them."""
        options = {
            "day_of_receipt": "day 1" if self.receipt_is_day_1 else "",
            "non_working_receipt": "next working day" if self.deemed_next_working_day else "",
            "cut_off": self.cut_off.isoformat("minutes") if self.cut_off else "",
            "non_working_due": "next working day" if self.due_day_rolls else "",
            "unanswered": self.unanswered if self.unanswered != "late" else "",
        }
        return {name: option for name, option in options.items() if option}


@dataclass(frozen=True)
class Record:
    """When something started, and when it ended in one way or another."""

    start: Moment
    stops: tuple[Moment | None, ...] = ()
    withdrawals: tuple[Moment | None, ...] = ()
    abandoned: Moment | None = None
    due: Moment | None = None  # its own

    @property
    def endings(self) -> list[tuple[Moment, str]]:
        """Every ending with its kind; of two at the same time the first counts."""
        named = [(moment, "stopped") for moment in self.stops]
        named += [(moment, "withdrawn") for moment in self.withdrawals]
        named += [(self.abandoned, "abandoned")]
        return [(moment, kind) for moment, kind in named if moment is not None]


@dataclass(frozen=True)
class Verdict:
    """What one record says of one target."""

    status: str
    due: datetime | None = None  # on the wall
    elapsed: int | None = None  # days, or microseconds


EXCLUDED, INVALID = Verdict("excluded"), Verdict("invalid")


def is_working_day(day: date) -> bool:
    return day.weekday() < 5 and day not in BANK_HOLIDAYS


def next_working_day(day: date) -> date:
    """Give the day itself, or the first working day after it."""
    while not is_working_day(day):
        day += ONE_DAY
    return day


def is_date(moment: Moment) -> bool:
    return not isinstance(moment, datetime)


def wall(moment: Moment) -> datetime:
    """Give what the clock in London showed."""
    if not isinstance(moment, datetime):
        return midnight(moment)
    return moment if moment.tzinfo is None else moment.astimezone(LONDON).replace(tzinfo=None)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def day_of(moment: Moment) -> date:
    return wall(moment).date()


def instant(moment: datetime, fold: int = 0) -> datetime:
    """Give the moment on the UTC line; of a time that occurred twice, the first or (fold 1) the second."""
    zoned = moment.replace(tzinfo=LONDON, fold=fold) if moment.tzinfo is None else moment
    return zoned.astimezone(UTC)


def never_occurred(moment: Moment) -> bool:
    """Tell whether the clocks skipped a time: going to UTC and back gives another one."""
    return isinstance(moment, datetime) and moment.tzinfo is None and wall(instant(moment)) != moment


def is_known(moment: Moment, as_of: Moment) -> bool:
    """Tell whether something had happened; a date as of which is asked means its close."""
    if isinstance(as_of, datetime) and isinstance(moment, datetime):
        return instant(moment) <= instant(as_of)
    return day_of(moment) <= day_of(as_of)


def last_instant(as_of: Moment) -> datetime:
    """Give the last microsecond that is known."""
    if isinstance(as_of, datetime):
        return instant(as_of)
    return instant(midnight(as_of + ONE_DAY)) - MICROSECOND


def day_by_day(received: date, rules: Rules) -> Iterator[date]:
    """Give the due days of 0, 1, 2, 3 … days: that is, of longer and longer limits."""
    day = received - ONE_DAY if rules.receipt_is_day_1 else received
    if rules.unit == "working days":
        yield day
        while True:
            day += ONE_DAY
            if is_working_day(day):
                yield day
    while True:
        yield next_working_day(day) if rules.due_day_rolls else day
        day += ONE_DAY


def month_by_month(received: date, rules: Rules) -> Iterator[date]:
    """Give the due days of 0, 1, 2, 3 … months."""
    for number in count():
        day = received + relativedelta(months=number) - ONE_DAY * rules.receipt_is_day_1
        yield next_working_day(day) if rules.due_day_rolls else day


def due_day(received: date, rules: Rules) -> date:
    """Give the last day that is in time."""
    if rules.unit == "months":
        day = received + relativedelta(months=rules.amount) - ONE_DAY * (rules.less_than + rules.receipt_is_day_1)
        return next_working_day(day) if rules.due_day_rolls else day
    allowed = rules.amount * (7 if rules.unit == "weeks" else 1) - rules.less_than
    return next(islice(day_by_day(received, rules), allowed, None))


def day_received(start: Moment, rules: Rules) -> date:
    """Give the day on which something counts as received."""
    day = day_of(start)
    if rules.cut_off is not None and wall(start).time() > rules.cut_off:
        day += ONE_DAY
    return next_working_day(day) if rules.deemed_next_working_day else day


def judge_in_days(record: Record, rules: Rules, as_of: Moment) -> Verdict:
    """Judge a record by a limit in working days, calendar days, weeks or months."""
    if not is_known(record.start, as_of) or day_received(record.start, rules) > day_of(as_of):
        return EXCLUDED
    ended, kind = day_of(as_of), "open"
    for moment, its_kind in record.endings:
        if is_known(moment, as_of) and (kind == "open" or day_of(moment) < ended):
            ended, kind = day_of(moment), its_kind
    if ended < day_of(record.start):
        return INVALID
    received = day_received(record.start, rules)
    due = due_day(received, rules)
    steps = month_by_month if rules.unit == "months" else day_by_day
    elapsed = next(number for number, day in enumerate(steps(received, rules)) if day >= ended)
    return Verdict(status_of(kind, ended <= due, rules.unanswered), midnight(due), elapsed)


def judge_in_time(record: Record, rules: Rules, as_of: Moment) -> Verdict:
    """Judge a record by a limit in hours or seconds; every time is a timestamp."""
    assert isinstance(record.start, datetime)
    times = [record.start, *(moment for moment, _ in record.endings)]
    if any(never_occurred(moment) for moment in times):
        return INVALID
    if not is_known(record.start, as_of):
        return EXCLUDED
    started, close = instant(record.start), last_instant(as_of)
    ended, kind = close, "open"
    for moment, its_kind in record.endings:
        assert isinstance(moment, datetime)
        its_instant = instant(moment)
        if its_instant < started:
            its_instant = instant(moment, fold=1)
        if its_instant <= close and (kind == "open" or its_instant < ended):
            ended, kind = its_instant, its_kind
    if ended < started:
        return INVALID
    limit = timedelta(hours=rules.amount) if rules.unit == "hours" else timedelta(seconds=rules.amount)
    due = started + limit - (MICROSECOND if rules.less_than else timedelta())
    elapsed = (ended - started) // MICROSECOND
    return Verdict(status_of(kind, ended <= due, rules.unanswered), wall(due), elapsed)


def judge_by_own_due(record: Record, as_of: Moment, *, by_the_day: bool) -> Verdict:
    """Judge a record without a start by its own due date: by the day where a date takes part, else to the instant."""
    assert record.due is not None
    found = [moment for moment, _ in record.endings if is_known(moment, as_of)]
    ended = found[0] if found else None
    last = as_of if ended is None else ended
    in_days = by_the_day or is_date(record.due) or (ended is not None and is_date(ended))
    if in_days:
        in_time = day_of(last) <= day_of(record.due)
        due = midnight(day_of(record.due))
    else:
        assert isinstance(record.due, datetime)
        assert ended is None or isinstance(ended, datetime)
        in_time = (last_instant(as_of) if ended is None else instant(ended)) <= instant(record.due)
        due = wall(record.due)
    return Verdict(status_of("open" if ended is None else "stopped", in_time, "late"), due)


def status_of(kind: str, in_time: bool, unanswered: str) -> str:
    """Say what a clock that stands so is called."""
    if unanswered == "left out" and kind in {"open", "abandoned"}:
        return "excluded"
    if kind == "abandoned":
        return "excluded" if in_time and unanswered.startswith("left out if") else "late"
    if kind == "withdrawn":
        return "excluded" if in_time else "late"
    if kind == "stopped":
        return "met" if in_time else "late"
    return "pending" if in_time else "overdue"
