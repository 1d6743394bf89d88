"""Outcomes as a table: one row for each record and target."""

from typing import TYPE_CHECKING

import numpy as np

from ombudsman_kpi.assess.draft import NONE
from ombudsman_kpi.assess.outcomes import Rule
from ombudsman_kpi.known import Known

if TYPE_CHECKING:
    import pandas as pd


def no_rows() -> "pd.DataFrame":
    """Give a table of outcomes without any row."""
    import pandas as pd

    names = ["target", "record", "id", "row", "party", "start", "stop", "due", "elapsed", "unit", "status", "reason"]
    return pd.DataFrame(
        {name: pd.Series(dtype="M8[us]" if name in {"start", "stop", "due"} else "str") for name in names}
    )


def outcome_rows(rule: Rule, known: Known) -> "pd.DataFrame":
    """Give one target's outcomes of a batch as rows."""
    import pandas as pd

    found, batch = rule.assess(known), known.batch
    id_field = batch.table.id_field
    record = np.arange(len(batch)) if found.record is None else found.record
    ids = batch.text(id_field).take(record).to_pandas() if id_field in batch.columns else None  # type: ignore[arg-type]
    start, stop, due = (walls.view("M8[us]") for walls in found.walls())
    elapsed = pd.Series(found.elapsed if found.size == 1 else found.elapsed / found.size, dtype="Float64")
    frame = pd.DataFrame(
        {
            "target": rule.target.id,
            "record": batch.table.name,
            "id": ids,
            "row": batch.offset + record,
            "party": found.party,
            "start": start,
            "stop": stop,
            "due": due,
            "elapsed": elapsed.where(found.elapsed != NONE),
            "unit": found.unit,
            "status": np.array([outcome.status for outcome in found.book], object).take(found.code),
            "reason": np.array([outcome.reason for outcome in found.book], object).take(found.code),
        }
    )
    if found.gross is not None:
        frame["elapsed_gross"] = pd.Series(found.gross, dtype="Float64").where(found.gross != NONE)
    return frame
