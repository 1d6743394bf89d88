"""The same data under two schemes, side by side."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from ombudsman_kpi.errors import OptionError, one_of
from ombudsman_kpi.figures.row import EVERYTHING, NO_DATE, Row
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.cells import standard_words, value_words
from ombudsman_kpi.publish.text_table import TextTable, as_html, as_text
from ombudsman_kpi.results.results import Results
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.plan import names_of

if TYPE_CHECKING:
    import pandas as pd

Names = tuple[str | None, str | None]  # a target's id in the first scheme, and in the second
_COLUMNS = ("numerator", "denominator", "value", "operator", "standard", "status", "headroom")


class Pair(NamedTuple):
    """A figure under the first scheme, and under the second; None where one doesn't have it."""

    first: Row | None
    second: Row | None


class Comparison(NamedTuple):
    """The same data under two schemes: for each figure of one, that of the other.

    It shows itself as a table in a notebook and a terminal; ``to_pandas()`` gives all of it; ``first`` and
    ``second`` are the results under each scheme.
    """

    first: Results
    second: Results
    pairs: tuple[Pair, ...]

    def to_pandas(self) -> "pd.DataFrame":
        """Return a frame with a row for each pair of figures.

        Columns: ``target`` and ``cohort`` under each scheme, ``every, period``, those grouped by, and under each scheme
        ``numerator, denominator, value, operator, standard, status, headroom``; the names of the second end in ``_2``.
        """
        import pandas as pd

        counts = [name + suffix for name in ("denominator", "headroom") for suffix in ("", "_2")]
        return pd.DataFrame(self.to_dicts()).astype(dict.fromkeys(counts, "Int64"))

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the same rows as plain values."""
        return [dict(self._cells(pair)) for pair in self.pairs]

    def _cells(self, pair: Pair) -> Iterator[tuple[str, Any]]:
        shown = pair.first or pair.second
        assert shown is not None  # noqa: S101
        for suffix, row in zip(("", "_2"), pair, strict=True):
            yield from ((name + suffix, row and getattr(row, name)) for name in ("target", "cohort"))
        yield from (("every", shown.every), ("period", shown.period))
        yield from zip(self.first.basis.by, shown.group, strict=True)
        for suffix, row in zip(("", "_2"), pair, strict=True):
            yield from ((name + suffix, None if row is None else getattr(row, name)) for name in _COLUMNS)

    def __repr__(self) -> str:
        return as_text(comparison_table(self))

    def _repr_html_(self) -> str:
        return as_html(comparison_table(self))


def matched(first: Scheme, second: Scheme, same: Mapping[str, str]) -> list[Names]:
    """Return the names of each target in both schemes, in the order of the first, then of the second."""
    if not isinstance(same, Mapping):
        raise OptionError("same= takes names of both schemes: {'written-contacts-3wd': 'written-contacts-24h'}.")
    theirs = {target.id for target in second.targets} - set(same.values())
    other = {target.id: target.id for target in first.targets if target.id in theirs}
    other |= {first[mine].id: second[name].id for mine, name in same.items()}
    pairs: list[Names] = [(target.id, other.get(target.id)) for target in first.targets]
    return pairs + [(None, target.id) for target in second.targets if target.id not in other.values()]


def wanted(pairs: list[Names], targets: str | Sequence[str] | None) -> list[Names]:
    """Return the pairs that are asked for. Raises ``OptionError`` for a target that neither scheme has."""
    requested = names_of("targets", targets)
    names = sorted({name for pair in pairs for name in pair if name})
    for name in requested:
        if name not in names:
            raise OptionError(f"Neither scheme has a target {name!r}. {one_of(name, names)}")
    return pairs if targets is None else [pair for pair in pairs if set(requested) & set(pair)]


def paired(first: Results, second: Results, pairs: list[Names]) -> Iterator[Pair]:
    """Yield rows of one target, period and group side by side; of one cohort too, where a target has several."""
    for names in pairs:
        sides = []
        for results, name in zip((first, second), names, strict=True):
            rows = tuple(results.rows.of_target(name)) if name else ()
            several = len({row.cohort for row in rows}) > 1
            sides.append({(row.every, row.period, row.group, row.cohort if several else ""): row for row in rows})
        by_place = {**sides[0], **{place: row for place, row in sides[1].items() if place not in sides[0]}}
        parts = {part: order for order, part in enumerate(dict.fromkeys((place[0], place[3]) for place in by_place))}
        for place in sorted(by_place, key=lambda place: (parts[place[0], place[3]], *_when(by_place[place]))):
            yield Pair(sides[0].get(place), sides[1].get(place))


def _when(row: Row) -> tuple[Any, ...]:
    """Return the order of rows in time, with what is in no period last."""
    return row.period == NO_DATE, row.period_start or date.min, row.group


def comparison_table(comparison: Comparison) -> TextTable:
    """Return the layout of the same data under two schemes: each figure once, with what either scheme makes of it."""
    sides = comparison.first, comparison.second
    measured = [pair for pair in comparison.pairs if any(row and row.status != "not measured" for row in pair)]
    shown = [pair for pair in measured if any(row and row.period != NO_DATE for row in pair)]
    periods = any(row and row.every != EVERYTHING for pair in shown for row in pair)
    columns = ["Target", *(["Period"] if periods else []), *comparison.first.basis.by]
    alike = sides[0].scheme.id == sides[1].scheme.id
    for side in sides:
        columns += [f"{side.scheme.id} {side.scheme.digest}" if alike else side.scheme.id, "Standard", "Status"]
    lines = []
    for pair in shown:
        row = pair.first or pair.second
        assert row is not None  # noqa: S101
        names = dict.fromkeys(row.target for row in pair if row)
        line = [" / ".join(names), *([row.period + ("" if row.complete else " *")] if periods else []), *row.group]
        for side, own in zip(sides, pair, strict=True):
            target = side.scheme[own.target] if own else None
            line += [value_words(own, target), _promised(target), own.status] if own and target else ["", "", ""]
        lines.append(tuple(line))
    notes = [f"{side.scheme.id}: {side.scheme.title}, digest {side.scheme.digest}" for side in sides]
    if any(row and not row.complete for pair in shown for row in pair):
        notes.append("* the period isn't over at this date")
    absent = {row.target for pair in comparison.pairs if pair not in measured for row in pair if row}
    notes += [f"not measured: {', '.join(sorted(absent))}"] if absent else []
    return TextTable(
        title=f"{sides[0].scheme.title} and {sides[1].scheme.title}",
        subtitle=f"the same records under both, as at {sides[0].as_of}",
        columns=tuple(columns),
        numeric=tuple(name not in {"Target", "Period", *comparison.first.basis.by, "Status"} for name in columns),
        rows=tuple(lines),
        footnotes=tuple(notes),
    )


def _promised(target: Target) -> str:
    """Return what a target promises: the figure, and the limit that it is for."""
    limit = "" if target.standard_limit is None else f" in {target.standard_limit}"
    return f"{standard_words(target)}{limit}"
