"""The page of 40 targets, 24 months and 12 teams: from a tally to the written file, and the workbooks beside it."""

import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

import ombudsman_kpi as kpi
from timing import median_seconds

CASES, TEAMS, KINDS = 200_000, 12, ("adult-care", "benefits", "education", "housing")
LIMITS = (2, 3, 5, 10, 15, 20, 30, 40, 60, 90)
AS_OF = "2024-03-31"


def scheme() -> kpi.Scheme:
    """Declare ten limits for each of four kinds of case."""
    targets = [
        {
            "id": f"{kind}-{days}wd", "says": f"{50 + days / 2:g}% of {kind} cases decided within {days} working days",
            "of": "cases", "where": {"category": kind}, "start": "received_at", "stop": "decided_at",
            "limit": f"{days} working days", "standard": f"at least {50 + days / 2:g}%", "cohort": "received",
        }
        for kind in KINDS
        for days in LIMITS
    ]  # fmt: skip
    declared = {"id": "own", "title": "Own", "source": "Made up", "division": "england-and-wales", "targets": targets}
    return kpi.Scheme.model_validate(declared)


def cases() -> pa.Table:
    """Make cases of 24 months, of which one in twelve is still open."""
    random = np.random.default_rng(2024)
    first, last = (np.datetime64(day).astype(np.int64) for day in ("2022-04-01", "2024-03-31"))
    start = random.integers(first, last + 1, CASES)
    stop = np.where(
        random.random(CASES) < 1 / 12, np.iinfo(np.int64).min, start + random.gamma(2, 12, CASES).astype(int)
    )
    days = {name: pa.array(day.view("M8[D]")) for name, day in (("received_at", start), ("decided_at", stop))}
    words = {"team": [f"Team {number + 1}" for number in range(TEAMS)], "category": list(KINDS)}
    columns = {
        name: pa.array(text).take(pa.array(random.integers(0, len(text), CASES))) for name, text in words.items()
    }
    return pa.table({"case_id": pa.array(range(CASES), pa.int64()), **days, **columns})


def written(tally: kpi.Tally, path: Path) -> None:
    """Write what is published of a tally, by the end of the name."""
    results = tally.results()
    (results.to_html if path.suffix == ".html" else results.to_workbook)(path)


def main() -> list[str]:
    """Return the section on the page."""
    rows, lines = cases(), []
    with tempfile.TemporaryDirectory() as folder:
        for said, own in (("", scheme()), (", small numbers withheld", scheme().with_disclosure(threshold=10))):
            tally = kpi.tally(own, cases=rows, as_of=AS_OF, every="month", by="team", cohort="all")
            for name in ("page.html", "book.xlsx", "book.ods"):
                path = Path(folder, name)
                seconds = median_seconds(partial(written, tally, path), 3)
                goal = " | 10 s, 3 MB |" if name.endswith("html") else " | |"
                lines.append(
                    f"| {name.partition('.')[2]}{said} | {seconds:.1f} | {path.stat().st_size / 1e6:.2f}{goal}"
                )
    return [
        f"## What is published of {len(LIMITS) * len(KINDS)} targets, 24 months, {TEAMS} teams, by three cohorts", "",
        "From a tally to the written file.", "",
        "| file | seconds | MB | goal, at most |", "|---|---:|---:|---|", *lines, "",
    ]  # fmt: skip


if __name__ == "__main__":
    print("\n".join(main()))
