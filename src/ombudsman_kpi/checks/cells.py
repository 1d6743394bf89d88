"""Rules for single cells: times and words that can't be what their field holds."""

from collections.abc import Iterator

from ombudsman_kpi.arrays.types import Truths
from ombudsman_kpi.checks.finding import CheckRule, Mark, Spot
from ombudsman_kpi.checks.look import Look
from ombudsman_kpi.checks.survey import Survey

_PARTIES = {"party", "direction"}  # of an event; what else they hold is dropped


def _unreadable(look: Look) -> Iterator[Mark]:
    for name in look.of_kind("time"):
        unread = look.batch.times(name).unread
        if unread is not None:
            yield Mark(f"{look.table.column_of(name)} is in a form that isn't known", unread, name)


def _unreal(look: Look) -> Iterator[Mark]:
    for name in look.of_kind("time"):
        unreal = look.batch.times(name).unreal
        if unreal is not None:
            yield Mark(f"{look.table.column_of(name)} is no real date or time", unreal, name)


def unknown_words(look: Look, name: str) -> Truths | None:
    """Return which cells hold a word that their field doesn't have; None where it can hold any."""
    choices = look.fields[name].choices
    words = look.batch.words(name)
    return words.present & ~words.are(choices) if choices else None


def _unknown_word(look: Look) -> Iterator[Mark]:
    for name in look.of_kind("choice", "truth"):
        unknown = unknown_words(look, name)
        if unknown is not None and name not in _PARTIES:
            choices = " or ".join(look.fields[name].choices)
            yield Mark(f"{look.table.column_of(name)} is not {choices}", unknown, name)


def _unreadable_columns(survey: Survey) -> Iterator[Spot]:
    for kind, why in survey.unopened.items():
        yield Spot(why.rstrip("."), kind)
    for kind, seen in survey.kinds.items():
        for name, why in seen.unreadable.items():
            says = why.removeprefix(f"{seen.table.label}: ").rstrip(".")
            yield Spot(says, kind, name if name in seen.table.fields else None)


UNREADABLE_TIME = CheckRule(
    "unreadable-time", "error", "A time is in a form that isn't known.",
    "Write dates as 2024-04-03, or name their format with dates=.", _unreadable,
)  # fmt: skip
UNREAL_DATE = CheckRule(
    "unreal-date", "error", "A date or time isn't in any calendar, such as 30 February.",
    "Correct it in the case system.", _unreal,
)  # fmt: skip
UNKNOWN_WORD = CheckRule(
    "unknown-word", "error", "A field that takes one of some words holds another.",
    "Correct it, or say with values= what your word stands for.", _unknown_word,
)  # fmt: skip
UNREADABLE_COLUMN = CheckRule(
    "unreadable-column", "error", "A whole column, or file, can't be read.", "Nothing else is checked in it.",
    _unreadable_columns,
)  # fmt: skip
