"""Why figures differ between two measurements: what was declared, which days were off, options, the day itself."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Literal, NamedTuple

from ombudsman_kpi.calendars.dates import day_in_words
from ombudsman_kpi.figures.row import EVERYTHING, NO_DATE, Row
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.results.sides import Side
from ombudsman_kpi.schemes.scheme import Scheme

CauseKind = Literal["scheme", "calendar", "options", "as_of"]
_OF_CALENDAR = {"division", "closures", "known_at", "bank_holidays", "calendar"}
_SAID_ONLY = {
    "id",
    "title",
    "source",
    "says",
    "reading",
    "names",
    "in_force",
    "targets",
    "reports",
    "returns",
    "disclosure",
}
_MOST = 5  # days that are named


class Cause(NamedTuple):
    """What differs between two measurements, and can make figures differ."""

    kind: CauseKind
    says: str
    target: str | None = None  # the one target that it is about
    of_days: bool = False  # whether it only matters to what counts working days


def causes_of(old: Side, new: Side) -> list[Cause]:
    """Return all that differs in what two results were measured by."""
    return [*_of_schemes(old, new), *_of_calendars(old, new), *_of_options(old, new), *_of_days(old, new)]


def _of_schemes(old: Side, new: Side) -> Iterator[Cause]:
    if old.scheme_id != new.scheme_id:
        yield Cause("scheme", f"the scheme was {old.scheme_id} and is {new.scheme_id}")
    if old.digest == new.digest:
        return
    if old.scheme is None or new.scheme is None:
        yield Cause("scheme", f"the scheme's digest was {old.digest} and is {new.digest}")
        return
    before, now = ({item.id: item for item in side.targets} for side in (old.scheme, new.scheme))
    for name in (name for name in now if name in before):
        for key, was, is_ in _changed(_declared(before[name]), _declared(now[name])):
            yield Cause("scheme", f"{name}: {key} was {_written(was)} and is {_written(is_)}", name)
    for key, was, is_ in _changed(_declared(old.scheme), _declared(new.scheme)):
        if key not in _SAID_ONLY | _OF_CALENDAR:
            yield Cause("scheme", f"{key} was {_written(was)} and is {_written(is_)}")


def _declared(item: Target | Scheme) -> dict[str, Any]:
    return item.model_dump(mode="json", exclude_defaults=True)


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for key in dict.fromkeys([*old, *new]):
        if key not in _SAID_ONLY and old.get(key) != new.get(key):
            yield key, old.get(key), new.get(key)


def _written(value: Any) -> str:
    """Return a key's value as a scheme file has it, in words."""
    if value is None:
        return "not there"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {_written(item)}" for name, item in value.items())
    return " or ".join(map(_written, value)) if isinstance(value, (list, tuple)) else str(value)


def _of_calendars(old: Side, new: Side) -> Iterator[Cause]:
    if old.edition == new.edition:
        return
    says = f"the edition of the calendar was {old.edition} and is {new.edition}"
    if old.scheme is not None and new.scheme is not None and old.same_calendar and new.same_calendar:
        before, now = old.scheme.calendar, new.scheme.calendar
        more, less = ({*a.days_off} - {*b.days_off} for a, b in ((now, before), (before, now)))
        parts = [
            f"{len(days):,} days are {how}"
            if len(days) > _MOST
            else f"{', '.join(f'{day_in_words(day)} ({calendar.name_of(day)})' for day in sorted(days))} "
            f"{'is' if len(days) == 1 else 'are'} {how}"
            for days, calendar, how in ((more, now, "off now"), (less, before, "off no longer"))
            if days
        ]
        says = "; ".join(parts) or says
    yield Cause("calendar", says, of_days=True)


def _of_options(old: Side, new: Side) -> Iterator[Cause]:
    schemes = {"division", "calendar", "opening", "clocks", "by"}  # are told of above
    for name in dict.fromkeys([*old.options, *new.options]):
        if name not in schemes and old.options.get(name) != new.options.get(name):
            was, is_ = _written(old.options.get(name)), _written(new.options.get(name))
            yield Cause("options", f"{name.replace('_', ' ')} was {was} and is {is_}")


def _of_days(old: Side, new: Side) -> Iterator[Cause]:
    if old.as_of != new.as_of:
        yield Cause("as_of", f"counted as at {_moment(new.as_of)}, not {_moment(old.as_of)}")


def _moment(as_of: str) -> str:
    return day_in_words(date.fromisoformat(as_of)) if len(as_of) == len("2024-03-31") else as_of


def why(old: Row | None, new: Row | None, causes: list[Cause], target: Target | None) -> list[Cause]:
    """Return which causes can have changed one figure; none of them: then its records have changed."""
    return [cause for cause in causes if _concerns(cause, old, new, target)]


def _concerns(cause: Cause, old: Row | None, new: Row | None, target: Target | None) -> bool:
    row = new or old
    assert row is not None  # noqa: S101
    if cause.target is not None:
        return cause.target == row.target
    if cause.of_days and target is not None:
        return any(limit.depends_on_holidays(clock) for chain in target.limits for limit, clock in chain)
    if cause.kind == "as_of":
        # What was over and decided at the earlier day doesn't change as time passes.
        is_open = old is None or new is None or not old.complete or old.provisional or bool(old.pending)
        return is_open or row.period in {EVERYTHING, NO_DATE}
    return True
