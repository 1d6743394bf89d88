"""Gates: targets that mustn't be lost, and how many invalid records are let pass."""

from collections.abc import Iterator, Sequence

from ombudsman_kpi.checks.finding import CheckRule, Spot
from ombudsman_kpi.checks.survey import Survey
from ombudsman_kpi.errors import SchemeError, one_of
from ombudsman_kpi.figures.row import NO_DATE, Row
from ombudsman_kpi.publish.cells import standard_words, value_words
from ombudsman_kpi.results.results import Results
from ombudsman_kpi.rounding import many


def lost(results: Results, targets: Sequence[str] = ()) -> list[Row]:
    """Return the figures that lose their target: missed in a whole period. What is pending or undecided is not lost.

    ``targets`` are those that count; none means all. Raises ``SchemeError`` for one that the results don't have.
    """
    there = {row.target for row in results}
    for name in targets:
        if name not in there:
            raise SchemeError(f"These results have no target {name!r}. {one_of(name, sorted(there))}")
    return [
        row
        for row in results
        if row.status == "missed" and row.complete and row.period != NO_DATE and (not targets or row.target in targets)
    ]


def says_lost(results: Results, row: Row) -> str:
    """Return in words that a figure loses its target: its value, and its standard."""
    target = results.scheme[row.target]
    period = "" if row.every == "all" else f" in {row.period}"
    return f"{row.target}{period} is {value_words(row, target)}; its standard: {standard_words(target)}"


def assert_met(results: Results, *targets: str) -> None:
    """Raise ``AssertionError`` where a target was missed in a whole period: all of them, or those that are named.

    >>> from ombudsman_kpi import assert_met, load_scheme, measure
    >>> cases = [{"case_id": "A1", "received_at": "2024-03-28", "decided_at": "2024-04-29"}]
    >>> results = measure(load_scheme("lgsco"), cases=cases, as_of="2024-05-31")
    >>> assert_met(results, "decided-or-allocated-20wd")

    The message has each lost target with its figure and its standard. What is pending, undetermined or without data
    fails nothing.
    """
    __tracebackhide__ = True  # pytest shows the line of the test
    rows = lost(results, targets)
    if rows:
        lines = "\n".join(f"  {says_lost(results, row)}" for row in rows)
        raise AssertionError(f"{many(len(rows), 'figure')} missed:\n{lines}")


def _lost(survey: Survey) -> Iterator[Spot]:
    if survey.asked.met and survey.results is not None:
        named = [name for name in survey.asked.met if name not in survey.unmeasured]
        for row in lost(survey.results, named) if named else ():
            yield Spot(says_lost(survey.results, row), times=1)


def _too_many_invalid(survey: Survey) -> Iterator[Spot]:
    if survey.asked.tolerances is None or survey.results is None:
        return
    invalid: dict[str, int] = {}
    for row in survey.results:
        invalid[row.target] = invalid.get(row.target, 0) + (row.invalid or 0)
    for target, number in invalid.items():
        allowed = survey.asked.tolerances.get(target, 0)
        if number > allowed:
            yield Spot(f"{target} has {many(number, 'invalid record')}, and {allowed:,} may pass", times=1)


TARGET_LOST = CheckRule(
    "target-lost", "error", "A target was missed in a whole period.",
    "List the records: ombudsman-kpi assess … --status missed.", _lost,
)  # fmt: skip
TOO_MANY_INVALID = CheckRule(
    "too-many-invalid", "error", "A target has more invalid records than its tolerance.",
    "Correct them, or raise the tolerance in the file of columns=.", _too_many_invalid,
)  # fmt: skip
