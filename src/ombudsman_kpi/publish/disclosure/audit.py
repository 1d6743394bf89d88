"""What can be worked out of numbers that aren't published: a list of leaks, and a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.errors import KpiError, OptionError
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.publish.disclosure.choosing import withheld
from ombudsman_kpi.publish.disclosure.from_rows import UNKNOWN, counted_in
from ombudsman_kpi.publish.disclosure.proof import Proof
from ombudsman_kpi.publish.disclosure.tied import Tied
from ombudsman_kpi.rounding import many
from ombudsman_kpi.tallies.basis import Basis


class Leak(NamedTuple):
    """A small number that isn't shown, and of which more can be worked out than that it is small.

    >>> print(Leak("decided-20wd, Mar 2024, team A", "missed", 3, 3))
    decided-20wd, Mar 2024, team A: missed is 3
    """

    row: str
    column: str
    least: int
    most: int | None  # None: it can be any number from there on

    def __str__(self) -> str:
        if self.most is None:
            bounds = f"at least {self.least:,}"
        else:
            bounds = f"{self.least:,}" if self.least == self.most else f"from {self.least:,} to {self.most:,}"
        return f"{self.row}: {self.column} is {bounds}"


@dataclass(frozen=True)
class Audit:
    """Whether what is shown gives away what isn't. It shows itself in words; ``check()`` raises where it does.

    >>> print(Audit(10, 12, ()))
    12 numbers are withheld. Every small one of them could be any number from 1 to 9, by all that is shown.
    """

    threshold: int
    withheld: int
    leaks: tuple[Leak, ...]

    @property
    def passed(self) -> bool:
        """Whether no small number can be worked out."""
        return not self.leaks

    def check(self) -> None:
        """Raise ``KpiError`` where a small number can be worked out."""
        if self.leaks:
            raise KpiError(str(self))

    def __str__(self) -> str:
        are = f"{many(self.withheld, 'number')} {'is' if self.withheld == 1 else 'are'} withheld. "
        if not self.withheld:
            return "No number is withheld."
        if self.passed:
            free = f"any number from 1 to {self.threshold - 1}, by all that is shown."
            return f"{are}Every small one of them could be {free}"
        lines = [f"- {leak}" for leak in self.leaks]
        return "\n".join([f"{are}Of {len(self.leaks):,} too much can be worked out from what is shown:", *lines])

    __repr__ = __str__


def audited(rows: Sequence[Row], basis: Basis) -> Audit:
    """Return whether rows, with their totals, give away by sums what the scheme's rule withholds of them.

    Rows that have left already, such as those in a file, are looked at as they are; of others it is what would leave.
    Raises ``OptionError`` for a scheme without a rule.
    """
    rule = basis.scheme.disclosure
    if rule is None:
        raise OptionError(
            f"The scheme {basis.scheme.id!r} has no rule on small numbers. Give it one: "
            "scheme.with_disclosure(threshold=10), or [disclosure] in its file."
        )
    whole = tuple(rows)
    counted = counted_in(whole, basis.scheme)
    left = any("c" in row.withheld.values() for row in whole)
    hidden = counted.value == UNKNOWN if left else withheld(counted.tied, counted.value, counted.cost, rule.threshold)
    found = leaks_of(counted.tied, counted.value, hidden, rule.threshold)
    names = counted.names()
    return Audit(
        rule.threshold, int((hidden & counted.tied.shown).sum()),
        tuple(Leak(*names[place], least, most) for place, least, most in found),
    )  # fmt: skip


def leaks_of(tied: Tied, value: Integers, hidden: Truths, threshold: int) -> list[tuple[int, int, int | None]]:
    """Return the places of the numbers of which too much can be worked out, with the least and the most they can be.

    Of a number that nobody knows, -1, it is too much where it is certainly small, but not any of the small ones.
    """
    unknown, small = value == UNKNOWN, (value > 0) & (value < threshold)
    proof = Proof.of(tied, value, threshold if unknown.any() else threshold - 1)
    proof.low[unknown] = 0  # what can be large needn't be able to be low
    found = []
    for place in sorted({leak.place for leak in proof.leaks(value, hidden, hidden & (small | unknown))}):
        least, most = proof.bound(value, hidden, place, threshold - 1)
        certain = most is not None and least > 0 and (most < threshold - 1 or least > proof.fewest[place])
        if certain or not unknown[place]:
            found.append((place, least, most))
    told = small & ~hidden & ~tied.shown  # by taking one from another
    return sorted([*found, *((int(place), int(value[place]), int(value[place])) for place in told.nonzero()[0])])
