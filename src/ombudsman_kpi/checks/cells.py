"""Rules for single cells: times, numbers and words that can't be what their field holds."""

from collections.abc import Iterator

import numpy as np

from ombudsman_kpi.arrays.types import Truths
from ombudsman_kpi.checks.finding import CheckRule, Mark, Spot
from ombudsman_kpi.checks.look import Look
from ombudsman_kpi.checks.survey import Survey
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records.cells.text import matches
from ombudsman_kpi.records.vocabulary import COUNT, PERIOD

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


def _no_number(look: Look) -> Iterator[Mark]:
    if look.table.has(COUNT):
        wrong = ~matches(look.batch.text(COUNT), r"^\d{1,15}$")
        yield Mark(f"{look.table.column_of(COUNT)} is no whole number", wrong, COUNT)


def _no_period(look: Look) -> Iterator[Mark]:
    if not look.table.is_published:
        return
    words = look.batch.words(PERIOD)
    unread = np.array([not _is_period(look, label) for label in words.words] + [True], np.bool_)
    yield Mark(f"{look.table.column_of(PERIOD)} is no label of a period", unread.take(words.codes), PERIOD)


def _is_period(look: Look, label: str) -> bool:
    try:
        look.table.period_of(label)
    except RecordsError:
        return False
    return True


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
UNREADABLE_NUMBER = CheckRule(
    "unreadable-number", "error", "The count of a published table isn't a whole number.",
    "Write 0 for none, or leave the row out.", _no_number,
)  # fmt: skip
UNREADABLE_PERIOD = CheckRule(
    "unreadable-period", "error", "The period of a published table has a label that can't be read.",
    "Write it like 2018/19, 2018/19 Q4 or Jul 2018.", _no_period,
)  # fmt: skip
UNKNOWN_WORD = CheckRule(
    "unknown-word", "error", "A field that takes one of some words holds another.",
    "Correct it, or say with values= what your word stands for.", _unknown_word,
)  # fmt: skip
UNREADABLE_COLUMN = CheckRule(
    "unreadable-column", "error", "A whole column, or file, can't be read.", "Nothing else is checked in it.",
    _unreadable_columns,
)  # fmt: skip
