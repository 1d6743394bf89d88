"""What is due next on one case: a line of a task list."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from ombudsman_kpi.cases.deadline import Deadline
from ombudsman_kpi.cases.one_case import deadlines
from ombudsman_kpi.clocks.outcomes import OPEN
from ombudsman_kpi.records.vocabulary import Record
from ombudsman_kpi.schemes.scheme import Scheme


def next_due(
    scheme: Scheme,
    case: Record | Mapping[str, Any],
    *,
    events: Any = (),
    as_of: Any,
    targets: str | Sequence[str] | None = None,
) -> Deadline | None:
    """Return the open deadline of one case that is due first, what is overdue before all else; None: nothing is due.

    >>> from ombudsman_kpi import Case, load_scheme, next_due
    >>> case = Case(case_id="24-00017", received_at="2024-03-28", allocated_at="2024-04-12")
    >>> next_due(load_scheme("lgsco"), case, as_of="2024-05-10")
    <Deadline keep-in-touch-intervals-20wd (complainant): due 2024-05-13, pending, 1 working day left>

    The arguments are those of ``deadlines``, which has all of them, with its findings. The earliest due comes first, by
    the day and then by the time of day; what has no time of day is due at the end of its day. Of what is due together,
    the first in the order of the scheme stands, and a part of a case before the case as a whole. While a clock stands
    still it has no due day: such a deadline is next only where no other is open. What is ``invalid`` isn't open, and so
    None alone doesn't say that a record is sound. Raises what ``deadlines`` raises.
    """
    found = deadlines(scheme, case, events=events, as_of=as_of, targets=targets)
    zone = ZoneInfo(scheme.time_zone)
    still_open = [item for item in found if item.status in OPEN]
    return min(still_open, key=lambda item: (*_when(item.due, zone), _is_whole(item, scheme)), default=None)


def _when(due: date | None, zone: ZoneInfo) -> tuple[bool, datetime]:
    """Return the order in which something is due: no due day is last."""
    if due is None:
        return True, datetime.max.replace(tzinfo=zone)
    if not isinstance(due, datetime):
        return False, datetime.combine(due, time.max, zone)
    return False, due if due.tzinfo else due.replace(tzinfo=zone)


def _is_whole(item: Deadline, scheme: Scheme) -> bool:
    return scheme[item.target].due_by_parts
