"""What conventions make of a figure: a row for each choice, how far they lie apart, and a sentence for each target."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.publish.cells import value_words
from ombudsman_kpi.publish.text_table import TextTable, as_html, as_text
from ombudsman_kpi.rounding import many
from ombudsman_kpi.schemes.scheme import Scheme

if TYPE_CHECKING:
    import pandas as pd

OWN = "as declared"  # stands in place of a convention for the scheme's own figure


def in_words(convention: str, option: str) -> str:
    """Return a choice, or without an option all of a convention, in words.

    >>> in_words("day_of_receipt", "day 1"), in_words("cut_off", "")
    ('day of receipt: day 1', 'cut off')
    """
    return convention.replace("_", " ") + (f": {option}" if option else "")


class Choice(NamedTuple):
    """One figure of a target under one choice, and the scheme's own beside it; None where that has no such period.

    ``keys`` are those of ``scheme.with_target`` that make the choice, ``calendar`` those of ``scheme.with_calendar``.
    Both are empty for the scheme's own, and for a denominator, which is read off the same counts.
    """

    target: str
    convention: str
    option: str
    keys: Mapping[str, Any]
    calendar: Mapping[str, Any]
    row: Row
    own: Row | None

    @property
    def changes(self) -> str:
        """What the choice turns into what, such as "met into missed"; empty where the status stays."""
        same = self.own is None or self.own.status == self.row.status
        return "" if same or self.own is None else f"{self.own.status} into {self.row.status}"

    @property
    def words(self) -> str:
        """The choice in words."""
        return in_words(self.convention, self.option)


class Untried(NamedTuple):
    """A choice that wasn't tried, and why; without an option all of a convention, without both the whole target."""

    target: str
    convention: str
    option: str
    reason: str


class Spread(NamedTuple):
    """How far the choices of one figure lie apart: the lowest and the highest; None where no choice has a value."""

    target: str
    period: str
    group: tuple[str, ...]
    lowest: Choice | None
    highest: Choice | None
    says: str


@dataclass(frozen=True, repr=False)
class Conventions:
    """Targets under each convention, one at a time beside the scheme's own.

    It shows itself as a table in a notebook and a terminal; ``to_pandas()`` gives all of it; ``says`` is a sentence
    for each figure, ``spreads`` its lowest and highest value; ``untried`` are the choices that can't apply, and why.
    """

    scheme: Scheme
    as_of: str
    by: tuple[str, ...]
    has_periods: bool
    choices: tuple[Choice, ...]
    untried: tuple[Untried, ...]

    def to_pandas(self) -> "pd.DataFrame":
        """Return a frame with a row for each choice, and first the scheme's own, "as declared".

        Columns: ``target, convention, option, value, met, missed, status, changes``. After ``target`` stand ``period``,
        where periods are asked for, and what is grouped by. ``attrs["says"]`` has the sentences.
        """
        import pandas as pd

        frame = pd.DataFrame(self.to_dicts()).astype({"value": "float64", "met": "Int64", "missed": "Int64"})
        frame.attrs["says"] = self.says
        return frame

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the same rows as plain values."""
        return [
            {
                "target": item.target,
                **({"period": item.row.period} if self.has_periods else {}),
                **dict(zip(self.by, item.row.group, strict=True)),
                "convention": item.convention, "option": item.option, "value": item.row.value, "met": item.row.met,
                "missed": item.row.missed, "status": item.row.status, "changes": item.changes,
            }
            for item in self.choices
        ]  # fmt: skip

    @cached_property
    def spreads(self) -> tuple[Spread, ...]:
        """How far the choices of each target lie apart, by period and group."""
        places: dict[tuple[Any, ...], list[Choice]] = {}
        for item in self.choices:
            places.setdefault((item.target, item.row.every, item.row.period, item.row.group), []).append(item)
        return tuple(self._spread(items) for items in places.values())

    @property
    def says(self) -> str:
        """A sentence for each figure, one a line: its value, how far others lie apart, and what they would change."""
        return "\n".join(spread.says for spread in self.spreads)

    def _spread(self, items: list[Choice]) -> Spread:
        first = items[0]
        valued = [(item.row.exact, item) for item in items if item.row.exact is not None]
        lowest, highest = (pick(valued, key=lambda pair: pair[0])[1] if valued else None for pick in (min, max))
        where = [*([first.row.period] if self.has_periods else []), *first.row.group]
        name = first.target + (f" ({', '.join(where)})" if where else "")
        return Spread(
            first.target, first.row.period, first.row.group, lowest, highest,
            f"{name}: {'; '.join(self._parts(items, lowest, highest))}.",
        )  # fmt: skip

    def _parts(self, items: list[Choice], lowest: Choice | None, highest: Choice | None) -> Iterator[str]:
        """Yield the parts of the sentence about one figure."""
        own, others = items[0].own, [item for item in items if item.convention != OWN]
        yield f"{self._value(own)} as declared ({own.status})" if own is not None else "no figure as declared"
        if not others:
            yield "no other convention can apply to it"
            return
        number = f"{many(len(others), 'other choice')}, one at a time"
        if lowest is None or highest is None:
            yield f"none of {number}, has a value"
        elif lowest.row.exact == highest.row.exact:
            yield f"so it is under {number}"
        else:
            ends = (f"{self._value(item.row)} ({item.words})" for item in (lowest, highest))
            yield f"with {number}, from {' to '.join(ends)}"
        changes: dict[str, list[str]] = {}
        for item in others:
            if item.changes:
                changes.setdefault(item.changes, []).append(item.words)
        for change, words in changes.items():
            yield f"{many(len(words), 'choice')} turn{'s' if len(words) == 1 else ''} {change} ({', '.join(words)})"
        if not changes:
            yield "none changes the status"

    def _value(self, row: Row) -> str:
        return value_words(row, self.scheme[row.target])

    @property
    def table(self) -> TextTable:
        """The layout for a reader, with the sentences and what wasn't tried below it."""
        periods = ["Period"] if self.has_periods else []
        names = ["Target", *periods, *self.by, "Convention", "Option", "Met", "Missed", "Value", "Status", "Changes"]
        return TextTable(
            title=self.scheme.title,
            subtitle=f"one convention at a time, as at {self.as_of} · {self.scheme.id}, digest {self.scheme.digest}",
            columns=tuple(names),
            numeric=tuple(name in {"Met", "Missed", "Value"} for name in names),
            rows=tuple(tuple(self._cells(item)) for item in self.choices),
            footnotes=(*self.says.splitlines(), *self._not_tried()),
        )

    def _cells(self, item: Choice) -> Iterator[str]:
        row = item.row
        yield item.target
        if self.has_periods:
            yield row.period + ("" if row.complete else " *")
        yield from row.group
        yield from (in_words(item.convention, ""), item.option)
        yield from ("–" if number is None else f"{number:,}" for number in (row.met, row.missed))
        yield from (self._value(row), row.status, item.changes)

    def _not_tried(self) -> Iterator[str]:
        """Yield what wasn't tried, and why: targets that are alike together."""
        if self.has_periods and any(not item.row.complete for item in self.choices):
            yield "* the period isn't over at this date"
        what: dict[tuple[str, str], list[str]] = {}
        for item in self.untried:
            what.setdefault((item.target, item.reason), []).append(in_words(item.convention, item.option))
        alike: dict[tuple[str, str], list[str]] = {}
        for (target, reason), several in what.items():
            alike.setdefault((", ".join(several), reason), []).append(target)
        for (words, reason), targets in alike.items():
            names = ", ".join(targets)
            yield f"not tried of {names}: {words} ({reason})" if words else f"not measured: {names} ({reason})"

    def __repr__(self) -> str:
        return as_text(self.table)

    def _repr_html_(self) -> str:
        return as_html(self.table)
