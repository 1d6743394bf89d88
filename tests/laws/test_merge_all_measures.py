"""Every measure adds up: whatever way casework is split, a case's rows together, the parts make the whole."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pyarrow as pa
import pytest

from ombudsman_kpi import Results, Scheme, Tally, load_scheme, measure, tally
from ombudsman_kpi.arrays.sums import CellSums
from ombudsman_kpi.engines import parts as parts_on_disk
from ombudsman_kpi.measures.registry import MEASURES
from ombudsman_kpi.records.sources import source
from ombudsman_kpi.tallies import counter
from ombudsman_kpi.tallies.counts import Counts

Row = dict[str, Any]
Bundle = dict[str, list[Row]]  # rows by kind that have to stay together
Tables = dict[str, Any]

# The example of each measure, under its name; a new one is covered without a line here.
EXAMPLES = "\n".join(
    f'  {{ id = "{name.replace(" ", "-")}", measure = "{name}", {", ".join(kind.example.strip().splitlines())} }},'
    for name, kind in MEASURES.items()
)
VARIANTS = """
  { id = "within-13w", of = "cases", start = "valid_at", stop = "decided_at", limit = "13 weeks", standard = "at least 75%", cohort = "closed" },
  { id = "within-60s", of = "calls", start = "offered_at", stop = "answered_at", limit = "60 seconds", standard = "at least 90%", cohort = "received" },
  { id = "within-due", of = "cases", start = "received_at", stop = "decided_at", limit = "30 working days", cohort = "due" },
  { id = "within-months", of = "cases", start = "received_at", stop = "decided_at", limit = "2 months", standard = "at least 50%", cohort = "received" },
  { id = "within-less-than-months", of = "cases", start = "received_at", stop = "decided_at", limit = "< 3 months", clock = { non_working_due = "next working day" }, cohort = "due" },
  { id = "stock-months", measure = "stock", of = "cases", start = "received_at", stop = "decided_at", limit = "2 months", cohort = "dated" },
  { id = "in-touch-months", measure = "keep in touch", of = "cases", start = "investigation_started_at", stop = "decided_at", limit = "1 month", counted = "intervals", cohort = "due" },
  { id = "paused", of = "cases", start = "received_at", stop = "decided_at", limit = "30 working days", clock = { pauses = "allowed" }, standard = "at least 50%", cohort = "received" },
  { id = "paused-weeks", of = "cases", start = "received_at", stop = "decided_at", limit = "8 weeks", clock = { pauses = "allowed" }, cohort = "due" },
  { id = "paused-rolled", of = "cases", start = "received_at", stop = "decided_at", limit = "30 calendar days", clock = { pauses = "allowed", non_working_due = "next working day" }, cohort = "due" },
  { id = "last-stop", of = "cases", start = "received_at", stop = ["decided_at", "allocated_at"], limit = "60 calendar days", clock = { reopening = "last stop" }, cohort = "closed" },
  { id = "last-stop-paused", of = "cases", start = "received_at", stop = "decided_at", limit = "13 weeks", clock = { reopening = "last stop", pauses = "allowed" }, cohort = "received" },
  { id = "last-stop-hours", of = "cases", start = "received_at", stop = "decided_at", limit = "900 hours", clock = { reopening = "last stop" }, cohort = "received" },
  { id = "new-clock", of = "cases", start = "received_at", stop = ["decided_at", "allocated_at"], limit = "20 working days", clock = { reopening = "new clock", cut_off = "10:00" }, standard = "at least 50%", cohort = "received" },
  { id = "new-clock-paused", of = "cases", start = "valid_at", stop = "decided_at", limit = "30 calendar days", clock = { reopening = "new clock", pauses = "allowed", non_working_due = "next working day" }, cohort = "due" },
  { id = "new-clock-hours", of = "cases", start = "received_at", stop = ["decided_at", "allocated_at"], limit = "60 working hours", clock = { reopening = "new clock", pauses = "allowed" }, cohort = "closed" },
  { id = "new-clock-several", of = "cases", start = "received_at", stop = ["allocated_at", "decided_at"], limit = [ { until = 2023-12-31, limit = "30 working days" }, { limit = { earlier = ["30 working days", "40 calendar days"] } } ], clock = { reopening = "new clock" }, cohort = "due" },
  { id = "explained-reopened", measure = "delays explained", of = "cases", late_on = ["new-clock", "new-clock-several", "last-stop-hours"], cohort = "due" },
  { id = "paused-requests", of = "requests", start = "received_at", stop = "answered_at", limit = "10 working days", clock = { pauses = "allowed" }, cohort = "received" },
  { id = "paused-hours", of = "requests", start = "received_at", stop = "answered_at", limit = "400 hours", clock = { pauses = "allowed" }, cohort = "closed" },
  { id = "paused-letters", of = "written_contacts", start = "received_at", stop = "handled_at", limit = "3 calendar days", clock = { pauses = "allowed", non_working_due = "next working day" }, cohort = "received" },
  { id = "paused-months", of = "cases", start = "received_at", stop = "decided_at", limit = "2 months", clock = { pauses = "allowed", non_working_due = "next working day" }, standard = "at least 50%", cohort = "received" },
  { id = "paused-working-hours", of = "written_contacts", start = "received_at", stop = "handled_at", limit = "6 working hours", clock = { pauses = "allowed" }, cohort = "due" },
  { id = "paused-several", of = "cases", start = "received_at", stop = "decided_at", limit = [ { where = { complexity = "high" }, limit = "3 months" }, { limit = { earlier = ["30 working days", "8 weeks"] } } ], clock = { pauses = "allowed" }, standard = "at least 50%", cohort = "due" },
  { id = "paused-extended", of = "cases", start = "received_at", stop = "decided_at", limit = "20 working days", extension = { to = "extended_to_at", agreed = "extended_at", at_most = "20 working days" }, clock = { pauses = "allowed" }, standard = "at least 50%", cohort = "received" },
  { id = "paused-further", of = "cases", start = "received_at", stop = "decided_at", limit = "8 weeks", extension = { where = { extended = "true" }, limit = "1 month" }, clock = { pauses = "allowed", non_working_due = "next working day" }, cohort = "closed" },
  { id = "paused-extended-hours", of = "requests", start = "received_at", stop = "answered_at", limit = [ { where = { kind = "stage-2" }, limit = "300 hours" }, "200 hours" ], clock = { pauses = "allowed" }, cohort = "received" },
  { id = "paused-last-stop", of = "cases", start = "received_at", stop = "decided_at", limit = ["60 calendar days"], clock = { reopening = "last stop", pauses = "allowed" }, cohort = "closed" },
  { measure = "distribution", of = "cases", start = "received_at", stop = "decided_at", cohort = "closed", clock = { pauses = "allowed" }, bands = [{ id = "ran-20wd", limit = "20 working days" }, { id = "ran-2m", limit = "2 months" }, { id = "ran-longer" }] },
  { id = "paused-median", measure = "median", of = "cases", start = "received_at", stop = "decided_at", counted_in = "working days", clock = { pauses = "allowed" }, cohort = "received" },
  { id = "paused-average", measure = "average", of = "written_contacts", start = "received_at", stop = "handled_at", counted_in = "hours", clock = { pauses = "allowed" }, cohort = "closed" },
  { id = "explained-paused", measure = "delays explained", of = "cases", late_on = ["paused-extended", "paused-several"], cohort = "due" },
  { id = "trend-paused", measure = "trend", of = "cases", cohort = "received", change_in = { start = "received_at", stop = "decided_at", limit = ["30 working days"], clock = { pauses = "allowed" } } },
  { id = "followed", measure = "share of kinds", of = "requests", dated = "answered_at", where = { kind = "stage-1" }, followed_by = { kind = "stage-2" }, cohort = "dated" },
  { id = "among", measure = "share of kinds", of = "written_contacts", dated = "received_at", numerator = { channel = "online" }, among = { calls = "offered_at" }, cohort = "received" },
  { id = "rank-mean", measure = "rank", of = "cases", dated = "decided_at", numerator = { decision = "upheld" }, comparator = "mean of rates", cohort = "dated" },
  { id = "within-working-hours", of = "written_contacts", start = "received_at", stop = "handled_at", limit = "6 working hours", cohort = "received" },
  { id = "due-working-hours", of = "calls", start = "offered_at", stop = "answered_at", limit = "< 1 working hour", cohort = "due" },
  { id = "working-hours", measure = "average", of = "written_contacts", start = "received_at", stop = "handled_at", counted_in = "working hours", cohort = "closed" },
  { id = "hours", measure = "average", of = "written_contacts", start = "received_at", stop = "handled_at", counted_in = "hours", cohort = "closed" },
  { id = "days", measure = "average", of = "cases", start = "received_at", stop = "decided_at", counted_in = "calendar days", cohort = "closed" },
  { id = "working-days", measure = "average", of = "cases", start = "received_at", stop = "decided_at", counted_in = "working days", cohort = "received" },
  { id = "centile-days", measure = "centile", of = "cases", start = "received_at", stop = "decided_at", counted_in = "working days", centile = 90, cohort = "received" },
  { id = "median-hours", measure = "median", of = "written_contacts", start = "received_at", stop = "handled_at", counted_in = "hours", cohort = "closed" },
  { measure = "distribution", of = "written_contacts", start = "received_at", stop = "handled_at", cohort = "received", bands = [{ id = "in-24h", limit = "24 hours" }, { id = "in-3wd", limit = "3 working days" }, { id = "in-more" }] },
  { id = "without-short", of = "calls", start = "offered_at", stop = "answered_at", limit = "60 seconds", clock = { unanswered = "left out if abandoned within 30 seconds" }, cohort = "received" },
  { id = "trend-of-median", measure = "trend", of = "cases", cohort = "closed", change_in = { measure = "median", start = "received_at", stop = "decided_at", counted_in = "calendar days" } },
  { id = "each-month", of = "cases", start = "received_at", stop = "decided_at", limit = "8 weeks", standard = "at least 20%", met_when = "every month", cohort = "closed" },
  { id = "matured", of = "cases", start = "received_at", stop = "decided_at", limit = "13 weeks", complete = "matured", cohort = "received" },
  { id = "distinct", measure = "count", of = "reviews", dated = "reviewed_at", distinct = "case_id", cohort = "dated" },
  { id = "decisions", measure = "count", of = "cases", dated = "decided_at", cohort = "dated" },
  { id = "score-sampled", measure = "score", of = "reviews", cohort = "dated", sampled_from = "decisions" },
  { id = "score-mean", measure = "score", of = "reviews", parts = "source", combined = "mean-of-scores", partly = "met", cohort = "dated" },
  { id = "trend-of-share", measure = "trend", of = "cases", cohort = "received", standard = "increases", change_in = { start = "received_at", stop = "decided_at", limit = "8 weeks" } },
  { id = "trend-of-kinds", measure = "trend", of = "cases", cohort = "dated", change_in = { measure = "share of kinds", dated = "decided_at", numerator = { decision = "upheld" } } },
  { id = "trend-of-number", measure = "trend", of = "cases", cohort = "dated", standard = "increases", change_in = { measure = "count", dated = "decided_at" } },
  { id = "trend-of-score", measure = "trend", of = "reviews", cohort = "dated", change_in = { measure = "score", parts = "standard" } },
  { id = "explained-of-two", measure = "delays explained", of = "cases", late_on = ["share-within", "within-13w"], cohort = "due" },
  { id = "in-touch-intervals", measure = "keep in touch", of = "cases", start = "investigation_started_at", stop = "decided_at", limit = "20 working days", counted = "intervals", cohort = "due" },
  { id = "of-several", of = "cases", start = "received_at", stop = "decided_at", limit = [ { where = { complexity = "high" }, limit = "20 weeks" }, { until = 2023-12-31, limit = "30 working days" }, { from = 2024-01-01, where = { team = { not = "South" } }, limit = { earlier = ["30 working days", "40 calendar days"] } } ], cohort = "due" },
  { id = "extended", of = "cases", start = "received_at", stop = "decided_at", limit = "20 working days", extension = { to = "extended_to_at", agreed = "extended_at", at_most = "20 working days" }, standard = "at least 50%", cohort = "received" },
  { id = "extended-weeks", of = "cases", start = "received_at", stop = "decided_at", limit = { earlier = ["8 weeks", "30 working days"] }, extension = { where = { extended = "true" }, agreed = "extended_at", limit = "4 weeks" }, clock = { non_working_due = "next working day", cut_off = "17:00" }, cohort = "due" },
  { id = "extended-hours", of = "cases", start = "received_at", stop = "decided_at", limit = [ { where = { complexity = "high" }, limit = "900 hours" }, "600 hours" ], extension = { to = "extended_to_at", at_most = "400 hours" }, cohort = "received" },
  { id = "started-of-several", of = "cases", start = ["allocated_at", { due_of = "extended" }], stop = "decided_at", limit = "10 working days", cohort = "received" },
  { id = "started-in-turn", of = "cases", start = { due_of = "started-of-several" }, stop = "closed_at", limit = ["4 weeks"], cohort = "due" },
  { id = "started-in-hours", of = "cases", start = ["allocated_at", "valid_at", { due_of = "extended-hours" }], stop = "decided_at", limit = "300 hours", cohort = "closed" },
  { id = "explained-extended", measure = "delays explained", of = "cases", late_on = ["extended", "of-several"], cohort = "due" },
  { id = "trend-extended", measure = "trend", of = "cases", cohort = "received", change_in = { start = "received_at", stop = "decided_at", limit = "20 working days", extension = { where = { extended = "true" }, limit = "4 working days" } } },
]
"""  # noqa: E501
SCHEME = f"""
id = "all-measures"
title = "One target of every measure"
source = "Made up for a test"
division = "england-and-wales"
opening = {{ monday = ["09:00", "17:00"], wednesday = [["08:30", "12:00"], ["13:00", "16:30"]], saturday = ["10:00", "14:00"] }}
target = [
{EXAMPLES}
{VARIANTS}"""  # noqa: E501

COLUMNS = {
    "cases": "case_id received_at valid_at allocated_at investigation_started_at decided_at decided_in decision "
    "withdrawn_at closed_at extended_to_at extended_at extended complexity team",
    "events": "case_id request_id contact_id event at party direction reason recorded_at",
    "requests": "request_id kind received_at answered_at case_id team",
    "reviews": "review_id standard answer reviewed_at source case_id team",
    "calls": "call_id offered_at answered_at abandoned_at team",
    "written_contacts": "contact_id received_at handled_at channel team",
    "activities": "kind at team",
    "populations": "period number team",
}
SCHEMAS = {
    kind: pa.schema([(name, pa.timestamp("us") if name.endswith("at") else pa.string()) for name in names.split()])
    for kind, names in COLUMNS.items()
}
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
FIRST = datetime(2023, 9, 1, 9)  # noqa: DTZ001  (a wall clock)
OPTIONS: list[dict[str, Any]] = [
    {"as_of": "2024-04-30", "every": ["month", "quarter", None]},
    {"as_of": "2024-04-30", "by": "team", "every": "month"},
    {"as_of": "2024-01-31", "cohort": "all", "every": ["week", None]},
    {"as_of": "2024-02-14T12:00:00", "by": "team", "cohort": "all"},
]


class Maker:
    """Makes up casework: cases with all that belongs to them, and what belongs to none."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)  # noqa: S311

    def later(self, start: datetime, most: float, often: float = 1.0) -> datetime | None:
        """Give a time up to so many days later, or none; a microsecond is the smallest step."""
        if self.chance.random() > often:
            return None
        return start + timedelta(microseconds=int(self.chance.random() * most * 86_400_000_000))

    def case(self, number: int) -> Bundle:
        """Make a case with its events, requests and reviews; often one comes on the day of another."""
        chance, name, team = self.chance, f"C{number}", self.chance.choice(["North", "South", None])
        own = Random(f"{name} {self.chance.getstate()[1][:3]}")  # noqa: S311
        start = FIRST + chance.randrange(220) * DAY
        shared = {"case_id": name, "team": team}
        allocated = self.later(start, 40, 0.6)
        case = {
            **shared,
            "received_at": start,
            "valid_at": self.later(start, 3, 0.9),
            "allocated_at": allocated,
            "investigation_started_at": allocated,
            "decided_at": self.later(allocated or start, 120, 0.7),
            "decided_in": "investigation" if allocated else "assessment",
            "decision": chance.choice(["upheld", "not-upheld", None]),
            "withdrawn_at": self.later(start, 90, 0.1),
            "closed_at": self.later(start, 200, 0.2),
            "extended_to_at": start + own.randrange(20, 100) * DAY if own.random() < 0.4 else None,
            "extended_at": start + own.randrange(50) * DAY if own.random() < 0.4 else None,
            "extended": own.choice(["true", "false", None]),
            "complexity": own.choice(["high", "low", None]),
        }
        requests: list[Row] = [
            {**shared, "request_id": f"{name}-{place}", "kind": chance.choice(["stage-1", "stage-1", "stage-2"]),
             "received_at": (asked := start + chance.randrange(150) * DAY), "answered_at": self.later(asked, 40, 0.9)}
            for place in range(chance.randrange(4))
        ]  # fmt: skip
        reviews = [
            {**shared, "review_id": f"{name}-{place}", "standard": chance.choice("123"),
             "answer": chance.choice(["met", "met", "partly", "not-met", "not-applicable"]),
             "source": chance.choice(["CPA", "QA"]), "reviewed_at": start + chance.randrange(150) * DAY}
            for place in range(chance.randrange(4))
        ]  # fmt: skip
        events = [*self.events(name, start), *self.reopenings(name, start)]
        for row in requests:
            events += [
                event | {"request_id": row["request_id"]} for event in self.pauses(row["received_at"], case_id=name)
            ]
        return {"cases": [case], "events": events, "requests": requests, "reviews": reviews}

    def reopenings(self, name: str, start: datetime) -> Iterator[Row]:
        """Make reopenings of a case, and other decisions on it."""
        for _ in range(self.chance.randrange(3)):
            word = self.chance.choice(["reopened", "decided", "withdrawn"])
            yield {"case_id": name, "event": word, "at": start + self.chance.randrange(200) * DAY}

    def pauses(self, start: datetime, **ids: str) -> Iterator[Row]:
        """Make pauses of a record, some of which are never resumed, or resumed without being paused."""
        for _ in range(self.chance.randrange(4)):
            at = start + timedelta(hours=self.chance.randrange(-24, 400))
            yield {**ids, "event": self.chance.choice(["paused", "resumed"]), "at": at, "reason": None}

    def events(self, name: str, start: datetime) -> Iterator[Row]:
        """Make the log of a case: contacts, explanations, pauses that overlap, what is recorded later."""
        if self.chance.random() < 0.5:
            told = {"case_id": name, "event": "delay_explained", "at": start + 20 * DAY, "direction": "out"}
            yield from ({**told, "reason": "evidence", "party": party} for party in ("complainant", "organisation"))
        for _ in range(self.chance.randrange(12)):
            at = start + self.chance.randrange(-5, 100) * DAY
            yield {
                "case_id": name,
                "event": self.chance.choice(["contact", "contact", "delay_explained", "paused", "resumed"]),
                "at": at,
                "party": self.chance.choice(["complainant", "organisation"]),
                "direction": self.chance.choice(["out", "out", "out", "in"]),
                "reason": self.chance.choice([None, "evidence", "illness"]),
                "recorded_at": self.later(at, 30, 0.2),
            }

    def others(self, number: int) -> Bundle:
        """Make a call, a letter or something done, which belongs to no case."""
        chance = self.chance
        at, team = FIRST + chance.randrange(220) * DAY, chance.choice(["North", "South"])
        answered = at + chance.randrange(1, 90_000_000) * SECOND / 1_000_000 if chance.random() < 0.5 else None
        left = None if answered else at + chance.choice([12, 40]) * SECOND
        match number % 3:
            case 0:
                call = {"call_id": f"K{number}", "offered_at": at, "answered_at": answered, "abandoned_at": left}
                return {"calls": [call | {"team": team}]}
            case 1:
                letter = {"contact_id": f"W{number}", "received_at": at, "handled_at": self.later(at, 6, 0.9)}
                events = [*self.pauses(at, contact_id=f"W{number}")]
                letter |= {"channel": chance.choice(["online", "post"]), "team": team}
                return {"written_contacts": [letter], "events": events}
        return {"activities": [{"kind": chance.choice(["article", "report"]), "at": at, "team": team}]}

    def populations(self) -> list[Bundle]:
        """Make up how many homes there were, month by month and quarter by quarter; of some nobody knows."""
        labels = [f"{month} 2023" for month in ("Sep", "Oct", "Nov", "Dec")] + ["Jan 2024", "Feb 2024", "2023/24 Q3"]
        return [
            {"populations": [{"period": label, "number": self.chance.choice(["0", "800", "900", None]), "team": team}]}
            for label in labels
            for team in ("North", "South")
        ]

    def casework(self) -> list[Bundle]:
        """Make about forty cases, as much besides, and the homes that they come from."""
        return (
            [self.case(number) for number in range(40)]
            + [self.others(number) for number in range(40)]
            + self.populations()
        )

    def split(self, casework: list[Bundle]) -> list[list[Bundle]]:
        """Deal shuffled casework out to some parts, of which some may stay empty."""
        parts: list[list[Bundle]] = [[] for _ in range(self.chance.randint(2, 7))]
        for bundle in self.chance.sample(casework, len(casework)):
            self.chance.choice(parts).append(bundle)
        return parts


def tables(casework: list[Bundle]) -> Tables:
    """Give casework as one table of each kind, with all columns even where there are no rows."""
    return {
        kind: pa.Table.from_pylist([row for bundle in casework for row in bundle.get(kind, ())], schema=schema)
        for kind, schema in SCHEMAS.items()
    }


@pytest.fixture(scope="module")
def scheme(tmp_path_factory: pytest.TempPathFactory) -> Scheme:
    path = tmp_path_factory.mktemp("schemes") / "all-measures.toml"
    path.write_text(re.sub("^  {", '  { says = "Made up",', SCHEME, flags=re.MULTILINE), "utf-8")
    return load_scheme(path)


@pytest.fixture
def maker(options: dict[str, Any]) -> Maker:
    """Give a maker of casework, another one for each of the options that a test asks by."""
    return Maker(OPTIONS.index(options))


def assert_same(found: Counts, expected: Counts) -> None:
    """Compare two tallies, and every field of every row of their results."""
    assert found == expected
    for mine, theirs in zip(Results.of(found), Results.of(expected), strict=True):
        assert mine._asdict() == theirs._asdict()


def test_every_measure_is_here_and_has_something_to_count(scheme: Scheme) -> None:
    assert {target.measure for target in scheme.targets} == set(MEASURES)
    whole = tally(scheme, **tables(Maker(2).casework()), **OPTIONS[0])
    assert set(whole.unmeasured) == {"not-measured"}
    for name, rows in ((target.id, whole.results()[target.id]) for target in scheme.targets):
        if name != "not-measured":
            found = {row.value for row in rows} - {None}
            assert len(found) > 1 or name == "done-by", name


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_any_split_in_any_order_gives_the_whole(scheme: Scheme, maker: Maker, options: dict[str, Any]) -> None:
    casework = maker.casework()
    whole = tally(scheme, **tables(casework), **options)
    parts = [tally(scheme, **tables(part), **options) for part in maker.split(casework)]
    assert_same(sum(parts, Tally.zero()), whole)
    assert sum(reversed(parts), Tally.zero()) == whole
    assert whole + Tally.zero() == whole
    assert_same(Tally.zero() + whole, whole)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_measuring_keeps_no_times_that_a_figure_needs(scheme: Scheme, maker: Maker, options: dict[str, Any]) -> None:
    """A tally keeps the times of all targets, and ``measure`` of those alone that say they read them."""
    given = tables(maker.casework())
    for mine, theirs in zip(
        measure(scheme, **given, **options), tally(scheme, **given, **options).results(), strict=True
    ):
        assert mine._asdict() == theirs._asdict()


def test_threads_add_to_one_set_of_cells(scheme: Scheme, monkeypatch: pytest.MonkeyPatch) -> None:
    filled: set[CellSums] = set()

    class Noted(CellSums):
        def add(self, keys: Any, sums: Any) -> None:
            super().add(keys, sums)
            if len(keys[0]):
                filled.add(self)

    monkeypatch.setattr(counter, "CellSums", Noted)
    monkeypatch.setattr(source, "BATCH", 7)
    tally(scheme, **tables(Maker(2).casework()), **OPTIONS[1])
    assert 50 < len(filled) < 1.2 * len(scheme.targets)  # some share cells in one batch, and not in another


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_what_was_added_can_be_taken_away(scheme: Scheme, maker: Maker, options: dict[str, Any]) -> None:
    casework = maker.casework()
    whole, *parts = (tally(scheme, **tables(part), **options) for part in (casework, casework[::2], casework[1::2]))
    part, rest = parts
    assert_same(whole - part, rest)
    assert whole - rest == part
    assert (whole - part) + part == whole


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_tallies_travel_and_come_back_the_same(scheme: Scheme, maker: Maker, options: dict[str, Any]) -> None:
    casework = maker.casework()
    whole = tally(scheme, **tables(casework), **options)
    assert_same(Tally.from_arrow(whole.to_arrow()), whole)
    assert_same(Tally.from_json(whole.to_json()), whole)
    parts = [tally(scheme, **tables(part), **options) for part in maker.split(casework)]
    assert sum((Tally.from_json(part.to_json()) for part in parts), Tally.zero()) == whole


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_small_batches_give_what_large_ones_do(
    scheme: Scheme, maker: Maker, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tables(maker.casework())
    whole = tally(scheme, **given, **options)
    monkeypatch.setattr(source, "BATCH", 7)
    assert_same(tally(scheme, **given, **options), whole)


@pytest.mark.parametrize("options", OPTIONS[1::2], ids=str)
def test_streams_and_parts_on_the_disk_give_the_whole(
    scheme: Scheme, maker: Maker, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tables(maker.casework())
    whole = tally(scheme, **given, **options)
    streams: Tables = {
        kind: (batch for batch in table.to_batches(max_chunksize=5)) for kind, table in given.items() if len(table)
    }
    assert_same(tally(scheme, **streams, **options), whole)
    assert_same(tally(scheme, **given, **options, memory="512 MB"), whole)
    monkeypatch.setattr(parts_on_disk, "_A_CASE", 10_000_000)  # as if records were large: several parts
    assert_same(tally(scheme, **given, **options, memory="512 MB"), whole)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_order_of_rows_is_irrelevant(scheme: Scheme, maker: Maker, options: dict[str, Any]) -> None:
    given = tables(maker.casework())
    shuffled = {
        kind: table.take(maker.chance.sample(range(len(table)), len(table))) if len(table) else table
        for kind, table in given.items()
    }
    assert_same(tally(scheme, **shuffled, **options), tally(scheme, **given, **options))


@pytest.mark.parametrize("options", OPTIONS[:2], ids=str)
def test_parts_on_disk_give_the_whole(
    scheme: Scheme, maker: Maker, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tables(maker.casework())
    whole = tally(scheme, **given, **options)
    monkeypatch.setattr(parts_on_disk, "_number_of_parts", lambda *_: 4)
    found = tally(scheme, **given, **options, memory="1 GB")
    assert_same(found, whole)
    assert {name: dict(part) for name, part in found.misfits.items()} == {
        name: dict(part) for name, part in whole.misfits.items()
    }


def test_what_was_not_understood_of_a_log_adds_up_too() -> None:
    parts = []
    for name, count in (("A", 1), ("B", 2)):
        events = [{"case_id": name, "event": "received", "at": "2024-04-02"}]
        events += [{"case_id": name, "event": "phoned", "at": "2024-04-03"}] * count
        parts.append(
            tally(load_scheme("lgsco"), events=events, as_of="2024-05-31", targets="decided-or-allocated-20wd")
        )
    (row,) = (parts[0] + parts[1]).results()
    assert "3 events of an unknown kind: phoned (3)" in row.note
    assert Tally.from_json((parts[0] + parts[1]).to_json()).misfits == (parts[0] + parts[1]).misfits
    (row,) = (parts[0] + parts[1] - parts[0]).results()
    assert "2 events of an unknown kind: phoned (2)" in row.note
