"""Invented cases, contacts and calls of twenty years, as many as are asked for, in Parquet files.

Case ids are text; times have seconds. The log of events is written twice: in the order of time, and in none.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

AS_OF = "2024-03-31"
ROWS = 1_000_000  # of a row group
DAY = 86_400_000_000
FIRST, LAST = (int(np.datetime64(day).astype(np.int64)) for day in ("2004-04-01", AS_OF))


def write(folder: Path, cases: int, contacts: int, calls: int, authorities: int = 0) -> None:
    """Write ``cases.parquet``, ``events.parquet``, ``shuffled.parquet`` and ``calls.parquet``.

    With ``authorities``, each case is of one of so many.
    """
    random = np.random.default_rng(2026)
    if cases:
        ids, begun, ended = _write_cases(folder, random, cases, authorities)
        if contacts:
            _write_events(folder, random, contacts, ids, begun, ended)
    if calls:
        _write_calls(folder, random, calls)


def _at(random: np.random.Generator, days: Any) -> Any:
    """Give a second between nine and five on each day, in microseconds."""
    return days * DAY + (random.integers(9 * 3600, 17 * 3600, len(days), np.int32) * np.int64(1_000_000))


def _times(values: Any, known: Any, zone: str | None = None) -> Any:
    import pyarrow as pa

    return pa.array(values, mask=~known).cast(pa.timestamp("us", zone))


def _save(path: Path, columns: Any, size: int) -> None:
    """Write columns made of slices of rows, a row group at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer = None
    for begin in range(0, size, ROWS):
        table = pa.table(columns(slice(begin, min(begin + ROWS, size))))
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def _write_cases(folder: Path, random: np.random.Generator, size: int, authorities: int = 0) -> tuple[Any, Any, Any]:
    import pyarrow as pa
    import pyarrow.compute as pc

    received = np.sort(random.integers(FIRST, LAST + 1, size))
    allocated = received + random.gamma(3, 10, size).astype(np.int64)
    investigated = random.random(size) < 0.4
    decided = np.where(
        investigated,
        allocated + random.gamma(2, 40, size).astype(np.int64),
        received + random.gamma(2, 12, size).astype(np.int64),
    )
    withdrawn = received + random.integers(1, 60, size)
    leaves = random.random(size) < 0.03
    number = np.arange(size)
    number[: size - size % 1000] = random.permuted(number[: size - size % 1000].reshape(-1, 1000), axis=1).ravel()
    ids = pc.binary_join_element_wise("CASE-", pc.utf8_lpad(pc.cast(pa.array(number), pa.string()), 8, "0"), "")
    days = {
        "received_at": (received, received <= LAST),
        "valid_at": (received + random.integers(0, 10, size), received <= LAST),
        "allocated_at": (allocated, investigated & (allocated <= LAST)),
        "decided_at": (decided, decided <= LAST),
        "withdrawn_at": (withdrawn, leaves & (withdrawn <= LAST)),
    }
    clock = random.integers(9 * 3600, 17 * 3600, size) * 1_000_000
    named = pa.array([f"Authority {number:03}" for number in range(authorities)])
    whose = random.integers(0, authorities, size) if authorities else None

    def columns(part: slice) -> dict[str, Any]:
        times = {name: _times(found[part] * DAY + clock[part], known[part]) for name, (found, known) in days.items()}
        group = {} if whose is None else {"authority": named.take(pa.array(whose[part]))}
        return {"case_id": ids[part.start : part.stop], **times, **group}

    _save(folder / "cases.parquet", columns, size)
    there = np.flatnonzero(investigated & (allocated <= LAST))
    return ids.take(pa.array(there)), allocated[there], np.minimum(decided[there], LAST)


def _write_events(folder: Path, random: np.random.Generator, size: int, ids: Any, begun: Any, ended: Any) -> None:
    """Write contacts with the parties of investigations, one in fifty an explanation of a delay."""
    import pyarrow as pa

    case = random.integers(0, len(ids), size, np.int32)
    day = begun[case] + (random.random(size) * (ended[case] - begun[case] + 1)).astype(np.int64)
    at = _at(random, day)
    del day
    order = np.argsort(at, kind="stable")
    case, at = case[order], at[order]
    del order
    explains = random.random(size) < 0.02
    party, direction = random.integers(0, 2, size, np.int8), (random.random(size) < 0.1).astype(np.int8)

    def save(name: str, order: Any) -> None:
        def columns(part: slice) -> dict[str, Any]:
            rows = part if order is None else order[part]
            return {
                "case_id": ids.take(pa.array(case[rows])),
                "event": pa.array(["contact", "delay_explained"]).take(pa.array(explains[rows].view(np.int8))),
                "at": pa.array(at[rows]).cast(pa.timestamp("us")),
                "party": pa.array(["complainant", "organisation"]).take(pa.array(party[rows])),
                "direction": pa.array(["out", "in"]).take(pa.array(direction[rows])),
                "reason": pa.array(["waiting for records", None]).take(pa.array(~explains[rows] * np.int8(1))),
            }

        _save(folder / name, columns, size)

    save("events.parquet", None)
    save("shuffled.parquet", random.permutation(size).astype(np.int32))


def _write_calls(folder: Path, random: np.random.Generator, size: int) -> None:
    offered = np.sort(_at(random, random.integers(FIRST, LAST + 1, size)))
    waited = (random.gamma(1.2, 22, size) * 1e6).astype(np.int64)
    lost = random.random(size) < 0.04

    def columns(part: slice) -> dict[str, Any]:
        after, gone = offered[part] + waited[part], lost[part]
        return {
            "offered_at": _times(offered[part], gone | True, "UTC"),
            "answered_at": _times(after, ~gone, "UTC"),
            "abandoned_at": _times(after, gone, "UTC"),
        }

    _save(folder / "calls.parquet", columns, size)


if __name__ == "__main__":
    write(Path(sys.argv[1]), *map(int, sys.argv[2:]))
