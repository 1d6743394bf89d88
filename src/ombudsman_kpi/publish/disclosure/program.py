"""Linear programs over withheld numbers: what they can be, for whoever adds and subtracts all that is shown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ombudsman_kpi.arrays.types import Integers, Truths
from ombudsman_kpi.errors import KpiError, MissingLibraryError
from ombudsman_kpi.publish.disclosure.tied import Reals, Tied, blocks_of

_AT_A_TIME = 3000  # numbers in one program: more take longer than they do in several
_NEAR = 1e-6
_TELLING = 0.01  # the least weight of a tie that counts: goals beside the first weigh less


class Fitting(NamedTuple):
    """Whole numbers that fit, and the ties that keep them from being lower, or higher."""

    numbers: Integers
    ties: Integers


class _Entries(NamedTuple):
    """What stands where in a matrix of so many rows."""

    row: Integers
    column: Integers
    factor: Reals
    rows: int


@dataclass(frozen=True, eq=False)
class Program:
    """Withheld numbers with all that ties them. Those of two blocks have nothing to do with one another."""

    place: Integers  # of each among all numbers
    block: Integers
    lowest: Reals  # that each can be
    sums: Any
    least: Reals  # that each tie comes to, less what is shown of it
    most: Reals
    tie: Integers  # the place of each among all ties
    tie_block: Integers

    def only(self, own: Truths) -> "Program":
        """Return the program of some of its numbers: all those of some blocks."""
        if own.all():
            return self
        ties = np.isin(self.tie_block, self.block[own])
        return Program(
            self.place[own], self.block[own], self.lowest[own],
            self.sums[ties][:, own], self.least[ties], self.most[ties], self.tie[ties], self.tie_block[ties],
        )  # fmt: skip

    @cached_property
    def _entries(self) -> "_Entries":
        entries = self.sums.tocoo()
        row, column = entries.coords
        return _Entries(row, column, entries.data, len(self.tie))

    def _of(self, ties: Truths, sign: float = 1.0) -> "_Entries":
        """Return what stands in some of the ties."""
        row, column, factor, _ = self._entries
        own = ties[row]
        return _Entries((np.cumsum(ties) - 1)[row[own]], column[own], sign * factor[own], int(ties.sum()))

    def fitting(self, low: Reals, high: Reals, enough: int) -> Fitting:
        """Return whole numbers that fit all that is shown, with the least weighed sum of ``low`` less that of ``high``.

        Of what counts towards ``high``, no more than ``enough`` counts of a number. Raises ``KpiError`` where none fit.
        """
        size, up = len(self.place), np.flatnonzero(high)
        exact = self.least == self.most
        below, above = ~exact & np.isfinite(self.least), ~exact & np.isfinite(self.most)
        # What counts of a number isn't above it: counts - number <= 0.
        counts = np.arange(len(up))
        columns = np.concatenate([up, size + counts])
        capped = _Entries(np.tile(counts, 2), columns, np.repeat([-1.0, 1.0], len(up)), len(up))
        bounded = _stacked([self._of(above), self._of(below, -1.0), capped], size + len(up))
        limits = np.concatenate([self.most[above], -self.least[below], np.zeros(len(up))])
        sums = _stacked([self._of(exact)], size + len(up))
        lowest = np.concatenate([self.lowest, np.zeros(len(up))])
        highest = np.concatenate([np.full(size, np.inf), np.full(len(up), float(enough))])
        numbers, of_sums, of_bounded = _solved(
            np.concatenate([low, -high[up]]),
            sums,
            self.least[exact],
            bounded,
            limits,
            np.stack([lowest, highest], axis=1),
        )
        weight = np.zeros(len(self.tie))
        weight[exact] = np.abs(of_sums)
        weight[above] += np.abs(of_bounded[: above.sum()])
        weight[below] += np.abs(of_bounded[above.sum() : above.sum() + below.sum()])
        return Fitting(numbers[:size], self.tie[weight > _TELLING])


def _stacked(parts: Sequence[_Entries], columns: int) -> Any:
    """Return a matrix of parts, one below the other, made at once: scipy's stacking takes longer than to solve it."""
    from scipy.sparse import csr_array

    first = np.cumsum([0, *(part.rows for part in parts)])
    row = np.concatenate([part.row + start for part, start in zip(parts, first, strict=False)])
    column, factor = (np.concatenate([part[place] for part in parts]) for place in (1, 2))
    return csr_array((factor, (row, column)), shape=(int(first[-1]), columns))


def programs(tied: Tied, value: Integers, hidden: Truths, wanted: Truths) -> Iterator[Program]:
    """Yield the programs of the withheld numbers among which some are wanted, not too many of them in one."""
    place = np.flatnonzero(hidden)
    sums = tied.sums[:, place]
    tie = np.flatnonzero(np.diff(sums.indptr))
    known = (tied.sums @ np.where(hidden, 0, value))[tie]
    tie_block, block = blocks_of(sums)
    blocks, sizes = np.unique(block[np.isin(block, block[wanted[place]])], return_counts=True)
    whole = Program(
        place,
        block,
        tied.lowest[place],
        sums[tie],
        tied.least[tie] - known,
        tied.most[tie] - known,
        tie,
        tie_block[tie],
    )
    parts = np.cumsum(sizes) // _AT_A_TIME
    for part in np.unique(parts):
        yield whole.only(np.isin(block, blocks[parts == part]))


def solver() -> tuple[Any, Any]:
    """Return what solves programs of any numbers, and of whole ones. Raises ``MissingLibraryError`` without scipy."""
    try:
        from scipy.optimize import linprog, milp
    except ImportError:
        raise MissingLibraryError(
            "Small numbers are published only where it is proved that nothing gives them away, and scipy, which proves "
            "it, isn't installed: pip install 'ombudsman-kpi[publish]'"
        ) from None
    return linprog, milp


def _solved(
    cost: Reals, sums: Any, known: Reals, bounded: Any, limits: Reals, bounds: Reals
) -> tuple[Integers, Reals, Reals]:
    """Return the whole numbers of least cost, and the weight of each sum, and of each that is bounded, in that."""
    linprog, milp = solver()
    found = linprog(cost, A_ub=bounded, b_ub=limits, A_eq=sums, b_eq=known, bounds=bounds, method="highs")
    numbers = found.x
    if numbers is not None and np.abs(numbers - np.rint(numbers)).max(initial=0) > _NEAR:
        from scipy.optimize import Bounds, LinearConstraint

        numbers = milp(
            cost, integrality=np.ones(len(cost)), bounds=Bounds(*bounds.T),
            constraints=[LinearConstraint(sums, known, known), LinearConstraint(bounded, -np.inf, limits)],
        ).x  # fmt: skip
    if numbers is None:
        raise KpiError(
            "No whole numbers fit what is shown: a total isn't the sum of its parts, or a number that is withheld "
            "would have to be 0."
        )
    return np.rint(numbers).astype(np.int64), found.eqlin.marginals, found.ineqlin.marginals
