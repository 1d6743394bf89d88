"""Rules for names: columns that look like a field, and kinds that no target of the scheme uses."""

from collections.abc import Iterator
from difflib import get_close_matches

from ombudsman_kpi.arrays.types import MISSING
from ombudsman_kpi.checks.finding import CheckRule, Mark, Spot
from ombudsman_kpi.checks.look import Look
from ombudsman_kpi.checks.survey import Survey
from ombudsman_kpi.records.near_names import near_field

_KIND = "kind"


def _unused_kind(look: Look) -> Iterator[Mark]:
    if look.kinds is None or _KIND not in look.fields:
        return
    words = look.batch.words(_KIND)
    meant: dict[str | None, list[str]] = {}
    for word in words.words:
        if word not in look.kinds:
            near = get_close_matches(word.lower(), look.kinds, n=1, cutoff=0.5)
            meant.setdefault(near[0] if near else None, []).append(word)
    for name, others in meant.items():
        hint = f"; it may be meant as {name!r}" if name else ""
        yield Mark(f"no target of the scheme uses this kind{hint}", words.are(set(others)), _KIND)


def _similar_columns(survey: Survey) -> Iterator[Spot]:
    used = survey.scheme.words
    for kind, seen in survey.kinds.items():
        table = seen.table
        known = {*table.fields, *table.columns.values(), *table.columns, *used}
        lacking = [
            name
            for name in table.fields
            if not table.has(name) or (seen.has_days(name) and not (seen.days(name) != MISSING).any())
        ]
        for column in table.source.names:
            if column not in known and ":" not in column:
                near = near_field(column, table.fields)
                if near in lacking:
                    yield Spot(f"the column {column!r} isn't read; it may be meant as {near!r}", kind, near, times=1)


UNUSED_KIND = CheckRule(
    "unused-kind", "warning", "A request or an activity is of a kind that no target of the scheme uses.",
    "Say what it stands for with values=, or leave it out.", _unused_kind,
)  # fmt: skip
SIMILAR_COLUMN = CheckRule(
    "similar-column", "warning", "A column that isn't read is named almost like a field that isn't there, or is empty.",
    "Say so: columns={'cases': {'decided_at': 'decided_on'}}, or give it another name.", _similar_columns,
)  # fmt: skip
