"""Outcomes as a table: one row for each record and target."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from ombudsman_kpi.arrays.types import MISSING, Integers, Truths
from ombudsman_kpi.clocks.outcomes import STATUSES, Assessed
from ombudsman_kpi.clocks.states import NONE
from ombudsman_kpi.errors import OptionError, one_of
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.events.as_of import parse_as_of
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.target import Rule
from ombudsman_kpi.records.tables import Table, left_out_of
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.in_memory import Options, read_first_times
from ombudsman_kpi.tallies.plan import (
    PlanStep,
    Progress,
    batches_of,
    check_scheme,
    make_plan,
    open_records,
    related_of,
    why_not,
)

if TYPE_CHECKING:
    import pandas as pd

_ALL = slice(None)


def kept_columns(names: tuple[str, ...], plan: Sequence[PlanStep], tables: Mapping[str, Table]) -> tuple[str, ...]:
    """Return the caller's columns that stand beside outcomes; records without one of them have nothing there.

    Raises ``OptionError`` for one that no records have, or that the outcomes have themselves.
    """
    own = [*no_rows().columns, "elapsed_gross"]
    measured = [tables[kind] for kind in dict.fromkeys(step.target.of for step in plan) if kind in tables]
    for name in names:
        if name in own:
            raise OptionError(
                f"keep= names {name!r}, and the outcomes have a column of this name. Give it another: "
                f"columns={{'cases': {{'own_{name}': {name!r}}}}}, keep='own_{name}'."
            )
        if measured and not any(table.has(name) for table in measured):
            there = dict.fromkeys(column for table in measured for column in table.source.names)
            raise OptionError(f"None of the records have a column {name!r} to keep. {one_of(name, there)}")
    return names


def no_rows(keep: Sequence[str] = ()) -> "pd.DataFrame":
    """Return a table of outcomes without any row."""
    import pandas as pd

    names = ["target", "record", "id", "row", "party", "start", "stop", "due", "elapsed", "unit", "status", "reason"]
    types = dict.fromkeys(names, "str") | dict.fromkeys(("start", "stop", "due"), "M8[us]")
    types |= {"row": "int64", "elapsed": "Float64"}
    types |= dict.fromkeys(keep, "object")
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})


def outcome_rows(
    rule: Rule, known: AsKnownBatch, assessed: Assessed, chosen: Integers | slice = _ALL, keep: Sequence[str] = ()
) -> "pd.DataFrame":
    """Return one target's outcomes of a batch as rows: all of them, or those in some places."""
    import pandas as pd

    batch = known.batch
    id_field = batch.table.named_by
    record = np.arange(len(batch)) if assessed.record is None else assessed.record
    record, code, parts = record[chosen], assessed.code[chosen], assessed.elapsed[chosen]
    ids = batch.text(id_field).take(record).to_pandas() if id_field in batch.columns else None  # type: ignore[arg-type]
    start, stop, due = (walls[chosen].view("M8[us]") for walls in assessed.walls())
    frame = pd.DataFrame(
        {
            "target": rule.target.id,
            "record": batch.table.name,
            "id": ids,
            "row": batch.offset + record,
            "party": None if assessed.party is None else assessed.party[chosen],
            "start": start,
            "stop": stop,
            "due": due,
            "elapsed": amounts(parts, assessed.size, parts != NONE),
            "unit": assessed.unit,
            "status": np.array([outcome.status for outcome in assessed.categories], object).take(code),
            "reason": np.array([outcome.reason for outcome in assessed.categories], object).take(code),
        }
    )
    if assessed.gross is not None:
        frame["elapsed_gross"] = amounts(assessed.gross[chosen], assessed.size, assessed.gross[chosen] != NONE)
    for name in keep:
        frame[name] = _kept(known, name, record)
    return frame


def _kept(known: AsKnownBatch, name: str, record: Integers) -> Any:
    """Return what some records hold in a column of the caller's, as far as it was known."""
    import pyarrow as pa

    table = known.batch.table
    if not table.has(name):
        return None
    if table.is_time(name):
        walls = np.where(known.happened(name), known.batch.times(name).walls(known.setting.zone), MISSING)
        return walls[record].view("M8[us]")
    column = known.text(name) if table.known_from(name) is not None else known.batch.columns[name]
    if isinstance(column, list):
        return [column[place] for place in record.tolist()]
    if pa.types.is_string_view(column.type):  # as Polars writes text; Arrow can't take cells of it
        column = column.cast(pa.string())
    return column.take(pa.array(record)).to_pandas().to_numpy()


def amounts(parts: Integers, size: int, known: Truths) -> "pd.Series":
    """Return parts of a unit as numbers of it, missing where that isn't known."""
    import pandas as pd

    return pd.Series(parts if size == 1 else parts / size, dtype="Float64").where(known)


def rows_of_targets(
    plan: Sequence[PlanStep], related: Related, progress: Progress | None, keep: Sequence[str] = ()
) -> "list[pd.DataFrame]":
    """Return the outcomes of all records, a table for each rule and batch, rule by rule."""
    rules: dict[str, list[Rule]] = defaultdict(list)
    for step in plan:
        if why_not(step, related.tables) is None:
            for kind, rule in step.target.rules(related):
                if rule.counted_as is None:
                    rules[kind].append(rule)
    parts: list[pd.DataFrame] = []
    for kind, own in rules.items():
        table = related.tables[kind]
        ids = [table.named_by] if table.named_by is not None else []
        batches: list[list[pd.DataFrame]] = []
        for batch in batches_of(table, own, [*ids, *keep], progress):
            known = AsKnownBatch(batch, related.as_of, related.scheme)
            batches.append([outcome_rows(rule, known, rule.assess(known), keep=keep) for rule in own])
        parts += chain.from_iterable(zip(*batches, strict=True))  # rule by rule, however the rows were batched
    return parts


def outcomes_of(
    scheme: Scheme, records: Mapping[str, Any], options: Options, progress: Progress | None, keep: tuple[str, ...] = ()
) -> "pd.DataFrame":
    """Return the outcome of every record, given by their kind, for every target that is asked for."""
    import pandas as pd

    check_scheme(scheme)
    at = parse_as_of(options.as_of, scheme)
    plan = make_plan(scheme, options.targets, None, None, None)
    tables = open_records(records, options.readings)
    chosen = [step.target.id for step in plan]
    read_first_times(tables, scheme, options._replace(targets=chosen))
    related = related_of(tables, plan, at, scheme)
    kept = kept_columns(keep, plan, related.tables)
    parts = rows_of_targets(plan, related, progress, kept)
    frame = pd.concat(parts, ignore_index=True) if parts else no_rows(kept)
    frame["target"] = pd.Categorical(frame["target"].astype(str), chosen)
    frame["status"] = pd.Categorical(frame["status"].astype(str), list(STATUSES))
    frame["reason"] = frame["reason"].astype("category")
    frame = frame.sort_values("target", kind="stable", ignore_index=True)
    frame.attrs["notes"] = left_out_of(tables.values())
    return frame
