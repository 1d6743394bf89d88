"""Rules for the days of records: days to come, mistyped years, weeks without a record, sudden falls."""

from collections.abc import Iterator

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.calendars.dates import day_in_words, day_number, to_day
from ombudsman_kpi.calendars.periods import period_of
from ombudsman_kpi.checks.finding import CheckRule, Mark, Spot
from ombudsman_kpi.checks.look import Look
from ombudsman_kpi.checks.survey import Survey

_NO_RECORD_OF_THE_PAST = {"due_at"}  # may well lie ahead
_FEW_YEARS = 5  # without any time between the odd year and all others
_ENOUGH_TIMES = 20
_USUAL_IN_A_WEEK = 5
_MONTHS, _USUAL_IN_A_MONTH = 12, 20


def _future(look: Look) -> Iterator[Mark]:
    for name in look.of_kind("time"):
        moments = look.known.moments(name)
        if name in _NO_RECORD_OF_THE_PAST or moments.nothing:
            continue
        later = moments.times.present & ~moments.happened
        if later.any():  # 9999-12-31 and its like are how systems write that something is open
            yield Mark(f"{name} is after as_of", later & look.known.setting.calendar.covers(moments.days), name)


def odd_years(days: Integers) -> Truths:
    """Return which days have a year far from all others: at most 1% of them, with five empty years between.

    >>> days = np.array(["2023-05-01"] * 30 + ["2204-05-02"], "M8[D]").astype(np.int64)
    >>> np.flatnonzero(odd_years(days)).tolist()
    [30]
    """
    there = days != MISSING
    size = int(np.count_nonzero(there))
    if size < _ENOUGH_TIMES:
        return np.zeros(len(days), np.bool_)
    # Of 2023, 2024, 2042 the gap is after place 1. The middle time is of 2023, place 0: its group ends with 2024.
    whole, number = np.unique(days[there], return_counts=True)
    years, place = np.unique(whole.astype("M8[D]").astype("M8[Y]").astype(np.int64), return_inverse=True)
    middle = int(np.searchsorted(np.cumsum(np.bincount(place, number)), size / 2))
    gaps = np.flatnonzero(np.diff(years) > _FEW_YEARS)
    first = years[(gaps[gaps < middle] + 1).max(initial=0)]
    last = years[gaps[gaps >= middle].min(initial=len(years) - 1)]
    begin, end = np.array([first, last + 1]).astype("M8[Y]").astype("M8[D]").astype(np.int64)
    odd: Truths = there & ((days < begin) | (days >= end))
    return odd if int(np.count_nonzero(odd)) <= max(1, size // 100) else np.zeros(len(days), np.bool_)


def _mistyped_year(survey: Survey) -> Iterator[Spot]:
    for kind, seen in survey.kinds.items():
        for name, item in seen.table.fields.items():
            if item.kind == "time" and seen.has_days(name):
                odd = odd_years(seen.days(name))
                if odd.any():
                    yield Spot(f"the year of {name} is far from all others", kind, name, np.flatnonzero(odd))


def _started(survey: Survey) -> Iterator[tuple[str, str, Integers]]:
    """Yield each kind of records, the time at which they begin, and its days up to ``as_of``, without odd ones."""
    for kind, seen in survey.kinds.items():
        name = seen.started
        if name is None or name in _NO_RECORD_OF_THE_PAST:
            continue
        days = seen.days(name)
        days = days[(days != MISSING) & (days <= survey.at.day) & ~odd_years(days)]
        days = days[survey.scheme.calendar.covers(days)]
        if len(days):
            yield kind, name, days


def _empty_weeks(survey: Survey) -> Iterator[Spot]:
    """Yield working weeks without a record, between the first and the last, where five a week are usual."""
    monday = day_number(to_day(0)) - 3  # 1 January 1970 was a Thursday
    for kind, name, days in _started(survey):
        weeks = (days - monday) // 7
        counts = np.bincount(weeks - weeks.min())
        if len(counts) < 3 or np.median(counts) < _USUAL_IN_A_WEEK:
            continue
        for first, last in _runs(np.flatnonzero(counts == 0) + weeks.min()):
            begin, end = first * 7 + monday, last * 7 + monday + 6
            if survey.scheme.calendar.is_working_day(np.arange(begin, end + 1).astype("M8[D]")).any():
                words = f"from {day_in_words(to_day(begin))} to {day_in_words(to_day(end))}"
                yield Spot(f"there is no record {words}, where some {int(np.median(counts)):,} a week are usual",
                           kind, name, times=last - first + 1)  # fmt: skip


def _runs(numbers: Integers) -> Iterator[tuple[int, int]]:
    """Yield the first and the last of each run of whole numbers without a gap."""
    for run in np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1):
        if len(run):
            yield int(run[0]), int(run[-1])


def _falls(survey: Survey) -> Iterator[Spot]:
    """Yield whole months with less than half of the median of the twelve before, where that is at least 20."""
    for kind, name, days in _started(survey):
        months = days.astype("M8[D]").astype("M8[M]").astype(np.int64)
        counts = np.bincount(months - months.min())
        for place in range(_MONTHS, len(counts)):
            month = period_of(np.datetime64(int(place + months.min()), "M").astype("M8[D]").item(), "month")
            usual = float(np.median(counts[place - _MONTHS : place]))
            if usual >= _USUAL_IN_A_MONTH and counts[place] < usual / 2 and day_number(month.end) <= survey.at.day:
                yield Spot(f"{month.label} has {counts[place]:,} records, less than half of the {usual:,.0f} that were "
                           "usual in the twelve months before", kind, name, times=1)  # fmt: skip


def _too_few(survey: Survey) -> Iterator[Spot]:
    for kind, seen in survey.kinds.items():
        if seen.size < survey.asked.min_records:
            yield Spot(f"there are {seen.size:,} records, fewer than {survey.asked.min_records:,}", kind)


FUTURE_DATE = CheckRule(
    "future-date", "note", "Something is recorded that happens after as_of; it counts as not yet known.",
    "See whether the date is mistyped, or as_of is too early.", _future,
)  # fmt: skip
MISTYPED_YEAR = CheckRule(
    "mistyped-year", "warning",
    "A year is more than five years away from all others: at most 1% of 20 times or more.",
    "Correct the year where it is mistyped.", _mistyped_year,
)  # fmt: skip
EMPTY_WEEK = CheckRule(
    "empty-week", "warning",
    "A working week has no record, between the first and the last, where five or more a week are usual.",
    "See whether the export is complete.", _empty_weeks,
)  # fmt: skip
SUDDEN_FALL = CheckRule(
    "sudden-fall", "warning",
    "A whole month has less than half of the median of the twelve before, which is at least 20.",
    "See whether the export is complete.", _falls,
)  # fmt: skip
TOO_FEW = CheckRule(
    "too-few-records", "error", "There are fewer records than min_records.", "See whether the export is complete.",
    _too_few,
)  # fmt: skip
