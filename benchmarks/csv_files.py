"""Half a million cases, two million contacts and half a million calls: read from CSV, beside the same from Parquet.

The same call counts the same figures, in turn from the one and from the other, each in a process of its own.
"""

import json
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import large
import scaling
from timing import process

CASES, CONTACTS, CALLS = 500_000, 2_000_000, 500_000
KINDS = ("cases", "events", "calls")


def write(folder: Path) -> None:
    """Write the records as Parquet, and as CSV: times to the second, such as 2024-03-28 10:15:00, where all are."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    large.write(folder, CASES, CONTACTS, CALLS)
    for kind in KINDS:
        table = pyarrow.parquet.read_table(folder / f"{kind}.parquet")
        for place, field in enumerate(table.schema):
            if pa.types.is_timestamp(field.type):
                with suppress(pa.ArrowInvalid):  # some have fractions of a second
                    table = table.set_column(place, field.name, table[place].cast(pa.timestamp("s", field.type.tz)))
        pyarrow.csv.write_csv(table, folder / f"{kind}.csv")


def main(runs: int = 5) -> list[str]:
    """Return the section on CSV files."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        found: dict[str, list[tuple[float, float]]] = {"csv": [], "parquet": []}
        rows = {}
        for _ in range(runs):
            for ending, times in found.items():
                _, megabytes, printed = process([__file__, folder, ending])
                answer = json.loads(printed)
                times.append((answer["seconds"], megabytes))
                rows[ending] = answer["rows"]
    seconds, peaks = ({ending: sorted(times)[runs // 2][i] for ending, times in found.items()} for i in (0, 1))
    return [
        f"## CSV and Parquet: {CASES:,} cases, {CONTACTS:,} contacts, {CALLS:,} calls, by month", "",
        "| files | seconds | peak MB |", "|---|---:|---:|",
        *(f"| {ending} | {seconds[ending]:.2f} | {peaks[ending]:,.0f} |" for ending in found), "",
        "| ratio | measured | goal |", "|---|---:|---:|",
        f"| time of CSV, relative to Parquet | {seconds['csv'] / seconds['parquet']:.2f} | at most 2 |", "",
        f"Both agree in every count: {'yes' if rows['csv'] == rows['parquet'] else 'NO'}.",
    ]  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(scaling.by_library(scaling.EVERYTHING, sys.argv[1], ending=sys.argv[2])))
