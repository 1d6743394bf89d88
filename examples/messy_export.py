"""A council's export as bad as the real ones, and the way from it to a figure.

The script writes invented complaints as a casework system exports them: titles above the table, dates as 28/03/2024,
N/A and - for nothing, a total below, in Windows-1252; and once more as an Excel workbook. Nothing has the library's
names. It shows what ``measure`` says of that, writes a mapping file, and measures both files.

Run it with a folder to write into: python examples/messy_export.py --out export
"""

import argparse
import csv
from datetime import date, datetime
from pathlib import Path
from typing import Any

import ombudsman_kpi as kpi

TITLES = [["Complaints – Stage 2, all services"], ["Printed by casework on 01/06/2024"], []]
NAMES = ["Ref", "Service area", "Date\nreceived", "Allocated", "Decision date", "Remarks"]
# Of the cases that can be assessed on 31 May 2024, three were decided or allocated within 20 working days: the first on
# day 20 (29 April), the third on day 6, the fifth on day 1. The second was a day late, the fourth is overdue.
ROWS = [
    ["24/0017", "Housing", "28/03/2024", "N/A", "29/04/2024", "Café licence; see file"],
    ["24/0018", "Housing", "28/03/2024", "-", "30/04/2024", 'said "soon",\nthen waited'],
    ["24/0019", "Adult care", "02/04/2024", "10/04/2024", "", "£250 offered"],
    ["24/0020", "Adult care", "03/04/2024", "N/A", "N/A", ""],
    ["", "", "", "", "", ""],
    ["24/0021", "Planning", "07/05/2024", "08/05/2024", "n/a", "–"],
]
TOTAL = ["Total", "", "5", "2", "2", ""]

MAPPING = """\
[columns.cases]
case_id = "Ref"
received_at = "Date received"
allocated_at = "Allocated"
decided_at = "Decision date"
team = "Service area"

[dates]
cases = "%d/%m/%Y"
"""


def write_csv(path: Path) -> Path:
    """Write the export as a CSV file with semicolons, in Windows-1252."""
    with path.open("w", encoding="windows-1252", newline="") as file:
        csv.writer(file, delimiter=";").writerows([*TITLES, NAMES, *ROWS, TOTAL])
    return path


def write_workbook(path: Path) -> Path:
    """Write the export as a workbook, where some dates are dates and others were typed as text."""
    import openpyxl

    book = openpyxl.Workbook()
    for row in [*TITLES, NAMES, *ROWS, TOTAL]:
        book.active.append([_as_date(cell) if row[0] != "24/0018" else cell for cell in row])
    book.save(path)
    return path


def _as_date(cell: str) -> date | str:
    return datetime.strptime(cell, "%d/%m/%Y").date() if cell[2:3] == cell[5:6] == "/" else cell  # noqa: DTZ007


def measure_both(folder: Path) -> dict[str, kpi.Results]:
    """Write the export in both forms, and return the results of each; print what stood in the way."""
    lgsco = kpi.load_scheme("lgsco")
    options: dict[str, Any] = {"as_of": "2024-05-31", "targets": "decided-or-allocated-20wd"}
    results = {}
    mapping = folder / "export.toml"
    mapping.write_text(MAPPING, "utf-8")
    for path in (write_csv(folder / "export.csv"), write_workbook(folder / "export.xlsx")):
        try:
            kpi.measure(lgsco, cases=path, **options)
        except kpi.RecordsError as error:
            print(f"{path.name} can't be measured as it is:\n{error}\n")
        results[path.name] = kpi.measure(lgsco, cases=path, columns=mapping, **options)
        print(f"With {mapping.name}:\n{results[path.name]}\n")
    return results


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write a messy export, and measure it.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    measure_both(parser.parse_args().out)
