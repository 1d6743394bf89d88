"""What a share will come to: on paper, by plain simulation, at its ends, and how often the interval holds it."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ombudsman_kpi import OptionError
from ombudsman_kpi.statistics import ElapsedCounts, Forecast, forecast_share
from ombudsman_kpi.statistics.forecasting import Chances

NONE = np.empty(0, np.int64)


def counts(elapsed: list[int], stopped: list[int], withdrawn: list[int], is_open: list[int]) -> ElapsedCounts:
    times, done, gone, waiting = (np.array(column, np.int64) for column in (elapsed, stopped, withdrawn, is_open))
    return ElapsedCounts(times, done, gone, waiting)


EARLIER = counts([5, 10, 20, 30], [40, 30, 20, 10], [0, 0, 0, 0], [0, 0, 0, 0])


def test_the_expected_share_is_worked_out_on_paper() -> None:
    # Of 60 that took longer than 6 days, 50 were finished by day 20; of 30 that took longer than 12, 20 were.
    found = forecast_share(20, 5, {6: 10, 12: 10}, EARLIER, 20)
    assert found.expected == pytest.approx((20 + 10 * 50 / 60 + 10 * 20 / 30) / 45)
    assert (found.worst, found.best, found.open) == (20 / 45, 40 / 45, 20)


def test_what_is_open_at_an_age_was_not_finished_then() -> None:
    assert forecast_share(0, 0, {5: 10}, EARLIER, 20).expected == pytest.approx(50 / 60)
    assert forecast_share(0, 0, {4: 10}, EARLIER, 20).expected == pytest.approx(90 / 100)


def test_who_is_withdrawn_first_leaves_the_figure() -> None:
    # Of 100 on day 5 50 are finished; of 50 left 10 are withdrawn; of 40 on day 10 20 are finished, 20 aren't.
    earlier = counts([5, 10, 30], [50, 20, 20], [10, 0, 0], [0, 0, 0])
    found = forecast_share(0, 0, {0: 10}, earlier, 10)
    assert found.expected == pytest.approx(70 / 90)
    # What the curve alone says is less: it has those who were withdrawn wait with the others.
    assert 1 - 0.5 * 0.5 == 0.75 < 70 / 90


def test_arrivals_have_the_chances_of_all() -> None:
    found = forecast_share(0, 0, {}, EARLIER, 20, arrivals=50)
    assert found.expected == pytest.approx(0.9)
    assert (found.worst, found.best, found.open) == (0, 1, 50)


def simulated(chances: Chances, places: list[int], rng: np.random.Generator, times: int) -> tuple[list[int], list[int]]:
    """Return how many of some records are in time and late, time and again, one chance after the other."""
    in_time, late = [], []
    for _ in range(times):
        ends = []
        for place in places:
            end = "late"
            for step in range(place, len(chances.times)):
                if rng.random() < chances.finish[step]:
                    end = "in time"
                    break
                if rng.random() < chances.leave[step]:
                    end = "withdrawn"
                    break
            ends.append(end)
        in_time.append(ends.count("in time"))
        late.append(ends.count("late"))
    return in_time, late


def test_chances_and_their_covariances_are_those_of_a_plain_simulation() -> None:
    earlier = counts([2, 4, 6, 9], [20, 10, 30, 5], [5, 20, 0, 4], [1, 0, 3, 9])
    chances = Chances.of(earlier, 6)
    places = [0] * 6 + [1] * 4 + [2] * 2
    in_time, late, by_chance, by_estimate = chances.expected(np.array([0, 1, 2]), np.array([6, 4, 2]))
    rng = np.random.default_rng(11)
    found = np.array(simulated(chances, places, rng, 8_000))
    assert (in_time, late) == pytest.approx(tuple(found.mean(axis=1)), rel=0.03)
    assert by_chance.ravel() == pytest.approx(np.cov(found).ravel(), rel=0.08)
    again = np.array([estimated_again(chances, rng) for _ in range(8_000)])
    assert by_estimate.ravel() == pytest.approx(np.cov(again.T).ravel(), rel=0.08)


def estimated_again(chances: Chances, rng: np.random.Generator) -> tuple[float, float]:
    """Return what is expected by chances that were estimated of as many other records."""
    left = chances.at_risk[:-1] * (1 - chances.finish)
    finish = rng.binomial(chances.at_risk[:-1], chances.finish) / chances.at_risk[:-1]
    leave = rng.binomial(left.round().astype(int), chances.leave) / left.round()
    stays = (1 - finish) * (1 - leave)
    in_time, late = 0.0, 1.0
    of_place = {}
    for step in reversed(range(len(stays))):
        in_time, late = finish[step] + stays[step] * in_time, stays[step] * late
        of_place[step] = np.array([in_time, late])
    total = 6 * of_place[0] + 4 * of_place[1] + 2 * of_place[2]
    return float(total[0]), float(total[1])


ages = st.dictionaries(st.integers(0, 20), st.integers(0, 9), max_size=6)


@given(st.integers(0, 50), st.integers(0, 50), ages, st.integers(0, 5))
def test_every_number_is_between_the_worst_and_the_best(met: int, missed: int, open_: dict[int, int], new: int) -> None:
    found = forecast_share(met, missed, open_, EARLIER, 20, arrivals=new)
    if found.worst is None:
        assert met + missed + sum(open_.values()) + new == 0
        assert found.says == "No data: nothing is counted in it yet."
        return
    values = [found.worst, found.low, found.expected, found.high, found.best]
    assert None not in values
    assert all(first <= second + 1e-12 for first, second in pairwise(values))  # type: ignore[operator]


def test_what_is_finished_is_certain() -> None:
    found = forecast_share(9, 1, {}, counts([], [], [], []), 20)
    assert (found.worst, found.low, found.expected, found.high, found.best) == (0.9,) * 5
    assert found.says == "the share is 90.0%, and nothing that counts in it is open."


def test_without_earlier_records_nothing_is_expected() -> None:
    found = forecast_share(8, 1, {3: 1}, counts([], [], [], []), 20)
    assert (found.worst, found.best, found.expected, found.low) == (0.8, 0.9, None, None)
    assert found.note == "there are no earlier records"
    young = forecast_share(8, 1, {3: 1}, counts([4, 9], [5, 0], [0, 0], [0, 5]), 20)
    assert young.says == (
        "what is expected isn't known (no earlier record has been seen for longer than 9, and the limit is "
        "20); with 1 record open, at worst 80.0% and at best 90.0%."
    )


def test_nothing_is_expected_of_what_is_open_for_longer_than_any_earlier_record() -> None:
    earlier = counts([5, 9], [20, 20], [0, 0], [0, 0])
    old = forecast_share(8, 1, {3: 1, 12: 2}, earlier, 20)
    assert (old.expected, old.note) == (None, "no earlier record was open for longer than 9, as some are now")
    assert (old.worst, old.best) == (8 / 12, 11 / 12)
    assert forecast_share(8, 1, {3: 1, 20: 2}, earlier, 20).expected is not None  # it is too late for these two
    slower = counts([5, 9, 40], [20, 20, 10], [0, 0, 0], [0, 0, 0])
    assert forecast_share(8, 1, {12: 2}, slower, 20).expected == 8 / 11  # all that were open so long were late


@pytest.mark.parametrize("wrong", [{"earlier": None}, {"open_ages": [3, 4]}])
def test_what_are_no_counts_is_refused(wrong: dict[str, Any]) -> None:
    given_ = {"met": 1, "missed": 1, "open_ages": {3: 1}, "earlier": EARLIER, "limit": 20, **wrong}
    with pytest.raises(OptionError, match="open_ages: how many are open of each age"):
        forecast_share(**given_)


def test_chances_of_one_have_some_doubt_left() -> None:
    earlier = counts([5], [40], [0], [0])
    found = forecast_share(0, 0, {1: 10}, earlier, 20)
    assert (found.expected, found.high) == (1, 1)
    assert found.low is not None
    assert 0.7 < found.low < 0.95


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"met": -1}, "met: a whole number of 0 or more"),
        ({"open_ages": {3: 0.5}}, "open records: a whole number"),
        ({"open_ages": {-3: 1}}, "an age: a whole number"),
        ({"arrivals": -2}, "arrivals: a whole number"),
        ({"level": 1}, "level"),
        ({"limit": "20"}, "limit: a whole number"),
    ],
)
def test_what_is_no_number_of_records_is_refused(given_: Mapping[str, Any], said: str) -> None:
    options: dict[str, Any] = {"met": 1, "missed": 1, "open_ages": {}, **given_}
    with pytest.raises(OptionError, match=said):
        forecast_share(
            options.pop("met"),
            options.pop("missed"),
            options.pop("open_ages"),
            **{"earlier": EARLIER, "limit": 20, **options},
        )


def test_the_interval_holds_the_share_that_comes() -> None:
    """A small form of the table in docs/statistics.md, which has whole caseloads, 2,000 times each."""
    rng = np.random.default_rng(5)
    held = sum(_holds(rng) for _ in range(400))
    assert 0.93 <= held / 400 <= 0.98


def _holds(rng: np.random.Generator) -> bool:
    """Return whether a share falls into its interval: of records that take 1 to 30 days, and a limit of 20."""
    took = np.minimum(rng.geometric(0.07, 400), 60)
    times, stopped = np.unique(took, return_counts=True)
    zeros = np.zeros(len(times), np.int64)
    ages_, new = rng.integers(0, 20, 80), rng.geometric(0.07, 80)
    is_open = new > ages_
    ages, number = np.unique(ages_[is_open], return_counts=True)
    met = int((~is_open & (new <= 20)).sum())
    open_ages = dict(zip(ages.tolist(), number.tolist(), strict=True))
    found: Forecast = forecast_share(met, 0, open_ages, ElapsedCounts(times, stopped, zeros, zeros), 20)
    share = (new <= 20).sum() / 80
    assert found.low is not None
    assert found.high is not None
    return bool(found.low - 1e-12 <= share <= found.high + 1e-12)
