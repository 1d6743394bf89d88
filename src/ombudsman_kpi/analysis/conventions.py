"""The same target under each convention: which way of counting turns met into missed, or missed into met.

The choices are those that are declared elsewhere: the options of a clock, the cohorts of a target, the two readings of
a limit, the divisions of the United Kingdom. What is counted beside them is who belongs to the denominator.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple, Unpack

from pydantic import ValidationError

from ombudsman_kpi.analysis.convention_table import OWN, Choice, Conventions, Untried
from ombudsman_kpi.calendars.bank_holidays import DIVISIONS
from ombudsman_kpi.calendars.periods import Every
from ombudsman_kpi.clocks.has_clock import HasOptions
from ombudsman_kpi.clocks.judging import judge
from ombudsman_kpi.clocks.limits import Amount, Limit
from ombudsman_kpi.clocks.options import Clock, choices
from ombudsman_kpi.clocks.outcomes import Outcome, OutcomeStatus
from ombudsman_kpi.clocks.several import SeveralLimits
from ombudsman_kpi.clocks.states import State
from ombudsman_kpi.engines.counting import on_spark, tallied
from ombudsman_kpi.errors import KpiError, OptionError
from ombudsman_kpi.figures.row import NO_DATE, Row, check_groups
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.records.keywords import Records, provided, takes_records
from ombudsman_kpi.records.reading import Columns, Formats, Missing, RepeatedIds, Unreadable, parse_readings
from ombudsman_kpi.records.tables import Table
from ombudsman_kpi.records.vocabulary import RECORDS
from ombudsman_kpi.results.results import Results
from ombudsman_kpi.results.tally import Tally
from ombudsman_kpi.schemes.scheme import Scheme, validated, with_changes
from ombudsman_kpi.tallies.block import Block
from ombudsman_kpi.tallies.in_memory import Options, dry_run, opened_once, refuse_too_early
from ombudsman_kpi.tallies.plan import Progress, check_scheme, make_plan, names_of, opened_unread


@takes_records
def conventions(
    scheme: Scheme,
    *,
    as_of: Any,
    every: Every | Sequence[Every | None] | None = None,
    by: str | Sequence[str] = (),
    targets: str | Sequence[str] | None = None,
    columns: Columns = None,
    dates: Formats = None,
    missing: Missing = (),
    unreadable: Unreadable = "error",
    repeated_ids: RepeatedIds = "find",
    progress: Progress | None = None,
    **records: Unpack[Records],
) -> Conventions:
    """Return targets under each convention that can apply to them, one at a time beside the scheme's own.

    >>> from ombudsman_kpi import conventions, load_scheme
    >>> lgsco = load_scheme("lgsco").with_target("decided-or-allocated-20wd", standard="100%")
    >>> case = {"case_id": "A1", "received_at": "2024-03-28", "decided_at": "2024-04-29"}  # on day 20
    >>> found = conventions(lgsco, cases=[case], as_of="2024-05-31", targets="decided-or-allocated-20wd")
    >>> frame = found.to_pandas()
    >>> print(frame[frame.changes != ""][["convention", "option", "changes"]].to_string(index=False, header=False))
             limit < 20 working days met into missed
    day_of_receipt             day 1 met into missed
          division          scotland met into missed

    The records and options are those of ``measure``; each target is counted by its headline cohort, which is one of
    its conventions. ``scheme.with_target(choice.target, **choice.keys)`` measures the same. The records are read once.

    Raises what ``measure`` raises, and ``OptionError`` where no target can be measured, or records are published
    numbers, of which nothing else can be known than what was counted.
    """
    check_scheme(scheme)
    readings = parse_readings(columns, dates, missing, unreadable, repeated_ids)
    options = Options(as_of, every, names_of("by", by), None, targets, None, readings, times=False).read_once()
    check_groups(options.by)
    asked = [step.target for step in make_plan(scheme, options.targets, None, options.every, None)]
    tables = provided(records)
    if not tables:
        raise OptionError("There are no records to count. Give them by their kind, such as cases=….")
    found = _Found(scheme, options, asked)
    found.look_for_variants()
    first, *others = found.counted(tables, progress)
    refuse_too_early(first, found.whole, as_of)
    return found.conventions(first, others)


def _refuse_published(tables: Mapping[str, Table]) -> None:
    """Raise ``OptionError`` for a published table, which says itself how many of its records were met."""
    for table in tables.values():
        if table.has_shares:
            raise OptionError(
                f"{table.label}: each row says how many of its records were met, by one convention. To see what others "
                "make of them, give a row for each record."
            )


class _Variant(NamedTuple):
    """One choice of one target, and what is declared otherwise for it."""

    target: str
    convention: str
    option: str
    keys: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The id by which it is counted beside the target itself."""
        return re.sub(r"[^a-z0-9]+", "-", f"{self.target} {self.convention} {self.option}".lower()).strip("-")


@dataclass
class _Found:
    """The choices that can apply to some targets, and those that can't."""

    scheme: Scheme
    options: Options
    targets: Sequence[Target]

    def __post_init__(self) -> None:
        self.variants: dict[str, _Variant] = {}  # by the id that each is counted by
        self.calendars: list[tuple[_Variant, Scheme, tuple[str, ...]]] = []
        self.untried: list[Untried] = []

    def look_for_variants(self) -> None:
        """Find what can be declared otherwise of each target, and of the calendar."""
        taken = {target.id for target in self.scheme.targets}
        for target in self.targets:
            if target.why_unmeasured is None:
                for variant in self._declarations(target):
                    name = variant.id
                    while name in taken:
                        name += "-2"
                    taken.add(name)
                    self.variants[name] = variant
        self._find_calendars([target for target in self.targets if target.why_unmeasured is None])

    def counted(self, tables: Mapping[str, Any], progress: Progress | None) -> Iterator[Tally]:
        """Yield the tally of all choices together, and one for each other calendar; records are opened once."""
        spark = on_spark(tables)
        if not spark:
            opened = opened_unread(tables, self.options.readings)
            _refuse_published(opened)
            tables = {kind: table.source for kind, table in opened.items()}
        self.leave_out_lacking(None if spark else tables)
        sides = [(side, self.options._replace(targets=names)) for side, names in self.sides()]
        tables = tables if spark else opened_once(tables, sides)
        for scheme, options in sides:
            yield tallied(scheme, tables, options, None, progress)

    def leave_out_lacking(self, sources: Mapping[str, Any] | None) -> None:
        """Leave out choices that read more than their target does, and find it lacking; on Spark (None) all of them."""
        for name, variant in list(self.variants.items()):
            if self.whole[name].needs == self.scheme[variant.target].needs:
                continue
            try:
                if sources is None:
                    raise OptionError("it reads other records than the target, which isn't looked into on Spark")
                dry_run(self.whole, sources, self.options._replace(targets=(name,)))
            except KpiError as error:
                lacks = [f"{lack.records} have no {lack.field}" for lack in getattr(error, "lacking", ())]
                reason = ", ".join(lacks) or _reason(str(error))
                self.untried.append(Untried(variant.target, variant.convention, variant.option, reason))
                del self.variants[name]

    @cached_property
    def whole(self) -> Scheme:
        """The scheme with each choice as a target of its own beside its target."""
        entries = [
            {**_declared(self.scheme[variant.target]), **variant.keys, "id": name}
            for name, variant in self.variants.items()
        ]
        return validated(with_changes(self.scheme, {"targets": entries}), f"the scheme {self.scheme.id!r}")

    def sides(self) -> Iterator[tuple[Scheme, tuple[str, ...]]]:
        """Yield the schemes to measure by, with their targets: all choices of the same calendar together."""
        yield self.whole, (*(target.id for target in self.targets), *self.variants)
        for _, scheme, names in self.calendars:
            yield scheme, names

    def conventions(self, first: Tally, others: Sequence[Tally]) -> Conventions:
        """Return the figures of all choices beside those of the scheme's own."""
        results, found = first.results(), []
        calendars = [(item[0], tally.results()) for item, tally in zip(self.calendars, others, strict=True)]
        for target in self.targets:
            if target.id in first.unmeasured:
                self.untried = [item for item in self.untried if item.target != target.id]
                self.untried.append(Untried(target.id, "", "", first.unmeasured[target.id]))
                continue
            own = _figures(results, target.id)
            found += [Choice(target.id, OWN, "", {}, {}, row, row) for row in own.values()]
            for name, variant in self.variants.items():
                if variant.target == target.id:
                    found += self._chosen(variant, own, _figures(results, name), first.unmeasured.get(name))
            found += self._denominators(target, first, own)
            for variant, measured in calendars:
                rows = _figures(measured, target.id) if target.id in measured.rows.targets else {}
                calendar = _Variant(target.id, variant.convention, variant.option, {})
                found += [item._replace(calendar=variant.keys) for item in self._chosen(calendar, own, rows, None)]
        if not found:
            why = "; ".join(f"{item.target}: {item.reason}" for item in self.untried if not item.convention)
            raise OptionError(f"None of these targets can be measured on what was given. {why}.")
        by, has_periods = self.options.by, self.options.every is not None
        return Conventions(self.scheme, results.as_of, by, has_periods, tuple(found), tuple(self.untried))

    def _chosen(
        self, variant: _Variant, own: Mapping[Any, Row], rows: Mapping[Any, Row], lacking: str | None
    ) -> Iterator[Choice]:
        """Yield the figures of a choice, each beside the scheme's own."""
        if lacking is not None:
            self.untried.append(Untried(variant.target, variant.convention, variant.option, lacking))
            return
        for place, row in rows.items():
            yield Choice(*variant[:3], variant.keys, {}, row._replace(target=variant.target), own.get(place))

    def _declarations(self, target: Target) -> Iterator[_Variant]:
        """Yield what can be declared otherwise: the cohort, the reading of a limit, the options of the clock."""
        declared, whole = _declared(target), target.model_dump(mode="json")
        others = json.dumps([_declared(other) for other in self.scheme.targets if other.id != target.id])
        tried: list[_Variant] = []
        for convention, option, keys in _possible(target):
            try:
                changed = type(target).model_validate({**declared, **keys})
                if changed.model_dump(mode="json") == whole:
                    continue
                if f'"{target.id}"' in others or not tried:  # else what is possible once is possible again
                    self.scheme.with_target(target.id, **keys)
            except ValidationError as error:
                self.untried.append(Untried(target.id, convention, option, _reason(error.errors()[0]["msg"])))
            except KpiError as error:
                text = str(error).removeprefix(f"the scheme {self.scheme.id!r}: ").partition(". ")[0]
                self.untried.append(Untried(target.id, convention, option, f"targets wouldn't fit together: {text}"))
            else:
                tried.append(_Variant(target.id, convention, option, keys))
        self._note_what_means_nothing(target)
        if len(target.cohorts) == 1:
            self.untried.append(Untried(target.id, "cohort", "", f"all that it counts are {target.cohort}"))
        yield from tried

    def _note_what_means_nothing(self, target: Target) -> None:
        """Note the options of a clock that mean nothing for a target, or that it has no clock."""
        if not isinstance(target, HasOptions):
            self.untried.append(Untried(target.id, "clock", "", "it has no clock of its own"))
            return
        names = [name for name in choices() if name not in target.meaningful_options]
        self.untried += [Untried(target.id, name, "", "means nothing for its limit and records") for name in names]
        refusing = sorted(Clock.of_input & target.meaningful_options)
        self.untried += [
            Untried(target.id, name, "", "refuses records, and counts none otherwise") for name in refusing
        ]
        if not isinstance(target.runs_in, Amount | SeveralLimits) or not _limits(target):
            self.untried.append(Untried(target.id, "limit", "", "there is no limit that could be read in two ways"))

    def _find_calendars(self, targets: Sequence[Target]) -> None:
        """Find what can be declared otherwise of the calendar, and the targets that it makes a difference to."""
        names = tuple(target.id for target in targets if self._moved_by_holidays(target))
        away = [target.id for target in targets if target.id not in names]
        self.untried += [Untried(name, "division", "", "no holiday moves its days") for name in away]
        possible: list[tuple[str, str, dict[str, Any]]] = []
        if self.scheme.division:
            divisions = [name for name in DIVISIONS if name != self.scheme.division]
            possible += [("division", name, {"division": name}) for name in divisions]
        else:
            reason = "the holidays are those of a place outside the United Kingdom"
            self.untried += [Untried(name, "division", "", reason) for name in names]
        if self.scheme.closures:
            possible.append(("closures", "none", {"closures": []}))
        for convention, option, keys in possible if names else ():
            try:
                scheme = self.scheme.with_calendar(**keys)
            except KpiError as error:
                self.untried += [Untried(name, convention, option, _reason(str(error))) for name in names]
            else:
                self.calendars.append((_Variant("", convention, option, keys), scheme, names))

    def _moved_by_holidays(self, target: Target) -> bool:
        """Return whether a holiday can move a day of a target, or of one that it names."""
        text = json.dumps(_declared(target))
        named = [target, *(other for other in self.scheme.targets if f'"{other.id}"' in text)]
        pairs = (pair for item in named for chain in item.limits for pair in chain)
        return any(limit.depends_on_holidays(clock) or clock.starts_on_working_days for limit, clock in pairs)

    def _denominators(self, target: Target, counts: Tally, own: Mapping[Any, Row]) -> Iterator[Choice]:
        """Yield the figures of a share whose denominator has others in it: the counts are the same, read otherwise."""
        if not target.is_share:
            self.untried.append(Untried(target.id, "denominator", "", "its figure is no share of records"))
            return
        for option, status, concerned, reason in _denominators_of(target):
            rows = _figures(_read_otherwise(counts, target.id, status, concerned), target.id)
            same = all((row.met, row.missed) == (own[place].met, own[place].missed) for place, row in rows.items())
            variant = _Variant(target.id, "denominator", option, {})
            yield from self._chosen(variant, own, rows, reason if same else None)


def _declared(target: Target) -> dict[str, Any]:
    """Return what a target declares, as a scheme file has it."""
    return target.model_dump(mode="json", exclude_unset=True)


def _figures(results: Results, target: str) -> dict[tuple[Any, ...], Row]:
    """Return the figures of a target by their places; what is in no period isn't among them."""
    rows = results.rows.of_target(target)
    return {(row.every, row.period, row.group): row for row in rows if row.period != NO_DATE}


def _possible(target: Target) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield what could be declared otherwise of a target: the convention, the option, the keys that change."""
    for cohort in target.cohorts:
        yield "cohort", cohort, {"cohort": cohort}
    for name, limit in _limits(target).items():
        other = _read_strictly(limit)
        if other is not None:
            yield name, str(other), {name: other.written}
    if isinstance(target, HasOptions):
        clock = target.clock.model_dump(mode="json", exclude_unset=True)
        for name, values in choices().items():
            for value in values if name in target.meaningful_options else ():
                yield name, "none" if value is None else value, {"clock": {**clock, name: value}}


def _limits(target: Target) -> dict[str, Limit]:
    """Return the limits in the declaration of a target, by their keys."""
    return {name: value for name in type(target).model_fields if isinstance(value := getattr(target, name), Limit)}


def _read_strictly(limit: Limit) -> Limit | None:
    """Return a limit as "less than" where it is "within", and the other way round; None where it can't be either.

    >>> from ombudsman_kpi.clocks.limits import parse_limit
    >>> print(_read_strictly(parse_limit("13 weeks")), _read_strictly(parse_limit("0 working days")))
    < 13 weeks None
    """
    if isinstance(limit, SeveralLimits):
        entries = [
            replace(entry, amounts=tuple(_read_strictly(amount) or amount for amount in entry.amounts))
            for entry in limit.entries
        ]
        return SeveralLimits(tuple(entries))
    return replace(limit, less_than=not limit.less_than) if isinstance(limit, Amount) and limit.amount else None


def _denominators_of(target: Target) -> Iterator[tuple[str, OutcomeStatus, Callable[[Outcome], bool], str]]:
    """Yield who could be counted otherwise in a share: the option, the status instead, whose, and why it isn't tried.

    By rule, pending records are left out, those withdrawn in time are left out, and those withdrawn late have missed.
    """
    ends = [State("withdrawn", name.removesuffix("_at")) for name in RECORDS[target.of].withdrawn_by]
    reasons = {judge(end, in_time).reason for end in ends for in_time in (True, False)} - target.words_of_conditions

    def withdrawn(status: OutcomeStatus) -> Callable[[Outcome], bool]:
        return lambda outcome: outcome.status == status and outcome.reason.partition(", ")[0] in reasons

    def pending(outcome: Outcome) -> bool:
        return outcome.status == "pending"

    yield "pending missed", "late", pending, "none of its records is pending"
    yield "pending met", "met", pending, "none of its records is pending"
    yield "withdrawn in time missed", "late", withdrawn("excluded"), "none of its records was withdrawn in time"
    yield "withdrawn late left out", "excluded", withdrawn("late"), "none of its records was withdrawn late"


def _read_otherwise(counts: Tally, target: str, status: OutcomeStatus, concerned: Callable[[Outcome], bool]) -> Results:
    """Return the results of a target where some of its outcomes have another status."""
    basis, blocks = counts.basis, dict(counts.blocks)
    assert basis is not None  # noqa: S101  (something was asked for)
    for key, block in counts.blocks.items():
        if key.target == target and any(map(concerned, block.outcomes)):
            # The reason keeps them apart from those that have the status already.
            outcomes = tuple(
                item._replace(status=status, reason=item.reason or item.status) if concerned(item) else item
                for item in block.outcomes
            )
            blocks[key] = Block.of(block.groups, outcomes, block.keys, block.sums)
    every, cohorts = {target: basis.every[target]}, {target: basis.cohorts[target]}
    return Results.of(replace(counts, basis=replace(basis, every=every, cohorts=cohorts), blocks=blocks))


def _reason(message: str) -> str:
    """Return why something can't be declared, without what to do about it."""
    return message.removeprefix("Value error, ").partition(";")[0].removeprefix("clock: ").rstrip(".")
