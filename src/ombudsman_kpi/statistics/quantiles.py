"""How far from 0 a standard value stays, as often as a confidence says: for the normal, and for Student's t."""

import math
from statistics import NormalDist

from ombudsman_kpi.errors import OptionError


def check_confidence(confidence: float) -> None:
    """Raise ``OptionError`` for what is no confidence, or more of it than the methods here can give."""
    if not 0 < confidence <= 0.9999:
        raise OptionError(f"A confidence is above 0 and at most 0.9999, such as 0.95. It is {confidence}.")


def normal_quantile(confidence: float) -> float:
    """Give the z that a standard normal value stays within, either way.

    >>> round(normal_quantile(0.95), 6)
    1.959964
    """
    check_confidence(confidence)
    return NormalDist().inv_cdf((1 + confidence) / 2)


def t_quantile(freedom: float, confidence: float) -> float:
    """Give the t that Student's value, with 1 or more degrees of freedom, whole or not, stays within, either way.

    >>> round(t_quantile(1, 0.95), 6), round(t_quantile(7.5, 0.95), 6)
    (12.706205, 2.33304)

    With t = √freedom sinh(u), the density of u is in proportion to cosh(u)**-freedom: smooth, so Simpson's rule is
    exact enough (five figures or more), and falling, so Newton's steps up from 0 never go too far.
    """
    check_confidence(confidence)
    freedom = min(freedom, 1e6)  # from there on it is as good as the normal, and rounding would grow
    at_zero = 2 * math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(math.pi)
    u, step, parts = 0.0, 1.0, 200
    while step > 1e-9 * u:
        heights = [at_zero * math.cosh(u * part / parts) ** -freedom for part in range(parts + 1)]
        inside = (heights[0] + 4 * sum(heights[1::2]) + 2 * sum(heights[2:-1:2]) + heights[-1]) * u / (3 * parts)
        step = (confidence - inside) / heights[-1]
        u += step
    return math.sqrt(freedom) * math.sinh(u)
