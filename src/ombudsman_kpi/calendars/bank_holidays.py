"""Bank holidays of the United Kingdom: which days they are in each division, and what GOV.UK calls them."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from types import MappingProxyType

# The bank holidays that the government has announced end with this day (GOV.UK's list of 2026).
ANNOUNCED_UNTIL = date(2028, 12, 31)

DIVISIONS = {
    "england-and-wales": ("ENG",),
    "scotland": ("SCT",),
    "northern-ireland": ("NIR",),
    "any-uk-nation": ("ENG", "SCT", "NIR"),
}

# Where the holidays package differs from the law: St Andrew's Day is a bank holiday by the St Andrew's Day
# Bank Holiday (Scotland) Act 2007, so there was none in 2006.
_NOT_A_HOLIDAY = {"SCT": {date(2006, 11, 30)}}


@lru_cache(maxsize=64)
def bank_holidays(division: str, first_year: int, last_year: int) -> Mapping[date, str]:
    """Give every bank holiday of a division, those on a Saturday or Sunday too, and what it is called."""
    import holidays  # here, since it takes a tenth of a second

    # One subdivision at a time: without one the package gives only the days common to the whole Kingdom.
    days: dict[date, str] = {}
    for code in reversed(DIVISIONS[division]):
        years = range(first_year, last_year + 1)
        found = holidays.country_holidays("GB", subdiv=code, years=years)
        days |= {day: _as_published(name) for day, name in found.items() if day not in _NOT_A_HOLIDAY.get(code, ())}
    return MappingProxyType(days)


def _as_published(name: str) -> str:
    """Give the name that GOV.UK has for a bank holiday.

    >>> _as_published("May Day"), _as_published("Boxing Day (observed)")
    ('Early May bank holiday', 'Boxing Day (substitute day)')
    """
    for ours, theirs in _NAMES.items():
        name = name.replace(ours, theirs)
    return name


_NAMES = {
    "May Day": "Early May bank holiday", "Late Summer": "Summer", "Bank Holiday": "bank holiday",
    "New Year Holiday": "2nd January", "Saint ": "St ", " (observed)": " (substitute day)", "; ": " and ",
}  # fmt: skip
