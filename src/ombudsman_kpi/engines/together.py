"""The kinds of records that targets read together, and the rows that must stay in the same part."""

import re
from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.measures.base.target import CASE, Target
from ombudsman_kpi.records.tables import Table
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.plan import PlanStep, with_populations


class Feed(NamedTuple):
    """Kinds of records that are read together, and the targets that are counted on them.

    ``keys`` maps each kind to a field; rows with equal values of it stay in the same part. None allows any split.
    """

    keys: dict[str, str | None]
    targets: set[str]
    ordered: set[str]  # kinds whose order of rows matters

    @property
    def whole(self) -> bool:
        """Whether any rows have to stay together."""
        return any(key is not None for key in self.keys.values())


class _Use(NamedTuple):
    """Kinds that one target reads together, and the field whose equal values keep their rows together."""

    target: str
    keys: dict[str, str | None]
    ordered: bool = False


def measured(plan: list[PlanStep], scheme: Scheme, unmeasured: Container[str], kinds: Container[str]) -> list[Target]:
    """Return the targets of a plan that can be measured on some kinds of records, with the populations of samples."""
    targets = [step.target for step in with_populations(plan, scheme)]
    return [
        target
        for target in targets
        if target.why_unmeasured is None and target.id not in unmeasured and all(kind in kinds for kind in target.needs)
    ]


def tables_of_shares(tables: Mapping[str, Table]) -> set[str]:
    """Return the kinds of records that are given as published tables of shares."""
    return {kind for kind, table in tables.items() if table.has_shares}


def without_row(text: str) -> str:
    """Return an error message without its row number, which is only a position in one part.

    >>> without_row("cases (a.csv) row 4 (case_id A1): received_at is missing.")
    'cases (a.csv) (case_id A1): received_at is missing.'
    """
    return re.sub(r"^(\w+(?: \([^)]*\))?) row \d+", r"\1", text)


def feeds_of(
    targets: Iterable[Target], by: tuple[str, ...], made: Mapping[str, str], shares: Container[str] = ()
) -> list[Feed]:
    """Return feeds for some targets, so that each target is counted exactly once on each kind of its records.

    ``made`` maps a kind to the kind it is built from: if cases are built from events, the events are read. The kinds
    of ``shares`` are published tables, in which no rows belong together.
    """
    uses = [_use(target, by, made, shares) for target in targets]
    feeds: list[Feed] = []
    for use in sorted(uses, key=_freedom):  # the most restrictive first; less restrictive uses join them
        feed = next((item for item in feeds if _can_join(use, item)), None)
        if feed is None:
            feed = Feed(dict(use.keys), set(), set())
            feeds.append(feed)
        feed.targets.add(use.target)
        feed.ordered.update(use.keys if use.ordered else ())
    return feeds


def _freedom(use: _Use) -> int:
    """Return how freely rows can be split, from 0: several kinds together, by case, by another field, in any way."""
    if len(use.keys) > 1:
        return 0
    (key,) = use.keys.values()
    return 3 if key is None else 1 if key == CASE else 2


def _can_join(use: _Use, feed: Feed) -> bool:
    """Return whether a feed reads the kinds of a use and keeps their rows together as the use needs."""
    return all(kind in feed.keys and key in {None, feed.keys[kind]} for kind, key in use.keys.items())


def _use(target: Target, by: tuple[str, ...], made: Mapping[str, str], shares: Container[str]) -> _Use:
    """Return how a target reads each kind of its records. Raises ``OptionError`` if that can't be done in parts."""
    own = target.reads[target.of]
    if target.of in made and own not in {None, CASE}:
        raise OptionError(
            f"Target {target.id!r} counts each {own} once, which can't be done in parts if {target.of} are built from "
            f"{made[target.of]}. Add {target.of}=, or leave out the target with targets=."
        )
    keys = {made.get(kind, kind): CASE if kind in made else key for kind, key in target.reads.items()}
    keys |= {kind: None for kind in keys if kind in shares}
    return _Use(target.id, keys, target.in_order and target.of not in made and bool(by))
