"""Numbers as text: rounded half up, or with what they count. Comparisons always use the exact numbers."""

from fractions import Fraction


def half_up(value: Fraction, places: int = 1) -> str:
    """Return a number as text, rounded to some decimal places. Halves are rounded away from zero.

    >>> half_up(Fraction(5, 2), 0), half_up(Fraction(-1, 3)), half_up(Fraction(12345, 10))
    ('3', '-0.3', '1,234.5')
    """
    # In whole numbers, since a table rounds hundreds of thousands: 1/3 to one place is (2 * 10 + 3) // (2 * 3), or
    # 3 tenths.
    numerator, denominator, tenth = value.numerator, value.denominator, 10**places
    rounded = (2 * tenth * abs(numerator) + denominator) // (2 * denominator)
    whole, rest = divmod(rounded, tenth)
    sign = "-" if numerator < 0 and rounded else ""
    return f"{sign}{whole:,}.{rest:0{places}}" if places else f"{sign}{whole:,}"


def signed(value: Fraction, places: int = 1) -> str:
    """Return a change as text, with its sign.

    >>> signed(Fraction(3), 0), signed(Fraction(-1, 3)), signed(Fraction(0), 0)
    ('+3', '−0.3', '0')
    """
    return ("+" if value > 0 else "") + half_up(value, places).replace("-", "−")


def percent(numerator: int, denominator: int, places: int = 1) -> str:
    """Return a share as text in per cent, rounded half up from the exact counts.

    >>> percent(5, 8, places=0), percent(1, 3), percent(0, 0)
    ('63%', '33.3%', '–')
    """
    return f"{half_up(Fraction(100 * numerator, denominator), places)}%" if denominator else "–"


def many(number: int, what: str) -> str:
    """Return a number of things as text.

    >>> many(1, "event"), many(2000, "event")
    ('1 event', '2,000 events')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"
