"""Looking at all records once: each batch by the rules for batches, and what is kept of it for the others."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ombudsman_kpi.arrays.fingerprints import fingerprints
from ombudsman_kpi.arrays.threads import in_threads
from ombudsman_kpi.checks.finding import SHOWN
from ombudsman_kpi.checks.look import BatchSeen, KindSeen, Look
from ombudsman_kpi.checks.rules import OF_BATCHES
from ombudsman_kpi.checks.survey import Asked, Survey
from ombudsman_kpi.errors import RecordsError
from ombudsman_kpi.events.as_known import AsKnownBatch
from ombudsman_kpi.events.as_of import AsOf
from ombudsman_kpi.measures.base.related import Related
from ombudsman_kpi.measures.base.target import Rule
from ombudsman_kpi.records.batch import Batch
from ombudsman_kpi.records.repeats import contents_of
from ombudsman_kpi.records.tables import Table
from ombudsman_kpi.records.vocabulary import IDS_OF_EVENTS, PERIOD, Field
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.plan import PlanStep, Progress, related_of, why_not

_WORDS = {"kind", "event", *IDS_OF_EVENTS.values()}  # fields of text that some rule reads


def survey_of(
    scheme: Scheme,
    at: AsOf,
    plan: Sequence[PlanStep],
    tables: dict[str, Table],
    asked: Asked,
    progress: Progress | None,
) -> Survey:
    """Return what was seen of all records. Nothing in them that can't be read stops it."""
    survey = Survey(scheme, at, plan, Related(tables, at, scheme), asked)
    try:
        survey.related = related_of(tables, plan, at, scheme)
    except RecordsError as error:
        survey.unmeasured |= dict.fromkeys((step.target.id for step in plan), str(error))
    rules = _rules(survey)
    for kind, table in tables.items():
        _look_at(survey, kind, table, rules.get(kind, []), progress)
    made = [kind for kind in survey.related.tables if kind not in tables]  # cases, of events
    for kind in made:
        _look_at(survey, kind, survey.related.tables[kind], rules.get(kind, []), None)
        survey.made[kind] = survey.kinds.pop(kind)
    return survey


def _rules(survey: Survey) -> dict[str, list[Rule]]:
    """Return the rules for each kind of records, of those targets that can be measured on them."""
    rules: dict[str, list[Rule]] = defaultdict(list)
    for step in survey.plan:
        if step.target.id in survey.unmeasured:
            continue
        try:
            if why_not(step, survey.related.tables) is not None:
                continue
            own = [*step.target.rules(survey.related)]
            for kind, rule in own:
                rule.fields(survey.related.tables[kind])
        except (RecordsError, ValueError) as error:
            survey.unmeasured[step.target.id] = str(error)
            continue
        for kind, rule in own:
            rules[kind].append(rule)
    return rules


def _look_at(survey: Survey, kind: str, table: Table, rules: Sequence[Rule], progress: Progress | None) -> None:
    """Look at one kind of records, batch by batch, in several threads."""
    seen = survey.kinds[kind] = KindSeen(table)
    work = _Looking(survey, seen, rules, survey.scheme.kinds_of(kind))
    try:
        for part in in_threads(work.look, table.batches(work.names)):
            seen.parts.append(part)
            if progress is not None:
                progress(kind, part.offset + part.size)
    except RecordsError as error:  # the file breaks off, or its ids can't be read
        seen.unreadable["(all)"] = str(error)


@dataclass(eq=False)
class _Looking:
    """Looks at the batches of one kind of records."""

    survey: Survey
    seen: KindSeen
    rules: Sequence[Rule]
    kinds: frozenset[str] | None
    names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        table = self.seen.table
        needed = [name for rule in self.rules for name in rule.fields(table)]
        own = [
            item.name
            for item in table.fields.values()
            if table.has(item.name) and (item.kind != "text" or item.name in _WORDS)
        ]
        named = (table.named_by, *table.numbers, PERIOD)
        others = [name for name in named if name is not None and table.has(name)]
        if not self._has_ids:
            mapped = set(table.columns.values())
            others += [*table.columns, *(name for name in table.source.names if name not in mapped)]
        self.names = list(dict.fromkeys([*needed, *own, *others])) or list(table.source.names[:1])

    @property
    def _has_ids(self) -> bool:
        table = self.seen.table
        return table.id_field is not None and table.has(table.id_field)

    def look(self, batch: Batch) -> BatchSeen:
        """Return what is kept of a batch."""
        fields = self._fields(batch)
        known = AsKnownBatch(batch, self.survey.at, self.survey.scheme)
        look = Look(
            known,
            self._readable(fields),
            self.survey.related,
            fields,
            self.kinds,
            self.survey.worked_out,
            self.survey.unmeasured,
        )
        zone = self.survey.scheme.zone
        table, sharing = batch.table, np.empty(0, np.int64)
        if self._has_ids and len(table.shared_ids):
            sharing = np.flatnonzero(batch.are_among(table.shared_ids))
        return BatchSeen(
            batch.offset,
            batch.before,
            batch.place,
            len(batch),
            batch.text(table.named_by) if table.named_by is not None and table.named_by in batch.columns else None,
            {name: batch.times(name).days(zone) for name in look.of_kind("time")},
            sharing,
            None if self._has_ids or table.is_published else fingerprints(contents_of(batch, np.arange(len(batch))))[0],
            tuple(self._found(look)),
        )

    def _fields(self, batch: Batch) -> dict[str, Field]:
        """Return the fields of a batch that can be read, and note why others can't."""
        fields = {}
        for name, item in batch.table.fields.items():
            if name not in batch.columns:
                continue
            try:
                _ = batch.times(name) if item.kind == "time" else batch.words(name) if item.kind != "text" else None
            except RecordsError as error:
                self.seen.unreadable.setdefault(name, str(error))
            else:
                fields[name] = item
        return fields

    def _readable(self, fields: Mapping[str, Field]) -> list[Rule]:
        """Return the rules of which every field can be read."""
        table = self.seen.table
        broken = {name for name in table.fields if table.has(name)} - {*fields} & {*self.seen.unreadable}
        return [rule for rule in self.rules if not broken.intersection(rule.fields(table))]

    def _found(self, look: Look) -> list[tuple[str, str, str | None, int, Any]]:
        found = []
        for rule in OF_BATCHES:
            try:
                marks = [*rule.find(look)]
            except RecordsError as error:
                self.survey.unmeasured.setdefault(rule.id, str(error))
                continue
            for mark in marks:
                count = int(np.count_nonzero(mark.where))
                if count:
                    found.append((rule.id, mark.says, mark.field, count, np.flatnonzero(mark.where)[:SHOWN]))
        return found
