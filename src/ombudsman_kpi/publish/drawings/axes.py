"""Axes and labels: round numbers, how wide text is, and places where no text stands on another."""

import math
import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import count, pairwise

from ombudsman_kpi.rounding import half_up

_NARROW, _WIDE = frozenset("ijlI.,:;'|![]()ftr /-"), frozenset("mwMW%@—…")
_YEAR_FIRST = re.compile(r"(\d{4}/\d\d) ([QH]\d)")
_ROUND = (1, 2, 5)  # a tick is so many times a power of ten


def ticks(low: Fraction, high: Fraction, most: int = 5) -> list[Fraction]:
    """Return round numbers, evenly apart, from one not above the lowest value to one not below the highest.

    There are at most so many spaces between them, but for one where the values are one.

    >>> [str(tick) for tick in ticks(Fraction(84, 100), Fraction(97, 100))]
    ['4/5', '17/20', '9/10', '19/20', '1']
    """
    spread = high - low or abs(high) or Fraction(1)
    power = math.floor(math.log10(spread)) - 2
    for step in (Fraction(10) ** at * times for at in count(power) for times in _ROUND):
        first, last = low // step, -(-high // step)
        if last - first <= most:
            return [step * place for place in range(first, max(last, first + 1) + 1)]
    raise AssertionError  # for steps grow without end


def tick_texts(places: Sequence[Fraction], *, share: bool) -> list[str]:
    """Return the numbers along an axis, all with as many decimals as they need.

    >>> tick_texts([Fraction(1, 4), Fraction(1, 2)], share=True), tick_texts([Fraction(1, 4), Fraction(1)], share=False)
    (['25%', '50%'], ['0.25', '1.00'])
    """
    numbers = [place * 100 if share else place for place in places]
    decimals = next(d for d in range(30) if all((number * 10**d).denominator == 1 for number in numbers))
    return [half_up(number, decimals).replace("-", "−") + ("%" if share else "") for number in numbers]


def width_of(text: str) -> float:
    """Return how wide text is in a plain typeface, in ems: rather too much than too little.

    >>> width_of("ill") < width_of("WWW")
    True
    """
    return sum(0.36 if sign in _NARROW else 0.95 if sign in _WIDE else _width_of_other(sign) for sign in text)


def _width_of_other(sign: str) -> float:
    return 0.6 if sign < "A" or "a" <= sign <= "ỿ" else 0.72 if sign < "\u1100" else 1.05


def cut(text: str, ems: float) -> str:
    """Return as much of some text as has room, with an ellipsis where it is cut.

    >>> cut("Adult Care", 20), cut("Adult Care and Children's Services", 6)
    ('Adult Care', 'Adult Car…')
    """
    if width_of(text) <= ems:
        return text
    room, kept = ems - width_of("…"), 0
    while kept < len(text) and (room := room - width_of(text[kept])) >= 0:
        kept += 1
    return text[:kept].rstrip() + "…"


def wrapped(text: str, ems: float, most: int = 2) -> list[str]:
    """Return text in lines that have room; what more than ``most`` of them would need is cut.

    >>> wrapped("Calls answered within 60 seconds", 10)
    ['Calls answered', 'within 60 seconds']
    """
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if width_of(longer) > ems and lines[-1] and len(lines) < most:
            lines.append(word)
        else:
            lines[-1] = longer
    return [cut(line, ems) for line in lines]


def period_lines(label: str) -> tuple[str, str]:
    """Return the label of a period in two lines: its part of the year, and the year.

    >>> period_lines("Mar 2024"), period_lines("2023/24 Q1"), period_lines("w/c 4 Mar 2024"), period_lines("2023/24")
    (('Mar', '2024'), ('Q1', '2023/24'), ('4 Mar', '2024'), ('2023/24', ''))
    """
    if match := _YEAR_FIRST.fullmatch(label):
        return match[2], match[1]
    part, _, year = label.removeprefix("w/c ").rpartition(" ")
    return (part, year) if part else (year, "")


def every_nth(places: Sequence[float], widths: Sequence[float], gap: float, within: int | None = None) -> int:
    """Return the least n so that each n-th label, counted back from the last, stands clear of the next.

    With ``within`` it is a divisor of that, so that the labels for the one n are among those for the other.

    >>> every_nth([10, 20, 30, 40], [15, 15, 15, 15], 3)
    2
    """
    for n in range(1, len(places) + 1):
        shown = range(len(places) - 1, -1, -n)
        clear = all(
            places[right] - widths[right] / 2 - gap >= places[left] + widths[left] / 2
            for right, left in pairwise(shown)
        )
        if clear and (within is None or within % n == 0):
            return n
    return max(len(places), 1)


def apart(wanted: Sequence[float], sizes: Sequence[float], low: float, high: float) -> list[float]:
    """Return the middles of labels so that none covers another, each as near as can be to where it is wanted.

    ``sizes`` are their heights; all stay between ``low`` and ``high`` where there is room for them.

    >>> apart([50, 52, 90], [10, 10, 10], 0, 100)
    [46.0, 56.0, 90.0]
    """
    order = sorted(range(len(wanted)), key=lambda place: wanted[place])
    clusters: list[tuple[float, list[int]]] = []  # where each begins, and its labels from above

    def begin(members: list[int]) -> float:
        offset, total = 0.0, 0.0
        for member in members:
            total += wanted[member] - (offset + sizes[member] / 2)
            offset += sizes[member]
        return min(max(total / len(members), low), high - offset)

    for place in order:
        members = [place]
        while clusters and clusters[-1][0] + sum(sizes[one] for one in clusters[-1][1]) > begin(members):
            members = clusters.pop()[1] + members
        clusters.append((begin(members), members))
    found = [0.0] * len(wanted)
    for top, members in clusters:
        at = top
        for member in members:
            found[member] = at + sizes[member] / 2
            at += sizes[member]
    return found
