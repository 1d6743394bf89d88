"""The Cabinet Office's statistics of Freedom of Information: a return filled in from records has the printed lines.

Records are made that have the printed numbers, request by request, and are measured. What is compared passes through
the clock, the targets, the tally and the return; the printed percentages have ten digits.
"""

import csv
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ombudsman_kpi import StatutoryReturn, check_table, load_scheme, measure
from ombudsman_kpi.publish.published import Figure, Shorthand

PUBLISHED = Path(__file__).parents[2] / "examples" / "data" / "published" / "foi_statistics.csv"
SCHEME = load_scheme("foi-statistics")
FORM = SCHEME.statutory_return("foi-statistics")
MET, EXTENDED, LATE = (
    "20-day deadline met", "Permitted extension to 20-day deadline", "Late response (i.e. 20-day deadline missed)",
)  # fmt: skip
OUTCOMES = {
    "advice-given": "Requests where advice and assistance provided",
    "not-held": "Requests where information not held",
    "granted": "Initial Outcome Granted in full",
    "partly-withheld": "Initial Outcome Partially withheld",
    "withheld": "Initial Outcome Fully withheld",
}
OPEN, LAPSED = "Requests still being processed", "Requests on-hold or lapsed"
AS_OF = "2025-03-31"


def published() -> list[dict[str, str]]:
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def requests(row: dict[str, Any], body: str, received: str) -> Iterator[dict[str, Any]]:
    """Yield requests in the numbers of a row; which of them were late is printed, and which outcome those had isn't."""
    day = pd.Timestamp(received)
    times = {  # when it was answered, and to when it was extended
        MET: (day + pd.Timedelta(days=5), None),
        EXTENDED: (day + pd.Timedelta(days=50), day + pd.Timedelta(days=60)),
        LATE: (day + pd.Timedelta(days=50), None),
    }
    left = {name: int(row[name]) for name in times}
    common = {"kind": "foi", "body": body, "received_at": day, "extended_at": day + pd.Timedelta(days=10)}

    def taken(number: int, order: Sequence[str], outcome: str | None) -> Iterator[dict[str, Any]]:
        for name in order:
            some = min(number, left[name])
            number, left[name] = number - some, left[name] - some
            answered: pd.Timestamp | None
            answered, extended = times[name]
            if outcome is None:  # still open: an extension that counts runs on
                answered, extended = None, None if name == LATE else pd.Timestamp("2030-01-01")
            if some:
                yield {**common, "answered_at": answered, "extended_to_at": extended, "outcome": outcome, "count": some}
        assert not number, "more outcomes than requests"

    yield from taken(int(row[OPEN]), [LATE, EXTENDED], None)
    for outcome, name in OUTCOMES.items():
        yield from taken(int(row[name]), [MET, EXTENDED, LATE], outcome)
    assert not any(left.values())
    if lapsed := int(row[LAPSED]):
        yield {**common, "answered_at": None, "extended_to_at": None, "outcome": "lapsed", "count": lapsed}


def filled_in(rows: Sequence[tuple[dict[str, Any], str, str]]) -> StatutoryReturn:
    made = [request for row, body, received in rows for request in requests(row, body, received)]
    frame = pd.DataFrame(made)
    results = measure(
        SCHEME, requests=frame, as_of=AS_OF, every=FORM.every, by="body", targets=FORM.targets,
    )  # fmt: skip
    return results.statutory_return("foi-statistics")


def lines(form: StatutoryReturn, period: str, body: str) -> dict[str, str]:
    """Return the lines of a form as the published data print them: percentages with ten digits."""
    (own,) = [item for item in form.forms if item.period == period and item.group == (body,)]
    printed = {}
    for line, cell in zip(FORM.lines, own.cells, strict=True):
        if isinstance(cell, Figure):
            printed[line.line] = f"{float(100 * cell.exact):.10g}"
        else:
            printed[line.line] = "" if cell == Shorthand("x") else str(cell)
    return printed


DATES = {"2018": "2018-02-01", "2019": "2019-02-01", "2024": "2024-02-01", "Q4 2018": "2018-11-01"}
LABELS = {"Q4 2018": "2018/19 Q3"}


@pytest.mark.parametrize("kind", ["year", "quarter"])
def test_the_lines_are_those_that_were_published(kind: str) -> None:
    own = [row for row in published() if (row["Quarter"][0] == "Q") == (kind == "quarter")]
    own = [row for row in own if int(row["Total requests received"])]
    form = filled_in([(row, row["Government body"], DATES[row["Quarter"]]) for row in own])
    assert len(own) == {"year": 96, "quarter": 7}[kind]
    for row in own:
        found = lines(form, LABELS.get(row["Quarter"], row["Quarter"]), row["Government body"])
        assert found == {name: row[name] for name in found}
    assert set(found) == set(row) - {"Quarter", "Government body"}
    assert form.checks
    assert not form.failing


def test_the_published_table_agrees_with_itself() -> None:
    found = check_table(PUBLISHED)
    assert not found
    assert len(found.compared) == 7  # four percentages, three totals


def generated(number: int) -> dict[str, int]:
    """Return a row as one of the published data is: what must add up does."""
    draw = random.Random(number)  # noqa: S311
    late, extended, met = (draw.randrange(size) for size in (40, 25, 400))
    still = draw.randrange(late + extended + 1)
    answered = late + extended + met - still
    cuts = sorted(draw.randrange(answered + 1) for _ in range(4))
    parts = [upper - lower for lower, upper in zip([0, *cuts], [*cuts, answered], strict=True)]
    return {MET: met, EXTENDED: extended, LATE: late, OPEN: still, LAPSED: draw.choice([0, 0, 3])} | dict(
        zip(OUTCOMES.values(), parts, strict=True)
    )


def test_the_lines_of_2268_generated_forms_are_what_they_were_generated_from() -> None:
    bodies = [f"body {number:02}" for number in range(63)]
    days = [f"{year}-{month:02}-15" for year in range(2015, 2024) for month in (1, 4, 7, 10)]
    rows = [
        (generated(100 * place + at), body, day) for place, body in enumerate(bodies) for at, day in enumerate(days)
    ]
    assert len(rows) == 2268
    form = filled_in(rows)
    quarters = {(item.group[0], item.period): item.cells for item in form.forms if " Q" in item.period}
    names = [line.line for line in FORM.lines]
    for row, body, day in rows:
        start = pd.Timestamp(day)
        year, quarter = (start.year, start.quarter - 1) if start.month > 3 else (start.year - 1, 4)
        cells = dict(zip(names, quarters[body, f"{year}/{(year + 1) % 100:02} Q{quarter}"], strict=True))
        assert {name: cells[name] for name in row} == row
    assert not form.failing
    assert len(form.checks) >= 4 * len(rows)
