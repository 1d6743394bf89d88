"""Quantiles: closed forms, the printed tables, and the normal as the limit."""

import math

import pytest

from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.statistics.quantiles import normal_quantile, t_quantile

CONFIDENCES = [0.001, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999]


@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_t_of_one_two_and_four_degrees_has_a_closed_form(confidence: float) -> None:
    left = 1 - confidence**2
    root = math.sqrt(left)
    assert t_quantile(1, confidence) == pytest.approx(math.tan(math.pi * confidence / 2), rel=1e-6)
    assert t_quantile(2, confidence) == pytest.approx(confidence * math.sqrt(2 / left), rel=1e-6)
    of_four = 2 * math.sqrt(math.cos(math.acos(root) / 3) / root - 1)
    assert t_quantile(4, confidence) == pytest.approx(of_four, rel=1e-6)


@pytest.mark.parametrize(("freedom", "t"), [(3, 3.1824), (5, 2.5706), (10, 2.2281), (30, 2.0423), (120, 1.9799)])
def test_t_is_as_printed_in_tables(freedom: int, t: float) -> None:
    assert t_quantile(freedom, 0.95) == pytest.approx(t, abs=5e-5)


@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_t_falls_to_the_normal(confidence: float) -> None:
    freedoms = [1, 1.01, 1.5, 2, 2.7, 5, 10, 99.5, 1000, 1e5, 1e6]
    quantiles = [t_quantile(freedom, confidence) for freedom in freedoms]
    assert quantiles == sorted(quantiles, reverse=True)
    assert len(set(quantiles)) == len(quantiles)
    for beyond in (1e6, 1e9, 1e300):
        assert t_quantile(beyond, confidence) == pytest.approx(normal_quantile(confidence), rel=1e-5)


@pytest.mark.parametrize("confidence", [0, 1, 0.99995, -0.5, 95, math.nan])
def test_what_is_no_confidence_is_refused(confidence: float) -> None:
    with pytest.raises(OptionError, match=r"level: above 0 and at most 0\.9999"):
        normal_quantile(confidence)
    with pytest.raises(OptionError, match=r"level: above 0 and at most 0\.9999"):
        t_quantile(5, confidence)
