"""How many are open, arrive and are finished each week, and by how much the backlog grows."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ombudsman_kpi.analysis.counted import CohortCells, as_of_day
from ombudsman_kpi.calendars.periods import period_of
from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.figures.summed import spanned
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.rounding import half_up, many
from ombudsman_kpi.statistics.intervals import difference_of_counts
from ombudsman_kpi.statistics.survival_curves import level_text
from ombudsman_kpi.tallies.basis import Basis
from ombudsman_kpi.tallies.counts import Counts
from ombudsman_kpi.tallies.elapsed import LEFT_OUT, STOPPED, WITHDRAWN

if TYPE_CHECKING:
    import pandas as pd

WEEKS = ["target", "week", "week_start", "week_end", "complete", "before", "arriving", "deciding", "withdrawn", "open"]
GROWTH = ["target", "weeks", "open", "arriving", "deciding", "withdrawn", "growth", "low", "high", "chance", "says"]


def weeks_of(counts: Counts, basis: Basis) -> tuple["pd.DataFrame", tuple[str, ...]]:
    """Return a row for each clock and week, and notes.

    ``before`` + ``arriving`` - ``deciding`` - ``withdrawn`` is what is ``open`` at the end of the week. Targets with
    the same clock have the same numbers, and the first stands for all of them.
    """
    import pandas as pd

    clocks: dict[Any, list[Target]] = {}
    for target in (basis.scheme[name] for name in basis.every):
        clock = target.timed_clock
        if clock is not None and {"received", "closed"} <= {*basis.cohorts[target.id]}:
            clocks.setdefault(clock.clock_key, []).append(target)
    frames, notes = [], []
    for first, *others in clocks.values():
        if first.id in counts.unmeasured:
            continue
        frames.append(_weeks(counts, basis, first.id))
        if others:
            notes.append(f"{first.id}: {', '.join(other.id for other in others)} have the same clock, and these weeks")
    frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=WEEKS)
    return frame, tuple(notes)


def _weeks(counts: Counts, basis: Basis, target: str) -> "pd.DataFrame":
    """Return the weeks of one clock, from the first record to ``as_of``."""
    import pandas as pd

    received, closed = (CohortCells.of(counts, target, cohort, "week") for cohort in ("received", "closed"))
    last = as_of_day(basis)
    filled = {one for part in (received, closed) for one in part.periods if one.start <= last}
    weeks = spanned(filled | {period_of(last, "week")} if filled else filled)
    arriving = received.numbers(received.cells.way != LEFT_OUT, weeks)
    deciding, withdrawn = (closed.numbers(closed.cells.way == way, weeks) for way in (STOPPED, WITHDRAWN))
    is_open = np.cumsum(arriving - deciding - withdrawn)
    return pd.DataFrame({
        "target": target, "week": [one.label for one in weeks],
        "week_start": np.array([one.start for one in weeks], "M8[s]"),
        "week_end": np.array([one.end for one in weeks], "M8[s]"), "complete": [one.end <= last for one in weeks],
        "before": is_open - arriving + deciding + withdrawn,
        "arriving": arriving, "deciding": deciding, "withdrawn": withdrawn, "open": is_open,
    })  # fmt: skip


def growth_of(frame: "pd.DataFrame", number: int, level: float) -> "pd.DataFrame":
    """Return by how much each backlog grows a week, over the last complete weeks, and whether that may be chance."""
    import pandas as pd

    rows = [_growth(str(target), weeks, number, level) for target, weeks in frame.groupby("target", sort=False)]
    return pd.DataFrame(rows, columns=GROWTH)


def _growth(target: str, weeks: "pd.DataFrame", number: int, level: float) -> tuple[Any, ...]:
    is_open, last = int(weeks["open"].iloc[-1]), weeks[weeks["complete"]].tail(number)
    size = len(last)
    if not size:
        says = f"{target}: {is_open:,} are open. No data: no week is complete."
        return target, 0, is_open, *[np.nan] * 6, "no data", says
    arriving, deciding, withdrawn = (int(last[name].sum()) for name in ("arriving", "deciding", "withdrawn"))
    low, high = difference_of_counts(deciding + withdrawn, arriving, level=level)
    grows = arriving - deciding - withdrawn
    chance = "may be chance" if low <= 0 <= high else "more than chance"
    each = [half_up(Fraction(part, size)) for part in (arriving, deciding + withdrawn, abs(grows))]
    way = "stays as it is" if not grows else f"{'grows' if grows > 0 else 'shrinks'} by {each[2]} a week"
    interval = " to ".join(half_up(Fraction(bound) / size) for bound in (low, high)).replace("-", "−")
    says = (
        f"{target}: {is_open:,} are open; in the last {many(size, 'complete week')} {each[0]} arrived and {each[1]} "
        f"ended a week, so the backlog {way}, which {'may be chance' if low <= 0 <= high else 'is more than chance'} "
        f"({level_text(level)} interval {interval})."
    )
    numbers = (part / size for part in (arriving, deciding, withdrawn, grows, low, high))
    return target, size, is_open, *numbers, chance, says


def check_weeks(number: Any) -> int:
    """Return a number of weeks; raises ``OptionError`` for what isn't one."""
    if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < 1:
        raise OptionError("weeks: give a whole number of 1 or more, such as 13.")
    return int(number)
