"""Rules for published tables: numbers and labels that can't be read, parts that exceed their totals."""

from collections.abc import Iterator

import numpy as np

from ombudsman_kpi.checks.finding import CheckRule, Mark, Spot
from ombudsman_kpi.checks.look import Look
from ombudsman_kpi.checks.survey import Survey
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.records.cells.text import text_of
from ombudsman_kpi.records.vocabulary import MET, OF, PERIOD


def _no_number(look: Look) -> Iterator[Mark]:
    for name in look.table.numbers:
        yield Mark(f"{look.table.column_of(name)} is no whole number", look.batch.whole_numbers(name) < 0, name)


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


def _part_exceeds(look: Look) -> Iterator[Mark]:
    if look.table.has_shares:
        met, whole = look.batch.whole_numbers(MET), look.batch.whole_numbers(OF)
        says = f"{look.table.column_of(MET)} is more than {look.table.column_of(OF)}"
        yield Mark(says, (met > whole) & (whole >= 0), MET)


def _sum_exceeds(survey: Survey) -> Iterator[Spot]:
    """Yield the columns of numbers whose rows add up to more than the total row that stands below them."""
    for kind, seen in survey.kinds.items():
        table = seen.table
        for name in table.numbers if table.source.total is not None else ():
            printed = (text_of((table.source.total or {}).get(table.column_of(name))) or "").replace(",", "")
            rows = sum(int(batch.whole_numbers(name).clip(0).sum()) for batch in table.batches([name]))
            if printed.isdecimal() and rows > int(printed):
                yield Spot(f"{table.column_of(name)} adds up to more than the total below it", kind, name, times=1)


UNREADABLE_NUMBER = CheckRule(
    "unreadable-number", "error", "A number of records in a published table isn't a whole number.",
    "Write 0 for none, or leave the row out.", _no_number,
)  # fmt: skip
UNREADABLE_PERIOD = CheckRule(
    "unreadable-period", "error", "The period of a published table has a label that can't be read.",
    "Write it like 2018/19, 2018/19 Q4 or Jul 2018.", _no_period,
)  # fmt: skip
PART_EXCEEDS = CheckRule(
    "part-exceeds-total", "error", "More records of a published table met the target than there are in all.",
    "Correct the one that is wrong; until then the row is counted as invalid.", _part_exceeds,
)  # fmt: skip
SUM_EXCEEDS = CheckRule(
    "sum-exceeds-total", "error", "The rows of a published table add up to more than the total row below them.",
    "Correct the row or the total that is wrong; the rows are what is counted.", _sum_exceeds,
)  # fmt: skip
