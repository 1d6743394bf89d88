"""The two icons of a control chart, as the NHS has them: whether it varies by chance, and what becomes of the standard.

Each has a shape of its own, and stands beside its words.
"""

from collections.abc import Callable

from ombudsman_kpi.publish.drawings.svg import short, tag

Icon = Callable[[float, float], str]  # of its middle

_SIGNS = {
    "common_cause": "M-4 0q2-5 4 0t4 0",  # a wave
    "improvement": "M-3.5 1.5L0-3.5L3.5 1.5M0-3.5V4",  # an arrow upwards
    "concern": "M-3.5-1.5L0 3.5L3.5-1.5M0 3.5V-4",  # an arrow downwards
    "neutral": "M0-4V1.5M0 3.5V4.5",  # an exclamation mark
    "consistent_pass": "M-3.5 0L-1 3L3.5-3",  # a tick
    "consistent_fail": "M-3-3L3 3M3-3L-3 3",  # a cross
    "inconsistent": "M-2.5-2q0-2.5 2.5-2.5t2.5 2.5q0 1.5-2.5 2.5V1M0 3V4",  # a question mark
}
_CLASSES = {"improvement": "better", "consistent_pass": "better", "concern": "worse", "consistent_fail": "worse"}


def icon_of(name: str) -> Icon:
    """Return the icon of a variation or an assurance."""

    def drawn(x: float, y: float) -> str:
        ring = tag("circle", r=6.3)
        return tag(
            "g", ring, tag("path", d=_SIGNS[name]), class_=f"i {_CLASSES.get(name, '')}".strip(), fill="none",
            stroke="currentColor", stroke_width=1.4, transform=f"translate({short(x)} {short(y)})",
        )  # fmt: skip

    return drawn
