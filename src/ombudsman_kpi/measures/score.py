"""Scores of reviews: met / (met + not met), of one standard or of several combined."""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from ombudsman_kpi.arrays.arrow_memory import integers, present
from ombudsman_kpi.clocks.outcomes import Assessed, Outcome, of_days
from ombudsman_kpi.clocks.states import StateBuilder, dated
from ombudsman_kpi.events.as_known import Known
from ombudsman_kpi.measures.figures import Counts, Figure, Place, judged, share_figure
from ombudsman_kpi.measures.share_of_kinds import fields_of_kinds, rate
from ombudsman_kpi.measures.targets import Score
from ombudsman_kpi.records.conditions import Condition
from ombudsman_kpi.records.tables import Table
from ombudsman_kpi.rounding import half_up, percent
from ombudsman_kpi.statistics.intervals import share_interval

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class ScoreRule:
    """Each answer: met or not; partly as the scheme says; not applicable is left out."""

    target: Score

    def fields(self, table: Table) -> list[str]:
        """Name its day, its answer, and the part that it belongs to."""
        asked = {**self.target.where, "answer": Condition(present=True)}
        parts = {self.target.parts: Condition(present=True)} if self.target.parts else {}
        return fields_of_kinds(self.target.id, self.target.dated, {**asked, **parts}, table)

    def assess(self, known: Known) -> Assessed:
        """Give the answers of a batch; the reason of one that counts is its part."""
        draft = StateBuilder(known, self.target.id)
        day = dated(draft, self.target.dated, [self.target.where])
        answers: Mapping[str, Condition] = {"answer": Condition(("not-applicable",), negated=True)}
        draft.mark(~present(known.text("answer")), "invalid", "answer is missing")
        draft.mark(known.unknown_choices("answer"), "invalid", "answer has an unknown value")
        draft.mark(~known.fulfils("answer", answers["answer"]), "excluded", "not applicable")
        met = known.fulfils("answer", Condition(("met", "partly") if self.target.partly == "met" else ("met",)))
        if self.target.partly == "left out":
            draft.mark(known.fulfils("answer", Condition(("partly",))), "excluded", "partly met")
        if self.target.parts is None:
            return of_days(draft, day, (Outcome("late"), Outcome("met")), met)
        return self._by_part(draft, known, day, met)

    def _by_part(self, draft: StateBuilder, known: Known, day: np.ndarray, met: np.ndarray) -> Assessed:

        text = known.text(str(self.target.parts))
        draft.mark(~present(text), "invalid", f"{self.target.parts} is missing")
        draft.mark(
            known.unknown_choices(str(self.target.parts)), "invalid", f"{self.target.parts} has an unknown value"
        )
        found = of_days(draft, day, (Outcome("late"), Outcome("met")), met)
        encoded = text.dictionary_encode()
        part = integers(encoded.indices, 0)
        labels = encoded.dictionary.to_pylist()
        counted = draft.state == 0
        code = np.where(counted, len(found.book) + 2 * part + met, found.code).astype(np.intp)
        book = tuple(Outcome(status, label) for label in labels for status in ("late", "met"))
        return replace(found, code=code, book=(*found.book, *book))


def parts_of(counts: Counts) -> dict[str, tuple[int, int]]:
    """Give for each part how many answers were met, and how many were counted."""
    found: dict[str, tuple[int, int]] = {}
    for (status, part), number in counts.reasons.items():
        if status in {"met", "late"}:
            met, counted = found.get(part, (0, 0))
            found[part] = met + number * (status == "met"), counted + number
    return dict(sorted(found.items(), key=lambda item: (len(item[0]), item[0])))  # 5, 8, 9, 11


def value_of(target: Score, counts: Counts) -> Fraction | None:
    """Give the score: met / counted, or the mean of the scores of the parts."""
    if not target.combines_by_mean:
        return rate(counts.met, counts.missed)
    rates = [Fraction(met, counted) for met, counted in parts_of(counts).values() if counted]
    return sum(rates, Fraction(0)) / len(rates) if rates else None


def figure(target: Score, place: Place) -> Figure:
    """Work out the score; of several parts, combined as the target says, and each beside it."""
    found = share_figure(target.standard, place)
    details: dict[str, Any] = {"sample": found.denominator, "population": place.population}
    words = []
    if target.parts is not None:
        parts = parts_of(place.here)
        details |= {"combined": target.combined, "parts": parts}
        each = [f"{name} {percent(met, counted)} ({met:,} of {counted:,})" for name, (met, counted) in parts.items()]
        combined = "mean of scores" if target.combines_by_mean else "pooled"
        words += [f"{combined}: {', '.join(each)}"] if each else []
        asked = target.where.get(target.parts)
        silent = [] if asked is None or asked.negated else [name for name in asked.values if name not in parts]
        words += [f"without {', '.join(silent)}: no answers"] if each and silent else []
    if target.combines_by_mean:
        mean = value_of(target, place.here)
        found = Figure(judged(target.standard, mean), mean, mean, mean)
    else:
        words += _sampled(place, details)
    return found._replace(details=details, remarks=tuple(words))


def _sampled(place: Place, details: dict[str, Any]) -> list[str]:
    """Say how large the sample was, what it was drawn from, and how sure that makes the score."""
    met, counted, population = place.here.met, place.here.met + place.here.missed, place.population
    drawn_from = population if population is None or population >= counted else None
    interval = share_interval(met, counted, drawn_from)
    if interval is None:
        return []
    details["interval"] = interval
    drawn = "" if population is None else f" from {population:,}"
    if population is not None and drawn_from is None:
        drawn = f", more than the {population:,} that it was drawn from"
    low, high = (half_up(Fraction(bound) * 100) for bound in interval)
    return [f"sample of {counted:,}{drawn}; 95% interval {low}% to {high}%"]
