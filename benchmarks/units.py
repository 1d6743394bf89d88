"""Ten million cases by a limit in months beside weeks, and in working hours beside working days; and pandas.

The library counts from Arrow columns in memory: the same records, the same call, only the limit differs. The time that
pandas takes for its ``CustomBusinessHour`` is that of a sample, a record at a time; both must find the same moments.
"""

import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

import ombudsman_kpi as kpi
from timing import median_seconds

CASES = 10_000_000
SAMPLE = 20_000
AS_OF = "2024-12-31"
OPENING = {day: ["09:00", "17:00"] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}


def scheme(limit: str) -> kpi.Scheme:
    target = {
        "id": "one", "says": "In time", "of": "cases", "start": "received_at", "stop": "decided_at", "limit": limit,
        "cohort": "received",
    }  # fmt: skip
    declared = {"id": "own", "title": "Own", "source": "Made up", "division": "england-and-wales", "opening": OPENING}
    return kpi.Scheme.model_validate({**declared, "targets": [target]})


def cases(size: int) -> pa.Table:
    """Make cases of 2015 to 2024 with times of day to the second, decided after up to 90 days."""
    random = np.random.default_rng(2024)
    first, last = (np.datetime64(day, "s").astype(np.int64) for day in ("2015-01-01", "2024-09-30"))
    start = random.integers(first, last, size)
    stop = start + random.integers(0, 90 * 86_400, size)
    times = {name: pa.array((seconds * 1_000_000).view("M8[us]"), pa.timestamp("us", "UTC"))
             for name, seconds in (("received_at", start), ("decided_at", stop))}  # fmt: skip
    return pa.table({"case_id": pa.array(range(size), pa.int64()), **times})


def counted(limit: str, table: pa.Table) -> float:
    """Give the seconds that it takes to count all cases by a limit."""
    own = scheme(limit)
    return median_seconds(lambda: kpi.tally(own, cases=table, as_of=AS_OF, every="month"), 3)


def beside_pandas() -> tuple[float, float]:
    """Give the nanoseconds a record that the library and pandas take to say when 4 working hours are used up."""
    own = scheme("4 working hours")
    limit = kpi.WorkingHours(4)
    axis = limit.axis(own.calendar, own["one"].limits[0][0][1])
    random = np.random.default_rng(5)
    first, last = (np.datetime64(day).astype(np.int64) for day in ("2015-01-05", "2024-12-20"))
    days = random.integers(first, last, 10 * SAMPLE)
    # At odd seconds: what is used up at closing time is due then, but when the office opens again for pandas.
    odd = 2 * random.integers(9 * 1800, 17 * 1800, SAMPLE) + 1
    walls = days[own.calendar.is_working_day(days.view("M8[D]"))][:SAMPLE] * 86_400 + odd
    starts = own.zone.instants(walls * 1_000_000)[0]
    offset: Any = pd.offsets.CustomBusinessHour(4, start="09:00", end="17:00", holidays=list(own.calendar.days_off))
    stamps = pd.Series(walls.view("M8[s]").astype("M8[us]"))

    def by_pandas() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.PerformanceWarning)
            return stamps + offset

    found = own.zone.wall(axis.due(starts, limit.allowed)).view("M8[us]")
    theirs = by_pandas().to_numpy()
    assert (found == theirs).all()  # noqa: S101
    many = np.tile(starts, 50)
    ours = median_seconds(lambda: own.zone.wall(axis.due(many, limit.allowed))) / len(many)
    return ours * 1e9, median_seconds(by_pandas, 3) / SAMPLE * 1e9


def main(size: int = CASES) -> list[str]:
    table = cases(size)
    limits = ("8 weeks", "2 months", "20 working days", "160 working hours", "480 hours")
    seconds = {limit: counted(limit, table) for limit in limits}
    ours, theirs = beside_pandas()
    lines = [f"## One target by month, its limit in each unit: {size:,} cases with times", ""]
    lines += ["| limit | seconds |", "|---|---:|"]
    lines += [f"| {name} | {value:.2f} |" for name, value in seconds.items()]
    lines += ["", "| when 4 working hours are used up | ns a record |", "|---|---:|"]
    lines += [f"| the library | {ours:,.0f} |", f"| pandas, CustomBusinessHour | {theirs:,.0f} |"]
    lines += ["", "| ratio | measured | goal |", "|---|---:|---:|"]
    hours_to_days = seconds["160 working hours"] / seconds["20 working days"]
    lines += [
        f"| months to weeks | {seconds['2 months'] / seconds['8 weeks']:.2f} | at most 2 |",
        f"| working hours to working days | {hours_to_days:.2f} | at most 3 |",
        f"| working hours: times faster than pandas | {theirs / ours:,.0f} | at least 20 |",
    ]
    return lines


if __name__ == "__main__":
    print("\n".join(main(int(sys.argv[1]) if len(sys.argv) > 1 else CASES)))
