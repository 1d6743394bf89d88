"""One case at a time, as a request handler asks; and the same cases all at once."""

import csv
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ombudsman_kpi import Case, CaseEvent, assess, deadlines, load_scheme, worklist
from timing import process

DATA = Path(__file__).parents[1] / "examples" / "data"
AS_OF = "2024-03-31"
HEAVY = ("pandas", "pyarrow", "polars", "duckdb")


def _each(work: Callable[[Any], object], items: list[Any], times: int = 1) -> tuple[float, float, float]:
    """Time every item by itself, in milliseconds.

    Give the median of all calls and their 95th percentile; and the median over the items of each one's fastest call,
    which other programs on the machine disturbed least.
    """
    took: list[list[float]] = [[] for _ in items]
    for _ in range(times):
        for place, item in enumerate(items):
            begin = time.perf_counter()
            work(item)
            took[place].append((time.perf_counter() - begin) * 1000)
    every = [call for calls in took for call in calls]
    return statistics.median(every), statistics.quantiles(every, n=20)[-1], statistics.median(map(min, took))


def _cold() -> tuple[float, str]:
    """Time a new process up to its first answer; name the heavy libraries that it has imported."""
    program = (
        "import sys; from ombudsman_kpi import deadlines, load_scheme; "
        "deadlines(load_scheme('lgsco'), {'case_id': 'A1', 'received_at': '2024-03-28'}, as_of='2024-04-30'); "
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    times = []
    for _ in range(7):
        seconds, _, printed = process(["-c", program])
        times.append(seconds)
    return statistics.median(times), printed.strip()


def main() -> list[str]:
    lgsco = load_scheme("lgsco")
    log: dict[str, list[CaseEvent]] = defaultdict(list)
    with (DATA / "events.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            log[row["case_id"]].append(CaseEvent.model_validate({k: v for k, v in row.items() if v}))
    with (DATA / "cases.csv").open(encoding="utf-8") as file:
        cases = [Case.model_validate({k: v or None for k, v in row.items()}) for row in csv.DictReader(file)]
    everyone = cases[::4]  # closed ones, open ones, with and without events: as they come
    fresh = [case for case in cases if case.decided_at is None and case.allocated_at is None]
    rows = []
    for what, chosen, events in (
        ("a case not allocated yet, without events", fresh, False),
        ("any case, without its events (`events=None`)", everyone, None),
        ("any case, with its events", everyone, True),
    ):

        def one(case: Case, events: bool | None = events) -> object:  # noqa: FBT001
            given = log[case.case_id] if events else None if events is None else ()
            return deadlines(lgsco, case, events=given, as_of=AS_OF)

        _each(one, chosen[:50])
        median, late, least = _each(one, chosen, 5)
        rows.append(f"| {what} | {least:.2f} | {median:.2f} | {late:.2f} |")
    every, late, least = _each(lambda case: assess(lgsco, cases=case, as_of=AS_OF), everyone[:200])
    whole = []
    for _ in range(3):
        begin = time.perf_counter()
        worklist(lgsco, cases=DATA / "cases.csv", events=DATA / "events.csv", as_of=AS_OF)
        whole.append(time.perf_counter() - begin)
    cold, heavy = _cold()
    return [
        f"## One case at a time: the {len(cases):,} invented cases, every target of `lgsco`", "",
        "Milliseconds for one call; the goal is below 1.", "",
        "| `deadlines` of | undisturbed | median | 95 of 100 below |", "|---|---:|---:|---:|", *rows,
        f"| for comparison: `assess` of one row, which returns a frame | {least:.2f} | {every:.2f} | {late:.2f} |",
        "", "Undisturbed: the median over all cases of the fastest of five calls.", "",
        f"A new process takes {cold:.2f} s to its first answer, including the calendar's bank holidays. Heavy "
        f"libraries that it imports: {heavy} (goal: none). "
        f"The worklist of all {len(cases):,}: {statistics.median(whole):.2f} s.",
    ]  # fmt: skip


if __name__ == "__main__":
    print("\n".join(main()))
