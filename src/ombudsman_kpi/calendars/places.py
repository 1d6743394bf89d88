"""Calendars of other places, by the holidays package: which places there are, and their days off.

The package has been compared with official lists for the United Kingdom only (see ``tests/oracles/test_govuk.py``).
"""

import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date, timedelta
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, NamedTuple

from ombudsman_kpi.calendars.bank_holidays import DIVISIONS
from ombudsman_kpi.calendars.dates import WEEKDAYS
from ombudsman_kpi.errors import OptionError

UNCHECKED = "by the holidays package, not checked against an official list"


class PlaceDays(NamedTuple):
    """The days off of a place, its weekends among them, as far as the holidays package knows it."""

    names: Mapping[date, str]
    first: date
    last: date
    usual_weekends: bool  # no Saturday or Sunday is a working day


def check_place(country: Any, subdivision: Any = None) -> None:
    """Raise ``OptionError``, with the nearest names, where there is no such country or subdivision."""
    countries = _countries()
    if country in {"GB", "UK", "GBR"}:
        raise OptionError(
            "The United Kingdom's bank holidays are those of its parts. Name one of them: division = 'scotland' in a "
            "scheme file, WorkingCalendar.uk('scotland')."
        )
    if country not in countries.values():
        raise OptionError(f"There is no calendar of the country {country!r}. {_nearest(country, countries, 'IE')}")
    if subdivision is None:
        return
    import holidays

    place = holidays.country_holidays(country)
    if subdivision in place.subdivisions:
        return
    if not place.subdivisions:
        raise OptionError(f"{country} has no subdivision {subdivision!r}: it has one calendar. Leave it out.")
    names = {**{code: code for code in place.subdivisions}, **getattr(place, "subdivisions_aliases", {})}
    near = _nearest(subdivision, names, place.subdivisions[0])
    raise OptionError(f"{country} has no subdivision {subdivision!r}. {near}")


def _nearest(given: Any, codes: Mapping[str, str], example: str) -> str:
    """Return a hint with the nearest names and their codes, and what a code looks like."""
    lower = {name.lower(): name for name in (*codes, *codes.values())}
    near = [lower[name] for name in get_close_matches(str(given).lower(), lower, n=3, cutoff=0.6)]
    said = {codes.get(name, name): name for name in reversed(near)}
    meant = [repr(code) if code == name else f"{code!r} ({name})" for code, name in reversed(said.items())]
    hint = f"Did you mean {' or '.join(meant)}? " if meant else ""
    return f"{hint}It is a code of ISO 3166, such as {example!r}."


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    """Return the code of each country by its name in English."""
    from holidays import registry

    return {module.replace("_", " ").title(): entry[1] for module, entry in registry.COUNTRIES.items()}


def place_code(country: str, subdivision: str | None) -> str:
    """Return the code of a place.

    >>> place_code("US", "MA")
    'US-MA'
    """
    return country if subdivision is None else f"{country}-{subdivision}"


def titled(code: str, note: str = "") -> str:
    """Return the title of a division or place for a sentence, with a note; any other name stays as it is.

    >>> titled("IE"), titled("US-MA"), titled("any-uk-nation"), titled("own", "a note")
    ('Ireland', 'United States (MA)', 'all UK nations', 'own (a note)')
    """
    title = DIVISIONS[code].title if code in DIVISIONS else _place_title(code)
    return f"{title} ({note})" if note else title


def _place_title(code: str) -> str:
    country, _, subdivision = code.partition("-")
    names = {short: name for name, short in _countries().items()} if country.isupper() else {}
    if country not in names:
        return code
    return f"{names[country]} ({subdivision})" if subdivision else names[country]


def place_days(country: str, subdivision: str | None, opened: Iterable[date], first: date, last: date) -> PlaceDays:
    """Return the days off of a place between two days, as far as the package knows it, without those that are open.

    Raises ``OptionError`` for an unknown place, one that isn't known at all then, or an open day that is no holiday.
    """
    check_place(country, subdivision)
    known = _known(country, subdivision, first, last)
    if known.last < known.first:
        raise OptionError(f"The holidays package doesn't know the holidays of {country} from {first} to {last}.")
    opened = {day for day in opened if known.first <= day <= known.last}
    if stray := sorted(day for day in opened if known.names.get(day, "Sunday") in WEEKDAYS):
        raise OptionError(
            f"open: {stray[0]} is no holiday of {place_code(country, subdivision)}. Name only holidays that are "
            "working days for you."
        )
    return known._replace(names={day: name for day, name in known.names.items() if day not in opened})


@lru_cache(maxsize=32)
def _known(country: str, subdivision: str | None, first: date, last: date) -> PlaceDays:
    import holidays

    place = holidays.country_holidays(country, subdiv=subdivision)
    english = [name for name in getattr(place, "supported_languages", ()) if name.startswith("en")]
    place = holidays.country_holidays(country, subdiv=subdivision, language=english[0] if english else None)
    years = _years(place, range(first.year, last.year + 1))
    if not years:
        return PlaceDays({}, date.max, date.min, usual_weekends=True)
    first, last = max(first, date(years[0], 1, 1)), min(last, date(years[-1], 12, 31))
    days = [first + timedelta(number) for number in range((last - first).days + 1)]
    off = [day for day in days if not place.is_working_day(day)]
    usual = {day for day in days if day.weekday() >= 5} <= {*off}
    names = {day: place.get(day) or WEEKDAYS[day.weekday()] for day in off}
    return PlaceDays(names, first, last, usual)


def _years(place: Any, years: range) -> list[int]:
    """Return the years whose holidays the package knows. Of those that it knows in part, it warns."""
    first, last = getattr(place, "start_year", date.min.year), getattr(place, "end_year", date.max.year)
    known = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", UserWarning)
        for year in years:
            with suppress(UserWarning):
                place.get(date(year, 1, 1))
                known += [year] if first <= year <= last else []
    return known
