"""What stands below a table of results: notes by number, what is left out or isn't measured, and how it was counted."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from ombudsman_kpi.calendars.dates import day_in_words
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.publish.cells import title_of
from ombudsman_kpi.publish.totals import is_total
from ombudsman_kpi.rounding import many
from ombudsman_kpi.tallies.basis import Basis

_MOVES = "Some due days fall after the last announced bank holidays, and may still move."


@dataclass
class Notes:
    """Notes by number: each is said once, whichever rows it is about. ``below`` are sentences without a number."""

    numbers: dict[str, int] = field(default_factory=dict)
    below: list[str] = field(default_factory=list)

    def say(self, words: str) -> None:
        """Say something below the numbers, once."""
        if words not in self.below:
            self.below.append(words)

    def of_row(self, row: Row, *, whole: bool) -> str:
        """Return the numbers of what is to be known about one row; what it leaves out only where it is a ``whole``."""
        about = [sentence("; ".join(row.words)), *self._about([row] if whole else [])]
        return self._numbers([*about, _MOVES if row.provisional else ""])

    def of_rows(self, rows: Sequence[Row]) -> str:
        """Return the numbers of what is to be known about the rows of one line together."""
        return self._numbers([*self._about(rows), _MOVES if any(row.provisional for row in rows) else ""])

    def _about(self, rows: Sequence[Row]) -> Iterator[str]:
        yield left_out_of(rows)
        yield from (sentence(remark) for row in rows for remark in row.remarks)

    def _numbers(self, about: Sequence[str]) -> str:
        numbers = {self.numbers.setdefault(note, len(self.numbers) + 1) for note in about if note}
        return ", ".join(map(str, sorted(numbers)))


def sentence(words: str) -> str:
    """Return words as a sentence. The name of a file at their beginning stays as it is.

    >>> sentence("rank 1 of 2; comparator 50%"), sentence("cases.csv: 1 note row left out")
    ('Rank 1 of 2; comparator 50%.', 'cases.csv: 1 note row left out.')
    """
    is_name = not words.split(" ", maxsplit=1)[0].rstrip(",;:").isalpha()
    first = words[:1] if is_name else words[:1].upper()
    return f"{first}{words[1:]}{'' if words.endswith('.') else '.'}" if words else ""


def as_at(basis: Basis) -> str:
    """Return when was measured: a day means its close."""
    text = basis.as_of
    return f"as at {day_in_words(date.fromisoformat(text)) if len(text) == len('2024-03-31') else text}"


def left_out_of(rows: Sequence[Row]) -> str:
    """Return how many records some rows leave out together, and why."""
    if any(row.withheld for row in rows):
        return ""
    number = sum((row.excluded or 0) + (row.invalid or 0) for row in rows)
    if not number:
        return ""
    reasons: Counter[str] = Counter()
    for row in rows:
        for (status, reason), of in row.reasons.items():
            if status in {"excluded", "invalid"}:
                reasons[reason if status == "excluded" else f"invalid ({reason})"] += of
    why = ", ".join(f"{of:,} {reason}" for reason, of in reasons.most_common())
    of = sum(row.records or 0 for row in rows)
    return f"{number:,} of {many(of, 'record')} {'is' if number == 1 else 'are'} left out: {why}."


def footnotes_of(rows: Sequence[Row], shown: Sequence[Row], basis: Basis, notes: Notes) -> Iterator[str]:
    """Yield all that stands below a table, once each: notes by number, what isn't in it, and how it was counted."""
    width = len(str(len(notes.numbers)))
    yield from (f"{number:<{width}}  {note}" for note, number in notes.numbers.items())
    below = [*_of_many(shown, basis, notes), *notes.below, *_not_measured(rows)]
    if notes.numbers and below:
        yield ""
    yield from below
    if notes.numbers or below:
        yield ""
    yield from _counted(shown, basis)


def _of_many(shown: Sequence[Row], basis: Basis, notes: Notes) -> Iterator[str]:
    """Yield what tables of many rows leave out, where no line of them has it in a note."""
    if any(not row.complete for row in shown):
        yield "So far: the period isn't over at this date."
    for name, cohort in dict.fromkeys((row.target, row.cohort) for row in shown):
        own = [row for row in shown if (row.target, row.cohort) == (name, cohort) and not is_total(row)]
        own = [row for row in own if row.every == own[0].every]
        left_out = left_out_of(own)
        if left_out and left_out not in notes.numbers:
            yield f"{title_of(basis.scheme[name])}: {left_out}"


def _not_measured(rows: Sequence[Row]) -> Iterator[str]:
    """Yield what isn't measured, and why: targets that are alike together."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row.status == "not measured":
            reasons.setdefault(row.note, []).append(row.target)
    for reason, targets in reasons.items():
        yield f"Not measured: {', '.join(targets)} ({reason})."


def _counted(shown: Sequence[Row], basis: Basis) -> Iterator[str]:
    """Yield how everything was counted: by which scheme and calendar, and with which options."""
    scheme, calendar = basis.scheme, basis.scheme.calendar
    yield (
        f"Counted as at {basis.as_of} by the scheme {scheme.id}, digest {scheme.digest}, with the calendar "
        f"{calendar.named}, edition {calendar.edition}."
    )
    measured = {row.target for row in shown}
    alike: dict[str, list[str]] = {}
    for target, options in basis.options["clocks"].items():
        if target in measured:
            alike.setdefault(", ".join(f"{name}: {value}" for name, value in options.items()), []).append(target)
    for options, targets in alike.items():
        yield f"Measured with {options}: {', '.join(targets)}."
