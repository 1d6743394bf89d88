"""Working days: which days they are, how many lie between two dates, when the n-th one is."""

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.types import MISSING, Integers
from ombudsman_kpi.calendars.announced import check_known_at, uk_days_off
from ombudsman_kpi.calendars.bank_holidays import check_division
from ombudsman_kpi.calendars.closures import Closures, closed_days, listed_days
from ombudsman_kpi.calendars.dates import (
    TOO_MANY,
    WEEKDAYS,
    Days,
    check_alignment,
    day_number,
    in_container_of,
    over_chunks,
    read_days,
    to_date,
    whole_numbers,
)
from ombudsman_kpi.calendars.day_numbers import OUTSIDE, DayNumbers
from ombudsman_kpi.calendars.opening import OpeningHours, OpenTime
from ombudsman_kpi.calendars.places import UNCHECKED, place_code, place_days
from ombudsman_kpi.calendars.published import Listed
from ombudsman_kpi.calendars.time_zones import time_zone
from ombudsman_kpi.errors import CoverageError, OptionError, naming

# A calendar covers these years by default. The rules of the years before 1990 haven't been checked against a source;
# after 2050 they are a guess.
FIRST, LAST = date(1990, 1, 1), date(2050, 12, 31)


def _span(first: Any, last: Any) -> tuple[date, date]:
    """Return the first and the last day of a calendar."""
    with naming("first"):
        start = to_date(FIRST if first is None else first)
    with naming("last"):
        return start, to_date(LAST if last is None else last)


class WorkingCalendar(DayNumbers):
    """The working days of one place: in the United Kingdom Monday to Friday, less bank holidays and closures.

    >>> calendar = WorkingCalendar.uk("england-and-wales")
    >>> calendar.add("2024-03-28", 20)  # Good Friday and Easter Monday don't count
    datetime.date(2024, 4, 29)
    >>> calendar.count("2024-03-28", "2024-04-29")
    20

    Every method takes one date (a ``date``, a ``datetime`` or text in ISO 8601) and returns a ``date`` or a
    number. It also takes an array, a Series or an index of dates and returns the same kind; missing values stay
    missing. A calendar never changes, so threads can share it.

    A table holds the running number of working days for each date. To count between two dates takes two look-ups
    and a subtraction.
    """

    def __init__(
        self,
        days_off: Iterable[date],
        *,
        division: str = "own",
        first: date = FIRST,
        last: date = LAST,
        announced_until: date | None = None,
        note: str = "",
        usual_weekends: bool = True,
        opening: tuple[OpeningHours, str] | None = None,
    ) -> None:
        """Make a calendar from your own days off; ``WorkingCalendar.uk`` is the usual way.

        ``days_off`` are dates in addition to Saturdays and Sundays, or a mapping from dates to their names. Dates
        outside ``first`` to ``last`` are ignored. Without ``usual_weekends``, the days off are all that there are.
        ``note`` says where they come from. ``opening`` are opening hours, and the time zone that they are in.
        """
        self.first, self.last = to_date(first), to_date(last)
        if self.last < self.first:
            raise OptionError(f"The calendar would end on {self.last}, before it begins on {self.first}.")
        self.division, self.note, self.usual_weekends = division, note, usual_weekends
        self.named = f"{division} ({note})" if note else division
        self.announced_until = min(announced_until or self.last, self.last)
        self.opening = opening
        names = days_off if isinstance(days_off, Mapping) else dict.fromkeys(days_off, "day off")
        self._names = {to_date(day): str(name) for day, name in names.items()}
        week = 5 if usual_weekends else 7  # its first days are working days
        counted = {*range(week)} | (opening[0].weekdays if opening else frozenset())
        inside = (day for day in self._names if self.first <= day <= self.last)
        self.days_off = tuple(sorted(day for day in inside if day.weekday() in counted))
        self._off = frozenset(self.days_off)
        super().__init__(self.first, self.last, self.days_off, week)

    @classmethod
    def uk(
        cls,
        division: str,
        *,
        closures: Closures = (),
        first: date | str | None = None,
        last: date | str | None = None,
        known_at: date | str | None = None,
        bank_holidays: Listed | None = None,
    ) -> "WorkingCalendar":
        """Return the calendar of a division of the United Kingdom.

        ``division`` is ``england-and-wales``, ``scotland``, ``northern-ireland``, or ``any-uk-nation`` (a day
        that is a bank holiday in any of them is off). ``closures`` are the office's own days off: dates, recurrence
        rules as text, or rules of dateutil.

        >>> christmas_eve = "RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24"
        >>> WorkingCalendar.uk("england-and-wales", closures=[christmas_eve]).is_working_day("2024-12-24")
        False

        Bank holidays come from the holidays package. Those after ``announced_until`` follow from its rules and may
        still be changed by proclamation. With ``known_at``, they are those that GOV.UK's list had at the close of that
        day. With ``bank_holidays``, a file such as https://www.gov.uk/bank-holidays.json, or what ``json.load`` reads
        of it, stands in place of the rules, in the years that it has.

        >>> [WorkingCalendar.uk("scotland", known_at=day).add("2022-09-01", 20).isoformat()
        ...  for day in ("2022-09-01", "2022-09-10")]  # the State Funeral of 19 September was announced between them
        ['2022-09-29', '2022-09-30']

        Raises ``OptionError`` for an unknown division, a ``known_at`` before the list began, or a file of another kind.
        """
        check_division(division)
        start, end = _span(first, last)
        if known_at is not None:
            with naming("known_at"):
                known_at = check_known_at(known_at)
        with naming("bank_holidays"):
            known = uk_days_off(division, start.year, end.year, known_at, bank_holidays)
        with naming("closures"):
            days_off = {**dict.fromkeys(closed_days(closures, start, end), "closure"), **known.names}
        until = known.announced_until
        return cls(days_off, division=division, first=start, last=end, announced_until=until, note=known.note)

    @classmethod
    def of(
        cls,
        country: str,
        subdivision: str | None = None,
        *,
        closures: Closures = (),
        open: Iterable[date | str] = (),  # noqa: A002
        first: date | str | None = None,
        last: date | str | None = None,
    ) -> "WorkingCalendar":
        """Return the calendar of a country, or a part of it, as the holidays package has it.

        ``country`` and ``subdivision`` are codes of ISO 3166. ``open`` are holidays there that are working days here.

        >>> calendar = WorkingCalendar.of("US", "MA", open=["2025-04-21"])
        >>> [calendar.is_working_day(day) for day in ("2024-04-15", "2025-04-21")]  # both are Patriots' Day
        [False, True]

        It isn't checked against an official list, as ``note`` says, and no due day in it is provisional. It has the
        weekends of the place, and the years that the package knows. Raises ``OptionError`` for an unknown place, with
        the nearest names.
        """
        start, end = _span(first, last)
        with naming("open"):
            opened = [*map(to_date, listed_days(open, "open"))]
        known = place_days(country, subdivision, opened, start, end)
        with naming("closures"):
            closed = dict.fromkeys(closed_days(closures, known.first, known.last), "closure")
        return cls(
            {**closed, **known.names}, division=place_code(country, subdivision), note=UNCHECKED, first=known.first,
            last=known.last, usual_weekends=known.usual_weekends,
        )  # fmt: skip

    def opened(self, hours: OpeningHours, zone: str) -> "WorkingCalendar":
        """Return the same calendar with the opening hours of an office, by the clock of a place.

        A weekend on which it is open stays one for limits in working days. Bank holidays and closures have no hours.
        """
        return WorkingCalendar(
            self._names, division=self.division, first=self.first, last=self.last,
            announced_until=self.announced_until, opening=(hours, zone), note=self.note,
            usual_weekends=self.usual_weekends,
        )  # fmt: skip

    @cached_property
    def open_time(self) -> OpenTime | None:
        """The time for which the office is open; None where its opening hours aren't known."""
        if self.opening is None:
            return None
        off = np.zeros(len(self._numbers), np.bool_)
        off[[day_number(day) - self._first for day in self.days_off]] = True
        return OpenTime(self.opening[0], time_zone(self.opening[1]), self._first, off)

    @cached_property
    def edition(self) -> str:
        """A digest of the days off and the coverage. If two editions differ, some day may count differently."""
        return self.edition_until(self.last)

    def edition_until(self, last: date) -> str:
        """Return a digest of the coverage and of the days off until a day, that day included.

        Two calendars of which it is equal count alike until then: a holiday announced for a later day changes nothing.

        >>> calendar = WorkingCalendar.uk("scotland")
        >>> longer = WorkingCalendar.uk("scotland", closures=["2031-07-01"])
        >>> [calendar.edition_until(date(year, 12, 31)) == longer.edition_until(date(year, 12, 31))
        ...     for year in (2030, 2031)]
        [True, False]
        """
        days_off = self.days_off[: bisect_right(self.days_off, last)]
        text = " ".join(day.isoformat() for day in (self.first, self.last, *days_off))
        text += "" if self.usual_weekends else " without weekends"
        return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()

    def add(self, start: Any, n: Any) -> Any:
        """Return the n-th working day after a date (before it, if n is negative); for n = 0 the date itself.

        >>> WorkingCalendar.uk("england-and-wales").add("2024-03-30", 1)  # a Saturday at Easter
        datetime.date(2024, 4, 2)
        >>> WorkingCalendar.uk("england-and-wales").add("2024-04-02", -1)
        datetime.date(2024, 3, 28)

        ``n`` is an integer, or one integer for each date. Raises ``CoverageError`` if the start or the answer is
        outside the calendar. The rule is that of section 10 of the Freedom of Information
        Act 2000: "the twentieth working day following the date of receipt".
        """
        days = read_days(start)
        if isinstance(n, (int, np.integer)) and not isinstance(n, bool):
            number = max(-TOO_MANY, min(int(n), TOO_MANY))
            moved = self._look_up(days, lambda numbers: self.move(numbers, number), MISSING)
        else:
            steps = whole_numbers(n, days)
            numbers = self._look_up(days, lambda numbers: numbers, MISSING)
            covered = numbers != MISSING
            moved = self.move(np.where(covered, numbers, self._first), np.where(covered, steps, 0))
            moved[~covered] = MISSING
        self._check_covered(days, np.flatnonzero(moved == MISSING), "that many working days from")
        return in_container_of(days, moved.view("M8[D]"))

    def count(self, start: Any, stop: Any) -> Any:
        """Return the number of working days after ``start``, up to and including ``stop``; negative if stop is earlier.

        >>> WorkingCalendar.uk("england-and-wales").count("2024-03-28", "2024-04-02")
        1

        Either can be a single date and the other a container. Two containers must have the same length, two Series
        the same index. Raises ``CoverageError`` if a date is outside the calendar.
        """
        starts, stops = read_days(start), read_days(stop)
        check_alignment(starts, stops)
        shape = stops if starts.kind == "scalar" else starts
        out = np.empty(len(shape), np.int64)

        def count_chunk(chunk: slice) -> bool:
            counted = self._until.take(stops.numbers(chunk, self._origin), mode="clip")
            counted = counted - self._after.take(starts.numbers(chunk, self._origin), mode="clip")
            out[chunk] = counted
            return bool(counted.max() < OUTSIDE >> 1)

        if over_chunks(len(shape), count_chunk):
            return in_container_of(shape, out)
        return self._count_with_missing(starts, stops, shape, out)

    def _count_with_missing(self, starts: Days, stops: Days, shape: Days, out: Integers) -> Any:
        """Return the counts if some dates are missing. Raises ``CoverageError`` if one isn't covered."""
        as_float = shape.kind == "numpy"  # numpy marks a missing count as NaN, and floats fit the same memory
        values: NDArray[Any] = out.view(np.float64) if as_float else out
        absent = np.empty(0 if as_float else len(shape), np.bool_)

        def count_chunk(chunk: slice) -> bool:
            a, b = starts.numbers(chunk, self._origin), stops.numbers(chunk, self._origin)
            counted = self._until.take(b, mode="clip") - self._after.take(a, mode="clip")
            missing = (a == MISSING) | (b == MISSING)
            # Arithmetic instead of masks: mispredicted branches would cost more than the look-ups.
            present = ~missing
            counted *= present
            if as_float:
                np.divide(counted, present, out=values[chunk])  # 0 / 0 is NaN
            else:
                values[chunk], absent[chunk] = counted, missing
            return bool(counted.max() < OUTSIDE >> 1)

        with np.errstate(invalid="ignore"):
            covered = over_chunks(len(shape), count_chunk)
        if not covered:
            for days in (starts, stops):
                self._check_covered(days, np.arange(len(shape)))
        return in_container_of(shape, values, None if as_float else absent)

    def is_working_day(self, day: Any) -> Any:
        """Return whether a date is a working day: not a weekend, bank holiday or closure.

        >>> WorkingCalendar.uk("scotland").is_working_day("2024-01-02")
        False
        """
        days = read_days(day)
        working = self._look_up(days, self._is_working, OUTSIDE)
        absent = working == OUTSIDE
        self._check_covered(days, np.flatnonzero(absent))
        return in_container_of(days, working == 1, absent if absent.any() else None)

    def name_of(self, day: date | str) -> str:
        """Return what a day off is called; of a working day, what day of the week it is.

        >>> calendar = WorkingCalendar.uk("england-and-wales")
        >>> calendar.name_of("2024-04-01"), calendar.name_of("2024-03-30"), calendar.name_of("2024-04-02")
        ('Easter Monday', 'Saturday', 'Tuesday')

        Raises ``CoverageError`` for a date outside the calendar.
        """
        date_of_day = to_date(day)
        self._check_covered(read_days(date_of_day), np.zeros(1, np.int64))
        if date_of_day in self._off:
            return self._names.get(date_of_day, "day off")
        return WEEKDAYS[date_of_day.weekday()]

    def roll(self, day: Any, direction: Literal["forward", "backward"]) -> Any:
        """Return the date itself if it is a working day, otherwise the next or the previous working day.

        >>> WorkingCalendar.uk("england-and-wales").roll("2024-03-30", "backward")
        datetime.date(2024, 3, 28)
        """
        if direction not in {"forward", "backward"}:
            raise OptionError(f"A date rolls forward or backward, not {direction!r}.")
        days = read_days(day)
        moved = self._look_up(days, lambda numbers: self.rolled(numbers, direction), MISSING)
        self._check_covered(days, np.flatnonzero(moved == MISSING), f"the working day {direction} from")
        return in_container_of(days, moved.view("M8[D]"))

    def __repr__(self) -> str:
        until = f", announced until {self.announced_until}" if self.announced_until < self.last else ""
        return f"<WorkingCalendar {self.named}, {self.first} to {self.last}{until}, edition {self.edition}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, WorkingCalendar):
            return NotImplemented
        mine, theirs = ((item.edition, item.announced_until, item.opening) for item in (self, other))
        return mine == theirs

    def __hash__(self) -> int:
        return hash(self.edition)

    def _look_up(self, days: Days, rule: Callable[[Integers], NDArray[Any]], outside: int) -> Integers:
        """Return a rule's answers for many dates. If there are more dates than days, each day is worked out once."""
        out = np.full(len(days), outside, np.int64)
        if len(days) < len(self._numbers):
            numbers = days.numbers(slice(None), 0)
            covered = self.covers(numbers)
            out[covered] = rule(numbers[covered])
            return out
        table = self._table(rule(self._numbers), outside, np.int64)

        def look_up_chunk(chunk: slice) -> bool:
            out[chunk] = table.take(days.numbers(chunk, self._origin), mode="clip")
            return True

        over_chunks(len(days), look_up_chunk)
        return out

    def _check_covered(self, days: Days, positions: Integers, answer: str | None = None) -> None:
        """Raise ``CoverageError`` for the first date that is outside the calendar, or whose ``answer`` is outside."""
        numbers = np.broadcast_to(days.numbers(positions, 0), positions.shape)
        outside = (numbers != MISSING) & (~self.covers(numbers) | (answer is not None))
        if not outside.any():
            return
        place = int(np.argmax(outside))
        day = np.datetime64(int(numbers[place]), "D")
        if day > np.datetime64(self.last):
            what = f"{day} is after this calendar's last day, {self.last}"
        elif day < np.datetime64(self.first):
            what = f"{day} is before this calendar's first day, {self.first}"
        else:
            what = f"{answer} {day} is outside this calendar, {self.first} to {self.last}"
        where = "" if days.kind == "scalar" else f"Position {positions[place]}: "
        raise CoverageError(f"{where}{what}. Make the calendar with another first= or last=.")
