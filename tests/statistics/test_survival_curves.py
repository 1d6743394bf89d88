"""Curves of what is finished by when: as statsmodels has them, on paper, at their ends, and their laws."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from ombudsman_kpi import OptionError
from ombudsman_kpi.statistics import Curve, ElapsedCounts, kaplan_meier
from ombudsman_kpi.statistics.survival_curves import says

Record = tuple[int, bool]  # an elapsed time, and whether it stopped then

records = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=60)


def curve_of(rows: list[Record], level: float = 0.95) -> Curve:
    elapsed = [time for time, _ in rows]
    stopped = [int(ended) for _, ended in rows]
    return kaplan_meier(elapsed, stopped, [1 - ended for ended in stopped], level=level)


@given(records, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_curves_are_those_of_statsmodels(rows: list[Record], level: float) -> None:
    curve = curve_of(rows, level)
    theirs = SurvfuncRight([time for time, _ in rows], [int(ended) for _, ended in rows])
    own = curve.stopped > 0
    assert curve.elapsed[own].tolist() == theirs.surv_times.tolist()
    assert curve.at_risk[own].tolist() == theirs.n_risk.tolist()
    assert curve.stopped[own].tolist() == theirs.n_events.tolist()
    assert 1 - curve.share[own] == pytest.approx(theirs.surv_prob, abs=1e-9)
    known = theirs.surv_prob > 1e-12  # at 0 theirs has no error
    assert curve.error[own][known] == pytest.approx(theirs.surv_prob_se[known], abs=1e-9)
    z = NormalDist().inv_cdf((1 + level) / 2)
    for place in np.flatnonzero(own)[known]:
        left, error = 1 - curve.share[place], curve.error[place]
        reach = z * error / (left * -math.log(left))
        assert curve.low[place] == pytest.approx(1 - left ** math.exp(-reach), abs=1e-9)
        assert curve.high[place] == pytest.approx(1 - left ** math.exp(reach), abs=1e-9)


@given(records, st.sampled_from([10, 25, 50, 75, 90]))
def test_centiles_are_those_of_statsmodels(rows: list[Record], percent: int) -> None:
    if not any(ended for _, ended in rows):
        assert curve_of(rows).centile(percent).elapsed is None
        return
    theirs = SurvfuncRight([time for time, _ in rows], [int(ended) for _, ended in rows])
    reached = np.flatnonzero(1 - theirs.surv_prob >= percent / 100 - 1e-12)
    expected = int(theirs.surv_times[reached[0]]) if len(reached) else None
    assert curve_of(rows).centile(percent).elapsed == expected


def test_the_example_of_freireich_on_paper() -> None:
    # The weeks in remission of 21 patients on 6-MP: Freireich et al. 1963, as worked out in many a textbook.
    stopped = {6: 3, 7: 1, 10: 1, 13: 1, 16: 1, 22: 1, 23: 1}
    censored = {6: 1, 9: 1, 10: 1, 11: 1, 17: 1, 19: 1, 20: 1, 25: 1, 32: 2, 34: 1, 35: 1}
    times = sorted({*stopped, *censored})
    curve = kaplan_meier(times, [stopped.get(time, 0) for time in times], [censored.get(time, 0) for time in times])
    left = dict(zip(curve.elapsed.tolist(), (1 - curve.share).round(4).tolist(), strict=True))
    assert [left[week] for week in (6, 7, 10, 13, 16, 22, 23)] == [
        0.8571,
        0.8067,
        0.7529,
        0.6902,
        0.6275,
        0.5378,
        0.4482,
    ]
    assert curve.error[curve.elapsed.tolist().index(10)] == pytest.approx(0.0963, abs=5e-5)
    assert curve.centile(50) == (23, 13, None)


def test_where_nothing_was_censored_it_is_the_plain_share() -> None:
    curve = kaplan_meier([1, 2, 5], [2, 3, 5], [0, 0, 0])
    assert curve.share.tolist() == pytest.approx([0.2, 0.5, 1])
    assert curve.centile(50).elapsed == 2
    # Where all is finished, the lower limit stays; statsmodels and R have none there.
    assert (curve.low[2], curve.high[2]) == (curve.low[1], 1)


def test_one_record_and_all_censored_have_defined_limits() -> None:
    one = kaplan_meier([7], [1], [0])
    assert (one.share[0], one.low[0], one.high[0]) == pytest.approx((1, 0.025, 1))  # of one of one, exact binomial
    same = kaplan_meier([7], [40], [0])
    assert same.low[0] == pytest.approx(0.025 ** (1 / 40))
    none = kaplan_meier([3, 9], [0, 0], [2, 8])
    assert none.share.tolist() == [0, 0]
    assert none.low.tolist() == [0, 0]
    assert none.high.tolist() == pytest.approx([1 - 0.025 ** (1 / 10), 1 - 0.025 ** (1 / 8)])  # of none of so many
    assert none.centile(50) == (None, None, None)


def test_a_share_within_a_limit_is_known_as_far_as_anything_was_seen() -> None:
    curve = kaplan_meier([5, 10], [2, 1], [1, 6])
    before = curve.within(4)
    assert (before.share, before.low) == (0, 0)
    assert before.high == pytest.approx(1 - 0.025**0.1)
    assert curve.within(7).share == pytest.approx(0.2)
    assert curve.within(10).share == pytest.approx(1 - 0.8 * 6 / 7)
    assert curve.within(11) == (None, None, None, "no data: no record has been seen for longer than 10")
    assert kaplan_meier([5], [2], [0]).within(11).share == 1
    assert kaplan_meier([], [], []).within(11).note == "no data: there are no records"


@given(records)
def test_a_curve_rises_and_its_limits_hold_it(rows: list[Record]) -> None:
    curve = curve_of(rows)
    assert (np.diff(curve.share) >= 0).all()
    assert ((curve.low <= curve.share + 1e-12) & (curve.share <= curve.high + 1e-12)).all()
    assert ((curve.low >= 0) & (curve.high <= 1)).all()
    assert not np.isnan([curve.low, curve.high, curve.error]).any()


@given(records)
def test_what_is_counted_together_gives_the_curve_of_each_for_itself(rows: list[Record]) -> None:
    times = range(13)
    stopped, censored = ([sum(row == (time, side) for row in rows) for time in times] for side in (True, False))
    assert kaplan_meier(times, stopped, censored).frame().equals(curve_of(rows).frame())


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (([1, 2], [1], [0]), "have 2, 1 and 1 entries"),
        (([-1], [1], [0]), "elapsed must be whole numbers of 0 or more; entry 0"),
        (([1, 2], [1, 0.5], [0, 0]), "stopped must be whole numbers of 0 or more; entry 1"),
        (([1], [1], [math.nan]), "censored must be whole numbers"),
        ((["a"], [1], [0]), "elapsed must be a list of whole numbers"),
        (([1, [2]], [1], [0]), "elapsed must be a list of whole numbers"),
        (([math.inf], [1], [0]), "elapsed must be whole numbers of 0 or more; entry 0"),
        (([1], [1e300], [0]), "stopped must be whole numbers of 0 or more; entry 0"),
    ],
)
def test_what_is_no_table_of_counts_is_refused(columns: tuple[list[int], list[int], list[int]], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        kaplan_meier(*columns)


@pytest.mark.parametrize("limit", [-1, 1.5, "20"])
def test_what_is_no_limit_is_refused(limit: int) -> None:
    with pytest.raises(OptionError, match="limit: a whole number of 0 or more"):
        kaplan_meier([1], [1], [0]).within(limit)


@pytest.mark.parametrize("percent", [0, 100, math.nan, "50"])
def test_what_is_no_centile_is_refused(percent: float) -> None:
    with pytest.raises(OptionError, match="such as 50 for the median"):
        kaplan_meier([1], [1], [0]).centile(percent)


def test_a_sentence_says_what_a_curve_shows() -> None:
    elapsed, stopped, withdrawn, is_open = np.array([[6, 10, 15], [3, 2, 0], [0, 0, 1], [0, 0, 2]])
    counts = ElapsedCounts(elapsed, stopped, withdrawn, is_open, "days", left_out=1_200)
    assert says(counts, Curve.of(counts)) == (
        "Half are finished within 10 days (95% interval 6 to not yet known); of 8 records 5 were finished, 2 are open "
        "and 1 were withdrawn; 1,200 are left out (not started, of another kind, or invalid)."
    )
    nothing = np.empty(0, np.int64)
    none = ElapsedCounts(nothing, nothing, nothing, nothing, why="no cases were given")
    assert says(none, Curve.of(none)) == "No data: no cases were given."
