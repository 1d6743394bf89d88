"""Which engine counts: one in memory, in parts on the disk, or on Spark."""

import sys
from collections.abc import Mapping
from typing import Any

from ombudsman_kpi.figures.row import check_groups
from ombudsman_kpi.results.tally import Tally
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.in_memory import Options, tally_records
from ombudsman_kpi.tallies.plan import Progress


def tallied(
    scheme: Scheme, tables: Mapping[str, Any], options: Options, memory: str | int | None, progress: Progress | None
) -> Tally:
    """Return the tally of records, given by their kind: in memory, in parts on the disk, or on Spark."""
    check_groups(options.by)
    if on_spark(tables):
        from ombudsman_kpi.engines.spark import tally_on_spark

        return Tally.of(tally_on_spark(scheme, tables, options, progress))
    if memory is not None:
        from ombudsman_kpi.engines.parts import tally_in_parts

        return Tally.of(tally_in_parts(scheme, tables, options, memory, progress))
    return Tally.of(tally_records(scheme, tables, options, progress))


def on_spark(records: Mapping[str, Any]) -> bool:
    """Return whether some records are in a Spark DataFrame."""
    if "pyspark" not in sys.modules:
        return False
    from ombudsman_kpi.engines.spark import is_spark

    return any(is_spark(table) for table in records.values())
