"""Outcomes as a table: one row for each record and target."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.assess.known import Known
from ombudsman_kpi.assess.outcomes import due_walls, judged
from ombudsman_kpi.assess.timeline import NONE, Timeline
from ombudsman_kpi.days import MISSING, Integers
from ombudsman_kpi.targets import ShareWithin
from ombudsman_kpi.zones import DAY, TimeZone

if TYPE_CHECKING:
    import pandas as pd


def no_rows() -> "pd.DataFrame":
    """Give a table of outcomes without any row."""
    import pandas as pd

    names = ["target", "record", "id", "row", "party", "start", "stop", "due", "elapsed", "unit", "status", "reason"]
    return pd.DataFrame(
        {name: pd.Series(dtype="M8[us]" if name in {"start", "stop", "due"} else "str") for name in names}
    )


def outcome_rows(target: ShareWithin, clocks: Timeline, known: Known) -> "pd.DataFrame":
    """Give one target's outcomes of a batch as rows."""
    import pandas as pd

    judgement = judged(target, clocks, known.scheme.calendar)
    batch, zone = known.batch, known.scheme.zone
    id_field = batch.table.id_field
    has_id = id_field is not None and id_field in batch.columns
    ran = judgement.elapsed != NONE
    unit = target.limit.elapsed_unit
    if unit in {"seconds", "hours"}:
        elapsed = pd.Series(clocks.elapsed / target.limit.size).where(ran)  # type: ignore[union-attr]
    else:
        elapsed = pd.Series(clocks.elapsed, dtype="Float64").where(ran)
    return pd.DataFrame(
        {
            "target": target.id,
            "record": target.of,
            "id": batch.text(str(id_field)).to_pandas() if has_id else None,
            "row": np.arange(batch.offset, batch.offset + len(batch)),
            "party": None,
            "start": _moments(clocks.start, clocks, zone),
            "stop": _moments(clocks.end, clocks, zone),
            "due": due_walls(target, clocks, zone).view("M8[us]"),
            "elapsed": elapsed.astype("Float64"),
            "unit": unit,
            "status": np.array([outcome.status for outcome in judgement.book], object).take(judgement.code),
            "reason": np.array([outcome.reason for outcome in judgement.book], object).take(judgement.code),
        }
    )


def _moments(points: Integers, clocks: Timeline, zone: TimeZone) -> NDArray[np.datetime64]:
    """Give days or instants as wall-clock times."""
    walls = np.where(points == MISSING, MISSING, points * DAY) if clocks.in_days else zone.wall(points)
    return walls.view("M8[us]")
