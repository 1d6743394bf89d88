"""The forms that dates in text have: which format fits the cells of a column, and what an error says of them."""

import re
from itertools import product
from typing import Any

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import arrow_text
from ombudsman_kpi.arrays.types import MISSING, Truths
from ombudsman_kpi.errors import shape_of
from ombudsman_kpi.records.cells.date_formats import parse_format
from ombudsman_kpi.records.cells.text import is_text
from ombudsman_kpi.records.cells.text_times import TextTimes, read_iso

_SLASHED = ("%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%Y/%m/%d")
_DATES = (
    *(form.replace("/", mark) for mark in "/-." for form in _SLASHED),
    *("%d %B %Y", "%d-%B-%Y", "%d-%B-%y", "%d %B %y", "%B %d, %Y", "%a %d %B %Y", "%Y%m%d"),
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S")
_ENOUGH = 10_000  # cells that a proposed format is tried on


def formats_of(column: Any) -> list[str]:
    """Return the formats by which the cells of a column are dates in text; none where they aren't, or in ISO 8601.

    >>> formats_of(["28/03/2024", None, "N/A"]), formats_of(["2024-03-28"])
    (['%d/%m/%Y'], [])
    """
    import pyarrow as pa

    if isinstance(column, list):
        column = arrow_text([cell for cell in column if isinstance(cell, str)])
    if not is_text(column.type):
        return []
    cells = read_iso(column.slice(0, _ENOUGH).cast(pa.string()))
    return fitting_formats(cells.text) if cells.unknown_form.any() else []


def fitting_formats(text: Any) -> list[str]:
    """Return the formats by which all cells of some Arrow text are real dates."""
    text = text.slice(0, _ENOUGH).drop_null()
    forms = map("".join, product(_DATES, _CLOCKS))
    return [form for form in forms if (parse_format(form).read(text)[0] != MISSING).all()]


def swapped(cells: TextTimes, form: str, unreal: Truths) -> str | None:
    """Return a format with day and month the other way round, where that fits all cells and the given one does not.

    One cell or two among many are slips of the pen, and no reason to doubt the format.
    """
    wrong = np.count_nonzero(unreal)
    if wrong < 2 or 5 * wrong < np.count_nonzero(cells.there):
        return None
    other = form.translate(str.maketrans("dm", "md"))
    return other if other != form and (parse_format(other).read(cells.text)[0] != MISSING)[cells.there].all() else None


def unknown_form(cells: TextTimes, form: str | None) -> str:
    """Return what is wrong with cells in another form, without showing what they hold."""
    text: str = cells.text[int(np.argmax(cells.unknown_form))].as_py()
    shape, fitting = shape_of(text), fitting_formats(cells.text)
    if form is not None:
        others = f", such as {fitting[0]!r}, which fits all cells so far" if fitting else ""
        return f"has the form {shape}, not the one that dates= names, {form!r}. Mend it, or name another format{others}"
    if re.match(r"\d{1,2}[/.-]\d{1,2}[/.-]\d", text) and len(fitting) != 1:
        likely = fitting or _SLASHED
        other = f" or {likely[1]!r}" if fitting else ""
        return (
            f"has the form {shape}, in which the day and the month can't be told apart. Dates in text are ISO 8601 "
            f"(2024-04-03) unless you name the format, such as dates={{'cases': {likely[0]!r}}}{other}"
        )
    example = f"{fitting[0]!r}}}, which fits all cells so far" if fitting else "'%d %B %Y'}"
    return (
        f"has the form {shape}, which isn't a date in ISO 8601 (2024-04-03 or 2024-04-03T09:30:00). Mend it, or name "
        f"the format, such as dates={{'cases': {example}"
    )
