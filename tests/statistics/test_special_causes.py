"""Each rule of special causes alone, by series made on paper, and all of them against a plain loop in fractions."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.statistics import ChartRules, xmr

# Up and down by one around 0: the mean is 0, each moving range 2, the limits 5.32 and two thirds of that 3.547.
CALM = [1, -1] * 6


def causes(values: Sequence[float], **options: object) -> list[str]:
    return list(xmr(values, range(len(values)), **options).points["special_cause"])  # type: ignore[arg-type]


def of_later(values: Sequence[float], **options: object) -> list[str]:
    """Give the causes of what follows twelve calm points, on which alone the limits rest."""
    calm, later = 12, causes([*CALM, *values], fix_after=12, **options)
    assert later[:calm] == ["none"] * calm
    return later[calm:]


def test_a_point_is_outside_only_beyond_a_limit() -> None:
    assert of_later([5.32, 0, -5.32, 0, 5.33, 0, -5.33]) == [
        "none", "none", "none", "none", "above_limit", "none", "below_limit"
    ]  # fmt: skip


def test_a_shift_is_seven_on_one_side() -> None:
    up = [1, 2, 1, 2, 1, 2, 1]
    assert of_later([-1, *up[:6], -1]) == ["none"] * 8
    assert of_later([-1, *up, -1]) == ["none", *["shift_above"] * 7, "none"]
    assert of_later([1, *(-value for value in up), -1]) == ["none", *["shift_below"] * 8]


def test_a_point_on_the_mean_ends_a_shift() -> None:
    assert of_later([-1, 1, 2, 1, 0, 1, 2, 1, -1]) == ["none"] * 9
    assert of_later([0, 1, 2, 1, 2, 1, 2, 1, 0]) == ["none", *["shift_above"] * 7, "none"]


def test_a_trend_is_seven_of_which_each_is_above_the_one_before() -> None:
    rise = [-3, -2, -1, 0, 1, 2, 3]
    assert of_later([*rise[:6], 0]) == ["none"] * 7
    assert of_later([*rise, 0]) == [*["trend_up"] * 7, "none"]
    assert of_later([*reversed(rise), 0]) == [*["trend_down"] * 7, "none"]


def test_a_point_equal_to_the_one_before_ends_a_trend() -> None:
    assert of_later([-3, -2, -1, -1, 0, 1, 2, 3, 0]) == ["none"] * 9


def test_what_differs_by_rounding_alone_is_equal() -> None:
    third = 0.1 + 0.2  # a little above 0.3
    assert third > 0.3
    assert causes([0.3, third] * 12) == ["none"] * 24
    assert of_later([0, 0.1, 0.2, 0.3, third, 0.4, 0.5, 0]) == ["none"] * 8
    assert of_later([0.5, 0.4, third, 0.3, 0.2, 0.1, 0, 1]) == ["none"] * 8
    tenths = xmr([value / 10 for value in CALM], range(12), improvement="increase", target=0.532)
    assert tenths.assurance == "inconsistent"  # though 2.66 times the mean moving range is 0.5319999999999999


def test_a_peak_is_of_the_fall_that_follows() -> None:
    found = of_later([-3, -2, -1, 0, 1, 2, 3, 2, 1, 0, -1, -2, -3, 0])
    assert found == [*["trend_up"] * 6, *["trend_down"] * 7, "none"]


def test_a_tie_after_a_rise_leaves_it_a_rise() -> None:
    found = of_later([-3, -2, -1, 0, 1, 2, 3, 3, 2, 1, 0, -1, -2, -3, 0])
    assert found == [*["trend_up"] * 7, *["trend_down"] * 7, "none"]


@pytest.mark.parametrize(
    ("three", "expected"),
    [
        ([4, 4, 1], "NN-"),
        ([4, 1, 4], "N-N"),
        ([1, 4, 4], "-NN"),
        ([4, 4, 4], "NNN"),
        ([4, 4, 0], "---"),  # the third isn't above the mean
        ([4, -1, 4], "---"),
        ([4, -4, 4], "---"),
        ([4, 3.54, 1], "---"),  # two thirds of the way are 3.547
        ([4, 3.55, 1], "NN-"),
        ([6, 4, 1], "O--"),  # a point outside isn't near
        ([6, 4, 4], "ONN"),
    ],
)
def test_two_of_three_are_near_a_limit(three: list[float], expected: str) -> None:
    for sign, side in ((1, "above"), (-1, "below")):
        names = {"N": f"two_of_three_{side}", "O": f"{side}_limit", "-": "none"}
        found = of_later([-sign, *(sign * value for value in three), -sign])
        assert found == ["none", *(names[letter] for letter in expected), "none"]


def test_outside_comes_before_a_trend_that_before_two_of_three_and_that_before_a_shift() -> None:
    # Eight rise above the mean, the last three beyond two thirds of the way, the last of all outside.
    found = of_later([1, 0.5, 1, 1.5, 2, 2.5, 4, 5, 6])
    assert found == ["shift_above", *["trend_up"] * 7, "above_limit"]
    # Without the trend: seven above the mean, two near.
    assert of_later([1, 2, 1, 4, 2, 5, 1, -1]) == [
        *["shift_above"] * 3, "two_of_three_above", "shift_above", "two_of_three_above", "shift_above", "none"
    ]  # fmt: skip


def test_no_rule_looks_across_a_rebase() -> None:
    values = [*CALM, 1, 2, 1, 2, 1, 2, 1, *CALM]
    assert causes(values, fix_after=12).count("shift_above") == 8  # the first of the calm points, too
    halves = causes(values, fix_after=12, rebase=[16])
    assert "shift_above" not in halves[:16]
    rising = [1, -1, 1, -3, -2, -1, 0, 1, 2, 3, -1, 1]
    assert causes(rising, fix_after=3).count("trend_up") == 7
    assert "trend_up" not in causes(rising, fix_after=3, rebase=[6])


def test_screening_is_one_pass_over_moving_ranges() -> None:
    # Moving ranges: ten of 1, and 8 there and back. Their mean is 26/12 and 3.267 of that 7.08: both are left out.
    values = [0, 1, 0, 1, 0, 1, 9, 1, 0, 1, 0, 1, 0]
    points = xmr(values, range(13)).points
    assert (points["upper"] - points["mean"]).round(12).unique().tolist() == [2.66]
    unscreened = xmr(values, range(13), screen=False).points
    assert (unscreened["upper"] - unscreened["mean"]).round(12).unique().tolist() == [round(2.66 * 26 / 12, 12)]
    # 100 is left out; 12 would be in a second pass, but there is none: the mean of what is left is 3.
    twice = [0, 1, 0, 1, 0, 1, 0, 12, 13, 14, 13, 14, 114]
    left = xmr(twice, range(13)).points
    assert (left["upper"] - left["mean"]).round(12).unique().tolist() == [round(2.66 * 22 / 11, 12)]


def test_rules_of_ones_own_have_a_name_and_are_applied() -> None:
    ours = ChartRules("ours", "2026", shift=8)
    chart = xmr([*CALM, -1, 1, 2, 1, 2, 1, 2, 1, -1], range(21), rules=ours, fix_after=12)
    assert set(chart.points["special_cause"]) == {"none"}
    assert "rules ours 2026" in repr(chart)
    assert chart.to_dict()["rules"]["shift"] == 8


@pytest.mark.parametrize("wrong", [{"width": 0}, {"screened": 1}, {"shift": 1}, {"trend": 1}, {"near": 1}])
def test_rules_that_cannot_be_applied_are_an_error(wrong: dict[str, float]) -> None:
    with pytest.raises(OptionError, match="can't be applied"):
        ChartRules("ours", "1", **wrong)  # type: ignore[arg-type]


def limits_by_a_loop(values: Sequence[Fraction], *, screen: bool) -> tuple[Fraction, Fraction]:
    """Give the mean, and the distance of the limits from it, in exact fractions."""
    ranges = [abs(after - before) for before, after in pairwise(values)]
    usual = sum(ranges, Fraction()) / len(ranges)
    if screen and usual:
        ranges = [moved for moved in ranges if moved < Fraction("3.267") * usual]
        usual = sum(ranges, Fraction()) / len(ranges)
    return sum(values, Fraction()) / len(values), Fraction("2.66") * usual


def causes_by_a_loop(values: Sequence[Fraction], mean: Fraction, half: Fraction) -> list[str]:
    """Give the causes, each rule in a plain loop over the places at which it could begin."""
    side = [(value > mean) - (value < mean) for value in values]
    out = [abs(value - mean) > half for value in values]
    near = [abs(value - mean) > Fraction(2, 3) * half and not beyond for value, beyond in zip(values, out, strict=True)]
    found = ["none"] * len(values)
    for first in range(len(values) - 6):
        if abs(sum(side[first : first + 7])) == 7:
            found[first : first + 7] = ["shift_above" if side[first] > 0 else "shift_below"] * 7
    for first in range(len(values) - 2):
        if abs(sum(side[first : first + 3])) == 3 and sum(near[first : first + 3]) >= 2:
            name = "two_of_three_above" if side[first] > 0 else "two_of_three_below"
            found[first : first + 3] = [name if near[at] else found[at] for at in range(first, first + 3)]
    for first in range(len(values) - 6):
        steps = {(after > before) - (after < before) for before, after in pairwise(values[first : first + 7])}
        if len(steps) == 1 and steps != {0}:
            found[first : first + 7] = ["trend_up" if steps == {1} else "trend_down"] * 7
    names = {1: "above_limit", -1: "below_limit"}
    return [names[side[at]] if out[at] else found[at] for at in range(len(values))]


wanders = st.lists(st.integers(-9, 9), min_size=2, max_size=40) | st.lists(
    st.tuples(st.integers(-2, 2), st.integers(1, 8)), min_size=2, max_size=12
).map(lambda steps: [sum(s * n for s, n in steps[:at]) + s * k for at, (s, n) in enumerate(steps) for k in range(n)])


@given(wanders.filter(lambda values: len(values) > 1), st.booleans(), st.sampled_from([1, 10, 1000]))
def test_all_rules_are_those_of_a_plain_loop(values: list[int], screen: bool, parts: int) -> None:
    exact = [Fraction(value, parts) for value in values]
    mean, half = limits_by_a_loop(exact, screen=screen)
    points = xmr([float(value) for value in exact], range(len(values)), screen=screen).points
    assert points["special_cause"].tolist() == causes_by_a_loop(exact, mean, half)
    assert points["mean"].tolist() == pytest.approx([float(mean)] * len(values), abs=1e-9)
    assert (points["upper"] - points["mean"]).tolist() == pytest.approx([float(half)] * len(values), abs=1e-9)
    assert (points["mean"] - points["lower"]).tolist() == pytest.approx([float(half)] * len(values), abs=1e-9)


MIRRORED = {"none": "none"}
MIRRORED |= {f"{rule}_{a}": f"{rule}_{b}" for rule in ("shift", "two_of_three")
             for a, b in (("above", "below"), ("below", "above"))}  # fmt: skip
MIRRORED |= {"above_limit": "below_limit", "below_limit": "above_limit", "trend_up": "trend_down",
             "trend_down": "trend_up"}  # fmt: skip


@given(wanders, st.sampled_from([0.25, 3, 1e6]), st.integers(-1000, 1000))
def test_the_unit_does_not_matter_and_a_mirror_turns_all(values: list[int], unit: float, zero: int) -> None:
    found = causes(values)
    assert causes([unit * (value + zero) for value in values]) == found
    assert causes([-value for value in values]) == [MIRRORED[cause] for cause in found]


@given(wanders)
def test_backwards_all_but_trends_are_the_same(values: list[int]) -> None:
    found = causes(values)
    turned = causes(values[::-1])[::-1]
    for cause, other in zip(found, turned, strict=True):
        assert cause == other or {cause, other} <= {"trend_up", "trend_down"}
