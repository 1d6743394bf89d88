"""Revisions: which published figure has changed since it was published, by how much, and why."""

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.figures.row import NO_DATE, Row
from ombudsman_kpi.publish.revised import Place, differs, exact_of, place_of
from ombudsman_kpi.publish.text_table import TextTable, as_html, as_text, screen_width
from ombudsman_kpi.results.causes import Cause, causes_of, why
from ombudsman_kpi.results.changed_records import RecordChange, changes_in, explains, told_by
from ombudsman_kpi.results.sides import Side, side_of
from ombudsman_kpi.rounding import half_up, many, signed

if TYPE_CHECKING:
    import pandas as pd

RECORDS_CHANGED = "records were added, removed or corrected"
_COUNTS = ("met", "missed", "pending", "denominator")
_NUMBERS = (*_COUNTS, "numerator", "status", "standard")
_FINEST = 6  # decimal places, so that a change isn't shown as none


class Revision(NamedTuple):
    """One figure that isn't what it was: changed, new, or gone."""

    place: Place
    kind: Literal["changed", "new", "gone"]
    old: Row | None
    new: Row | None
    why: tuple[str, ...]
    records: tuple[RecordChange, ...] = ()  # those that make the difference, where they are known

    @property
    def change(self) -> Fraction | None:
        """By how much its value has changed, exactly; None where it had none, or has none."""
        if self.old is None or self.new is None or self.old.exact is None or self.new.exact is None:
            return None
        return self.new.exact - self.old.exact


class Revisions(NamedTuple):
    """What has changed between two results: it shows itself as a table in a notebook and a terminal.

    ``figures`` are those that changed, are new, or are gone; ``causes`` what the two were measured by that differs;
    ``compared`` how many figures the old results had. ``to_pandas()`` gives all figures, ``records_to_pandas()`` the
    records that make the difference, where the rows of ``assess`` were given.
    """

    figures: tuple[Revision, ...]
    causes: tuple[Cause, ...]
    compared: int
    by: tuple[str, ...]
    as_of: tuple[str, str]
    withheld: int = 0  # figures whose value one of the two withholds

    @property
    def says(self) -> str:
        """What has changed, in a sentence or two."""
        kinds = [item.kind for item in self.figures]
        changed, added, gone = (kinds.count(kind) for kind in ("changed", "new", "gone"))
        of = f"{changed:,} of {many(self.compared, 'published figure')} changed"
        more = [f"{added:,} {_is(added)} new"] * bool(added) + [f"{gone:,} {_is(gone)} gone"] * bool(gone)
        of += f"; {self.withheld:,} {_is(self.withheld)} withheld, and can't be compared" if self.withheld else ""
        differing = "; ".join(cause.says for cause in self.causes)
        return f"{'; '.join([of, *more])}.{f' What differs: {differing}.' if differing else ''}"

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return a row for each figure, as plain values: counts, values and statuses of both, and why."""
        return [dict(self._cells(item)) for item in self.figures]

    def _cells(self, item: Revision) -> Iterator[tuple[str, Any]]:
        place = item.place
        yield from zip(("target", "cohort", "every", "period"), place[:4], strict=True)
        yield from zip(self.by, place.group, strict=True)
        yield "kind", item.kind
        for name in ("value", *_NUMBERS):
            yield f"old_{name}", item.old and getattr(item.old, name)
            yield f"new_{name}", item.new and getattr(item.new, name)
        yield "change", None if item.change is None else float(item.change)
        yield "why", "; ".join(item.why)
        yield "records", len(item.records) or None

    def to_pandas(self) -> "pd.DataFrame":
        """Return a frame with a row for each figure that changed, is new, or is gone."""
        import pandas as pd

        sides = [f"{side}_{name}" for name in ("value", *_NUMBERS) for side in ("old", "new")]
        columns = ["target", "cohort", "every", "period", *self.by, "kind", *sides, "change", "why", "records"]
        counts = [f"{side}_{name}" for name in _COUNTS for side in ("old", "new")]
        return pd.DataFrame(self.to_dicts(), columns=columns).astype(dict.fromkeys([*counts, "records"], "Int64"))

    def records_to_pandas(self) -> "pd.DataFrame":
        """Return a frame with a row for each figure and record that makes a difference in it."""
        import pandas as pd

        places = ["cohort", "every", "period", *self.by]
        rows = [
            [*change, *item.place[1:4], *item.place.group] for item in self.figures for change in item.records
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=[*RecordChange._fields, *places])

    @property
    def table(self) -> TextTable:
        """The figures laid out for a reader."""
        columns = ("Target", "Cohort", "Period", *self.by, "Was", "Is", "Change", "Why")
        rows = [
            (
                item.place.target, item.place.cohort, item.place.period, *item.place.group, _whole(_shown(item.old)),
                _whole(_shown(item.new)), _change(item), "; ".join([*item.why, *_named(item.records)]),
            )
            for item in self.figures
        ]  # fmt: skip
        return TextTable(
            self.says, f"as at {self.as_of[1]}, compared with as at {self.as_of[0]}", columns,
            tuple(name in {"Was", "Is", "Change"} for name in columns), tuple(rows), (),
        )  # fmt: skip

    def __repr__(self) -> str:
        return as_text(self.table, screen_width()) if self.figures else self.says

    def _repr_html_(self) -> str:
        return as_html(self.table)


def revisions(old: Any, new: Any, *, rows: "tuple[pd.DataFrame, pd.DataFrame] | None" = None) -> Revisions:
    """Return which figures have changed since they were published, by how much, and why.

    >>> from ombudsman_kpi import load_scheme, measure, revisions
    >>> lgsco, options = load_scheme("lgsco"), {"as_of": "2024-05-31", "every": "month"}
    >>> cases = [{"case_id": "A1", "received_at": "2024-03-28", "decided_at": "2024-04-29"}]
    >>> april = measure(lgsco, cases=cases, targets="decided-or-allocated-20wd", **options)
    >>> cases[0]["decided_at"] = "2024-04-30"  # somebody corrected it
    >>> print(revisions(april, measure(lgsco, cases=cases, targets="decided-or-allocated-20wd", **options)).says)
    1 of 1 published figure changed.

    ``old`` and ``new`` are results, or the JSON of results: what ``to_json`` or ``measure --json`` wrote. ``rows`` are
    what ``assess`` returned of both, with ``keep=`` for what they are grouped by: then each figure has the records, by
    id, that make the difference. Why is told as far as it is known: a key of the scheme, days off, an option, or a
    later ``as_of`` for a figure that wasn't final; where none of these can be it, records were changed. A figure that
    either side withholds isn't compared, and counted as ``withheld``: ``to_json(internal=True)`` keeps all of them.

    Raises ``KpiError`` for what isn't results, and ``OptionError`` where the two aren't grouped by the same.
    """
    before, now = side_of(old, "old"), side_of(new, "new")
    if before.by != now.by:
        was, is_ = (", ".join(by) or "nothing" for by in (before.by, now.by))
        raise OptionError(
            f"The old results are grouped by {was} and the new ones by {is_}, so no figure is in both. Measure both "
            "with the same by=."
        )
    causes = causes_of(before, now)
    found = [_revision(place, *pair, causes, before, now) for place, pair in _pairs(before, now)]
    if rows is not None:
        found = _with_records(found, rows, now.by)
    compared = sum(_is_figure(row) for row in before.rows)
    withheld = len({place_of(row) for side in (before, now) for row in side.rows if "value" in row.withheld})
    return Revisions(tuple(found), tuple(causes), compared, now.by, (before.as_of, now.as_of), withheld)


def _is_figure(row: Row) -> bool:
    return row.status != "not measured" and row.period != NO_DATE


def _pairs(old: Side, new: Side) -> Iterator[tuple[Place, tuple[Row | None, Row | None]]]:
    """Yield the figures that differ, those of the new results first, in their order."""
    before, now = ({place_of(row): row for row in side.rows if _is_figure(row)} for side in (old, new))
    for place in dict.fromkeys([*now, *before]):
        was, is_ = before.get(place), now.get(place)
        if was is None or is_ is None or differs(was, is_):
            yield place, (was, is_)


def _revision(place: Place, was: Row | None, is_: Row | None, causes: list[Cause], before: Side, now: Side) -> Revision:
    scheme = now.scheme or before.scheme
    target = None if scheme is None else next((item for item in scheme.targets if item.id == place.target), None)
    found = tuple(cause.says for cause in why(was, is_, causes, target))
    kind: Literal["changed", "new", "gone"] = "new" if was is None else "gone" if is_ is None else "changed"
    return Revision(place, kind, was, is_, found or (RECORDS_CHANGED,))


def _with_records(found: list[Revision], rows: Any, by: tuple[str, ...]) -> list[Revision]:
    """Return revisions with the records that make the difference; where they don't explain all of it, that is said."""
    if not isinstance(rows, (tuple, list)) or len(rows) != 2:
        raise OptionError("rows= takes two frames of assess: that of the old results, and that of the new ones.")
    old, new = (told_by(frame, by, which) for frame, which in zip(rows, ("old", "new"), strict=True))
    changes = changes_in([item.place for item in found], old, new)
    out = []
    for item in found:
        records = changes.get(item.place, ())
        differences = {
            name: (getattr(item.new, name, None) or 0) - (getattr(item.old, name, None) or 0)
            for name in ("met", "missed", "pending")
        }
        said = () if explains(records) == differences else ("the rows given don't explain all of it",)
        out.append(item._replace(records=records, why=(*item.why, *said)))
    return out


def _shown(row: Row | None) -> str:
    if row is None or exact_of(row) is None:
        return "–"
    value = Fraction(exact_of(row))
    if row.unit != "share":
        return f"{half_up(value, 0 if row.unit == 'number' else 1)} {'' if row.unit == 'number' else row.unit}".strip()
    counts = f" ({row.numerator:,} of {row.denominator:,})" if row.denominator and row.numerator is not None else ""
    return f"{half_up(value * 100)}%{counts}"


def _whole(words: str) -> str:
    """Return words that stay on one line."""
    return words.replace(" ", "\xa0")


def _change(item: Revision) -> str:
    """Return a change of a value as it is shown: with as many decimal places as it takes not to show none."""
    if item.change is None:
        return item.kind if item.kind != "changed" else ""
    old, new = (row.status if row is not None else "" for row in (item.old, item.new))
    status = f", {old} before, {new} now" if old != new else ""
    share = item.new is not None and item.new.unit == "share"
    value = item.change * 100 if share else item.change
    places = next((number for number in range(1, _FINEST) if half_up(abs(value), number).strip("0.,")), _FINEST)
    return f"{signed(value, places)}{' points' if share else ''}{status}" if value else f"same value{status}"


def _named(records: tuple[RecordChange, ...]) -> list[str]:
    """Return the records that make a difference, in a few words."""
    shown = [
        f"{item.id or f'row {item.row}'} ({item.old_status or 'not counted'} → {item.new_status or 'not counted'})"
        for item in records[:3]
    ]
    more = [f"and {many(len(records) - 3, 'more record')}"] if len(records) > 3 else []
    return [", ".join([*shown, *more])] if shown else []


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
