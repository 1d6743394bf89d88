"""Figures as they may be rounded, and words for what is published."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ombudsman_kpi import load_scheme
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.publish.cells import cell_of, change_words, figure_of, headroom_words, standard_words, value_words
from ombudsman_kpi.publish.published import Shorthand, TableColumn, shown

LGSCO = load_scheme("lgsco")


def target_of(standard: str | None, **keys: Any) -> Target:
    return LGSCO.with_target("intake-calls-60s", standard=standard, **keys)["intake-calls-60s"]


def mean_of(standard: str | None) -> Target:
    scheme = LGSCO.with_target(
        "mean", says="Mean", measure="average", of="calls", start="offered_at", stop="answered_at",
        counted_in="seconds", cohort="received", standard=standard,
    )  # fmt: skip
    return scheme["mean"]


def row(exact: Fraction | None, **cells: Any) -> Row:
    columns: dict[str, Any] = dict.fromkeys(Row._fields[: Row._fields.index("reasons")])
    columns |= {"unit": "share", "period": "Feb 2024", "complete": True, "status": "met", "group": ()}
    return Row(**(columns | {"exact": exact} | cells))


# Rounding (counting.md 26)


@pytest.mark.parametrize(
    ("value", "standard", "written"),
    [
        ("0.8995", "at least 90%", "89.95%"),
        ("0.89999", "at least 90%", "89.999%"),
        ("0.9", "at least 90%", "90.0%"),
        ("0.90004", "at least 90%", "90.0%"),  # kept, and so is 90.0%
        ("0.8994", "at least 90%", "89.9%"),
        ("0.9999", None, "99.99%"),
        ("0.99996", "at least 98%", "99.996%"),
        ("1", "at least 98%", "100.0%"),
        ("0.0001", None, "0.01%"),
        ("0", None, "0.0%"),
        ("0.0496", "less than 5%", "4.96%"),
        ("0.05", "less than 5%", "5.0%"),
        ("0.0504", "at most 5%", "5.04%"),
        ("0.0496", "at most 5%", "5.0%"),
        ("0.0504", "more than 5%", "5.04%"),
        ("0.50049", "about 50%", "50.0%"),
        ("0.625", None, "62.5%"),
        ("0.00625", None, "0.6%"),
        ("0.00650", None, "0.7%"),  # half up
    ],
)
def test_a_share_has_as_many_places_as_keep_it_on_its_side(value: str, standard: str | None, written: str) -> None:
    assert value_words(row(Fraction(value)), target_of(standard)) == written


@pytest.mark.parametrize(
    ("value", "standard", "written"),
    [("20.04", "at most 20 seconds", "20.04 seconds"), ("19.96", "at most 20 seconds", "20.0 seconds"),
     ("19.96", "less than 20 seconds", "19.96 seconds"), ("0.03", None, "0.03 seconds"), ("0", None, "0.0 seconds")],
)  # fmt: skip
def test_a_time_has_as_many_places_as_keep_it_on_its_side(value: str, standard: str | None, written: str) -> None:
    assert value_words(row(Fraction(value), unit="seconds"), mean_of(standard)) == written


SHARES = st.integers(1, 100_000).flatmap(lambda below: st.builds(Fraction, st.integers(0, below), st.just(below)))


def keeps(operator: str, value: Fraction, standard: Fraction) -> bool:
    """Return whether a value keeps a standard, in Python's own words."""
    return {
        "at least": value >= standard, "more than": value > standard, "at most": value <= standard,
        "less than": value < standard,
    }[operator]  # fmt: skip


@given(SHARES, st.sampled_from(["at least", "more than", "at most", "less than"]), st.integers(0, 10_000))
def test_what_is_shown_stands_on_the_side_of_the_exact_value(exact: Fraction, operator: str, standard: int) -> None:
    written = f"{operator} {standard // 100}.{standard % 100:02}%"
    target = target_of(written)
    figure = figure_of(row(exact), target)
    assert figure is not None
    text = shown(figure, TableColumn("Share", "share"))
    value = Fraction(text.removesuffix("%")) / 100
    assert keeps(operator, value, Fraction(standard, 10_000)) == keeps(operator, exact, Fraction(standard, 10_000))
    assert (value == 0, value == 1) == (exact == 0, exact == 1)
    assert abs(value - exact) <= Fraction(1, 2 * 10 ** (figure.places + 2))
    if figure.places > 1:  # with one place less it would say something else
        unit = Fraction(1, 10 ** (figure.places + 1))
        fewer = (exact / unit + Fraction(1, 2)) // 1 * unit
        assert (fewer == 0, fewer == 1) != (exact == 0, exact == 1) or keeps(
            operator, fewer, Fraction(standard, 10_000)
        ) != keeps(operator, exact, Fraction(standard, 10_000))


@given(st.integers(1, 400).flatmap(lambda below: st.tuples(st.integers(0, below), st.integers(0, 400), st.just(below))))
def test_the_bounds_of_a_share_are_the_fractions_that_they_were(counts: tuple[int, int, int]) -> None:
    met, pending, counted = counts
    low = Fraction(met, counted + pending)
    figure = figure_of(row(Fraction(met, counted), low=float(low), records=counted + pending), target_of(None), "low")
    assert figure is not None
    assert figure.exact == low


# What isn't there, and what is withheld


def test_what_is_withheld_is_shorthand_wherever_it_would_stand() -> None:
    small = row(Fraction(1, 2), met=1, denominator=2, headroom=1, withheld={"value": "c", "met": "c", "headroom": "c"})
    target = target_of("at least 40%")
    assert cell_of(small, "value", target) == cell_of(small, "met", target) == Shorthand("c")
    assert value_words(small, target) == headroom_words(small, target) == "[c]"
    assert change_words(small, row(Fraction(1, 4)), target) == ""
    assert change_words(row(Fraction(1, 4)), small, target) == ""


def test_what_is_not_there_is_shorthand() -> None:
    target = target_of(None)
    assert cell_of(row(None), "value", target) == Shorthand("x")
    assert cell_of(row(None), "headroom", target) == Shorthand("z")
    assert cell_of(row(Fraction(1), met=3), "met", target) == 3
    assert standard_words(target) == "–"


# Words


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        ("0.9", "0.912", "up 1.2 points since Jan 2024"),
        ("0.912", "0.9", "down 1.2 points since Jan 2024"),
        ("0.9", "0.9", "unchanged since Jan 2024"),
        ("0.9", "0.90001", "hardly changed since Jan 2024"),
        ("0.0", "0.0005", "up 0.1 points since Jan 2024"),
    ],
)
def test_changes_of_shares_are_in_points(before: str, now: str, words: str) -> None:
    assert change_words(row(Fraction(now)), row(Fraction(before), period="Jan 2024"), target_of(None)) == words


def test_changes_of_times_are_in_their_unit_and_say_so_far() -> None:
    then = row(Fraction(20), unit="seconds", period="Jan 2024")
    assert change_words(row(Fraction(35, 2), unit="seconds"), then, mean_of(None)) == "down 2.5 seconds since Jan 2024"
    cut = row(Fraction(25), unit="seconds", complete=False)
    assert change_words(cut, then, mean_of(None)) == "up 5.0 seconds since Jan 2024, so far"
    assert change_words(cut, None, mean_of(None)) == ""


@pytest.mark.parametrize(
    ("room", "pending", "status", "standard", "words"),
    [
        (93, 0, "met", "at least 90%", "93 more could miss"),
        (1, 0, "met", "at least 90%", "1 more could miss"),
        (0, 0, "met", "at least 90%", "no more could miss"),
        (-1, 0, "missed", "at least 90%", "1 too many missed"),
        (-1900, 5, "missed", "at least 90%", "1,900 too many missed"),
        (3, 5, "undetermined", "at least 90%", "3 of 5 pending could miss"),
        (0, 5, "undetermined", "at least 90%", "none of 5 pending may miss"),
        (4, 0, "met", "at most 10%", "4 more could be in time"),
        (-4, 0, "missed", "less than 10%", "4 too many in time"),
        (None, 0, "no data", "at least 90%", "–"),
    ],
)
def test_headroom_in_words(room: int | None, pending: int, status: str, standard: str, words: str) -> None:
    assert headroom_words(row(Fraction(1), headroom=room, pending=pending, status=status), target_of(standard)) == words
