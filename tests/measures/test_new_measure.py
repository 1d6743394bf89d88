"""A measure is one class and one line of the registry: all that lists, reads, counts or shows measures follows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest

from ombudsman_kpi import Results, Scheme, Tally, assess, load_scheme, measure, settled, tally
from ombudsman_kpi.arrays.exact import Fractions
from ombudsman_kpi.arrays.types import MISSING
from ombudsman_kpi.clocks.outcomes import Assessed, Outcome, of_days
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.figures import Figures, Said, judged
from ombudsman_kpi.measures.base.places import Places
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.rules import DatedRule
from ombudsman_kpi.measures.base.selected import Dated
from ombudsman_kpi.measures.base.target import Records, Rule
from ombudsman_kpi.measures.registry import MEASURES, registered
from ombudsman_kpi.records.columns import Columns
from ombudsman_kpi.schemes.json_schema import scheme_json_schema

# What follows is all of a new measure.


@dataclass(frozen=True)
class WeekendRule(DatedRule):
    """Each dated record: met where its day is a Saturday or Sunday, else late."""

    target: "AtWeekends"

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return on which records' days nobody works; 1 January 1970 was a Thursday."""
        states, day = self.states_and_days(known)
        weekend = (day != MISSING) & ((day + 3) % 7 >= 5)
        return of_days(states, day, (Outcome("late", "on a weekday"), Outcome("met")), weekend)


class AtWeekends(Dated):
    """How many records came on Saturdays and Sundays."""

    measure: Literal["at weekends"]

    example: ClassVar[str] = """
    of = "cases"
    dated = "received_at"
    standard = "at most 2"
    cohort = "received"
    """
    rule_types: ClassVar[tuple[type[Rule], ...]] = (WeekendRule,)
    shows_met = True

    @property
    def unit(self) -> str:
        """A number of records."""
        return "number"

    def own_rules(self, related: Related) -> Iterator[tuple[Records, Rule]]:
        """Return its rule."""
        yield self.of, WeekendRule(self)

    def figures(self, places: Places) -> Figures:
        """Return the numbers."""
        value, said = Fractions.whole(places.met), Said(words=("on Saturdays and Sundays",))
        return Figures(judged(self.standard, value), value, say=lambda row: said)


SCHEME = """
id = "own"
title = "Our own measure"
source = "A notice on the wall"
division = "england-and-wales"

[[target]]
id = "weekends"
says = "No more than two cases come at weekends"
measure = "at weekends"
of = "cases"
dated = "received_at"
standard = "at most 2"
cohort = "received"
"""

# Received on a Saturday, a Sunday, a Monday, and on a Saturday that is yet to come.
DAYS = {"A": "2024-04-06", "B": "2024-04-07", "C": "2024-04-08", "D": "2024-05-04"}
CASES = [{"case_id": name, "received_at": day, "decided_at": None} for name, day in DAYS.items()]
OPTIONS: dict[str, Any] = {"as_of": "2024-04-30", "every": "month"}


@pytest.fixture
def scheme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scheme:
    for name, kind in registered(AtWeekends).items():  # the one line
        monkeypatch.setitem(MEASURES, name, kind)
    path = tmp_path / "own.toml"
    path.write_text(SCHEME, "utf-8")
    return load_scheme(path)


def test_it_is_read_counted_and_shown(scheme: Scheme) -> None:
    target = scheme["weekends"]
    assert isinstance(target, AtWeekends)
    assert (str(target.standard), target.described) == ("at most 2", "at weekends")
    results = measure(scheme, cases=CASES, **OPTIONS)
    row = next(row for row in results if row.period == "Apr 2024")
    assert (row.value, row.met, row.missed, row.status) == (2.0, 2, 1, "met")
    assert row.note == "on Saturdays and Sundays; late: 1 on a weekday"
    line = next(line for line in repr(results).splitlines() if line.startswith("Apr 2024"))
    assert "  at most 2  ✓ met" in line
    assert "  weekends" in repr(measure(scheme, cases=CASES, as_of="2024-04-30")).splitlines()
    assert Results.from_json(results.to_json()).rows == results.rows


def test_its_tallies_add_up_and_travel(scheme: Scheme) -> None:
    whole = tally(scheme, cases=CASES, **OPTIONS)
    parts = [tally(scheme, cases=part, **OPTIONS) for part in (CASES[:1], CASES[1:])]
    assert sum(parts, Tally.zero()) == whole
    assert Tally.from_json(whole.to_json()) == Tally.from_arrow(whole.to_arrow()) == whole


def test_it_is_counted_part_by_part(scheme: Scheme) -> None:
    assert tally(scheme, cases=CASES, **OPTIONS, memory="600MB") == tally(scheme, cases=CASES, **OPTIONS)


def test_what_it_says_is_settled_stays(scheme: Scheme) -> None:
    """The case that is received later is open; the others are counted once for all."""
    first = settled(scheme, cases=CASES, **OPTIONS)
    assert first.open == {"cases": ("D",)}
    later = {**OPTIONS, "as_of": "2024-05-31"}
    assert first.tally.at("2024-05-31") + tally(scheme, cases=CASES[3:], **later) == tally(scheme, cases=CASES, **later)


def test_its_outcomes_can_be_listed(scheme: Scheme) -> None:
    rows = assess(scheme, cases=CASES, as_of="2024-04-30")
    assert rows["status"].tolist() == ["met", "met", "late", "excluded"]


def test_schemes_with_it_can_be_changed_and_described(scheme: Scheme) -> None:
    changed = scheme.with_target("weekends", standard="at most 1")
    assert changed.digest != scheme.digest
    assert next(iter(measure(changed, cases=CASES, **OPTIONS))).status == "missed"
    assert Scheme.model_validate(scheme.model_dump(mode="json")).digest == scheme.digest
    assert "at weekends" in scheme_json_schema()["$defs"]["Target"]["properties"]["measure"]["enum"]


def lacking(**parts: Any) -> type[AtWeekends]:
    """Return the measure with some parts changed, and the others of its own."""
    own = {"example": AtWeekends.example, "__doc__": "A measure.", "__module__": __name__}
    return type("Lacking", (AtWeekends,), {**own, **parts})


class WithoutStays(Rule):
    """A rule that nobody has thought through to the end."""

    def fields(self, table: Columns) -> list[str]:
        return []

    def assess(self, known: AsKnownBatch) -> Assessed:
        raise NotImplementedError


class WithoutFigure(Dated):
    """A measure without a figure, and without rules."""

    measure: Literal["nothing"]
    example: ClassVar[str] = ""
    rule_types: ClassVar[tuple[type[Rule], ...]] = ()


class WithoutName(AtWeekends):
    """A measure whose name isn't said."""

    measure: str  # type: ignore[assignment]
    example: ClassVar[str] = AtWeekends.example


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        pytest.param(lacking(__doc__=None), "Lacking lacks a docstring", id="docstring"),
        pytest.param(lacking(example=None), "Lacking lacks example", id="example"),
        pytest.param(type("Lacking", (AtWeekends,), {"__doc__": "A measure.", "__module__": __name__}),
                     "Lacking lacks example", id="the example of another"),
        pytest.param(lacking(rule_types=None), "Lacking lacks rule_types", id="rule types"),
        pytest.param(lacking(rule_types=(WithoutStays,)), "WithoutStays lacks stays", id="part of a rule"),
        pytest.param(WithoutFigure, "WithoutFigure lacks figures, own_rules", id="figure"),
        pytest.param(WithoutName, "WithoutName lacks measure", id="name"),
    ],
)  # fmt: skip
def test_a_measure_that_lacks_a_part_is_refused(kind: type[AtWeekends], says: str) -> None:
    with pytest.raises(TypeError, match=f"^{says}"):
        registered(kind)


def test_two_measures_of_one_name_are_refused() -> None:
    with pytest.raises(TypeError, match="another measure is called 'at weekends'"):
        registered(AtWeekends, AtWeekends)


def test_what_a_measure_must_have_is_abstract() -> None:
    """``reads`` has a default for dated records and for clocks alone; no measure inherits rules or a figure."""
    from ombudsman_kpi.measures.base.target import Target

    parts: Mapping[type, set[str]] = {Target: {"reads", "own_rules", "figures"}, Rule: {"fields", "assess", "stays"}}
    for kind, names in parts.items():
        assert vars(kind)["__abstractmethods__"] == names
