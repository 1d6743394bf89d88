"""Five figures of the LGSCO scheme by month, counted by hand from Parquet files in DuckDB, Polars and pandas.

``python benchmarks/peers.py TOOL FIGURE FOLDER [events file name]`` prints the seconds from the files to the rows, and
the rows as the library gives them, without months in which nothing counts: ``[target, first day of the month, met,
missed, overdue, pending]``. Several figures, joined by commas, run one after another, and the seconds add up.

Everything is written for the files of ``large.py``, whose ids and times are good and whose last day is the day as at
which they are counted. A month is that of the cohort in which the scheme counts the target.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

AS_OF = date(2024, 3, 31)
AS_OF_ENDS = datetime(2024, 3, 31, 22, 59, 59, 999_999, UTC)  # the last of the day in London, on summer time
ALLOWED = 20  # working days
WEEKS = (13, 26, 52)
MET, LATE, OVERDUE, PENDING = range(4)
SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR

Counts = Iterable[tuple[str, Any, int, int]]  # target, month, status, how many


class Given(NamedTuple):
    """What is given to each tool: the files, and for each day the 20th working day after it."""

    cases: str
    events: str
    calls: str
    day: Any
    due: Any


def given(folder: Path, events: str) -> Given:
    """Name the files, and find the due days."""
    from ombudsman_kpi import WorkingCalendar

    calendar = WorkingCalendar.uk("england-and-wales")
    day = np.arange(np.datetime64(calendar.first), np.datetime64(calendar.last) + 1)
    due = np.busday_offset(day, ALLOWED, roll="backward", holidays=np.array(calendar.days_off, "M8[D]"))
    cases, events, calls = (str(folder / name) for name in ("cases.parquet", events, "calls.parquet"))
    return Given(cases, events, calls, day, due)


def rows_of(counts: Counts) -> list[list[Any]]:
    """Turn how many had which status into rows."""
    found: dict[tuple[str, str], list[int]] = {}
    for target, month, status, size in counts:
        row = found.setdefault((target, str(month)[:10]), [0, 0, 0, 0])
        row[status] += size
    return sorted(
        [*key, met, late + overdue, overdue, pending]
        for key, (met, late, overdue, pending) in found.items()
        if met + late + overdue + pending
    )


# DuckDB


def _query(files: Given, query: str) -> Counts:
    """Run a query that knows the files, and a table of due days."""
    import duckdb

    calendar = "CREATE TEMP TABLE calendar AS SELECT unnest($1::DATE[]) AS day, unnest($2::DATE[]) AS due"
    names = {"cases": files.cases, "events": files.events, "calls": files.calls}
    numbers = {"met": MET, "late": LATE, "overdue": OVERDUE, "pending": PENDING, "hour": HOUR}
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        connection.execute(calendar, [files.day.tolist(), files.due.tolist()])
        query = query.format(as_of=AS_OF, as_of_ends=AS_OF_ENDS, **names, **numbers)
        return connection.execute(query).fetchall()


def decided_by_duckdb(files: Given) -> Counts:
    """Count the cases received that were decided or allocated within 20 working days."""
    query = """
        WITH ended AS (
            SELECT received_at::DATE AS received, withdrawn_at::DATE AS withdrawn,
                least(decided_at, allocated_at)::DATE AS stop
            FROM '{cases}'
        ), judged AS (
            SELECT date_trunc('month', received) AS month, CASE
                WHEN withdrawn < stop OR (stop IS NULL AND withdrawn IS NOT NULL)
                    THEN CASE WHEN withdrawn > due THEN {late} END
                WHEN stop <= due THEN {met} WHEN stop > due THEN {late}
                WHEN due < DATE '{as_of}' THEN {overdue} ELSE {pending} END AS status
            FROM ended JOIN calendar ON day = received
        )
        SELECT 'decided-or-allocated-20wd', month, status, count(*) FROM judged WHERE status IS NOT NULL GROUP BY ALL
    """
    return _query(files, query)


def weeks_by_duckdb(files: Given) -> Counts:
    """Count the investigations closed within 13, 26 and 52 weeks: in one pass, by the band that each fits into."""
    query = """
        WITH ended AS (
            SELECT valid_at::DATE AS valid, least(decided_at::DATE, withdrawn_at::DATE) AS stop,
                coalesce(withdrawn_at::DATE < decided_at::DATE, decided_at IS NULL) AS withdrawn
            FROM '{cases}' WHERE allocated_at IS NOT NULL
        ), banded AS (
            SELECT date_trunc('month', stop) AS month, withdrawn,
                CASE WHEN stop - valid <= 91 THEN 13 WHEN stop - valid <= 182 THEN 26
                    WHEN stop - valid <= 364 THEN 52 ELSE 99 END AS band,
                count(*) AS size
            FROM ended WHERE stop >= valid GROUP BY ALL
        )
        SELECT 'investigation-' || weeks || 'w', month, (band > weeks)::INT AS status, sum(size)::BIGINT
        FROM banded, (VALUES (13), (26), (52)) AS target(weeks)
        WHERE band > weeks OR NOT withdrawn GROUP BY ALL
    """
    return _query(files, query)


def touch_by_duckdb(files: Given) -> Counts:
    """Count the investigations closed in which no interval without contact was too long, with either party.

    A sorted list of days for each case and party is no faster than the window.
    """
    query = """
        WITH cases AS MATERIALIZED (
            SELECT file_row_number AS n, case_id, allocated_at::DATE AS begun,
                coalesce(decided_at, withdrawn_at)::DATE AS ended
            FROM read_parquet('{cases}', file_row_number = true)
            WHERE allocated_at IS NOT NULL AND least(decided_at, withdrawn_at)::DATE >= allocated_at::DATE
        ), contacts AS (
            SELECT case_id, party, "at"::DATE AS day FROM '{events}' WHERE event = 'contact' AND direction = 'out'
        ), points AS (
            SELECT n * 2 + (party = 'organisation')::INT AS lane, day, ended
            FROM contacts JOIN cases USING (case_id) WHERE day > begun AND day < ended
            UNION ALL
            SELECT n * 2 + party, begun, ended FROM cases, (VALUES (0), (1)) AS p(party)
        ), intervals AS (
            SELECT lane // 2 AS n, day, lead(day, 1, ended) OVER (PARTITION BY lane ORDER BY day) AS next FROM points
        ), late AS (
            SELECT DISTINCT n FROM intervals JOIN calendar USING (day) WHERE next > due
        )
        SELECT 'keep-in-touch-20wd', date_trunc('month', ended) AS month, (late.n IS NOT NULL)::INT, count(*)
        FROM cases LEFT JOIN late USING (n) GROUP BY ALL
    """
    return _query(files, query)


def delays_by_duckdb(files: Given) -> Counts:
    """Count the misses of the four targets of cases that were explained to both parties before they were due."""
    query = """
        WITH clocks AS (
            SELECT case_id, received_at::DATE AS received, valid_at::DATE AS valid, allocated_at IS NOT NULL AS begun,
                coalesce(least(decided_at, allocated_at, withdrawn_at)::DATE, DATE '{as_of}') AS assessed,
                coalesce(least(decided_at, withdrawn_at)::DATE, DATE '{as_of}') AS closed
            FROM '{cases}'
        ), missed AS (
            SELECT case_id, 0 AS weeks, received AS start, due
            FROM clocks JOIN calendar ON day = received WHERE assessed > due
            UNION ALL
            SELECT case_id, weeks, valid, valid + 7 * weeks
            FROM clocks, (VALUES (13), (26), (52)) AS target(weeks) WHERE begun AND closed > valid + 7 * weeks
        ), explained AS (
            SELECT case_id, party, "at"::DATE AS day FROM '{events}'
            WHERE event = 'delay_explained' AND direction IS DISTINCT FROM 'in' AND reason IS NOT NULL
        ), met AS (
            SELECT due FROM missed JOIN explained USING (case_id) WHERE day BETWEEN start AND due
            GROUP BY case_id, weeks, due HAVING count(DISTINCT party) = 2
        ), counted AS (
            SELECT date_trunc('month', due) AS month, {met} AS status, count(*) AS size FROM met GROUP BY ALL
            UNION ALL
            SELECT date_trunc('month', due), {late}, count(*) FROM missed GROUP BY ALL
            UNION ALL
            SELECT date_trunc('month', due), {late}, -count(*) FROM met GROUP BY ALL
        )
        SELECT 'delays-explained', * FROM counted
    """
    return _query(files, query)


def calls_by_duckdb(files: Given) -> Counts:
    """Count the calls answered within 60 seconds: by the hour first, as only hours need to know London's time."""
    query = """
        WITH judged AS (
            SELECT epoch_us(offered_at) // {hour} AS hour, CASE
                WHEN epoch_us(answered_at) - epoch_us(offered_at) <= 60_000_000 THEN {met}
                WHEN answered_at IS NOT NULL OR abandoned_at IS NOT NULL THEN {late}
                WHEN offered_at < TIMESTAMPTZ '{as_of_ends}' - INTERVAL 60 SECONDS THEN {overdue}
                ELSE {pending} END AS status
            FROM '{calls}'
        ), hours AS (
            SELECT hour, status, count(*) AS size FROM judged GROUP BY ALL
        )
        SELECT 'intake-calls-60s', date_trunc('month', make_timestamptz(hour * {hour}) AT TIME ZONE 'Europe/London'),
            status, sum(size)::BIGINT
        FROM hours GROUP BY ALL
    """
    return _query(files, query)


# Polars


def days_of_cases() -> list[Any]:
    """Give the days of receipt, validity, allocation, decision and withdrawal."""
    import polars as pl

    names = ("received", "valid", "allocated", "decided", "withdrawn")
    return [pl.col(f"{name}_at").dt.date().alias(name) for name in names]


def decided_by_polars(files: Given) -> Counts:
    """Count the cases received that were decided or allocated within 20 working days."""
    import polars as pl

    received, _, allocated, decided, withdrawn = days_of_cases()
    calendar = pl.LazyFrame({"received": files.day, "due": files.due})
    ended = pl.scan_parquet(files.cases).select(received, withdrawn, stop=pl.min_horizontal(decided, allocated))
    stop, left, due = pl.col("stop"), pl.col("withdrawn"), pl.col("due")
    status = (
        pl.when((left < stop) | (stop.is_null() & left.is_not_null()))
        .then(pl.when(left > due).then(LATE))
        .when(stop <= due)
        .then(MET)
        .when(stop > due)
        .then(LATE)
        .when(due < AS_OF)
        .then(OVERDUE)
        .otherwise(PENDING)
    )
    found = (
        ended.join(calendar, on="received")
        .select(month=pl.col("received").dt.month_start(), status=status)
        .group_by("month", "status")
        .len()
        .drop_nulls("status")
        .select(pl.lit("decided-or-allocated-20wd"), "month", "status", "len")
    )
    return found.collect(engine="streaming").iter_rows()


def weeks_by_polars(files: Given) -> Counts:
    """Count the investigations closed within 13, 26 and 52 weeks: in one pass, by the band that each fits into."""
    import polars as pl

    _, valid, _, decided, withdrawn = days_of_cases()
    took = (pl.col("stop") - pl.col("valid")).dt.total_days()
    band = pl.when(took <= 91).then(13).when(took <= 182).then(26).when(took <= 364).then(52).otherwise(99)
    found = (
        pl.scan_parquet(files.cases)
        .filter(pl.col("allocated_at").is_not_null())
        .select(
            valid,
            stop=pl.min_horizontal(decided, withdrawn),
            withdrawn=(withdrawn < decided).fill_null(decided.is_null()),
        )
        .filter(pl.col("stop") >= pl.col("valid"))
        .group_by(month=pl.col("stop").dt.month_start(), withdrawn="withdrawn", band=band)
        .len()
        .collect(engine="streaming")
    )
    return [
        (f"investigation-{weeks}w", month, LATE if band > weeks else MET, size)
        for month, withdrawn, band, size in found.iter_rows()
        for weeks in WEEKS
        if band > weeks or not withdrawn
    ]


def touch_by_polars(files: Given) -> Counts:
    """Count the investigations closed in which no interval without contact was too long, with either party.

    Case, party and day are one number, and all of them are sorted at once: many times faster than groups, or windows.
    """
    import polars as pl

    _, _, allocated, decided, withdrawn = days_of_cases()
    cases = (
        pl.scan_parquet(files.cases)
        .with_row_index("n")
        .filter(pl.min_horizontal(decided, withdrawn) >= allocated)
        .select(pl.col("n").cast(pl.Int64), "case_id", begun=allocated, ended=pl.coalesce(decided, withdrawn))
        .collect(engine="streaming")
        .lazy()
    )
    contacts = (
        pl.scan_parquet(files.events)
        .filter(pl.col("event") == "contact", pl.col("direction") == "out")
        .select("case_id", pl.col("party") == "organisation", day=pl.col("at").dt.date())
        .join(cases, on="case_id")
        .filter(pl.col("day") > pl.col("begun"), pl.col("day") < pl.col("ended"))
    )

    def points(rows: Any, party: Any, day: str) -> Any:
        return rows.select(point=(pl.col("n") * 2 + party) * 65536 + pl.col(day).to_physical())

    ends = [points(cases, party, day) for party in (0, 1) for day in ("begun", "ended")]
    in_order = pl.concat([points(contacts, pl.col("party"), "day"), *ends]).sort("point").collect(engine="streaming")
    point, following = pl.col("point"), pl.col("point").shift(-1)
    calendar = pl.LazyFrame({"day": files.day, "due": files.due}).select(pl.all().to_physical())
    late = (
        in_order.lazy()
        .select(
            n=point // 131072,
            day=(point % 65536).cast(pl.Int32),
            next=(following % 65536).cast(pl.Int32),
            same=point // 65536 == following // 65536,
        )
        .filter("same")
        .join(calendar, on="day")
        .filter(pl.col("next") > pl.col("due"))
        .select("n", late=pl.lit(LATE))
        .unique("n")
    )
    found = (
        cases.join(late, on="n", how="left")
        .group_by(month=pl.col("ended").dt.month_start(), status=pl.col("late").fill_null(MET))
        .len()
        .select(pl.lit("keep-in-touch-20wd"), "month", "status", "len")
    )
    return found.collect(engine="streaming").iter_rows()


def delays_by_polars(files: Given) -> Counts:
    """Count the misses of the four targets of cases that were explained to both parties before they were due."""
    import polars as pl

    received, valid, allocated, decided, withdrawn = days_of_cases()
    assessed = pl.min_horizontal(decided, allocated, withdrawn).fill_null(AS_OF)
    closed = pl.min_horizontal(decided, withdrawn).fill_null(AS_OF)
    cases = pl.scan_parquet(files.cases).select("case_id", received, valid, allocated, assessed=assessed, closed=closed)
    cases = cases.collect(engine="streaming").lazy()
    explained = (
        pl.scan_parquet(files.events)
        .filter(
            pl.col("event") == "delay_explained", pl.col("direction").ne_missing("in"), pl.col("reason").is_not_null()
        )
        .select("case_id", "party", day=pl.col("at").dt.date())
    )
    explained_cases = cases.join(explained, on="case_id").collect(engine="streaming").lazy()
    calendar = pl.LazyFrame({"received": files.day, "due": files.due})

    def missed(rows: Any, *kept: str) -> Any:
        first = rows.join(calendar, on="received").filter(pl.col("assessed") > pl.col("due"))
        parts = [first.select(*kept, "due", start="received", weeks=0)]
        for weeks in WEEKS:
            due = pl.col("valid") + timedelta(weeks=weeks)
            late = rows.filter(pl.col("allocated").is_not_null(), pl.col("closed") > due)
            parts.append(late.select(*kept, due=due, start="valid", weeks=weeks))
        return pl.concat(parts)

    met = (
        missed(explained_cases, "case_id", "party", "day")
        .filter(pl.col("day").is_between("start", "due"))
        .group_by("case_id", "weeks", "due")
        .agg(parties=pl.col("party").n_unique())
        .filter(pl.col("parties") == 2)
    )
    by_month = [rows.group_by(month=pl.col("due").dt.month_start()).len() for rows in (met, missed(cases))]
    told, missed_of = (dict(rows.iter_rows()) for rows in pl.collect_all(by_month, engine="streaming"))
    found = [("delays-explained", month, MET, size) for month, size in told.items()]
    return found + [("delays-explained", month, LATE, size - told.get(month, 0)) for month, size in missed_of.items()]


def calls_by_polars(files: Given) -> Counts:
    """Count the calls answered within 60 seconds: by the hour first, as only hours need to know London's time."""
    import polars as pl

    offered, answered = pl.col("offered_at"), pl.col("answered_at")
    allowed = timedelta(seconds=60)
    status = (
        pl.when(answered - offered <= allowed)
        .then(MET)
        .when(answered.is_not_null() | pl.col("abandoned_at").is_not_null())
        .then(LATE)
        .when(offered < AS_OF_ENDS - allowed)
        .then(OVERDUE)
        .otherwise(PENDING)
    )
    found = (
        pl.scan_parquet(files.calls)
        .group_by(hour=offered.to_physical() // HOUR, status=status)
        .len()
        .with_columns(at=(pl.col("hour") * HOUR).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone("Europe/London"))
        .group_by(month=pl.col("at").dt.date().dt.month_start(), status="status")
        .agg(pl.col("len").sum())
        .select(pl.lit("intake-calls-60s"), "month", "status", "len")
    )
    return found.collect(engine="streaming").iter_rows()


# pandas

NEVER = np.iinfo(np.int64).max // DAY


def _days(times: Any) -> Any:
    """Give the days of a column of times as numbers, and ``NEVER`` where there is none."""
    values = times.to_numpy().view(np.int64)
    return np.where(values == np.iinfo(np.int64).min, NEVER, values // DAY)


def _read_cases(files: Given, *names: str) -> Any:
    import pandas as pd

    return pd.read_parquet(files.cases, columns=list(names))


def _number(day: date) -> int:
    return int(np.datetime64(day).astype(np.int64))


def _due(files: Given, days: Any) -> Any:
    """Give the 20th working day after each day."""
    return files.due.astype(np.int64)[days - int(files.day[0].astype(np.int64))]


def _by_month(target: str, days: Any, status: Any, size: Any = None) -> Counts:
    """Count the statuses of each month, by days since 1970, each once or as often as ``size`` says."""
    months = np.arange(days.max(initial=0) + 1).astype("M8[D]").astype("M8[M]").astype(np.int64)
    counts = np.bincount(months[days] * 4 + status, size)
    return [
        (target, np.datetime64(int(place) // 4, "M").astype("M8[D]"), int(place) % 4, int(counts[place]))
        for place in np.flatnonzero(counts)
    ]


def decided_by_pandas(files: Given) -> Counts:
    """Count the cases received that were decided or allocated within 20 working days."""
    cases = _read_cases(files, "received_at", "decided_at", "allocated_at", "withdrawn_at")
    received, decided, allocated, withdrawn = (_days(cases[name]) for name in cases)
    due = _due(files, received)
    stop = np.minimum(decided, allocated)
    late = np.minimum(stop, withdrawn) > due
    open_ = (stop == NEVER) & (withdrawn == NEVER)
    status = np.where(open_, np.where(due < _number(AS_OF), OVERDUE, PENDING), late)
    counts = late | (withdrawn >= stop)  # a withdrawal in time doesn't
    return _by_month("decided-or-allocated-20wd", received[counts], status[counts])


def weeks_by_pandas(files: Given) -> Counts:
    """Count the investigations closed within 13, 26 and 52 weeks."""
    cases = _read_cases(files, "valid_at", "decided_at", "withdrawn_at", "allocated_at")
    cases = cases[cases.pop("allocated_at").notna()]
    valid, decided, withdrawn = (_days(cases[name]) for name in cases)
    stop = np.minimum(decided, withdrawn)
    closed = (stop != NEVER) & (stop >= valid)
    stop, took, stays = stop[closed], (stop - valid)[closed], (withdrawn >= decided)[closed]
    found: list[Any] = []
    for weeks in WEEKS:
        late = took > 7 * weeks
        counts = late | stays
        found += _by_month(f"investigation-{weeks}w", stop[counts], late[counts])
    return found


def touch_by_pandas(files: Given) -> Counts:
    """Count the investigations closed in which no interval without contact was too long, with either party.

    Ids are looked up by pyarrow, several times faster than a merge; case, party and day are one number to be sorted.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    cases = _read_cases(files, "case_id", "allocated_at", "decided_at", "withdrawn_at")
    cases = cases[cases["allocated_at"].notna()]
    begun, decided, withdrawn = (_days(cases[f"{name}_at"]) for name in ("allocated", "decided", "withdrawn"))
    first = np.minimum(decided, withdrawn)
    there = (first >= begun) & (first != NEVER)
    begun, ended = begun[there], np.where(decided == NEVER, withdrawn, decided)[there]
    ids = pa.chunked_array(cases["case_id"][there])
    words = ["event", "party", "direction"]
    events = pd.read_parquet(files.events, columns=["case_id", "at", *words], read_dictionary=words)
    sent = ((events["event"] == "contact") & (events["direction"] == "out")).to_numpy()
    case = pc.fill_null(pc.index_in(pa.chunked_array(events.pop("case_id")), value_set=ids), -1).to_numpy()
    meant = sent & (case >= 0)
    case, day = case[meant].astype(np.int64), _days(events["at"][meant])
    party = (events["party"] == "organisation").to_numpy()[meant]
    del events
    within = (day > begun[case]) & (day < ended[case])
    lane = np.arange(2 * len(begun))
    ends = [lane << 16 | days.repeat(2) for days in (begun, ended)]
    points = np.concatenate([(case[within] * 2 + party[within]) << 16 | day[within], *ends])
    points.sort()
    lane, day = points >> 16, points & 65535
    late = (lane[1:] == lane[:-1]) & (day[1:] > _due(files, day[:-1]))
    status = np.zeros(len(begun), np.int64)
    status[lane[:-1][late] >> 1] = LATE
    return _by_month("keep-in-touch-20wd", ended, status)


def delays_by_pandas(files: Given) -> Counts:
    """Count the misses of the four targets of cases that were explained to both parties before they were due."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    words = ["event", "party", "direction", "reason"]
    filters = [("event", "==", "delay_explained")]
    explained = pd.read_parquet(files.events, columns=["case_id", "at", *words], filters=filters, read_dictionary=words)
    explained = explained[(explained["direction"] != "in") & explained["reason"].notna()]
    cases = _read_cases(files, "case_id", "received_at", "valid_at", "allocated_at", "decided_at", "withdrawn_at")
    # Of the cases, the place of each that was explained; few were.
    ids = pa.chunked_array(explained["case_id"]).unique()
    place = pc.index_in(pa.chunked_array(cases.pop("case_id")), value_set=ids)
    row_of = np.full(len(ids), -1)
    known = np.flatnonzero(place.is_valid().to_numpy())
    row_of[place.drop_null().to_numpy()] = known
    row = row_of[pc.index_in(pa.chunked_array(explained["case_id"]), value_set=ids).to_numpy()]
    here = row >= 0
    row, day, party = row[here], _days(explained["at"])[here], (explained["party"] == "organisation").to_numpy()[here]
    received, valid, allocated, decided, withdrawn = (_days(cases[name]) for name in cases)
    del cases
    closed = np.minimum(decided, withdrawn)
    assessed = np.minimum(closed, allocated)
    closed, assessed = (np.where(end == NEVER, _number(AS_OF), end) for end in (closed, assessed))
    clocks = [(received, _due(files, received), assessed)]
    clocks += [(valid, np.where(allocated == NEVER, NEVER, valid + 7 * weeks), closed) for weeks in WEEKS]
    found: list[Any] = []
    for start, due, end in clocks:
        told = np.zeros((2, len(start)), np.bool_)
        in_time = (day >= start[row]) & (day <= due[row])
        told[party[in_time].astype(np.intp), row[in_time]] = True
        missed = end > due
        found += _by_month("delays-explained", due[missed], np.where((told[0] & told[1])[missed], MET, LATE))
    return found


def calls_by_pandas(files: Given) -> Counts:
    """Count the calls answered within 60 seconds: by the hour first, as only hours need to know London's time."""
    import pandas as pd

    calls = pd.read_parquet(files.calls, columns=["offered_at", "answered_at", "abandoned_at"])
    none = np.iinfo(np.int64).min
    offered, answered, abandoned = (calls[name].array.asi8 for name in calls)
    last = np.datetime64(AS_OF_ENDS.replace(tzinfo=None), "us").astype(np.int64) - 60 * SECOND
    open_ = np.where(offered < last, OVERDUE, PENDING)
    status = np.where((answered == none) & (abandoned == none), open_, LATE)
    status[(answered != none) & (answered - offered <= 60 * SECOND)] = MET
    hour = offered // HOUR
    first = hour.min()
    sizes = np.bincount((hour - first) * 4 + status)
    places = np.flatnonzero(sizes)
    at = pd.DatetimeIndex((places // 4 + first) * (HOUR // SECOND) * 10**9, tz="UTC").tz_convert("Europe/London")
    months = at.tz_localize(None).to_numpy().astype("M8[M]").astype("M8[D]").astype(np.int64)
    return _by_month("intake-calls-60s", months, places % 4, sizes[places])


FIGURES: dict[str, dict[str, Callable[[Given], Counts]]] = {
    "duckdb": {
        "decided": decided_by_duckdb,
        "weeks": weeks_by_duckdb,
        "touch": touch_by_duckdb,
        "delays": delays_by_duckdb,
        "calls": calls_by_duckdb,
    },
    "polars": {
        "decided": decided_by_polars,
        "weeks": weeks_by_polars,
        "touch": touch_by_polars,
        "delays": delays_by_polars,
        "calls": calls_by_polars,
    },
    "pandas": {
        "decided": decided_by_pandas,
        "weeks": weeks_by_pandas,
        "touch": touch_by_pandas,
        "delays": delays_by_pandas,
        "calls": calls_by_pandas,
    },
}

IMPORTED = {"pandas": ("pandas", "pyarrow.compute", "pyarrow.parquet")}


def main(tool: str, figures: str, folder: str, events: str = "events.parquet") -> dict[str, Any]:
    """Count some figures with one tool; time the work from the files to the rows, and nothing before it."""
    for module in IMPORTED.get(tool, (tool,)):
        import_module(module)
    files = given(Path(folder), events)
    rows, seconds = [], 0.0
    for figure in figures.split(","):
        began = time.perf_counter()
        rows += rows_of(FIGURES[tool][figure](files))
        seconds += time.perf_counter() - began
    return {"seconds": seconds, "rows": sorted(rows)}


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
