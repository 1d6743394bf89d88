"""Drawings: what stands where, by plain arithmetic from the numbers beside the lines; and what they say."""

import re
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

import ombudsman_kpi as kpi
from drawn import LGSCO, SVG, TARGET, months, parsed, percents, row_of, texts
from ombudsman_kpi.publish.drawings.axes import apart, cut, ticks, width_of, wrapped
from ombudsman_kpi.publish.drawings.bars import bars
from ombudsman_kpi.publish.drawings.multiples import by_group, three_cohorts
from ombudsman_kpi.publish.drawings.over_time import over_time
from ombudsman_kpi.publish.published import Drawing, Figure, PublishedTable, Shorthand, TableColumn

STEADY = [(78, 22), (77, 23), (79, 21), (78, 22), (76, 24), (78, 22), (80, 20), (77, 23), (78, 22), (79, 21), (77, 23),
          (78, 22), (79, 21)]  # fmt: skip
HOSTILE = [
    "<script>alert(1)</script>", "A & B \" ' ]]>", "=SUM(A1)", "\x1b[31mred", "שלום עולם", "\u202eevil", "x" * 200,
    "\ud800", "\ufffe", "$x^2$", "", "日本語チーム",
]  # fmt: skip


def points_at(drawing: Drawing, shape: str = "m") -> list[tuple[float, float]]:
    return [
        (float(item.attrib["cx"]), float(item.attrib["cy"]))
        for item in parsed(drawing).iter(f"{SVG}circle")
        if item.attrib.get("class") == shape
    ]


counted = st.tuples(st.integers(0, 300), st.integers(0, 300)).filter(lambda pair: sum(pair) > 0)


@given(st.lists(counted, min_size=1, max_size=11))
def test_each_point_stands_where_its_share_lies_between_the_round_numbers(pairs: list[tuple[int, int]]) -> None:
    drawing = over_time(months(pairs), TARGET, name="a")
    (low, bottom), *_, (high, top) = percents(drawing)
    found = points_at(drawing)
    assert len(found) == len(pairs)
    for (met, missed), (_, y) in zip(pairs, found, strict=True):
        share = 100 * met / (met + missed)
        assert low <= share <= high
        assert y == pytest.approx(bottom + (top - bottom) * (share - low) / (high - low), abs=0.11)
    assert top < bottom  # more stands above less
    line = next(item.attrib["d"] for item in parsed(drawing).iter(f"{SVG}path") if "stroke-opacity" in item.attrib)
    left, _, right = (float(number) for number in re.findall(r"[\d.]+", line)[:3])
    if len(pairs) > 1:
        assert [found[0][0], found[-1][0]] == pytest.approx([left + 6, right - 6], abs=0.11)
    steps = [right - left for (left, _), (right, _) in pairwise(found)]
    assert all(step == pytest.approx(steps[0], abs=0.21) for step in steps)


@given(st.lists(counted, min_size=1, max_size=11))
def test_the_standard_stands_at_its_share_and_is_named(pairs: list[tuple[int, int]]) -> None:
    drawing = over_time(months(pairs), TARGET, name="a")
    (low, bottom), *_, (high, top) = percents(drawing)
    line = next(item for item in parsed(drawing).iter(f"{SVG}path") if item.attrib.get("class") == "s")
    at = re.fullmatch(r"M[\d.]+ ([\d.]+)H[\d.]+", line.attrib["d"])
    assert at is not None
    assert float(at[1]) == pytest.approx(bottom + (top - bottom) * (75 - low) / (high - low), abs=0.11)
    assert {"at least", "75%"} <= {*texts(drawing)}


@given(st.integers(0, 50), st.integers(0, 50), st.integers(1, 80))
def test_what_may_still_change_is_hollow_on_a_line_between_its_bounds(met: int, missed: int, pending: int) -> None:
    if not met + missed:
        return
    last = row_of(TARGET, date(2023, 4, 1), "month", met, missed, pending)
    drawing = over_time([*months([(3, 1)]), last], TARGET, name="a")
    (low, bottom), *_, (high, top) = percents(drawing)
    assert len(points_at(drawing, "o")) >= 1
    whisker = [item.attrib["d"] for item in parsed(drawing).iter(f"{SVG}path") if re.fullmatch(
        r"M[\d.]+ [\d.]+V[\d.]+", item.attrib["d"]) and item.attrib.get("class") == "v"]  # fmt: skip
    (ends,) = [[float(number) for number in re.findall(r"[\d.]+", line)[1:]] for line in whisker]
    of = met + missed + pending
    for y, number in zip(ends, (met, met + pending), strict=True):
        assert y == pytest.approx(bottom + (top - bottom) * (100 * number / of - low) / (high - low), abs=0.11)
    assert "so far" in texts(drawing)


def seen_boxes(drawing: Drawing) -> list[tuple[float, float, str]]:
    """Return of the periods' names that are always seen where each begins and ends, in a typeface wider than most."""
    font, found = FontProperties(family="DejaVu Sans", size=13), []
    (names,) = [item for item in parsed(drawing) if item.attrib.get("text-anchor") == "middle"]
    for item in names.findall(f"{SVG}text"):
        width, x = TextPath((0, 0), str(item.text), prop=font).get_extents().width, float(item.attrib["x"])
        found.append((x - width / 2, x + width / 2, str(item.text)))
    return found


@pytest.mark.parametrize("every", ["week", "month", "two-month", "quarter", "half-year", "financial-year", "year"])
@pytest.mark.parametrize("number", [1, 2, 7, 12, 24, 60])
def test_the_names_of_periods_dont_stand_on_one_another(every: Any, number: int) -> None:
    drawing = over_time(months([(80, 20)] * number, every), TARGET, name="a")
    boxes = seen_boxes(drawing)
    assert boxes
    assert all(left[1] < right[0] for left, right in pairwise(boxes))
    assert boxes[0][0] > 0
    assert boxes[-1][1] < 320


@given(st.lists(counted, min_size=1, max_size=4))
def test_labels_at_the_ends_of_lines_dont_stand_on_one_another(pairs: list[tuple[int, int]]) -> None:
    drawing = over_time([*months(pairs), row_of(TARGET, date(2023, 1, 1), "month", 8, 2, 3)], TARGET, name="a")
    right = max(float(item.attrib["x"]) for item in parsed(drawing).iter(f"{SVG}text") if "x" in item.attrib)
    lines = [float(i.attrib["y"]) for i in parsed(drawing).iter(f"{SVG}text") if i.attrib.get("x") == f"{right:g}"]
    assert len(lines) == 6  # two values and the standard, in two lines each
    assert all(lower - upper >= 15.3 for upper, lower in pairwise(sorted(lines)))


@given(st.lists(st.floats(0, 100), min_size=1, max_size=6))
def test_labels_are_moved_apart_and_no_further(wanted: list[float]) -> None:
    found = apart(wanted, [10] * len(wanted), 0, 100)
    assert all(right - left >= 10 - 1e-6 for left, right in pairwise(sorted(found)))
    assert all(5 - 1e-6 <= at <= 95 + 1e-6 for at in found)
    clear = all(right - left >= 10 for left, right in pairwise(sorted(wanted))) and all(5 <= at <= 95 for at in wanted)
    assert not clear or found == pytest.approx(wanted)


@given(st.fractions(-1000, 1000), st.fractions(-1000, 1000), st.integers(2, 8))
def test_round_numbers_hold_all_values_and_are_few(one: Fraction, other: Fraction, most: int) -> None:
    low, high = sorted((one, other))
    found = ticks(low, high, most)
    assert found[0] <= low
    assert found[-1] >= high
    assert len(found) <= most + 1
    assert len({right - left for left, right in pairwise(found)}) == 1


@given(st.text(max_size=60), st.floats(3, 20))
def test_text_is_cut_where_it_has_no_room(text: str, room: float) -> None:
    assert width_of(cut(text, room)) <= max(room, 0.95)
    assert cut(text, room) == text or cut(text, room).endswith("…")
    assert len(wrapped(text, room, 3)) <= 3


def test_a_special_cause_has_a_shape_and_words_and_the_standard_an_icon() -> None:
    drawing = over_time(months([*STEADY, (30, 70)]), TARGET, name="a")
    assert len([item for item in parsed(drawing).iter(f"{SVG}path") if item.attrib.get("class") == "worse"]) == 2
    assert {"worse than usual", "usual range"} <= {*texts(drawing)}
    assert "May 2023: worse than usual, by more than chance" in texts(drawing)
    assert "By the control chart May 2023 is worse than usual, by more than chance; the standard" in drawing.describes
    assert drawing.data.rows[-1][-1] == "worse than usual"


def test_too_few_periods_for_a_control_chart_are_said_to_be() -> None:
    drawing = over_time(months(STEADY[:11]), TARGET, name="a")
    assert "Too few months for a control chart: 11 can't change any more; it takes 12." in drawing.describes
    assert not [item for item in parsed(drawing).iter(f"{SVG}g") if item.attrib.get("class", "").startswith("i")]
    assert "usual range" not in texts(drawing)


def test_what_it_says_is_what_a_person_would() -> None:
    rows = months([(8995, 1005), (80, 20), (70, 30), (0, 0), (75, 25)])
    assert over_time(rows, TARGET, name="a").describes == (
        "The standard of at least 75% was met in 3 of 4 months. The latest, August 2022, is 75.0% (75 of 100 in time). "
        "The lowest is 70.0% in June 2022, the highest 90.0% in April 2022. Of 1 month there is no data. Too few "
        "months for a control chart: 4 can't change any more; it takes 12."
    )


def test_values_are_rounded_half_up_and_stay_on_their_side_of_the_standard() -> None:
    drawing = over_time(months([(7496, 2504)]), TARGET, name="a")
    assert "74.96%" in texts(drawing)
    assert "74.96%" in drawing.describes
    assert "12.5%" in over_time(months([(1245, 8755 - 1)]), TARGET, name="a").describes  # 12.4512…%, and no 12.4%


@given(st.lists(counted, min_size=1, max_size=14), st.integers(0, 13), st.integers(0, 999), st.integers(1, 999))
def test_of_what_is_withheld_nothing_is_told(pairs: list[tuple[int, int]], place: int, met: int, missed: int) -> None:
    """Two figures that are withheld give the same drawing, description and data, whatever they are."""
    hidden = dict.fromkeys(("value", "low", "high", "met", "missed", "numerator", "denominator", "records"), "c")
    found = []
    for numbers in ((met, missed), (1, 2)):
        rows = months([*pairs[:place], numbers, *pairs[place:]])
        at = min(place, len(pairs))
        rows[at] = rows[at]._replace(withheld=hidden)
        found.append(over_time(rows, TARGET, name="a"))
    assert found[0] == found[1]
    assert "[c]" in texts(found[0]) or len(pairs) == 0
    assert "the figure is withheld, [c]" in found[0].describes


def test_a_rate_of_too_few_isnt_called_no_data() -> None:
    rows = months(STEADY)
    rows[3] = rows[3]._replace(withheld={"value": "x", "low": "x", "high": "x"})
    drawing = over_time(rows, TARGET, name="a")
    assert {"[x]", "not available"} <= {*texts(drawing)}
    assert "no data" not in drawing.describes


def test_withheld_counts_aren_t_told_by_the_limits_of_a_chart() -> None:
    found = []
    for factor in (1, 10):  # the same shares, of ten times as many
        rows = months([(met * factor, missed * factor) for met, missed in STEADY])
        hidden = dict.fromkeys(("met", "missed", "denominator", "numerator", "records"), "c")
        found.append(over_time([row._replace(withheld=hidden) for row in rows], TARGET, name="a"))
    assert found[0] == found[1]


def test_nothing_at_all_one_period_and_periods_without_a_value() -> None:
    assert over_time([], TARGET, name="a").describes == "There is no figure to show."
    assert texts(over_time([], TARGET, name="a")) == ["There is no figure to show."]
    nothing = over_time(months([(0, 0)] * 3), TARGET, name="a")
    assert nothing.describes == "There is no figure to show. Of 3 months there is no data."
    assert len(nothing.data.rows) == 3
    one = over_time(months([(3, 1)]), TARGET, name="a")
    assert len(points_at(one)) == 1
    assert "The latest, April 2022, is 75.0% (3 of 4 in time)." in one.describes


@pytest.mark.parametrize("name", HOSTILE)
def test_names_are_text(name: str) -> None:
    rows = months([(3, 1), (2, 2)], group=(name,))
    table = PublishedTable(
        "t", name, "", (TableColumn("A"), TableColumn("B", "share")), ((name, Figure(Fraction(1, 2))),)
    )
    for drawing in (
        over_time(rows, TARGET, name="a", title=name or " "), by_group(rows, TARGET, name="b", title=name or " "),
        bars(table, name="c"),
    ):  # fmt: skip
        root = parsed(drawing)
        assert {item.tag.removeprefix(SVG) for item in root.iter()} <= {
            "svg", "title", "desc", "g", "path", "text", "tspan", "circle", "rect"
        }  # fmt: skip
        assert "\x1b" not in drawing.svg
        assert "\u202e" not in drawing.svg
        assert drawing.svg.encode("utf-8")


def test_each_has_its_own_ids_and_is_named_by_them() -> None:
    root = parsed(over_time(months(STEADY), TARGET, name="calls-1"))
    ids = [item.attrib["id"] for item in root.iter() if "id" in item.attrib]
    assert ids == ["calls-1-title", "calls-1-desc"]
    assert root.attrib["role"] == "img"
    assert [root.attrib["aria-labelledby"], root.attrib["aria-describedby"]] == ids


def test_two_years_take_no_more_than_six_kilobytes() -> None:
    pairs = [(60 + place * 7 % 31, 40 - place * 7 % 31) for place in range(24)]
    assert len(over_time(months(pairs), TARGET, name="a-name-of-some-length").svg.encode()) <= 6 * 1024


def test_cohorts_stand_below_one_another_with_one_scale() -> None:
    rows = [*months(STEADY), *months(STEADY[::-1], cohort="received"), *months([(1, 1)] * 13, cohort="due")]
    drawing = three_cohorts(rows, TARGET, name="a")
    assert [text for text in texts(drawing) if text.startswith("Those")] == [
        "Those closed",
        "Those received",
        "Those due",
    ]
    assert drawing.describes == (
        "Those closed: 79.0% in April 2023. Those received: 78.0% in April 2023. Those due: 50.0% in April 2023."
    )
    assert [column.heading for column in drawing.data.columns[1:]] == ["Those closed", "Those received", "Those due"]
    assert len(drawing.data.rows) == 13


def test_a_cohort_without_a_period_has_a_gap_in_the_data() -> None:
    rows = [*months(STEADY[:3]), *months(STEADY[:2], cohort="received")]
    assert three_cohorts(rows, TARGET, name="a").data.rows[2][2] == Shorthand("x")


def test_more_groups_than_can_be_read_together_are_refused() -> None:
    rows = [row for team in range(13) for row in months([(1, 1)], group=(f"Team {team}",))]
    with pytest.raises(kpi.OptionError, match="13 groups; 12 can be read together"):
        by_group(rows, TARGET, name="a")
    assert len([text for text in texts(by_group(rows[:12], TARGET, name="a")) if "Team" in text]) == 12


def table_of(*cells: tuple[str, Any]) -> PublishedTable:
    return PublishedTable("t", "By team", "", (TableColumn("Team"), TableColumn("In time", "share")), cells)


@given(st.lists(st.fractions(0, 1), min_size=1, max_size=8))
def test_bars_are_as_long_as_their_values_and_in_order(shares: list[Fraction]) -> None:
    table = table_of(*((f"T{place}", Figure(share)) for place, share in enumerate(shares)))
    drawing = bars(table, name="a", standard=LGSCO["investigation-26w"].standard)  # at least 85%
    found = [(float(i.attrib["width"]), i.attrib["class"]) for i in parsed(drawing).iter(f"{SVG}rect")]
    expected = sorted(shares, reverse=True)
    longest = max(*shares, Fraction(85, 100))
    if max(shares) > Fraction(1, 10):
        scale = found[0][0] / float(expected[0] / longest)
        for (width, _), share in zip(found, expected, strict=True):
            assert width == pytest.approx(max(scale * float(share / longest), 0.5), abs=0.5)
    assert [look for _, look in found] == ["m" if share >= Fraction(85, 100) else "o" for share in expected]


def test_bars_say_which_keep_the_standard_and_what_isnt_shown() -> None:
    table = table_of(
        ("A", Figure(Fraction(9, 10))), ("B", Shorthand("c")), ("C", Figure(Fraction(1, 2))), ("D", Shorthand("x"))
    )  # fmt: skip
    drawing = bars(table, name="a", standard=LGSCO["investigation-26w"].standard)
    assert drawing.describes == (
        "1 of 2 keeps the standard of at least 85%. Highest: A (90.0%); lowest: C (50.0%). 2 figures are not shown: "
        "[c] confidential, not available."
    )
    assert {"50.0% missed", "[c] confidential", "not available"} <= {*texts(drawing)}
    assert len([*parsed(drawing).iter(f"{SVG}rect")]) == 2


def test_bars_in_an_order_of_their_own_keep_it() -> None:
    table = PublishedTable("t", "", "", (TableColumn("Age"), TableColumn("Open", "whole")), (("young", 1), ("old", 9)))
    names = [text for text in texts(bars(table, name="a", ordered=False)) if text in {"young", "old"}]
    assert names == ["young", "old"]
    assert texts(bars(PublishedTable("t", "", "", table.columns, ()), name="a")) == ["No data"]
