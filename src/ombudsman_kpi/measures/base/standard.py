"""Standards: the published figures that targets are written with, as values that can be written back."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, Literal, get_args

import numpy as np
from pydantic import WithJsonSchema

from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.errors import SchemeError
from ombudsman_kpi.records.models import ReadBy

Operator = Literal["at least", "at most", "more than", "less than", "about"]
Direction = Literal["increase", "decrease"]


@dataclass(frozen=True, slots=True)
class Standard:
    """A published figure, exactly as written: ``at least 98%``, ``at most 20 seconds``, ``more than 0``.

    ``about 800`` says what to expect, and is no promise that could be kept or broken. Raises ``SchemeError`` for a
    figure that no decimal number of 0 or more is equal to: it couldn't be written into a scheme.
    """

    operator: Operator
    value: Fraction  # in the unit of the measure: 98% is 49/50
    unit: str

    def __post_init__(self) -> None:
        if not isinstance(self.value, (int, Fraction)) or self.value < 0 or _decimal(self._figure) is None:
            raise SchemeError("A standard is a decimal number of 0 or more, such as 98% or 12.5 days.")

    @property
    def better(self) -> Direction | None:
        """Which way a value is better; None for ``about``."""
        ways: dict[Operator, Direction] = {
            "at least": "increase", "more than": "increase", "at most": "decrease", "less than": "decrease"
        }  # fmt: skip
        return ways.get(self.operator)

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __str__(self) -> str:
        return f"{self.operator} {_decimal(self._figure)}{'' if self.unit in {'%', ''} else ' '}{self.unit}"

    @property
    def _figure(self) -> Fraction:
        """The number that is written before the unit."""
        return Fraction(self.value * 100 if self.unit == "%" else self.value)

    def is_kept_by(self, signs: Integers) -> Truths:
        """Return whether values keep the standard: those above it have a sign of 1, those below it -1, equal ones 0.

        >>> parse_standard("less than 0").is_kept_by(np.array([-1, 0, 1])).tolist()
        [True, False, False]
        """
        kept: Truths = {
            "at least": signs >= 0, "at most": signs <= 0, "more than": signs > 0, "less than": signs < 0,
            "about": np.equal(signs, signs),
        }[self.operator]  # fmt: skip
        return kept


def _decimal(number: Fraction) -> str | None:
    """Return a number of 0 or more in decimals, all of them; None where they have no end.

    >>> _decimal(Fraction(1999, 20)), _decimal(Fraction(60)), _decimal(Fraction(1, 3))
    ('99.95', '60', None)
    """
    rest, places = number.denominator, 0
    for prime in (2, 5):  # 20 is 2 * 2 * 5, so that 1999/20 has two places: 10**2 is the first multiple of it
        power = 0
        while rest % prime == 0:
            rest, power = rest // prime, power + 1
        places = max(places, power)
    if rest != 1:
        return None
    whole, part = divmod(number.numerator * 10**places // number.denominator, 10**places)
    return f"{whole}.{part:0{places}}" if places else f"{whole}"


_OPERATORS: dict[str, Operator] = {name: name for name in get_args(Operator)} | {
    "no more than": "at most", "no fewer than": "at least",
}  # fmt: skip
_IN_WORDS = {
    "increases": "more than 0", "decreases": "less than 0", "does not decrease": "at least 0",
    "does not increase": "at most 0", "none": "at most 0",
}  # fmt: skip
_STANDARD = re.compile(
    rf"(?P<operator>{'|'.join(_OPERATORS)})?\s*(?P<figure>\d+(?:\.\d+)?)\s*(?P<unit>%|[a-z ]*)",
    re.IGNORECASE | re.ASCII,
)

_LONGEST = 300  # digits of a figure: more are a mistake, and too large for the column of standards


def parse_standard(text: str) -> Standard:
    """Return the standard that text says; without a word before it, a figure is ``at least``.

    >>> parse_standard("at least 98%").value
    Fraction(49, 50)
    >>> str(parse_standard("no more than 60")), str(parse_standard("increases"))
    ('at most 60', 'more than 0')

    Raises ``SchemeError`` for what isn't a figure, for one of more than 300 digits, and for a share above 100%.
    """
    written = _IN_WORDS.get(text.strip().lower(), text.strip())
    match = _STANDARD.fullmatch(written)
    if match is None or len(match["figure"]) > _LONGEST:
        raise SchemeError(
            f"{text[:100]!r} isn't a standard. Write it like 'at least 98%', 'at most 20 seconds', 'no more than 60', "
            "or for a change 'increases', 'decreases', 'does not decrease' or 'does not increase'."
        )
    value, unit = Fraction(match["figure"]), match["unit"].strip()
    if unit == "%":
        if value > 100:
            raise SchemeError(f"{text[:100]!r} is an impossible share: a share is between 0% and 100%.")
        value /= 100
    return Standard(_OPERATORS[(match["operator"] or "at least").lower()], value, unit)


_STANDARD_SCHEMA = {
    "type": "string",
    "pattern": rf"^\s*(({'|'.join(_OPERATORS)}) )?\d+(\.\d+)?\s*(%|[a-z ]*)\s*$|^\s*({'|'.join(_IN_WORDS)})\s*$",
    "examples": ["at least 98%", "at most 20 seconds", "no more than 60", "increases", "about 800"],
    "description": "The published figure, as written",
}


def _read_standard(value: Any) -> Any:
    if isinstance(value, Standard):
        return value
    if isinstance(value, str):
        return parse_standard(value)
    raise ValueError("a standard is text such as 'at least 98%'")


StandardField = Annotated[Standard, ReadBy(_read_standard, str), WithJsonSchema(_STANDARD_SCHEMA)]
