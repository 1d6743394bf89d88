"""A measure that waits for an event of its own brings along the words in which it is explained."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pytest

from ombudsman_kpi import Deadline, Scheme, deadlines, load_scheme
from ombudsman_kpi.arrays.types import MISSING, Truths
from ombudsman_kpi.clocks.outcomes import Assessed, Outcome
from ombudsman_kpi.clocks.states import NONE
from ombudsman_kpi.events.as_known import NEVER, AsKnownBatch
from ombudsman_kpi.events.log import known_events, scan
from ombudsman_kpi.measures.base.figures import Figures, share_figures
from ombudsman_kpi.measures.base.places import Places
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.target import CASE, Records, Rule, Target
from ombudsman_kpi.measures.base.wording import Wording
from ombudsman_kpi.measures.registry import MEASURES, registered
from ombudsman_kpi.records.columns import Columns


@dataclass(frozen=True)
class VisitRule(Rule):
    """Each case: met where its place was visited within ten days."""

    related: Related

    def fields(self, table: Columns) -> list[str]:
        """Return the name of the field that starts it."""
        return ["received_at"]

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return the outcome of each case by its first visit."""
        first = np.full(len(known.batch), NEVER)
        for events in scan(self.related.tables["events"], [], known.as_of, known.setting):
            visits = known_events(events) & events.batch.words("event").are({"site_visit"})
            np.minimum.at(first, self.related.rows_of()(events)[visits], events.moments("at").days[visits])
        start, stop = known.moments("received_at").days, np.where(first == NEVER, MISSING, first)
        due, until = start + 10, np.minimum(first, known.as_of.day)
        code = 2 * (first == NEVER) + (until > due)
        categories = (Outcome("met"), Outcome("late"), Outcome("pending"), Outcome("overdue", "nobody went"))
        none = np.full(len(start), NONE)
        return Assessed(code.astype(np.intp), categories, start, stop, none, "days", lambda: (start, stop, due))

    def stays(self, known: AsKnownBatch) -> Truths:
        """Return which cases are met or late."""
        return self.assess(known).code < 2


class Visited(Target):
    """The share of cases whose place was visited in ten days."""

    measure: Literal["visited"]

    example: ClassVar[str] = """
    of = "cases"
    cohort = "received"
    """
    rule_types: ClassVar[tuple[type[Rule], ...]] = (VisitRule,)
    obliges = True
    words: ClassVar[Wording] = Wording(done="visited", start="A visit is owed from {start} on.")

    @property
    def reads(self) -> Mapping[Records, str | None]:
        """Cases and their events."""
        return {self.of: CASE, "events": CASE}

    def own_rules(self, related: Related) -> Iterator[tuple[Records, Rule]]:
        """Return the rule for cases."""
        yield self.of, VisitRule(self, related)

    def figures(self, places: Places) -> Figures:
        """Return the share of those visited in time."""
        return share_figures(self.standard, places)

    @property
    def waits_for(self) -> tuple[str, ...]:
        """A visit."""
        return ("site_visit",)


SCHEME = """
id = "own"
title = "Our own measure"
source = "A notice on the wall"
division = "england-and-wales"

[[target]]
id = "visits"
says = "We come and see within ten days"
measure = "visited"
of = "cases"
cohort = "received"
"""


@pytest.fixture
def scheme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scheme:
    for name, kind in registered(Visited).items():
        monkeypatch.setitem(MEASURES, name, kind)
    path = tmp_path / "own.toml"
    path.write_text(SCHEME, "utf-8")
    return load_scheme(path)


def visit(day: str) -> list[dict[str, Any]]:
    return [{"case_id": "A", "event": "site_visit", "at": day}]


@pytest.mark.parametrize(
    ("events", "as_of", "says"),
    [
        ([], "2024-04-05", "Not yet visited by Fri 5 Apr 2024: still possible."),
        ([], "2024-04-12", "Not yet visited by Fri 12 Apr 2024: overdue (nobody went)."),
        (visit("2024-04-11"), "2024-04-12", "Visited Thu 11 Apr 2024: in time."),
    ],
    ids=["pending", "overdue", "met"],
)
def test_it_is_explained_in_its_own_words(scheme: Scheme, events: Any, as_of: str, says: str) -> None:
    case = {"case_id": "A", "received_at": "2024-04-01"}
    (item,) = deadlines(scheme, case, events=events, as_of=as_of)
    assert item.explain().splitlines()[:3] == [
        "A visit is owed from Mon 1 Apr 2024 on.", "To be visited by Thu 11 Apr 2024.", says,
    ]  # fmt: skip
    assert Deadline.model_validate_json(item.model_dump_json()).explain() == item.explain()
