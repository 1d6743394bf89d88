"""Publications to try pages with: a small one that has everything in it, and ones of any size."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from ombudsman_kpi.publish.cells import status_words
from ombudsman_kpi.publish.drawings.svg import framed, tag
from ombudsman_kpi.publish.published import (
    Cell,
    Drawing,
    Figure,
    Headline,
    Publication,
    PublishedTable,
    Section,
    Shorthand,
    TableColumn,
)  # fmt: skip

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LONG = "Directorate" * 18 + "AB"  # 200 characters, without a place to break
ARABIC = "صندوق المظالم (3)"
MARKUP = '<img src=x onerror="alert(1)"> & <b>bold</b>'
REASONS = ("waits for an expert", "Wartet auf Äußerung")
TEAMS = (ARABIC, MARKUP, LONG, "Équipe A", "Team 10", "Team 9", "Intake", "Reviews")


def a_drawing(name: str, title: str, data: PublishedTable) -> Drawing:
    """A drawing with a line in it, such as drawings of figures over time are, of about six thousand bytes."""
    describes = f"{title}: the latest is 91.2%, and the standard at least 90%."
    points = [tag("circle", class_="m", cx=10.0 + 5.3 * place, cy=60.0 + place % 7, r=2.5) for place in range(60)]
    lines = [tag("text", title[:20], x=10.0, y=20.0), tag("path", class_="v", d="M10 60L300 66", fill="none")]
    return Drawing(name, title, describes, framed(name, title, describes, 120, *lines, *points), data)


def months(number: int) -> list[str]:
    """So many months, the last of them March 2024."""
    return [f"{MONTHS[at % 12]} {at // 12}" for at in range(2024 * 12 + 3 - number, 2024 * 12 + 3)]


def a_grid(name: str, title: str, groups: Sequence[str], periods: Sequence[str]) -> PublishedTable:
    """A table with groups down and periods across, some of them withheld, and a total."""
    lines: list[tuple[Cell, ...]] = []
    for at, group in enumerate((*groups, "All")):
        shares = (Figure(Fraction(600 + (37 * at + 53 * place) % 401, 1000)) for place, _ in enumerate(periods))
        withheld = {(0, 1), (2, 3)}
        lines.append((group, *(Shorthand("c") if (at, place) in withheld else one for place, one in enumerate(shares))))
    last = TableColumn(periods[-1], "share", notes=(1,))
    columns = (TableColumn("Team"), *(TableColumn(period, "share") for period in periods[:-1]), last)
    return PublishedTable(name, title, "Each team in each month.", columns, tuple(lines), ("The month isn't over.",))


def a_commitment(number: int, status: str, groups: Sequence[str], periods: Sequence[str]) -> tuple[Headline, Section]:
    """A commitment at a glance, and all about it."""
    name, title = f"target-{number}", f"Cases decided within {number + 12} weeks"
    columns = (TableColumn("Month"), TableColumn("Counted", "whole"), TableColumn("Share", "share"))
    rows = tuple((period, 1000 + 7 * at, Figure(Fraction(900 + at, 1000))) for at, period in enumerate(periods))
    data = PublishedTable(f"{name}-months", f"{title}, by month", "", columns, rows)
    standard = "" if status == "no target" else "at least 90%"
    headline = Headline(name, title, "91.2%", standard, status, "3 more could miss", "up 0.4 points")
    grid = a_grid(name, title, groups, periods)
    return headline, Section(name, title, "It is 91.2%.", (grid,), (a_drawing(f"{name}-chart", title, data),), status)


def of_size(commitments: int, number: int, teams: int) -> Publication:
    """A publication with so many commitments, months and teams."""
    statuses = ("met", "missed", "met", "undetermined", "no target", "met", "no data")
    groups, periods = [f"Team {at}" for at in range(1, teams + 1)], months(number)
    made = [a_commitment(at + 1, statuses[at % 7], groups, periods) for at in range(commitments)]
    return Publication(
        "Service standards", "Executive Team, as at 31 March 2024", "5 of 7 commitments are met.",
        tuple(headline for headline, _ in made), a_summary([headline for headline, _ in made]),
        tuple(section for _, section in made), (("As at", "31 March 2024"), ("Calendar", "England and Wales")),
    )  # fmt: skip


def a_summary(headlines: Sequence[Headline]) -> PublishedTable:
    """The table of all commitments."""
    names = ("Commitment", "Share", "Standard", "Status", "Headroom")
    rows = (
        (one.title, Figure(Fraction(912, 1000)), one.standard or "–", status_words(one.status), one.says)
        for one in headlines
    )
    return PublishedTable(
        "summary", "All commitments", "Each in its latest month.",
        tuple(TableColumn(name, "share" if name == "Share" else "text") for name in names), tuple(rows),
    )  # fmt: skip


def waits() -> PublishedTable:
    """A table with days and numbers, of which some look the same."""
    columns = (
        TableColumn("Case"), TableColumn("Waits since", "date"), TableColumn("Waited", "number", "working days"),
        TableColumn("Share of the time allowed", "share"), TableColumn("Reason"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (f"24-{at:03}", date(2023, 1 + at % 12, 28 - at), Figure(Fraction(1000 * at % 1371 + 9), 0),
         Figure(Fraction(31 + at // 2, 34)), None if at == 3 else REASONS[at % 2])
        for at in range(12)
    ]  # fmt: skip
    rows[5] = (rows[5][0], Shorthand("x"), Shorthand("c"), Shorthand("z"), "")
    return PublishedTable("waits", "The longest waits", "Cases by their ids.", columns, tuple(rows))


def with_everything() -> Publication:
    """A small publication: every status, names of all kinds, shorthand, notes, and a table that has no row."""
    statuses = ("met", "missed", "undetermined", "no target", "no data", "not measured")
    made = [a_commitment(at + 1, status, TEAMS, months(14)) for at, status in enumerate(statuses)]
    shared = a_drawing("waits-chart", "How long they wait", waits())
    nothing = PublishedTable(
        "nothing", "What was left out", "", (TableColumn("Reason"), TableColumn("Records", "whole")), ()
    )
    return Publication(
        "Standards of <Us> & Co", "Executive Team · as at 31 March 2024", "1 of 3 commitments is met.",
        tuple(headline for headline, _ in made), a_summary([headline for headline, _ in made]),
        (
            *(section for _, section in made),
            Section("waiting", "Who waits longest", "Twelve cases.", (waits(),), (shared,)),
            Section("quality", f"Data quality of {ARABIC}", "", (nothing,)),
        ),
        (("As at", "31 March 2024"), ("Scheme", LONG)), ("All times are in UK time.", MARKUP),
    )  # fmt: skip
