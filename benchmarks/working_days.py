"""Counting and adding working days: ten million pairs of dates, beside numpy, Polars and a bare subtraction."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from ombudsman_kpi import WorkingCalendar
from timing import extra_bytes, median_seconds

PAIRS = 10_000_000


def dates(seed: int = 2024) -> tuple[Any, Any]:
    """Make pairs of dates from 2005 to 2030, up to 400 days apart."""
    random = np.random.default_rng(seed)
    first, last = (np.datetime64(day).astype(np.int64) for day in ("2005-01-01", "2030-12-31"))
    start = random.integers(first, last - 400, PAIRS)
    return start.astype("M8[D]"), (start + random.integers(0, 400, PAIRS)).astype("M8[D]")


def main() -> list[str]:
    calendar = WorkingCalendar.uk("england-and-wales", first="2005-01-01", last="2050-12-31")
    holidays = np.array(calendar.days_off, "M8[D]")
    start, stop = dates()
    gaps = np.random.default_rng(5).random(PAIRS) < 0.05
    with_gaps = start.copy()
    with_gaps[gaps] = np.datetime64("NaT")
    kept_start, kept_stop = start[~gaps], stop[~gaps]
    frame = pl.DataFrame({"start": start.astype("M8[ms]"), "stop": stop.astype("M8[ms]")}).cast(pl.Date)
    stamps = pd.Series(start.astype("M8[us]")), pd.Series(stop.astype("M8[us]"))
    polars_count = pl.business_day_count("start", "stop", holidays=list(calendar.days_off))

    ours = calendar.count(start, stop)
    theirs = np.busday_count(start + 1, stop + 1, holidays=holidays)
    assert np.array_equal(ours, theirs)  # noqa: S101
    moved = np.busday_offset(start, 20, roll="backward", holidays=holidays)
    assert np.array_equal(calendar.add(start, 20), moved)  # noqa: S101

    seconds = {
        "a bare subtraction of two columns": median_seconds(lambda: stop - start),
        "count, numpy dates": median_seconds(lambda: calendar.count(start, stop)),
        "numpy.busday_count": median_seconds(lambda: np.busday_count(start, stop, holidays=holidays), 3),
        "Polars business_day_count": median_seconds(lambda: frame.select(polars_count), 3),
        "count, 5% missing": median_seconds(lambda: calendar.count(with_gaps, stop)),
        "numpy.busday_count of the pairs that aren't missing": median_seconds(
            lambda: np.busday_count(kept_start, kept_stop, holidays=holidays), 3
        ),
        "count, pandas Series of timestamps": median_seconds(lambda: calendar.count(*stamps)),
        "count, Polars Series": median_seconds(lambda: calendar.count(frame["start"], frame["stop"])),
        "add(…, 20), numpy dates": median_seconds(lambda: calendar.add(start, 20)),
        "numpy.busday_offset(…, 20)": median_seconds(
            lambda: np.busday_offset(start, 20, roll="backward", holidays=holidays), 3
        ),
    }
    names = list(seconds)
    ratios = [
        ("count: times faster than numpy", seconds[names[2]] / seconds[names[1]], "15"),
        ("count: times faster than Polars", seconds[names[3]] / seconds[names[1]], "10"),
        ("count with 5% missing: times faster than numpy without them", seconds[names[5]] / seconds[names[4]], "10"),
        ("add: times faster than numpy", seconds[names[9]] / seconds[names[8]], "20"),
    ]
    memory = {
        "count": extra_bytes(lambda: calendar.count(start, stop)),
        "count with 5% missing": extra_bytes(lambda: calendar.count(with_gaps, stop)),
        "count, pandas": extra_bytes(lambda: calendar.count(*stamps)),
        "add": extra_bytes(lambda: calendar.add(start, 20)),
    }
    lines = ["## Working days: 10 million pairs of dates, 46 years of bank holidays", ""]
    lines += ["| what | ns a pair |", "|---|---:|"]
    lines += [f"| {name} | {value / PAIRS * 1e9:.1f} |" for name, value in seconds.items()]
    lines += ["", "| ratio | measured | goal, at least |", "|---|---:|---:|"]
    lines += [f"| {name} | {value:.1f} | {wanted} |" for name, value, wanted in ratios]
    lines += ["", "| memory beyond the answer | MB | goal, at most |", "|---|---:|---:|"]
    lines += [f"| {name} | {value / 2**20:.1f} | 20 |" for name, value in memory.items()]
    return lines


if __name__ == "__main__":
    print("\n".join(main()))
