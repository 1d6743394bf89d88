"""What a row says, for people: its values as they may be rounded, and words for what is published of it."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import count
from operator import ge, gt, le, lt

from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.measures.base.standard import Operator, Standard
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.published import Cell, Figure, Kind, Shorthand, TableColumn, plain, shown
from ombudsman_kpi.publish.totals import TOTAL
from ombudsman_kpi.rounding import signed

MARKS: Mapping[str, str] = {  # beside the word of a status: never a colour alone
    "met": "✓", **dict.fromkeys(("missed", "late", "overdue", "invalid"), "✗")
}  # fmt: skip
ALL = "All"  # what a total is called
_VALUES = {"value", "low", "high"}


def title_of(target: Target) -> str:
    """Return the commitment as tables name it: by its title, or else in its own words."""
    return plain(target.named)


def status_words(status: str) -> str:
    """Return a status with its mark.

    >>> status_words("met"), status_words("no target")
    ('✓ met', '– no target')
    """
    return f"{MARKS.get(status, '–')} {status}"


def group_words(label: str) -> str:
    """Return what a group is called: as its records say, without what would steer a terminal."""
    return ALL if label == TOTAL else plain(label) or "(none)"


def cell_of(row: Row, column: str, target: Target) -> Cell:
    """Return a row's cell in a column of the contract, as it may be published.

    ``value``, ``low`` and ``high`` are figures. What is withheld is shorthand; so is what there isn't: [x] for a value,
    [z] for what its target doesn't have.
    """
    withheld: Mapping[str, str] = row.withheld
    if column in withheld:
        return Shorthand(withheld[column])
    cell: Cell = figure_of(row, target, column) if column in _VALUES else getattr(row, column)
    if cell is None:
        return Shorthand("x" if column in _VALUES else "z")
    return plain(cell) if isinstance(cell, str) else cell


def kind_of(target: Target) -> Kind:
    """Return of which kind a column of the target's values is."""
    return "share" if target.unit == "share" else "number"


def figure_of(row: Row, target: Target, column: str = "value") -> Figure | None:
    """Return a value with as many places as it may be shown with; None where there is none.

    So many that it stays on its side of the standard, and that only what is nothing, or all, is shown as that: 89.95%
    against 90% has two places (counting.md 26).
    """
    exact = row.exact if column == "value" else _bound(row, column)
    if exact is None:
        return None
    share, whole = target.unit == "share", Fraction(1) if target.is_share else None
    least = 0 if target.unit == "number" else 1
    sides = [0, *([whole] if whole is not None else [])]
    for places in count(least):
        unit = Fraction(1, 10 ** (places + 2 * share))
        rounded = _rounded(exact, unit)
        if all((rounded == side) == (exact == side) for side in sides) and _same_side(exact, rounded, target.standard):
            return Figure(exact, places, row.status if column == "value" else "")
    raise AssertionError  # pragma: no cover


def _rounded(value: Fraction, unit: Fraction) -> Fraction:
    """Return a value rounded to whole units, halves away from zero."""
    rounded = (2 * abs(value) / unit + 1) // 2 * unit
    return -rounded if value < 0 else rounded


def _same_side(exact: Fraction, rounded: Fraction, standard: Standard | None) -> bool:
    """Return whether two values keep a standard or break it alike."""
    if standard is None or standard.operator == "about":
        return True
    keeps: dict[Operator, Callable[[Fraction, Fraction], bool]] = {
        "at least": ge, "more than": gt, "at most": le, "less than": lt
    }  # fmt: skip
    return keeps[standard.operator](exact, standard.value) == keeps[standard.operator](rounded, standard.value)


def _bound(row: Row, column: str) -> Fraction | None:
    """Return a bound as exactly as its float allows: that of a share is a fraction of so many records."""
    bound: float | None = getattr(row, column)
    if bound is None:
        return None
    if row.unit == "share":
        return Fraction(bound).limit_denominator(max(row.records or 0, 1_000_000))
    return Fraction(str(bound))


def unit_words(row: Row, target: Target) -> str:
    """Return the unit that stands behind a value; nothing where it says itself what it is."""
    if target.is_change and row.unit == "share":
        return "points"
    return "" if row.unit in {"share", "number"} else row.unit


def value_words(row: Row, target: Target, column: str = "value") -> str:
    """Return a value in its unit, rounded as it may be; a change with its sign. What there isn't is a dash.

    >>> from ombudsman_kpi import load_scheme, measure
    >>> case = {"case_id": "A1", "received_at": "2024-03-28", "decided_at": "2024-04-29"}
    >>> (row,) = measure(load_scheme("lgsco"), cases=[case], as_of="2024-05-31", targets="decided-or-allocated-20wd")
    >>> value_words(row, load_scheme("lgsco")["decided-or-allocated-20wd"])
    '100.0%'
    """
    cell = cell_of(row, column, target)
    if not isinstance(cell, Figure):
        return "–" if cell == Shorthand("x") else str(cell)
    share = row.unit == "share" and not target.is_change
    figure = cell._replace(exact=cell.exact * 100) if row.unit == "share" and target.is_change else cell
    text = shown(figure, TableColumn("", "share" if share else "number"))
    sign = "+" if target.is_change and cell.exact > 0 else ""
    return f"{sign}{text} {unit_words(row, target)}".rstrip()


def standard_words(target: Target) -> str:
    """Return a published figure in words: "at least 90%"; of a change, which way it is to go."""
    standard = target.standard
    if standard is None:
        return "–"
    return _CHANGES[standard.operator] if target.is_change else str(standard)


def promised_words(target: Target) -> str:
    """Return in a sentence which standard is published; of a change, that it is about the period before."""
    words = standard_words(target)
    if target.standard is None:
        return "There is no published standard."
    return f"The standard, against the period before: {words}." if target.is_change else f"The standard is {words}."


_CHANGES = {
    "at least": "not below", "at most": "not above", "more than": "increases", "less than": "decreases",
    "about": "as before",
}  # fmt: skip


def of_words(row: Row, target: Target) -> str:
    """Return of how many records a figure is: "17,170 of 18,974"; of a number or a mean, how many were counted."""
    if not target.is_share:
        number = cell_of(row, "met" if target.shows_met else "denominator", target)
        return f"{number:,}" if isinstance(number, int) else "–"
    of, counted = (cell_of(row, column, target) for column in ("met", "denominator"))
    if isinstance(of, int) and isinstance(counted, int):
        return f"{of:,} of {counted:,}"
    return "–" if Shorthand("z") in {of, counted} else f"{of} of {counted}"


def counted_words(row: Row, target: Target) -> str:
    """Return of how many records a figure is, and what is said of them.

    Of what has a limit, those in time: 17,170 of 18,974 in time. Of what has none, those of the kinds: 476 of 865
    upheld.
    """
    words = of_words(row, target)
    return f"{words} {target.met_words}".rstrip() if target.is_share and words != "–" else words


def headroom_words(row: Row, target: Target) -> str:
    """Return in words how many more could miss before the standard is lost, or by how many it is."""
    room = cell_of(row, "headroom", target)
    if not isinstance(room, int):
        return "–" if room == Shorthand("z") or target.standard is None else str(room)
    upwards = target.standard is not None and target.standard.better == "increase"
    counted = target.met_words or "counted"
    if room < 0:
        return f"{-room:,} too many {'missed' if upwards else counted}"
    what = "could miss" if upwards else f"could be {counted}"
    if row.status == "undetermined" and upwards and row.pending:
        return f"{room:,} of {row.pending:,} pending {what}" if room else f"none of {row.pending:,} pending may miss"
    return f"{room:,} more {what}" if room else f"no more {what}"


def change_words(row: Row, before: Row | None, target: Target) -> str:
    """Return what changed since another period: "up 1.2 points since Feb 2024"; nothing where it can't be said.

    Shares change by points, other values by their unit. While the period isn't over, or records are pending, it says
    so.
    """
    if before is None or {"value"} & {*row.withheld, *before.withheld}:
        return ""
    if row.exact is None or before.exact is None or target.is_change:
        return ""
    if row.pending and row.low is not None and row.high is not None and row.low <= float(before.exact) <= row.high:
        return f"too early to compare with {before.period}"
    change, share = row.exact - before.exact, row.unit == "share"
    amount = signed(abs(change) * (100 if share else 1), 0 if row.unit == "number" else 1).lstrip("+")
    unit = "points" if share else unit_words(row, target)
    if amount.strip("0."):
        words = f"{'up' if change > 0 else 'down'} {amount} {unit}".rstrip()
    else:
        words = "hardly changed" if change else "unchanged"
    return f"{words} since {before.period}{'' if row.complete and not row.pending else ', so far'}"


def pending_words(row: Row) -> str:
    """Return how many records are still open and not yet due; nothing where none is, or it is withheld."""
    return f"{row.pending:,} pending" if row.pending and "pending" not in row.withheld else ""
