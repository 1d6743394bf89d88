"""What the United Kingdom's bank holidays are, as they are known now, on another day, or by a published list.

``announced.csv`` has every bank holiday of GOV.UK's list since 2012, with the day on which the list first had it.
It contains public sector information licensed under the Open Government Licence v3.0.
"""

import csv
from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from ombudsman_kpi.calendars.bank_holidays import bank_holidays, nations_of
from ombudsman_kpi.calendars.dates import day_in_words, to_date
from ombudsman_kpi.calendars.published import Listed, read_published
from ombudsman_kpi.errors import OptionError


class Announcement(NamedTuple):
    """A bank holiday of one nation in GOV.UK's list."""

    day: date
    announced: date  # when the list first had it
    withdrawn: date  # when it had it no longer; date.max where it still has it
    foreseen: bool  # whether the rules for all years give it, as they don't give a royal wedding

    def known(self, known_at: date) -> bool:
        """Return whether the list had it at the close of a day."""
        return self.announced <= known_at < self.withdrawn


class DaysOff(NamedTuple):
    """The bank holidays of a division: their names by their days, up to when they are announced, and by whom."""

    names: Mapping[date, str]
    announced_until: date
    note: str = ""


def uk_days_off(
    division: str, first_year: int, last_year: int, known_at: Any = None, listed: Listed | None = None
) -> DaysOff:
    """Return the bank holidays of a division: by the rules, as announced on a day, or by a published list.

    Only the years that the list of that day had (or the published one has) are its own; all others follow from the
    rules. Raises ``OptionError`` for a list that can't be used, or a day before anything is known.
    """
    if known_at is not None and listed is not None:
        raise OptionError("known_at and bank_holidays are two answers to one question: give one of them.")
    if listed is not None:
        return _by_list(division, first_year, last_year, listed)
    if known_at is None:
        return DaysOff(bank_holidays(division, first_year, last_year), announced_until(division))
    day = check_known_at(known_at)
    names: dict[date, str] = {}
    for nation in reversed(nations_of(division)):
        rules = bank_holidays(nation, first_year, last_year)
        names |= _in_place(rules, dict.fromkeys(_as_known(nation, day)), {fact.day.year for fact in _facts()[nation]})
    return DaysOff(names, announced_until(division, day), f"as announced by {day_in_words(day)}")


def _by_list(division: str, first_year: int, last_year: int, listed: Listed) -> DaysOff:
    """Return the bank holidays of a division by a published list."""
    published = read_published(listed)
    names: dict[date, str] = {}
    for nation in reversed(nations_of(division)):
        if nation not in published:
            raise OptionError(f"The list of bank holidays has none of {nation}. It has: {', '.join(published)}.")
        days = published[nation]
        years = {*range(min(days).year, max(days).year + 1)}
        names |= _in_place(bank_holidays(nation, first_year, last_year), days, years)
    last = min(max(published[nation]).year for nation in nations_of(division))
    return DaysOff(names, date(last, 12, 31), f"by a published list up to {last}")


def _in_place(rules: Mapping[date, str], listed: Mapping[date, str | None], years: set[int]) -> dict[date, str]:
    """Return the days of a list in some years, and those of the rules in all others."""
    others = {day: name for day, name in rules.items() if day.year not in years}
    return others | {day: name or rules.get(day, "bank holiday") for day, name in listed.items()}


def _as_known(nation: str, known_at: date) -> Iterator[date]:
    """Yield the bank holidays of a nation as the list had them, and in years that it hadn't, as the rules foresee."""
    last = _last_year(nation, known_at)
    for fact in _facts()[nation]:
        if fact.known(known_at) if fact.day.year <= last else fact.foreseen:
            yield fact.day


def _last_year(nation: str, known_at: date) -> int:
    return max(fact.day.year for fact in _facts()[nation] if fact.announced <= known_at)


def announced_until(division: str, known_at: date = date.max) -> date:
    """Return the last day up to which GOV.UK's list had a division's bank holidays at the close of a day.

    >>> announced_until("scotland", date(2022, 9, 1))
    datetime.date(2023, 12, 31)
    """
    return date(min(_last_year(nation, known_at) for nation in nations_of(division)), 12, 31)


def check_known_at(known_at: Any) -> date:
    """Return a day at which it is known what was announced. Raises ``OptionError`` for an earlier one."""
    day, first = to_date(known_at), min(fact.announced for facts in _facts().values() for fact in facts)
    if day < first:
        raise OptionError(
            f"What had been announced is known from {first} on, when GOV.UK's list began; not at {day}. Give a later "
            "day, or leave known_at out: then the calendar is the one that is known now."
        )
    return day


def changed_between(division: str, after: date, until: date) -> list[date]:
    """Return the days after one, up to and including another, on which the list of a division's nations changed.

    >>> changed_between("england-and-wales", date(2022, 9, 1), date(2022, 12, 31))
    [datetime.date(2022, 9, 9), datetime.date(2022, 11, 10)]
    """
    facts = [fact for nation in nations_of(division) for fact in _facts()[nation]]
    days = {day for fact in facts for day in (fact.announced, fact.withdrawn)}
    return sorted(day for day in days if after < day <= until)


@lru_cache(maxsize=1)
def _facts() -> Mapping[str, tuple[Announcement, ...]]:
    """Return what has been announced, by nation."""
    text = (files("ombudsman_kpi") / "calendars" / "announced.csv").read_text("utf-8")
    facts: dict[str, list[Announcement]] = {}
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        withdrawn = date.fromisoformat(row["withdrawn"]) if row["withdrawn"] else date.max
        announced = date.fromisoformat(row["announced"])
        fact = Announcement(date.fromisoformat(row["day"]), announced, withdrawn, row["by"] == "rule")
        facts.setdefault(row["division"], []).append(fact)
    return {nation: tuple(mine) for nation, mine in facts.items()}
