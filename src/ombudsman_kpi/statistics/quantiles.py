"""Quantiles: two-sided ones of the normal distribution and of Student's t."""

import math
from decimal import Decimal
from numbers import Real
from statistics import NormalDist

from ombudsman_kpi.errors import OptionError, kind_of


def finite(value: object) -> float | None:
    """Return a number as a float: Python's or numpy's, a fraction or a decimal. None for infinity, and all else.

    >>> finite(Decimal("0.95")), finite("0.95"), finite(True), finite(math.nan)
    (0.95, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):  # a decimal that signals, an integer beyond floats
        return None
    return number if math.isfinite(number) else None


def shown(value: object) -> object:
    """Return what an error says of a value that isn't wanted: the number, or its kind."""
    return kind_of(value) if finite(value) is None and not isinstance(value, bool | float) else value


def check_level(level: float) -> float:
    """Return a level of confidence. Raises ``OptionError`` outside the range of the methods here, above 0 to 0.9999."""
    number = finite(level)
    if number is None or not 0 < number <= 0.9999:
        raise OptionError(f"level: above 0 and at most 0.9999, such as 0.95; not {shown(level)}.")
    return number


def normal_quantile(level: float) -> float:
    """Return the z for which a standard normal value lies between -z and z with this probability.

    >>> round(normal_quantile(0.95), 6)
    1.959964
    """
    return NormalDist().inv_cdf((1 + check_level(level)) / 2)


def t_quantile(freedom: float, level: float) -> float:
    """Return the t for which Student's t lies between -t and t with this probability.

    There are 1 or more degrees of freedom, not necessarily a whole number.

    >>> round(t_quantile(1, 0.95), 6), round(t_quantile(7.5, 0.95), 6)
    (12.706205, 2.33304)

    With t = √freedom sinh(u), the density of u is proportional to cosh(u)**-freedom. It is smooth, so Simpson's rule is
    accurate to five figures or more, and it falls, so Newton's steps up from 0 never overshoot.
    """
    level = check_level(level)
    freedom = min(freedom, 1e6)  # beyond this it equals the normal, and rounding errors would grow
    at_zero = 2 * math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(math.pi)
    u, step, parts = 0.0, 1.0, 200
    while step > 1e-9 * u:
        heights = [at_zero * math.cosh(u * part / parts) ** -freedom for part in range(parts + 1)]
        inside = (heights[0] + 4 * sum(heights[1::2]) + 2 * sum(heights[2:-1:2]) + heights[-1]) * u / (3 * parts)
        step = (level - inside) / heights[-1]
        u += step
    return math.sqrt(freedom) * math.sinh(u)
