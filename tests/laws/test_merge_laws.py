"""Tallies add up: any split of the records, in any order, gives the tally and the results of the whole."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import Scheme, Tally, assess, load_scheme, tally
from ombudsman_kpi.measures.share_within import ShareWithin

laws = settings(max_examples=settings().max_examples * 3 // 20)

Rows = list[dict[str, Any]]
Tagged = tuple[str, dict[str, Any]]  # the kind of record, and one

AS_OF = date(2024, 4, 30)


@pytest.fixture(scope="module")
def scheme() -> Scheme:
    added: dict[str, Any] = {"says": "in time", "cohort": "due"}
    orders: dict[str, Any] = {"of": "orders", "stop": "complied_at", "limit": {"field": "due_at"}, **added}
    cases: dict[str, Any] = {"of": "cases", "start": "received_at", "stop": "decided_at", **added}
    rolling = {"non_working_due": "next working day", "cut_off": "17:00"}
    return (
        load_scheme("lgsco")
        .with_target("orders-complied", **orders)
        .with_target("orders-by-the-day", **orders, clock={"own_due": "by the day"})
        .with_target("decided-in-10-days", **cases, limit="10 calendar days", clock=rolling)
        .with_target("decided-in-48-hours", **cases, limit="48 hours", where={"team": {"not": ["North"]}})
    )


KINDS = ("cases", "calls", "written_contacts", "requests", "orders")

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


class Maker:
    """Makes up records of every kind, all with every column, over ten months that end after ``AS_OF``."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)  # noqa: S311

    def later(self, start: datetime, earliest: timedelta, latest: timedelta, often: float = 1) -> datetime | None:
        """Give a time between two others, or none; now and then the very midnight."""
        if self.chance.random() > often:
            return None
        found = start + earliest + self.chance.random() * (latest - earliest)
        return found if self.chance.random() < 0.9 else datetime.combine(found.date(), time())

    def times(self, kind: str, start: datetime) -> dict[str, Any]:
        """Give the fields of one record that are times."""
        match kind:
            case "cases":
                return {
                    "received_at": start,
                    "valid_at": self.later(start, 0 * DAY, 2 * DAY, 0.8),
                    "allocated_at": self.later(start, 0 * DAY, 40 * DAY, 0.5),
                    "decided_at": self.later(start, -DAY / 2, 150 * DAY, 0.7),
                    "withdrawn_at": self.later(start, 0 * DAY, 30 * DAY, 0.1),
                    "closed_at": self.later(start, 0 * DAY, 200 * DAY, 0.3),
                }
            case "calls":
                return {
                    "offered_at": start,
                    "answered_at": self.later(start, -MINUTE / 10, 2 * MINUTE, 0.7),
                    "abandoned_at": self.later(start, 0 * DAY, 2 * MINUTE, 0.3),
                }
            case "orders":
                return {"due_at": start, "complied_at": self.later(start, -DAY, DAY, 0.6)}
            case _:
                stop = "handled_at" if kind == "written_contacts" else "answered_at"
                return {"received_at": start, stop: self.later(start, -DAY / 2, 35 * DAY, 0.8)}

    def records(self, number: int) -> list[Tagged]:
        """Give some records, the kinds taking turns."""
        found: list[Tagged] = []
        names = {"written_contacts": "contact_id", "requests": "request_id", "calls": "call_id"}
        for place in range(number):
            kind = KINDS[place % len(KINDS)]
            base = datetime.combine(date(2023, 8, 1), time(9))
            start = base + self.chance.randrange(300) * DAY + self.chance.random() * 1000 * MINUTE
            own = {names.get(kind, "case_id"): f"{place}", "team": self.chance.choice(["North", "South", None])}
            own |= {"kind": self.chance.choice(["service-complaint", "stage-1"])} if kind == "requests" else {}
            found.append((kind, own | self.times(kind, start)))
        return found

    def split(self, records: Sequence[Tagged], most: int = 5) -> list[list[Tagged]]:
        """Deal shuffled records out to some parts, a few of which may stay empty."""
        parts: list[list[Tagged]] = [[] for _ in range(self.chance.randint(1, most))]
        for record in self.chance.sample(records, len(records)):
            self.chance.choice(parts).append(record)
        return parts


def by_kind(records: Sequence[Tagged]) -> dict[str, Any]:
    """Sort records by their kind; of a kind without any, none are given."""
    kinds: dict[str, Any] = {kind: [record for its, record in records if its == kind] for kind in KINDS}
    return {kind: rows for kind, rows in kinds.items() if rows}


OPTIONS = st.fixed_dictionaries(
    {
        "as_of": st.sampled_from([AS_OF, date(2024, 1, 31), datetime.combine(date(2024, 2, 5), time(12))]),
        "every": st.sampled_from([None, "week", "month", "quarter", ["month", "week", None]]),
        "cohort": st.sampled_from([None, "all", "closed"]),
        "by": st.sampled_from([(), ("team",)]),
    }
)
SEEDS = st.integers(0, 1 << 30)


@laws
@given(seed=SEEDS, number=st.integers(0, 60), options=OPTIONS)
def test_any_split_in_any_order_gives_an_equal_tally_and_equal_results(
    scheme: Scheme, seed: int, number: int, options: dict[str, Any]
) -> None:
    maker = Maker(seed)
    records = maker.records(number)
    whole = tally(scheme, **by_kind(records), **options)
    parts = [tally(scheme, **by_kind(part), **options) for part in maker.split(records)]
    merged = sum(parts, Tally.zero())
    assert merged == whole
    assert sum(reversed(parts), Tally.zero()) == whole
    assert merged.results().to_dict() == whole.results().to_dict()


@laws
@given(seed=SEEDS, options=OPTIONS)
def test_taking_parts_away_leaves_the_tally_of_the_rest(scheme: Scheme, seed: int, options: dict[str, Any]) -> None:
    maker = Maker(seed)
    records = maker.records(40)
    both = len(KINDS)  # of every kind there is something in the part, and something in the rest
    part, rest = records[:both], records[both : 2 * both]
    for record in records[2 * both :]:
        maker.chance.choice((part, rest)).append(record)
    whole = tally(scheme, **by_kind(records), **options)
    taken = tally(scheme, **by_kind(part), **options)
    left = whole - taken
    assert left == tally(scheme, **by_kind(rest), **options)
    assert left + taken == whole
    assert left.results().to_dict() == tally(scheme, **by_kind(rest), **options).results().to_dict()


@laws
@given(seed=SEEDS, options=OPTIONS)
def test_tallies_go_to_arrow_and_json_and_back_and_still_add_up(
    scheme: Scheme, seed: int, options: dict[str, Any]
) -> None:
    maker = Maker(seed)
    records = maker.records(30)
    whole = tally(scheme, **by_kind(records), **options)
    assert Tally.from_arrow(whole.to_arrow()) == whole
    assert Tally.from_json(whole.to_json()) == whole
    parts = [tally(scheme, **by_kind(part), **options) for part in maker.split(records)]
    travelled = [Tally.from_json(part.to_json()) for part in parts] + [Tally.from_arrow(Tally.zero().to_arrow())]
    assert sum(travelled, Tally.zero()) == whole


@laws
@given(seed=SEEDS, as_of=st.sampled_from([AS_OF, date(2024, 1, 31), datetime.combine(date(2024, 2, 5), time(12))]))
def test_a_tally_counts_the_outcomes_that_assess_gives(scheme: Scheme, seed: int, as_of: object) -> None:
    records = by_kind(Maker(seed).records(60))
    rows = assess(scheme, **records, as_of=as_of)
    expected = Counter(zip(rows["target"], rows["status"], rows["reason"], strict=True))
    counted: Counter[tuple[str, str, str]] = Counter()
    for key, block in tally(scheme, **records, as_of=as_of, cohort="received", every="week").blocks.items():
        for code, number in zip(block.outcome, block.records, strict=True):
            counted[key.target, block.outcomes[code].status, block.outcomes[code].reason] += int(number)
    received = {
        target.id for target in scheme.targets if isinstance(target, ShareWithin) and "received" in target.cohorts
    }
    assert counted == Counter({key: number for key, number in expected.items() if key[0] in received})


@laws
@given(seed=SEEDS)
def test_a_tally_keeps_the_exact_sums_of_elapsed_time(scheme: Scheme, seed: int) -> None:
    records = by_kind(Maker(seed).records(60))
    rows = assess(scheme, **records, as_of=AS_OF)
    sizes = {"seconds": 1_000_000, "hours": 3_600_000_000}
    for key, block in tally(scheme, **records, as_of=AS_OF, cohort="closed", every="month").blocks.items():
        mine = rows[(rows["target"] == key.target) & rows["elapsed"].notna()]
        size = {sizes.get(unit, 1) for unit in mine["unit"]} or {1}
        (per_unit,) = size
        ran = block.elapsed >= 0
        exact = int((block.elapsed * block.records)[ran].sum()) * per_unit - int(block.below.sum())
        assert exact == sum(round(elapsed * per_unit) for elapsed in mine["elapsed"])


@pytest.mark.parametrize("form", ["pandas", "arrow"])
def test_frames_in_slices_give_the_tally_of_the_whole_frame(scheme: Scheme, form: str) -> None:
    kinds = by_kind(Maker(5).records(400))
    options: dict[str, Any] = {"as_of": AS_OF, "every": "month", "cohort": "all", "by": "team"}
    if form == "pandas":  # where a midnight is a date, and so a few of them alone no times for a limit in hours
        options["targets"] = [target.id for target in scheme.targets if target.id != "decided-in-48-hours"]
    frames = {kind: pd.DataFrame(rows) for kind, rows in kinds.items()}

    def give(parts: dict[str, pd.DataFrame]) -> Tally:
        given = parts if form == "pandas" else {kind: pa.Table.from_pandas(part) for kind, part in parts.items()}
        return tally(scheme, **given, **options)

    whole = give(frames)
    parts = [give({kind: frame.iloc[place::7] for kind, frame in frames.items()}) for place in range(7)]
    assert sum(parts, Tally.zero()) == whole
    if form == "arrow":  # where, as in rows, a midnight is a moment
        assert whole == tally(scheme, **kinds, **options)
