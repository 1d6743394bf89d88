"""What will happen: how the backlog grows, and how many must be decided by when so that targets are still met."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

from ombudsman_kpi.analysis.must_decide import (
    EARLY,
    IN_REACH,
    MAY_WAIT,
    NEEDED,
    OUT,
    SAFE,
    order_frame,
    schedule_frame,
    standings,
    targets_frame,
)
from ombudsman_kpi.analysis.weekly import check_weeks, growth_of, weeks_of
from ombudsman_kpi.calendars.dates import is_missing
from ombudsman_kpi.calendars.periods import Every
from ombudsman_kpi.cases.explanation import day_text
from ombudsman_kpi.cases.open_rows import one_period, open_rows
from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.publish.text_table import TextTable
from ombudsman_kpi.records.keywords import WorklistRecords, provided, takes_records
from ombudsman_kpi.records.reading import Columns, Formats, Missing, RepeatedIds, Unreadable, parse_readings
from ombudsman_kpi.rounding import many
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.statistics.quantiles import check_level
from ombudsman_kpi.tallies.in_memory import Options
from ombudsman_kpi.tallies.plan import Progress

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Outlook:
    """What will happen, from ``outlook``; each part is a frame.

    - ``weeks``: of each clock and week ``before, arriving, deciding, withdrawn, open``. The number open at the end is
      before + arriving - deciding - withdrawn;
    - ``growth``: a row for each clock: what arrives, is decided and withdrawn a week, and the growth of the backlog
      with its interval, over the last complete weeks; ``chance`` says whether that may be chance;
    - ``targets``: of each target and period how many more ``may_miss``, how many ``must`` be decided, its ``reach``;
    - ``schedule``: the same by weeks: of so many ``open`` records due by a day, ``at_least`` so many must be decided in
      time by then. Both are sums from the beginning;
    - ``order``: the records in the order to decide them in, with the targets they are ``needed_by``.
    """

    title: str
    as_of: str
    weeks: "pd.DataFrame"
    growth: "pd.DataFrame"
    targets: "pd.DataFrame"
    schedule: "pd.DataFrame"
    order: "pd.DataFrame"
    notes: tuple[str, ...]

    @property
    def says(self) -> str:
        """What it shows: the largest backlog, and what must be decided by when."""
        if self.weeks.empty and self.targets.empty:
            return "No data: nothing that is due has begun."
        largest = [] if self.growth.empty else [str(self.growth.sort_values("open", kind="stable").iloc[-1]["says"])]
        return " ".join([*largest, self._of_targets])

    @property
    def _of_targets(self) -> str:
        reach = self.targets["reach"]
        if reach.empty:
            return "Nothing that a target counts is open and in time."
        number = {name: int((reach == name).sum()) for name in (SAFE, IN_REACH, EARLY, OUT)}
        parts = [f"{many(own, 'figure')} {name}" for name, own in number.items() if own]
        text = f"Of {many(len(reach), 'figure')} with open records: {', '.join(parts)}."
        needed, waiting = (int((self.order["decide"] == name).sum()) for name in (NEEDED, MAY_WAIT))
        if not needed:
            return text
        first = self.schedule[(self.schedule["at_least"].fillna(0) > 0) & self.schedule["due_by"].notna()]
        by = "" if first.empty else f", the first by {day_text(first['due_by'].min().date())}"
        rest = f"; {waiting:,} others may wait" if waiting else ""
        return f"{text} {many(needed, 'record')} must be decided in time to keep those in reach{by}{rest}."

    def to_pandas(self) -> "pd.DataFrame":
        """Return the schedule, with ``says`` and the notes in its ``attrs``."""
        frame = self.schedule.copy()
        frame.attrs = {"says": self.says, "notes": list(self.notes)}
        return frame

    def table(self, most: int | None = None) -> TextTable:
        """Return the schedule laid out for a reader, with the growth of each backlog below it."""
        shown = self.schedule if most is None else self.schedule.head(most)
        more = len(self.schedule) - len(shown)
        records: list[dict[str, Any]] = shown.to_dict("records")  # type: ignore[assignment]
        rows = []
        for row in records:
            by = "no due day" if is_missing(row["due_by"]) else day_text(row["due_by"].date())
            numbers = (f"{row['open']:,}", "–" if row["reach"] == OUT else f"{row['at_least']:,}")
            rows.append((row["target"], row["period"], row["standard"], by, *numbers, row["reach"], row["note"]))
        return TextTable(
            f"Outlook: {self.title}",
            f"as at {self.as_of} · {self._of_targets}",
            ("Target", "Period", "Standard", "Due by", "Open", "Decide at least", "Reach", "Note"),
            (False, False, False, False, True, True, False, False),
            tuple(rows),
            (*((f"… and {more:,} more rows",) if more else ()), *self.growth["says"], *self.notes),
        )

    def __repr__(self) -> str:
        return f"{self.says}\n{self.schedule}"


@takes_records
def outlook(
    scheme: Scheme,
    *,
    as_of: Any,
    every: Every | None = "quarter",
    weeks: int = 13,
    targets: str | Sequence[str] | None = None,
    columns: Columns = None,
    dates: Formats = None,
    missing: Missing = (),
    unreadable: Unreadable = "error",
    repeated_ids: RepeatedIds = "find",
    progress: Progress | None = None,
    level: float = 0.95,
    **records: Unpack[WorklistRecords],
) -> Outlook:
    """Return what will happen: how the backlog grows, and how many must be decided by when to keep the targets.

    >>> import ombudsman_kpi as kpi
    >>> cases = [
    ...     {"case_id": "A1", "received_at": "2024-04-02", "decided_at": "2024-04-05"},
    ...     {"case_id": "A2", "received_at": "2024-04-04"}, {"case_id": "A3", "received_at": "2024-04-12"},
    ... ]
    >>> scheme = kpi.load_scheme("lgsco").with_target("decided-or-allocated-20wd", standard="at least 60%")
    >>> found = kpi.outlook(scheme, cases=cases, as_of="2024-04-26", targets="decided-or-allocated-20wd")
    >>> found.schedule[["period", "due_by", "open", "at_least"]].astype(str).values.tolist()
    [['2024/25 Q1', '2024-05-05', '1', '0'], ['2024/25 Q1', '2024-05-19', '2', '1']]
    >>> found.order[["id", "decide"]].values.tolist()
    [['A2', 'needed'], ['A3', 'may wait']]

    Records and options are those of ``worklist``. ``every`` is the period in which the targets are to be met; None is
    all records. ``weeks``: over how many complete weeks the growth is worked out, with an interval of ``level``.
    A closed cohort is taken to have what is overdue end in the period of ``as_of``, and what is missed on the day after
    it was due. Raises what ``worklist`` raises, and ``OptionError`` for a number of weeks that isn't one.
    """
    check_level(level)
    number, period = check_weeks(weeks), one_period(every)
    readings = parse_readings(columns, dates, missing, unreadable, repeated_ids)
    options = Options(as_of, [*dict.fromkeys([period, "week"])], cohort="all", targets=targets, readings=readings)
    found = open_rows(scheme, provided(records), options, progress=progress)
    if found is None:
        raise OptionError("By none of these targets is anything due, so there is nothing to look out for.")
    by_week, same = weeks_of(found.counts, found.results.basis)
    stand, unsaid = standings(found, period)
    return Outlook(
        scheme.title, found.results.as_of, by_week, growth_of(by_week, number, level), targets_frame(stand),
        schedule_frame(stand, found.rows), order_frame(stand, found.rows),
        (*found.not_listed(period), *same, *unsaid),
    )  # fmt: skip
