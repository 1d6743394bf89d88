"""Bank holidays of the United Kingdom: their days in each division, and their names on GOV.UK.

A new division is one entry of ``DIVISIONS``: calendars, schemes, their JSON Schema and the command line read it.
"""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache, lru_cache, partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from ombudsman_kpi.errors import OptionError, one_of


class Division(NamedTuple):
    """A part of the United Kingdom with its own bank holidays."""

    title: str  # as in "Calendar of England and Wales"
    subdivisions: tuple[str, ...]  # codes of the holidays package; a bank holiday in any of them counts


DIVISIONS = {
    "england-and-wales": Division("England and Wales", ("ENG",)),
    "scotland": Division("Scotland", ("SCT",)),
    "northern-ireland": Division("Northern Ireland", ("NIR",)),
    "any-uk-nation": Division("all UK nations", ("ENG", "SCT", "NIR")),
}


def check_division(name: str) -> str:
    """Return the name of a division. Raises ``OptionError``, which lists the divisions, if there is none."""
    if name not in DIVISIONS:
        raise OptionError(f"There is no division {name!r}. {one_of(name, DIVISIONS)}")
    return name


def nations_of(division: str) -> list[str]:
    """Return the divisions with bank holidays of their own that make up a division.

    >>> nations_of("any-uk-nation")
    ['england-and-wales', 'scotland', 'northern-ireland']
    """
    nations = {entry.subdivisions: name for name, entry in reversed(DIVISIONS.items())}
    return [nations[(code,)] for code in DIVISIONS[division].subdivisions]


# Where the holidays package differs from the law. St Andrew's Day became a bank holiday by the St Andrew's Day
# Bank Holiday (Scotland) Act 2007, so 30 November 2006 wasn't one.
_NOT_A_HOLIDAY = {"SCT": {date(2006, 11, 30)}}


@lru_cache(maxsize=64)
def bank_holidays(division: str, first_year: int, last_year: int) -> Mapping[date, str]:
    """Return the name of every bank holiday of a division by its date, including those on a Saturday or Sunday."""
    # One subdivision at a time: without one, the package returns only the days common to the whole Kingdom.
    days: dict[date, str] = {}
    for code in reversed(DIVISIONS[division].subdivisions):
        years = range(first_year, last_year + 1)
        names = _united_kingdom()(subdiv=code, years=years)
        for day, name in names.items():
            if day not in _NOT_A_HOLIDAY.get(code, ()):
                days[day] = _CALLED.get(day, {}).get(code) or _as_published(name)
    return MappingProxyType(days)


@lru_cache(maxsize=1)
def _united_kingdom() -> Callable[..., Mapping[date, str]]:
    """Return the Kingdom's holidays in the package, from their own file: by its name, it would load 250 countries."""
    import holidays

    file = Path(holidays.__file__).parent / "countries" / "united_kingdom.py"
    spec = spec_from_file_location("united_kingdom", file) if file.exists() else None
    if spec is None or spec.loader is None:  # it keeps them elsewhere
        return partial(holidays.country_holidays, "GB")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[..., Mapping[date, str]] = module.UnitedKingdom
    return found


@cache
def _as_published(name: str) -> str:
    """Return the name of a bank holiday on GOV.UK.

    >>> _as_published("May Day"), _as_published("Boxing Day (observed)")
    ('Early May bank holiday', 'Boxing Day (substitute day)')
    """
    for package, published in _NAMES.items():
        name = name.replace(package, published)
    return name


_NAMES = {
    "May Day": "Early May bank holiday", "Late Summer": "Summer", "Bank Holiday": "bank holiday", "'": "’",
    "New Year Holiday; ": "",  # where 1 January is a Sunday, its substitute day comes first, and that of the 2nd next
    "New Year Holiday": "2nd January", "Saint ": "St ", " (observed)": " (substitute day)", "; ": " and ",
    "Battle of the Boyne": "Battle of the Boyne (Orangemen’s Day)",
    "Diamond Jubilee of Elizabeth II": "Queen’s Diamond Jubilee",
    "Platinum Jubilee of Elizabeth II": "Platinum Jubilee bank holiday",
    "State Funeral of": "Bank Holiday for the State Funeral of",
    "Coronation of Charles III": "Bank holiday for the coronation of King Charles III",
    "Scotland’s participation in the FIFA World Cup final": "bank holiday",
}  # fmt: skip
_CALLED = {  # what GOV.UK called a day of one year
    date(2012, 1, 2): {"SCT": "2nd January"}, date(2012, 1, 3): {"SCT": "New Year’s Day (substitute day)"},
    date(2017, 1, 2): {"SCT": "2nd January"}, date(2017, 1, 3): {"SCT": "New Year’s Day (substitute day)"},
    date(2020, 5, 8): dict.fromkeys(("ENG", "SCT", "NIR"), "Early May bank holiday (VE day)"),
}  # fmt: skip
