"""Half a million cases, two million contacts and half a million calls: read from CSV, beside the same from Parquet.

The same call counts the same figures, in turn from Parquet and from CSV whose times have seconds and microseconds, each
in a process of its own.
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
TEXTS = {"microseconds": "us", "seconds": "s"}  # in the text of times, such as 2024-03-28 10:15:00.000000


def write(folder: Path) -> None:
    """Write the records as Parquet, and as CSV in a folder for each of ``TEXTS``."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    large.write(folder, CASES, CONTACTS, CALLS)
    for kind in KINDS:
        table = pyarrow.parquet.read_table(folder / f"{kind}.parquet")
        for text, unit in TEXTS.items():
            (folder / text).mkdir(exist_ok=True)
            for place, field in enumerate(table.schema):
                if pa.types.is_timestamp(field.type):
                    with suppress(pa.ArrowInvalid):  # some have fractions of a second, whatever is asked for
                        table = table.set_column(
                            place, field.name, table[place].cast(pa.timestamp(unit, field.type.tz))
                        )
            pyarrow.csv.write_csv(table, folder / text / f"{kind}.csv")


def main(runs: int = 5) -> list[str]:
    """Return the section on CSV files."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        places = {"Parquet": (folder, "parquet")}
        places |= {f"CSV, times with {text}": (str(Path(folder) / text), "csv") for text in TEXTS}
        found: dict[str, list[tuple[float, float]]] = {files: [] for files in places}
        rows = {}
        for _ in range(runs):
            for files, place in places.items():
                _, megabytes, printed = process([__file__, *place])
                answer = json.loads(printed)
                found[files].append((answer["seconds"], megabytes))
                rows[files] = answer["rows"]
    medians = {files: [sorted(values)[runs // 2] for values in zip(*of_files, strict=True)]
               for files, of_files in found.items()}  # fmt: skip
    parquet = medians["Parquet"][0]
    return [
        f"## CSV and Parquet: {CASES:,} cases, {CONTACTS:,} contacts, {CALLS:,} calls, by month", "",
        "Times of answers to calls have microseconds in both kinds of CSV.", "",
        "| files | seconds | peak MB |", "|---|---:|---:|",
        *(f"| {files} | {seconds:.2f} | {megabytes:,.0f} |" for files, (seconds, megabytes) in medians.items()), "",
        "| ratio | measured | goal |", "|---|---:|---:|",
        *(f"| time of {files}, relative to Parquet | {medians[files][0] / parquet:.2f} | at most 2 |"
          for files in list(places)[1:]), "",
        f"All agree in every count: {'yes' if all(of == rows['Parquet'] for of in rows.values()) else 'NO'}.",
    ]  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(scaling.by_library(scaling.EVERYTHING, sys.argv[1], ending=sys.argv[2])))
