"""Random tables: what leaves is audited, and for small ones every table that fits is looked at."""

from datetime import date
from itertools import product
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import load_scheme, measure
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.figures.table import Made, RowsByColumn
from ombudsman_kpi.publish.disclosure.audit import audited, leaks_of
from ombudsman_kpi.publish.disclosure.disclosed import disclosed
from ombudsman_kpi.publish.disclosure.from_rows import UNKNOWN, counted_in
from ombudsman_kpi.publish.totals import TOTAL, with_totals
from ombudsman_kpi.tallies.basis import Basis

TARGET = "decided-or-allocated-20wd"
CASE = {"case_id": "A1", "received_at": "2024-03-28", "decided_at": "2024-04-29", "team": "A"}
(SAMPLE,) = measure(load_scheme("lgsco"), cases=[CASE], as_of="2024-05-31", targets=TARGET, by="team", every="month")
MONTHS = [("Jan 2024", date(2024, 1, 1), date(2024, 1, 31)), ("Feb 2024", date(2024, 2, 1), date(2024, 2, 29))]
PARTS = ("met", "late", "overdue", "pending", "excluded", "invalid")


def basis(threshold: int) -> Basis:
    scheme = load_scheme("lgsco").with_disclosure(threshold=threshold)
    return Basis(scheme, "2024-05-31", ("team",), {TARGET: ("month",)}, {TARGET: ("received",)})


def row(month: int, group: str, numbers: dict[str, int]) -> Row:
    met, missed = numbers["met"], numbers["late"] + numbers["overdue"]
    period, start, end = MONTHS[month]
    counts: dict[str, Any] = {name: numbers[name] for name in PARTS if name != "late"}
    return SAMPLE._replace(
        **counts, period=period, period_start=start, period_end=end, group=(group,), missed=missed,
        records=sum(numbers.values()), numerator=met, denominator=met + missed, exact=None, value=None, low=None,
        high=None, headroom=None,
    )  # fmt: skip


def quarter(rows: list[Row]) -> list[Row]:
    """Return the same groups over both months."""
    added = []
    for group in dict.fromkeys(row.group for row in rows):
        own = [row for row in rows if row.group == group]
        sums = {
            name: sum(getattr(row, name) for row in own)
            for name in (*PARTS, "missed", "records", "numerator", "denominator") if name != "late"
        }  # fmt: skip
        added.append(own[0]._replace(**sums, every="quarter", period="Q4", period_end=MONTHS[1][2]))
    return added


def table(numbers: list[list[dict[str, int]]], *, quarters: bool, of: Basis) -> RowsByColumn:
    rows = [
        row(month, f"Team {group}", own) for month, groups in enumerate(numbers) for group, own in enumerate(groups)
    ]
    rows += quarter(rows) if quarters else []
    return with_totals(RowsByColumn((Made(tuple(rows)),)), of)


few = st.one_of(st.just(0), st.integers(0, 12), st.integers(0, 200))
numbers = st.integers(1, 5).flatmap(
    lambda groups: st.lists(
        st.lists(st.fixed_dictionaries(dict.fromkeys(PARTS, few)), min_size=groups, max_size=groups),
        min_size=1,
        max_size=2,
    )
)


@settings(max_examples=350, deadline=None)
@given(numbers, st.integers(3, 10), st.booleans())
def test_what_leaves_passes_the_audit(numbers: list[list[dict[str, int]]], threshold: int, quarters: bool) -> None:
    of = basis(threshold)
    whole = table(numbers, quarters=quarters, of=of)
    left = disclosed(whole, of)
    for before, after in zip(whole, left, strict=True):
        for name in (
            "records",
            "met",
            "missed",
            "overdue",
            "pending",
            "excluded",
            "invalid",
            "numerator",
            "denominator",
        ):
            number, shown = getattr(before, name), getattr(after, name)
            assert shown == (None if name in after.withheld else number)
            assert name in after.withheld or not 0 < number < threshold
            assert number != 0 or name not in after.withheld  # a 0 is always shown
    counted, seen = counted_in(tuple(whole), of.scheme), counted_in(tuple(left), of.scheme)
    hidden = counted.tied.shown & False
    for line, places in counted.place.items():
        for key, place in places.items():
            other = seen.place_of(line, key)
            hidden[place] = other is not None and seen.value[other] == UNKNOWN
    assert leaks_of(counted.tied, counted.value, hidden | ~counted.tied.shown, threshold) == []


small_tables = st.lists(
    st.fixed_dictionaries({"met": st.integers(0, 4), "late": st.integers(0, 4)}), min_size=2, max_size=2
)


def fitting_tables(left: RowsByColumn) -> list[np.ndarray]:
    """Return every table of whole numbers up to 7 that agrees with rows that left, by trying them all."""

    def agrees(number: int, row: Row, name: str) -> bool:
        return number >= 1 if name in row.withheld else number == getattr(row, name)

    def fits(row: Row, met: int, missed: int) -> bool:
        own = {"met": met, "missed": missed, "denominator": met + missed, "records": met + missed}
        return all(agrees(number, row, name) for name, number in own.items())

    *groups, total = left
    each = [[pair for pair in product(range(8), repeat=2) if fits(row, *pair)] for row in groups]
    tables = product(*each)
    return [np.array(table) for table in tables if fits(total, *map(sum, zip(*table, strict=True)))]


@settings(max_examples=150, deadline=None)
@given(small_tables, st.integers(3, 4))
def test_every_number_that_is_withheld_is_free_in_tables_that_fit(
    numbers: list[dict[str, int]], threshold: int
) -> None:
    of = basis(threshold)
    nothing = dict.fromkeys(PARTS, 0)
    whole = table([[{**nothing, **own} for own in numbers]], quarters=False, of=of)
    left = disclosed(whole, of)
    tables = fitting_tables(left)
    for place, (before, after) in enumerate(zip(whole, left, strict=True)):
        for name in {"met", "missed", "denominator", "records"} & {*after.withheld}:
            if after.withheld[name] == "c" and getattr(before, name) < threshold:
                columns = {"met": [0], "missed": [1]}.get(name, [0, 1])
                rows = slice(None) if TOTAL in after.group else slice(place, place + 1)
                found = [int(one[rows, columns].sum()) for one in tables]
                several = np.count_nonzero(np.array([[row.met, row.missed] for row in whole[:-1]])[rows][:, columns])
                assert min(found) == max(1, several)  # of a total, as many as there are parts that aren't 0
                assert max(found) >= threshold - 1


@given(numbers, st.integers(3, 10), st.data())
@settings(max_examples=60, deadline=None)
def test_a_planted_leak_is_found(numbers: list[list[dict[str, int]]], threshold: int, data: st.DataObject) -> None:
    of = basis(threshold)
    whole = tuple(table(numbers, quarters=False, of=of))
    left = list(disclosed(RowsByColumn((Made(whole),)), of))
    small = [
        (place, name) for place, row in enumerate(whole) for name in ("met", "missed", "pending", "excluded")
        if 0 < getattr(row, name) < threshold
    ]  # fmt: skip
    if small:
        place, kept = data.draw(st.sampled_from(small))
        for name in ("records", "met", "missed", "pending", "excluded", "invalid", "denominator", "numerator"):
            if name != kept and left[place].withheld.get(name):
                signs = {column: sign for column, sign in left[place].withheld.items() if column != name}
                left[place] = left[place]._replace(**{name: getattr(whole[place], name)}, withheld=signs)
        assert any(leak.least == leak.most == getattr(whole[place], kept) for leak in audited(left, of).leaks)


def test_a_month_isnt_told_by_its_quarter() -> None:
    of, nothing = basis(10), dict.fromkeys(PARTS, 0)
    own = [[{**nothing, "met": 100, "late": late} for late in (first, 50)] for first in (3, 20)]
    left = disclosed(table(own, quarters=True, of=of), of)
    missed = [row for row in left if row.group == ("Team 0",)]
    assert sum("missed" in row.withheld for row in missed) > 1
