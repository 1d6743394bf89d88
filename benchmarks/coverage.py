"""How often estimators are right, for docs/statistics.md: ``python benchmarks/coverage.py [TABLE ...]``.

Each table stands on the page between marks.
"""

import sys
from pathlib import Path

import coverage_charts
import coverage_curves
import coverage_intervals

PAGE = Path(__file__).parents[1] / "docs" / "statistics.md"
TABLES = coverage_intervals.TABLES | coverage_curves.TABLES | coverage_charts.TABLES


def main(*names: str) -> None:
    """Make some tables, or all, and write each into the page."""
    if unknown := [name for name in names if name not in TABLES]:
        raise SystemExit(f"There is no table {unknown[0]!r}. There are: {', '.join(TABLES)}.")
    for name in names or TABLES:
        table = "\n".join(TABLES[name]())
        print(table, flush=True)
        before, mark, rest = PAGE.read_text("utf-8").partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition("<!-- end -->")
        if not end:
            raise SystemExit(f"{PAGE} has no place for {name!r}.")
        PAGE.write_text(f"{before}{mark}{table}\n{end}{after}", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
