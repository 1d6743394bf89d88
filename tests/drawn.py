"""Rows of figures made up for drawings, and what stands in a drawing."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import ombudsman_kpi as kpi
from ombudsman_kpi.calendars.periods import Every, period_of
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.published import Drawing

LGSCO = kpi.load_scheme("lgsco")
TARGET = LGSCO["investigation-13w"]  # at least 75%
SVG = "{http://www.w3.org/2000/svg}"


def row_of(
    target: Target, start: date, every: Every, met: int, missed: int, pending: int = 0, group: tuple[str, ...] = (),
    **changed: Any,
) -> Row:  # fmt: skip
    """Return a row of a share: met of met and missed, with some pending; no value where nothing was counted."""
    period, of = period_of(start, every), met + missed
    every_one = of + pending
    value = Fraction(met, of) if of else None
    standard = target.standard
    kept = value is not None and standard is not None and value >= standard.value
    row = Row(
        target.id, target.measure, "share", "closed", every, period.label, period.start, period.end, True, group,
        of + pending, met, missed, 0, pending, 0, 0, met, of, None if value is None else float(value),
        met / every_one if every_one and of else None, (met + pending) / every_one if every_one and of else None,
        "at least", 0.75, "no data" if value is None else "met" if kept else "missed", None, False, "", exact=value,
    )  # fmt: skip
    return row._replace(**changed)


def months(pairs: Sequence[tuple[int, int]], every: Every = "month", **changed: Any) -> list[Row]:
    """Return a row for each period from April 2022 on, from how many were met and how many missed."""
    found, day = [], date(2022, 4, 4)
    for met, missed in pairs:
        found.append(row_of(TARGET, day, every, met, missed, **changed))
        day = period_of(day, every).end + timedelta(1)
    return found


class Box(NamedTuple):
    """Where text stands."""

    left: float
    right: float
    middle: float
    text: str


def parsed(drawing: Drawing) -> ET.Element:
    """Return a drawing as XML has it, which it must be."""
    return ET.fromstring(drawing.svg)  # noqa: S314


def texts(drawing: Drawing) -> list[str]:
    """Return all text that is seen in a drawing."""
    found = parsed(drawing).iter(f"{SVG}text")
    return [(item.text or "") + "".join(str(part.text) for part in item.iter(f"{SVG}tspan")) for item in found]


def percents(drawing: Drawing) -> list[tuple[float, float]]:
    """Return the round numbers beside a drawing in per cent, each with the height at which its line stands."""
    root = parsed(drawing)
    lines = next(item for item in root.iter(f"{SVG}path") if "stroke-opacity" in item.attrib).attrib["d"]
    heights = [float(y) for y in re.findall(r"M[\d.]+ ([\d.]+)H", lines)]
    labels = next(item for item in root.iter(f"{SVG}g") if item.attrib.get("text-anchor") == "end")
    return list(zip([float("".join(item.itertext()).rstrip("%")) for item in labels], heights, strict=True))
