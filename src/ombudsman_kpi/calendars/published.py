"""A ``bank-holidays.json`` as GOV.UK publishes it: read, and compared with the rules of the holidays package."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from ombudsman_kpi.calendars.bank_holidays import DIVISIONS, bank_holidays, nations_of
from ombudsman_kpi.calendars.dates import to_date
from ombudsman_kpi.errors import OptionError, RecordsError, one_of

Published = Mapping[str, Mapping[date, str]]  # of each nation the names of its bank holidays, by their days
Listed = str | Path | Mapping[str, Any]  # the path of a published list, or what it says


def read_published(listed: Listed) -> dict[str, dict[date, str]]:
    """Return the bank holidays of each nation in a file such as https://www.gov.uk/bank-holidays.json.

    ``listed`` is its path, or what it says: as ``json.load`` reads it, or each nation's names by their days. Raises
    ``OptionError``, which names the file and the place in it, for anything else.
    """
    content, named = _content(listed)
    nations = nations_of("any-uk-nation")
    if not isinstance(content, Mapping) or not content:
        raise _unlike(named, "it has no divisions")
    found = {}
    for nation, part in content.items():
        if nation not in nations:
            raise _unlike(named, f"it has a division {nation!r}. {one_of(nation, nations)}")
        found[nation] = dict(_events(part, f"of {nation}", named))
        years = {day.year for day in found[nation]}
        if gap := sorted({*range(min(years), max(years))} - years):
            raise _unlike(named, f"{nation} has no bank holiday in {gap[0]}")
    return found


def _content(listed: Any) -> tuple[Any, str]:
    """Return what a list says, and what to call it."""
    if isinstance(listed, Mapping):
        return listed, "what was given"
    if not isinstance(listed, (str, Path)):
        raise OptionError("the path of a file is wanted, as text")
    try:
        return json.loads(Path(listed).read_bytes()), repr(str(listed))
    except OSError:
        raise OptionError(f"The file of bank holidays {str(listed)!r} can't be read.") from None
    except (ValueError, RecursionError):
        raise _unlike(repr(str(listed)), "it isn't JSON") from None


def _events(part: Any, place: str, named: str) -> Iterator[tuple[date, str]]:
    """Yield the day and the name of each event of a division."""
    events = part.get("events") if isinstance(part, Mapping) else None
    if isinstance(part, Mapping) and "events" not in part:  # names by their days
        events = [{"date": day, "title": name} for day, name in part.items()]
    if not isinstance(events, list) or not events:
        raise _unlike(named, f"there are no events {place}")
    for number, event in enumerate(events, 1):
        try:
            title = event["title"]
            yield to_date(str(event["date"])), title if isinstance(title, str) else "bank holiday"
        except (KeyError, TypeError, RecordsError):
            raise _unlike(named, f"event {number} {place} has no title, or no date such as 2024-03-29") from None


def _unlike(named: str, why: str) -> OptionError:
    return OptionError(
        f"{named} isn't a list of bank holidays as GOV.UK publishes it: {why.rstrip('.')}. "
        "Take the file from https://www.gov.uk/bank-holidays.json."
    )


class Difference(NamedTuple):
    """A weekday that is a bank holiday in a file alone, or by the rules alone."""

    division: str
    day: date
    name: str
    in_file: bool

    def __str__(self) -> str:
        where = "in the file, not by the rules" if self.in_file else "by the rules, not in the file"
        return f"{self.day} {DIVISIONS[self.division].title}: {self.name}, {where}"


def differences(published: Published) -> list[Difference]:
    """Return in which weekdays a published list differs from the rules, in the years that it has."""
    found: list[Difference] = []
    for division, listed in published.items():
        rules = bank_holidays(division, min(listed).year, max(listed).year)
        weekdays = (day for day in sorted(listed.keys() ^ rules.keys()) if day.weekday() < 5)
        found += [Difference(division, day, listed.get(day) or rules[day], day in listed) for day in weekdays]
    return found
