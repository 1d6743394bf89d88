"""The invented casework of the examples: every figure against an independent calculation."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import holidays
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from ombudsman_kpi import Results, assess, load_scheme, measure
from ombudsman_kpi.measures.share_within import ShareWithin

DATA = Path(__file__).parents[1] / "examples" / "data"
LGSCO = load_scheme("lgsco")
AS_OF = pd.Timestamp("2024-03-31")
BANK_HOLIDAYS = np.array(
    sorted(holidays.country_holidays("GB", subdiv="ENG", years=range(2021, 2027))), dtype="datetime64[D]"
)
MEASURED = [target.id for target in LGSCO.targets if isinstance(target, ShareWithin)]

Verdicts = pd.DataFrame  # columns: period (any day of it), status


def read(name: str) -> pd.DataFrame:
    frame = pd.read_csv(DATA / f"{name}.csv", dtype="str")
    for column in frame.columns:
        if column.endswith("_at"):
            frame[column] = pd.to_datetime(frame[column], format="ISO8601")
    return frame


def day(column: "pd.Series[Any]") -> "pd.Series[Any]":
    return pd.Series(column.dt.normalize())


def working_due(start: "pd.Series[Any]", number: int) -> "pd.Series[Any]":
    """The number-th working day after each start: from the working day on or before it, so many on."""
    days = start.to_numpy().astype("datetime64[D]")
    due = np.busday_offset(days, number, roll="backward", holidays=BANK_HOLIDAYS)
    count = np.busday_count(days + 1, due + 1, holidays=BANK_HOLIDAYS)
    assert (count == number).all()
    return pd.Series(due.astype("datetime64[s]"), index=start.index)


def judged(stop: "pd.Series[Any]", due: "pd.Series[Any]", ended: "pd.Series[Any]") -> NDArray[Any]:
    """Give each record's status: ``stop`` is what was promised, ``ended`` any other end."""
    ended = ended.where(~(stop <= ended))  # what was promised came first, or on the same day
    stop = stop.where(ended.isna())
    return np.select(
        [stop.notna() & (stop <= due), stop.notna(), ended.notna() & (ended <= due), ended.notna(), due < AS_OF],
        ["met", "late", "excluded", "late", "overdue"],
        "pending",
    )


def calls() -> Verdicts:
    frame = read("calls")
    offered, answered, abandoned = (
        frame[name].dt.tz_localize("Europe/London").dt.tz_convert("UTC")
        for name in ("offered_at", "answered_at", "abandoned_at")
    )
    waited = (answered - offered).dt.total_seconds()
    status = np.select(
        [waited.notna() & (waited <= 60), waited.notna() | abandoned.notna()], ["met", "late"], "overdue"
    )
    return pd.DataFrame({"period": day(frame["offered_at"]), "status": status})


def written_contacts() -> Verdicts:
    frame = read("written_contacts")
    received, handled = day(frame["received_at"]), day(frame["handled_at"])
    never = pd.Series(pd.NaT, index=frame.index)
    return pd.DataFrame({"period": received, "status": judged(handled, working_due(received, 3), never)})


def first_of(frame: pd.DataFrame, *names: str) -> "pd.Series[Any]":
    return frame[list(names)].min(axis=1)


def decided_or_allocated() -> Verdicts:
    frame = read("cases")
    stop = first_of(frame, "decided_at", "allocated_at")
    ended = first_of(frame, "closed_at", "withdrawn_at")
    return pd.DataFrame(
        {"period": frame["received_at"], "status": judged(stop, working_due(frame["received_at"], 20), ended)}
    )


def investigations(weeks: int) -> Verdicts:
    frame = read("cases")
    frame = frame[frame["allocated_at"].notna() & frame["valid_at"].notna()]
    due = frame["valid_at"] + pd.Timedelta(days=7 * weeks)
    ended = first_of(frame, "closed_at", "withdrawn_at")
    status = judged(frame["decided_at"], due, ended)
    closed = np.isin(status, ["met", "late", "excluded"])
    return pd.DataFrame({"period": first_of(frame, "decided_at", "closed_at", "withdrawn_at"), "status": status})[
        closed
    ]


def requests(kind: str) -> Verdicts:
    frame = read("requests")
    frame = frame[frame["kind"] == kind]
    never = pd.Series(pd.NaT, index=frame.index)
    status = judged(frame["answered_at"], working_due(frame["received_at"], 20), never)
    return pd.DataFrame({"period": frame["received_at"], "status": status})


VERDICTS: dict[str, Any] = {
    "intake-calls-60s": calls,
    "written-contacts-3wd": written_contacts,
    "decided-or-allocated-20wd": decided_or_allocated,
    "investigation-13w": lambda: investigations(13),
    "investigation-26w": lambda: investigations(26),
    "investigation-52w": lambda: investigations(52),
    "service-complaints-20wd": lambda: requests("service-complaint"),
    "post-decision-reviews-20wd": lambda: requests("post-decision-review"),
}


def by_quarter(verdicts: Verdicts) -> dict[pd.Timestamp, dict[str, int]]:
    """Count met, missed, overdue and pending in each calendar quarter, which are the quarters from April too."""
    quarters = verdicts["period"].dt.to_period("Q").dt.start_time
    counts = pd.crosstab(quarters, verdicts["status"]).reindex(
        columns=["met", "late", "overdue", "pending"], fill_value=0
    )
    return {
        pd.Timestamp(str(start)): {
            "met": int(row["met"]), "missed": int(row["late"] + row["overdue"]), "overdue": int(row["overdue"]),
            "pending": int(row["pending"]),
        }
        for start, row in counts.iterrows()
        if row.sum()
    }  # fmt: skip


def given() -> dict[str, Any]:
    return {name: DATA / f"{name}.csv" for name in ("calls", "written_contacts", "cases", "requests", "events")}


@pytest.fixture(scope="module")
def quarterly() -> Results:
    return measure(LGSCO, as_of="2024-03-31", every="quarter", **given())


def test_every_measured_target_is_worked_out_independently() -> None:
    assert set(VERDICTS) == set(MEASURED)


@pytest.mark.parametrize("target", list(VERDICTS))
def test_each_quarter_has_the_figures_of_an_independent_calculation(target: str, quarterly: Results) -> None:
    found = {
        pd.Timestamp(row.period_start): {name: getattr(row, name) for name in ("met", "missed", "overdue", "pending")}
        for row in quarterly[target]
        if row.period_start is not None and (row.met or row.missed or row.pending)
    }
    expected = by_quarter(VERDICTS[target]())
    assert len(expected) >= 4
    assert found == expected


@pytest.mark.parametrize("target", list(VERDICTS))
def test_the_years_figure_is_the_quotient_of_the_quarters_counts(target: str, quarterly: Results) -> None:
    (whole,) = measure(LGSCO, as_of="2024-03-31", targets=target, **given()).rows
    assert whole.met == sum(row.met or 0 for row in quarterly[target])
    assert whole.missed == sum(row.missed or 0 for row in quarterly[target])
    assert whole.records == sum(row.records or 0 for row in quarterly[target])
    assert whole.value == (whole.met or 0) / ((whole.met or 0) + (whole.missed or 0))
    assert whole.invalid == 0


def rows_in_files() -> Iterator[tuple[str, int]]:
    for name in ("calls", "written_contacts", "cases", "requests"):
        yield name, len(read(name))


def test_no_record_is_lost(quarterly: Results) -> None:
    numbers = dict(rows_in_files())
    for target in LGSCO.targets:
        if isinstance(target, ShareWithin):
            assert sum(row.records or 0 for row in quarterly[target.id]) == numbers[target.of]


def test_the_numbers_of_rows_are_those_that_the_folder_says() -> None:
    text = (DATA / "README.md").read_text("utf-8")
    for name, number in rows_in_files():
        assert f"| `{name}.csv` |" in text
        assert f"| {number:,} |" in text


def test_each_case_has_the_due_day_that_numpy_counts() -> None:
    frame = read("cases")
    rows = assess(LGSCO, cases=DATA / "cases.csv", as_of="2024-03-31", targets="decided-or-allocated-20wd")
    assert rows["id"].tolist() == frame["case_id"].tolist()
    assert (rows["due"].to_numpy() == working_due(frame["received_at"], 20).to_numpy()).all()
    stop = rows["stop"].dropna()
    counted = np.busday_count(
        frame.loc[stop.index, "received_at"].to_numpy().astype("datetime64[D]") + 1,
        stop.to_numpy().astype("datetime64[D]") + 1, holidays=BANK_HOLIDAYS,
    )  # fmt: skip
    on_a_day_off = ~np.is_busday(stop.to_numpy().astype("datetime64[D]"), holidays=BANK_HOLIDAYS)
    same_day = stop.to_numpy() == frame.loc[stop.index, "received_at"].to_numpy()
    assert (rows.loc[stop.index, "elapsed"].to_numpy(np.int64) == counted + (on_a_day_off & ~same_day)).all()


def test_teams_add_up_to_the_whole(quarterly: Results) -> None:
    grouped = measure(LGSCO, as_of="2024-03-31", every="quarter", by="team", cases=DATA / "cases.csv")
    for target in ("decided-or-allocated-20wd", "investigation-13w"):
        for row in quarterly[target]:
            parts = [part for part in grouped[target] if part.period == row.period]
            assert (row.met, row.missed, row.records) == tuple(
                sum(getattr(part, name) or 0 for part in parts) for name in ("met", "missed", "records")
            )
