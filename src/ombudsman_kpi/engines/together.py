"""Which records have to be read together, and which of their rows must not be parted."""

import re
from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.measures.target import CASE, Target
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.plan import Step, with_populations


class Feed(NamedTuple):
    """Kinds of records that are read together, and the targets whose counts of them are kept.

    ``keys`` names for each kind the field whose equal values have to stay together; None where any split will do.
    """

    keys: dict[str, str | None]
    targets: set[str]
    ordered: set[str]  # kinds of which it matters what stands first

    @property
    def whole(self) -> bool:
        """Tell whether rows have to stay together at all."""
        return any(key is not None for key in self.keys.values())


class _Use(NamedTuple):
    """Some kinds that a target reads, with the field by which their rows belong together."""

    target: str
    keys: dict[str, str | None]
    ordered: bool = False


def measured(plan: list[Step], scheme: Scheme, unmeasured: Container[str], kinds: Container[str]) -> list[Target]:
    """Give the targets of a plan that can be measured on some kinds of records, and the populations of samples."""
    targets = [step.target for step in with_populations(plan, scheme)]
    return [
        target
        for target in targets
        if target.why_unmeasured is None and target.id not in unmeasured and all(kind in kinds for kind in target.needs)
    ]


def without_row(text: str) -> str:
    """Leave out of an error which row it was: its place in a part says nothing.

    >>> without_row("cases (a.csv) row 4 (case_id A1): received_at is missing.")
    'cases (a.csv) (case_id A1): received_at is missing.'
    """
    return re.sub(r"^(\w+(?: \([^)]*\))?) row \d+", r"\1", text)


def feeds_of(targets: Iterable[Target], by: tuple[str, ...], made: Mapping[str, str]) -> list[Feed]:
    """Deal targets out to feeds, so that each is counted once on each kind of its records.

    ``made`` says which kind is made of which other: for cases that events tell of, the events are read.
    """
    uses = [_use(target, by, made) for target in targets]
    feeds: list[Feed] = []
    for use in sorted(uses, key=_freedom):  # what ties most comes first, and what is free goes along with it
        feed = next((item for item in feeds if _goes_along(use, item)), None)
        if feed is None:
            feed = Feed(dict(use.keys), set(), set())
            feeds.append(feed)
        feed.targets.add(use.target)
        feed.ordered.update(use.keys if use.ordered else ())
    return feeds


def _freedom(use: _Use) -> int:
    """Give the place of a use: kinds that are tied together, those tied by their case, by another field, not at all."""
    if len(use.keys) > 1:
        return 0
    (key,) = use.keys.values()
    return 3 if key is None else 1 if key == CASE else 2


def _goes_along(use: _Use, feed: Feed) -> bool:
    """Tell whether a feed reads the kinds of a use, and keeps their rows together as it wants."""
    return all(kind in feed.keys and key in {None, feed.keys[kind]} for kind, key in use.keys.items())


def _use(target: Target, by: tuple[str, ...], made: Mapping[str, str]) -> _Use:
    """Say how a target reads each kind of its records."""
    own = target.reads[target.of]
    if target.of in made and own not in {None, CASE}:
        raise OptionError(
            f"Target {target.id!r} counts each {own} once, which can't be done part by part of {target.of} that are "
            f"made of {made[target.of]}. Give {target.of}= too, or leave the target out with targets=."
        )
    keys = {made.get(kind, kind): CASE if kind in made else key for kind, key in target.reads.items()}
    return _Use(target.id, keys, target.in_order and target.of not in made and bool(by))
