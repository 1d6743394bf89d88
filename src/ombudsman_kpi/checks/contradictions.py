"""Rules for one record: outcomes that are invalid, and times that can't be in their order."""

from collections.abc import Iterator, Mapping

import numpy as np

from ombudsman_kpi.arrays.types import Truths
from ombudsman_kpi.checks.finding import CheckRule, Mark, Spot
from ombudsman_kpi.checks.look import Look
from ombudsman_kpi.checks.survey import Survey
from ombudsman_kpi.clocks.outcomes import Assessed
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.events.as_known import UNREAD
from ombudsman_kpi.measures.base.published import EXCEEDS
from ombudsman_kpi.records.vocabulary import RECORDS

_TOLD = (UNREAD, "is not a real date or time", "has an unknown value", "is not unique", EXCEEDS)  # by other rules


def _invalid(look: Look) -> Mapping[str, Truths]:
    """Return the records that any target counts as invalid, by the reason."""
    return look.known.once(("invalid",), lambda: _find_invalid(look))


def _find_invalid(look: Look) -> dict[str, Truths]:
    found: dict[str, Truths] = {}
    for rule in look.rules:
        try:
            assessed = rule.assess(look.known)
        except RecordsError as error:  # times with and without a zone, or dates where seconds count
            look.refused.setdefault(rule.target.id, str(error))
            continue
        for code, outcome in enumerate(assessed.categories):
            if outcome.status != "invalid" or _is_told(look, outcome.reason):
                continue
            where = _records_with(assessed, code, len(look.batch))
            found[outcome.reason] = found[outcome.reason] | where if outcome.reason in found else where
    return found


def _is_told(look: Look, reason: str) -> bool:
    """Return whether another rule tells of it: those look at no fields of the user's own."""
    field = reason.partition(" ")[0]
    return reason.endswith(_TOLD) and (field in look.fields or field not in look.batch.columns)


def _contradicting(look: Look) -> Iterator[Mark]:
    for reason, where in _invalid(look).items():
        field = reason.split(" ")[0]
        yield Mark(reason, where, field if field in look.batch.columns else None)


def _records_with(assessed: Assessed, code: int, size: int) -> Truths:
    """Return which records of a batch have an outcome, of one or several each."""
    where: Truths = assessed.code == code
    if assessed.record is None:
        return where
    records = np.zeros(size, np.bool_)
    records[assessed.record[where]] = True
    return records


def _out_of_order(look: Look) -> Iterator[Mark]:
    """Yield records with a time before the day on which they began, or after the end of what ends them.

    Those that are invalid for that reason are told as contradictions.
    """
    times = [*look.of_kind("time")]
    first = next((name for name in times if look.fields[name].required and name != "due_at"), None)
    withdrawn = RECORDS[look.table.name].withdrawn_by
    pairs = [(first, name, "before") for name in times if first and name not in {first, "due_at", "recorded_at"}]
    pairs += [("early_resolution_started_at", "early_resolution_ended_at", "before")]
    pairs += [(end, later, "after") for end in withdrawn for later in ("decided_at", "allocated_at")]
    for early, late, word in pairs:
        if early not in times or late not in times:
            continue
        one, other = look.known.moments(early), look.known.moments(late)
        if one.nothing or other.nothing:
            continue
        both = one.usable & other.usable
        wrong = other.days > one.days if word == "after" else other.days < one.days
        says = f"{late} is {word} {early}"
        told = _invalid(look).get(says)
        yield Mark(says, both & wrong if told is None else both & wrong & ~told, late)


def _unmeasurable(survey: Survey) -> Iterator[Spot]:
    told = {*survey.unopened.values()} | {why for seen in survey.kinds.values() for why in seen.unreadable.values()}
    reasons: dict[str, list[str]] = {}
    for why in survey.why_unmeasured:
        if why not in told:
            reasons.setdefault(why.split(", which target ")[0], []).append(why)
    for whys in reasons.values():
        yield Spot(whys[0].split(". ")[0].rstrip("."), times=len(whys))


CONTRADICTION = CheckRule(
    "contradiction", "error", "A record contradicts itself; targets count it as invalid.",
    "Correct it in the case system; until then it is counted as invalid, with this reason.", _contradicting,
)  # fmt: skip
OUT_OF_ORDER = CheckRule(
    "out-of-order", "warning", "Two times of a record are in an impossible order.",
    "Correct the one that is wrong.", _out_of_order,
)  # fmt: skip
UNMEASURABLE = CheckRule(
    "unmeasurable", "error", "A target can't be measured on these records.",
    "Mend it, or add what is missing; or leave the target out with targets=.", _unmeasurable,
)  # fmt: skip
