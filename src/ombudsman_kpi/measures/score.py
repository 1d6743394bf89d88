"""Scores of reviews: met / (met + not met), of one standard or of several combined."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from ombudsman_kpi.arrays.arrow_memory import integers, present
from ombudsman_kpi.arrays.exact import Fractions, times
from ombudsman_kpi.arrays.types import MISSING
from ombudsman_kpi.clocks.outcomes import STATUSES, Assessed, Outcome, OutcomeStatus, of_days
from ombudsman_kpi.clocks.states import StateBuilder
from ombudsman_kpi.errors import one_of
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.measures.base.changing import ChangingShare
from ombudsman_kpi.measures.base.figures import Figures, Said, judged, share_figures
from ombudsman_kpi.measures.base.places import Moments, Places
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.rules import DatedRule
from ombudsman_kpi.measures.base.selected import Dated, check_named
from ombudsman_kpi.measures.base.target import Records, Rule, Target
from ombudsman_kpi.measures.count import Numbers
from ombudsman_kpi.records.conditions import Condition
from ombudsman_kpi.records.vocabulary import fields_of
from ombudsman_kpi.rounding import half_up, percent
from ombudsman_kpi.statistics.intervals import Interval, wilson
from ombudsman_kpi.statistics.scores import weighted_score


class ScoreRule(DatedRule):
    """Each answer: met or not; partly as the scheme says; not applicable is left out."""

    target: "Score"

    @property
    def conditions(self) -> Mapping[str, Condition]:
        """Those of the target, and that there is an answer, and the part that it belongs to."""
        own = ["answer"] if self.target.parts is None else ["answer", self.target.parts]
        return {**self.target.where, **dict.fromkeys(own, Condition(present=True))}

    def assess(self, known: AsKnownBatch) -> Assessed:
        """Return the answers of a batch; the mark of one that counts is its part."""
        builder, day = self.states_and_days(known)
        builder.mark(~present(known.text("answer")), "invalid", "answer is missing")
        builder.mark(known.unknown_choices("answer"), "invalid", "answer has an unknown value")
        builder.mark(
            ~known.fulfils("answer", Condition(("not-applicable",), negated=True)), "excluded", "not applicable"
        )
        met = known.fulfils("answer", Condition(("met", "partly") if self.target.partly == "met" else ("met",)))
        if self.target.partly == "left out":
            builder.mark(known.fulfils("answer", Condition(("partly",))), "excluded", "partly met")
        if self.target.parts is None:
            return of_days(builder, day, (Outcome("late"), Outcome("met")), met)
        return self._by_part(builder, known, day, met)

    def _by_part(self, builder: StateBuilder, known: AsKnownBatch, day: np.ndarray, met: np.ndarray) -> Assessed:
        name = str(self.target.parts)
        text = known.text(name)
        builder.mark(~present(text), "invalid", f"{name} is missing")
        builder.mark(known.unknown_choices(name), "invalid", f"{name} has an unknown value")
        assessed = of_days(builder, day, (Outcome("late"), Outcome("met")), met)
        encoded = text.dictionary_encode()
        part = integers(encoded.indices, 0)
        labels = encoded.dictionary.to_pylist()
        counted = builder.state == 0
        # Two categories for each part, late and met, follow those there are: after 3, met in the second is 3 + 2 + 1.
        code = np.where(counted, len(assessed.categories) + 2 * part + met, assessed.code).astype(np.intp)
        categories = tuple(Outcome(status, label, label) for label in labels for status in ("late", "met"))
        return replace(assessed, code=code, categories=(*assessed.categories, *categories))


def parts_of(marks: Mapping[tuple[OutcomeStatus, str], int]) -> dict[str, tuple[int, int]]:
    """Return for each part how many answers were met, and how many were counted."""
    parts: dict[str, tuple[int, int]] = {}
    for (status, part), number in marks.items():
        met, counted = parts.get(part, (0, 0))
        parts[part] = met + number * (status == "met"), counted + number
    return dict(sorted(parts.items(), key=lambda item: (len(item[0]), item[0])))  # 5, 8, 9, 11


def _sampled(met: int, counted: int, population: int | None, details: dict[str, Any]) -> list[str]:
    """Return how large the sample was, what it was drawn from, and how sure that makes the score."""
    if not counted:
        return []
    drawn_from = population if population is None or population >= counted else None
    interval = wilson(met, counted, population=drawn_from)
    drawn = "" if population is None else f" from {population:,}"
    if population is not None and drawn_from is None:
        drawn = f", more than the {population:,} that it was drawn from"
    return [f"sample of {counted:,}{drawn}; {_sure(interval, details)}"]


def _sure(interval: Interval, details: dict[str, Any]) -> str:
    """Note an interval, and return it in words."""
    details["interval"] = interval
    low, high = (half_up(Fraction(bound) * 100) for bound in interval)
    return f"95% interval {low}% to {high}%"


class Score(Dated, ChangingShare):
    """Quality as met / (met + not met), of one standard; or of several, combined."""

    measure: Literal["score"]
    dated: str = "reviewed_at"
    partly: Literal["met", "not met", "left out"] = Field("not met", description="How the answer partly counts")
    parts: str | None = Field(None, description="The field that tells the parts which are combined: standard, source")
    combined: Literal["pooled", "mean-of-scores"] = Field("pooled", description="How the parts are combined")
    sampled_from: str | None = Field(None, description="The target whose number says what the sample was drawn from")

    example: ClassVar[str] = """
    of = "reviews"
    parts = "standard"
    cohort = "dated"
    """
    rule_types: ClassVar[tuple[type[Rule], ...]] = (ScoreRule,)
    better = "increase"
    is_quality: ClassVar[bool] = True

    @property
    def met_words(self) -> str:
        """What is said of those that are counted."""
        return "met"

    @property
    def from_periods(self) -> bool:
        """Reviews are wanted, one by one."""
        return False

    @property
    def combines_by_mean(self) -> bool:
        """Whether its value is the mean of its parts' scores."""
        return self.parts is not None and self.combined == "mean-of-scores"

    @property
    def options(self) -> dict[str, str]:
        """How partly counts, and parts are combined."""
        return {"partly": self.partly} | ({"combined": self.combined} if self.parts else {})

    @property
    def drawn_from(self) -> str | None:
        """The target whose number says what the sample was drawn from."""
        return self.sampled_from

    @property
    def reasons_shown(self) -> Container[OutcomeStatus]:
        """Those of answers left out: what is said of others is their part."""
        return STATUSES[3:]

    def own_rules(self, related: Related) -> Iterator[tuple[Records, Rule]]:
        """Return the rule for reviews."""
        yield self.of, ScoreRule(self)

    def from_layout_1(self, outcome: Outcome) -> Outcome:
        """Return an outcome with its part as its mark."""
        counted = self.parts is not None and outcome.status in {"met", "late"}
        return outcome._replace(mark=outcome.reason) if counted else outcome

    def check_references(self, targets: Mapping[str, Target]) -> None:
        """Raise ``ValueError`` where what the sample was drawn from is no number of cases."""
        fitting = [name for name, item in targets.items() if isinstance(item, Numbers) and item.of == "cases"]
        check_named(self, "sampled_from", [self.sampled_from] if self.sampled_from else [], fitting, "a number")

    def values_of(self, places: Places) -> Fractions:
        """Return the scores: met / counted, or the mean of the scores of the parts."""
        if not self.combines_by_mean:
            return super().values_of(places)
        total, parts = Fractions.whole(np.zeros(len(places), np.int64)), np.zeros(len(places), np.int64)
        for part in dict.fromkeys(outcome.mark for outcome in places.cells.outcomes if outcome.mark):
            met, late = places.number("met", part), places.number("late", part)
            score = Fractions(met, met + late)
            total, parts = total.plus(score).or_else(total, score.there), parts + score.there
        return Fractions(total.above, times(total.below, parts))

    def chance(self, before: Moments, now: Moments) -> Interval | None:
        """Return the interval of the change between two scores; of means of scores it isn't known."""
        return None if self.combines_by_mean else super().chance(before, now)

    def figures(self, places: Places) -> Figures:
        """Return the scores; of several parts, combined as the target says, and each beside it."""
        figures = share_figures(self.standard, places)
        if self.combines_by_mean:
            mean = self.values_of(places)
            figures = Figures(judged(self.standard, mean), mean, mean, mean)
        return figures.adding(lambda row: self._said(places, row))

    def _said(self, places: Places, row: int) -> Said:
        """Return what stands beside the score of one row: its parts, or how sure the sample makes it."""
        met, counted = int(places.met[row]), int(places.met[row] + places.missed[row])
        population = None if places.population[row] == MISSING else int(places.population[row])
        details: dict[str, Any] = {"sample": counted, "population": population}
        words = []
        if self.parts is not None:
            parts = parts_of(places.marks(row))
            details |= {"combined": self.combined, "parts": parts}
            each = [f"{name} at {percent(met, of)} ({met:,} of {of:,})" for name, (met, of) in parts.items()]
            combined = "mean of scores" if self.combines_by_mean else "pooled"
            words += [f"{combined}: {', '.join(each)}"] if each else []
            wanted = self.where.get(self.parts)
            silent = [] if wanted is None or wanted.negated else [name for name in wanted.values if name not in parts]
            words += [f"without {', '.join(silent)}: no answers"] if each and silent else []
            if parts and self.combines_by_mean:
                score = weighted_score(*zip(*parts.values(), strict=True), weights=[1] * len(parts))
                words.append(_sure(Interval(score.low, score.high), details))
        if not self.combines_by_mean:
            words += _sampled(met, counted, population, details)
        return Said(details, tuple(words))

    @model_validator(mode="after")
    def _of_reviews(self) -> Self:
        if self.of != "reviews":
            raise ValueError(f"of: a score is of reviews, not of {self.of}")
        if self.parts is None and "combined" in self.model_fields_set:
            raise ValueError("combined: say what is combined: parts = 'standard'")
        if self.parts is not None and self.parts not in fields_of("reviews"):
            raise ValueError(f"parts: reviews have no {self.parts!r}. {one_of(self.parts, fields_of('reviews'))}")
        return self
