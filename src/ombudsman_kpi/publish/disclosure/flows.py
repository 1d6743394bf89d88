"""What ties a caseload to what came and went: what was open before, and came since, has left or is open still."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.publish.disclosure.tied import Tie, sum_of
from ombudsman_kpi.schemes.scheme import Scheme

_Key = Any  # a NumberKey, of a Line: where these are made, they are tied
_Placed = tuple[Mapping[_Key, int], Mapping[_Key, int]]


def flows(
    lines: Sequence[Any], keys: Mapping[_Key, Row], scheme: Scheme, of: Callable[[Any], _Placed]
) -> Iterator[Tie | None]:
    """Yield the ties of caseloads, in all periods, to those numbers of records that are what came, or what left.

    Before the first period nothing was open, where that fits.
    """
    before, records = _periods_before(keys), [line for line in lines if line.column == "records"]
    for line in records:
        target = scheme[line.target]
        if not target.carries_over:
            continue
        whole, left, still = of(line), of(line._replace(column="met")), of(line._replace(column="value"))
        first = [key for key in whole[0] if key not in before]
        for other in records:
            if scheme[other.target].of == target.of and other.target != line.target:
                flow = of(other)
                yield from _sums([*before], whole, flow, still, before)
                yield from _sums(first, whole, flow)
                yield from _sums([*keys], left, flow)


def _sums(
    keys: Sequence[_Key], whole: _Placed, flow: _Placed, still: _Placed = ({}, {}),
    before: Mapping[_Key, _Key] | None = None,
) -> Iterator[Tie | None]:  # fmt: skip
    """Yield that numbers are those of a flow and what was still there before, if they are so wherever they are."""
    there = [(key, (before or {}).get(key, key)) for key in keys if key in whole[0]]
    if all(_fits(whole[0][key], [flow[0].get(key, 0), still[0].get(last, 0)]) for key, last in there):
        for key, last in there:
            yield sum_of(whole[1][key], [flow[1].get(key), still[1].get(last)])


def _fits(number: int, parts: list[int]) -> bool:
    """Return whether parts come to a number, as far as all of them are known: what isn't is below 0."""
    return min(number, *parts) < 0 or number == sum(parts)


def _periods_before(keys: Mapping[_Key, Row]) -> dict[_Key, _Key]:
    """Return of each period, of each group, the one before it."""
    ends = {(key.every, key.group, row.period_end): key for key, row in keys.items() if row.period_end is not None}
    starts = {key: row.period_start - timedelta(1) for key, row in keys.items() if row.period_start is not None}
    found = {key: ends.get((key.every, key.group, day)) for key, day in starts.items()}
    return {key: before for key, before in found.items() if before is not None}
