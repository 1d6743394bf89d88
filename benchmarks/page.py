"""How long the page of many commitments takes to make, and how large it is."""

import sys
from pathlib import Path

from ombudsman_kpi.publish.page import page_of
from timing import median_seconds

sys.path.append(str(Path(__file__).parents[1] / "tests" / "publish"))
from publications import of_size

SIZES = ((11, 12, 5), (40, 24, 12), (40, 60, 40))  # of commitments, months and teams


def main() -> list[str]:
    """Return the section on the page."""
    rows = []
    for size in SIZES:
        publication = of_size(*size)
        goal = "10 s, 3 MB" if size == (40, 24, 12) else ""
        megabytes = len(page_of(publication).encode()) / 1e6
        seconds = median_seconds(lambda publication=publication: page_of(publication))  # type: ignore[misc]
        rows.append(f"| {' | '.join(map(str, size))} | {seconds:.2f} | {megabytes:.2f} | {goal} |")
    return [
        "## The page", "",
        "From what is published to its text; a grid and a chart with its data for each commitment.", "",
        "| commitments | months | teams | s | MB | goal, at most |", "|---:|---:|---:|---:|---:|---:|", *rows,
    ]  # fmt: skip


if __name__ == "__main__":
    print("\n".join(main()))
