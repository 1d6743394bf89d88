"""What letters call things: which names a scheme can give."""

from collections.abc import Iterable, Mapping

from ombudsman_kpi.clocks.starts import recorded
from ombudsman_kpi.errors import one_of
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.records.vocabulary import RECORDS


def named_in_letters(target: Target) -> set[str]:
    """Return what letters have names for: the kind of record, and the fields that start and stop what is due."""
    kind, clock = RECORDS[target.of], target.limited_clock
    starts = () if clock is None else recorded(clock.starts)
    ends = (*target.waits_for, *kind.withdrawn_by, *kind.abandoned_by)
    return {kind.singular.replace(" ", "_"), *starts, *ends}


def check_names(names: Mapping[str, str], targets: Iterable[Target]) -> None:
    """Raise ``ValueError`` for a name of the scheme, or of a target, that no letter speaks of."""
    everywhere: dict[str, None] = {}
    for target in targets:
        known = dict.fromkeys(sorted(named_in_letters(target)))
        _check(f"target {target.id}: ", target.names, known)
        everywhere |= known
    _check("", names, everywhere)


def _check(owner: str, names: Mapping[str, str], known: Mapping[str, None]) -> None:
    for name in names:
        if name not in known:
            raise ValueError(f"{owner}names: no letter speaks of {name!r}. {one_of(name, known)}")
