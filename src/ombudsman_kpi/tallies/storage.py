"""Tallies at rest: written as Arrow, Parquet or JSON, and read back equal, or refused in one sentence."""

import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ConfigDict, Field

from ombudsman_kpi.arrays.arrow_memory import arrow_numbers, arrow_text, arrow_word, integers
from ombudsman_kpi.arrays.types import Integers
from ombudsman_kpi.calendars.periods import Every, Grain, Numbering
from ombudsman_kpi.clocks.outcomes import STATUSES, Cohort, CountedBy, Outcome
from ombudsman_kpi.errors import KpiError, OptionError
from ombudsman_kpi.events.as_of import parse_as_of
from ombudsman_kpi.events.log import Misfit
from ombudsman_kpi.measures.base.target import Target
from ombudsman_kpi.records.conditions import is_none
from ombudsman_kpi.records.models import Model
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.tallies.basis import Basis, check_days_off
from ombudsman_kpi.tallies.block import NO_PERIOD, Block, Key
from ombudsman_kpi.tallies.counts import Counts

LAYOUT = 2  # of what is written; another number means that what is read here may mean something else there
_FIRST = 1  # the layout of release 0.1: what a mark says now stood in the reason alone, and there was no ``days_off``

_ABOUT = b"ombudsman_kpi"  # where an Arrow table has what the cells are of
_WORDS = (*Key._fields, *Outcome._fields)
_SUMS = ("records", "below", "provisional")
_NUMBERS = ("period", "elapsed", *_SUMS)


class About(Model):
    """What is written beside the cells: by what they were counted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    layout: int
    settled: bool
    scheme: dict[str, Any] | None = None  # none of a tally of nothing
    digest: str = ""
    calendar: str = ""  # the edition of the whole calendar
    days_off: str | None = None  # the edition until the last day that can have made a difference
    as_of: str = ""
    by: tuple[str, ...] = ()
    every: dict[str, tuple[Every | None, ...]] = Field({})
    cohorts: dict[str, tuple[Cohort, ...]] = Field({})
    report: str | None = Field(None, exclude_if=is_none)
    measured: tuple[tuple[str, CountedBy, Grain], ...] = ()
    unmeasured: dict[str, str] = Field({})
    notes: dict[str, frozenset[str]] = Field({})
    misfits: dict[str, dict[str, int]] = Field({})

    @classmethod
    def of(cls, tally: Counts) -> "About":
        """Return by what a tally was counted."""
        if tally.basis is None:
            return cls(layout=LAYOUT, settled=True)
        basis = tally.basis
        return cls(
            layout=LAYOUT,
            settled=tally.settled,
            scheme=basis.scheme.model_dump(mode="json", exclude_unset=True),
            digest=basis.scheme.digest,
            calendar=basis.scheme.calendar.edition,
            days_off=basis.days_off,
            as_of=basis.as_of,
            by=basis.by,
            every=dict(basis.every),
            cohorts=dict(basis.cohorts),
            report=basis.report,
            measured=tuple(tally.blocks),
            unmeasured=dict(tally.unmeasured),
            notes=dict(tally.notes),
            misfits={name: {str(item): n for item, n in counts.items()} for name, counts in tally.misfits.items()},
        )

    def plain(self) -> dict[str, Any]:
        """Return it as JSON has it, in the same order each time."""
        return {**self.model_dump(mode="json"), "notes": {name: sorted(texts) for name, texts in self.notes.items()}}


def to_arrow(tally: Counts) -> Any:
    """Return the counts as an Arrow table, one row a cell, with the basis in its metadata."""
    import pyarrow as pa

    by = tally.basis.by if tally.basis else ()
    keys, blocks = tuple(tally.blocks), tuple(tally.blocks.values())
    which = np.repeat(np.arange(len(blocks)), [len(block.records) for block in blocks])
    columns = {name: _spelt([([key[place] for key in keys], which)]) for place, name in enumerate(Key._fields)}
    columns["period"] = _joined([block.period for block in blocks])
    for place, name in enumerate(by):
        columns[f"by {name}"] = _spelt([([group[place] for group in block.groups], block.group) for block in blocks])
    for place, name in enumerate(Outcome._fields):
        columns[name] = _spelt([([entry[place] for entry in block.outcomes], block.outcome) for block in blocks])
    for name in ("elapsed", *_SUMS):
        columns[name] = _joined([getattr(block, name) for block in blocks])
    return pa.table(columns).replace_schema_metadata({_ABOUT: json.dumps(About.of(tally).plain())})


def _spelt(parts: Sequence[tuple[Sequence[str], Integers]]) -> Any:
    """Return codes written out: for each part the categories, and which of its entries each cell has."""
    import pyarrow as pa

    arrays = [arrow_text(categories).take(arrow_numbers(codes)) for categories, codes in parts if len(codes)]
    return pa.chunked_array(arrays, pa.string()).combine_chunks()


def _joined(parts: Sequence[Integers]) -> Any:
    return arrow_numbers(np.concatenate([np.empty(0, np.int64), *parts]))


def from_arrow(table: Any) -> Counts:
    """Return the counts in what ``to_arrow`` gave. Raises ``KpiError`` for any other table."""
    with _reading("This Arrow table", "Tally.to_arrow gives"):
        return _read(json.loads(table.schema.metadata[_ABOUT]), table)


def to_json(tally: Counts) -> str:
    """Return the counts and their basis as JSON."""
    return json.dumps({**About.of(tally).plain(), "cells": to_arrow(tally).to_pydict()})


def from_json(text: str | bytes) -> Counts:
    """Return the counts in what ``to_json`` gave. Raises ``KpiError`` for any other text."""
    import pyarrow as pa

    with _reading("This text", "Tally.to_json gives"):
        content = json.loads(text)
        cells = {name: pa.array(values, _kind_of(name)) for name, values in content.pop("cells").items()}  # noqa: TID251
        return _read(content, pa.table(cells))


def to_parquet(tally: Counts, path: str | Path) -> None:
    """Write a Parquet file: whole, or not at all. Raises ``KpiError`` where it can't be written."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    place, content = _path(path), pa.BufferOutputStream()
    pq.write_table(to_arrow(tally), content)
    try:
        _write_whole(Path(os.path.realpath(place)), content.getvalue())  # a link goes on leading to the file
    except (OSError, ValueError) as error:
        raise KpiError(
            f"The tally can't be written to {place}: {_why(error)}. Nothing was changed there. Name a file in a folder "
            "that is there, that you may write to, and with room on its disk."
        ) from None


def _write_whole(place: Path, content: Any) -> None:
    """Write a file beside the one that it takes the place of, once all of it is on the disk."""
    beside = place.with_name(f".{place.name[:100]}.{secrets.token_hex(6)}.part")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # so that no crash can leave the new name with half of the content
        beside.replace(place)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def from_parquet(path: str | Path) -> Counts:
    """Return the counts in what ``to_parquet`` wrote. Raises ``KpiError`` for any other file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    place = _path(path)
    try:
        content = place.read_bytes()
    except (OSError, ValueError) as error:
        raise KpiError(
            f"There is no tally to be read from {place}: {_why(error)}. Give the file that Tally.to_parquet wrote."
        ) from None
    with _reading(f"The file {place}", "Tally.to_parquet writes, or it is damaged"):
        table = pq.read_table(pa.BufferReader(content))
        return _read(json.loads(table.schema.metadata[_ABOUT]), table)


def _path(path: object) -> Path:
    if not isinstance(path, (str, Path)):
        raise OptionError(f"The path of a Parquet file is wanted, not a value of the kind {type(path).__name__}.")
    return Path(path)


def _why(error: Exception) -> str:
    """Return why a file can't be written or read."""
    return getattr(error, "strerror", None) or "no file can be called so"


@contextmanager
def _reading(what: str, wanted: str) -> Iterator[None]:
    """Turn whatever goes wrong while something is read into one sentence; what it holds isn't shown."""
    try:
        yield
    except _NoTallyError:
        raise KpiError(f"{what} is no tally: it isn't what {wanted}.") from None
    except KpiError:
        raise
    except Exception:  # of any kind: there are many ways to be no tally
        raise KpiError(f"{what} is no tally: it isn't what {wanted}.") from None


class _NoTallyError(KpiError):
    """What is read contradicts itself."""


def _read(content: Mapping[str, Any], table: Any) -> Counts:
    """Return a tally made again from its parts. Raises ``_NoTallyError`` where they don't fit together."""
    layout = content["layout"]
    if isinstance(layout, int) and layout > LAYOUT:
        raise KpiError(
            f"This tally was written by a later release of ombudsman-kpi: its layout is {layout}, and this one reads "
            f"{LAYOUT}. Install the later release, or count again."
        )
    _agree(layout in {_FIRST, LAYOUT})
    about = About.model_validate(content)
    if about.scheme is None:
        _agree(about == About(layout=layout, settled=about.settled) and not len(table))
        return Counts.zero()
    _agree((about.days_off is None) == (layout == _FIRST))
    basis = _basis_of(about)
    scheme = basis.scheme
    _check_keys(about, scheme)
    blocks = {Key(*key): Block.nothing() for key in about.measured}
    old = layout == _FIRST
    for key, block in _blocks(_with_marks(table) if old else table, about.by):
        _agree(key in blocks)
        _check_cells(key, block, scheme)
        blocks[key] = _marked(block, scheme[key.target]) if old else block
    misfits = {name: {Misfit.read(text): n for text, n in counts.items()} for name, counts in about.misfits.items()}
    return Counts(basis, blocks, about.unmeasured, about.notes, misfits, about.settled)


def _with_marks(table: Any) -> Any:
    """Return a table of layout 1 with empty marks."""
    import pyarrow as pa

    return table.append_column("mark", pa.repeat(arrow_word(""), len(table)))


def _marked(block: Block, target: Target) -> Block:
    """Return a block of layout 1 with the marks that its measure reads off the reasons."""
    outcomes = tuple(target.from_layout_1(outcome) for outcome in block.outcomes)
    return Block.of(block.groups, outcomes, block.keys, block.sums)


def _agree(agrees: bool) -> None:  # noqa: FBT001
    if not agrees:
        raise _NoTallyError


def _basis_of(about: About) -> Basis:
    """Return by what was counted. Raises ``KpiError`` where the scheme, or a day off, isn't what it was."""
    scheme = Scheme.model_validate(about.scheme)
    if scheme.digest != about.digest:
        raise KpiError(
            f"This tally says that it was counted by a scheme of the digest {about.digest}; the scheme in it has "
            f"{scheme.digest}. Either it was changed by hand, or this release knows more options than the one that "
            "wrote it: count again."
        )
    basis = Basis(scheme, about.as_of, about.by, about.every, about.cohorts, about.report)
    _agree(str(parse_as_of(about.as_of, scheme)) == about.as_of)
    check_days_off(basis, about.calendar, about.days_off, "This tally was counted", "count again")
    return basis


def _check_keys(about: About, scheme: Scheme) -> None:
    """See to it that every target that was asked for was counted as it was asked for, or says why not."""
    targets, measured = {target.id: target for target in scheme.targets}, {Key(*key) for key in about.measured}
    _agree(about.every.keys() == about.cohorts.keys() <= targets.keys())
    _agree(about.unmeasured.keys() <= about.every.keys() and len(set(about.by)) == len(about.by))
    for name, periods in about.every.items():
        target = targets[name]
        _agree(bool(periods) and bool(about.cohorts[name]))
        grains = {target.grain_for(every) for every in periods}
        if name not in about.unmeasured:
            _agree({Key(name, cohort, grain) for cohort in about.cohorts[name] for grain in grains} <= measured)
    for key in measured:  # of those that nobody asked for too: what a sample was drawn from
        _agree(key.target in targets and key.target not in about.unmeasured)
        _agree(key.cohort in {*targets[key.target].cohorts, *targets[key.target].counts_besides})
        _agree((key.grain == "day") == targets[key.target].counted_daily)


def _check_cells(key: Key, block: Block, scheme: Scheme) -> None:
    """See to it that cells are of periods and outcomes that there can be."""
    numbering = Numbering.of_days(scheme.calendar.first, scheme.calendar.last, key.grain)
    first, last = numbering.before + 1, numbering.before + int(numbering.table.max())
    _agree(bool(np.all((block.period == NO_PERIOD) | ((block.period >= first) & (block.period <= last)))))
    _agree(bool(np.all(block.elapsed >= -1)))
    _agree(all(outcome.status in STATUSES for outcome in block.outcomes))


def _kind_of(name: str) -> Any:
    import pyarrow as pa

    return pa.int64() if name in _NUMBERS else pa.string()


def _blocks(table: Any, by: tuple[str, ...]) -> Iterator[tuple[Key, Block]]:
    """Yield the blocks that the rows of a table are of."""
    grouped = tuple(f"by {name}" for name in by)
    _agree(sorted(table.column_names) == sorted((*_WORDS, *_NUMBERS, *grouped)))
    columns = {name: table.column(name).cast(_kind_of(name)).combine_chunks() for name in table.column_names}
    _agree(not any(column.null_count for column in columns.values()))
    keys, of_key = _numbered([columns[name] for name in Key._fields], len(table))
    groups, group = _numbered([columns[name] for name in grouped], len(table))
    outcomes, outcome = _numbered([columns[name] for name in Outcome._fields], len(table))
    numbers = {name: integers(columns[name], 0) for name in _NUMBERS}
    order = np.argsort(of_key, kind="stable")
    ends = np.cumsum(np.bincount(of_key, minlength=len(keys)))
    for key, rows in zip(keys, np.split(order, ends[:-1]), strict=True) if keys else ():
        own_groups, own_group = _used(groups, group[rows])
        own_outcomes, own_outcome = _used(outcomes, outcome[rows])
        parts = {name: column[rows] for name, column in numbers.items()}
        yield Key(*key), Block.of(
            tuple(own_groups), tuple(Outcome(*entry) for entry in own_outcomes),
            (own_group, parts["period"], own_outcome, parts["elapsed"]), tuple(parts[name] for name in _SUMS),
        )  # fmt: skip


def _numbered(columns: Sequence[Any], size: int) -> tuple[list[tuple[Any, ...]], Integers]:
    """Return the different rows of some columns of text, and the number of each row's among them."""
    code = np.zeros(size, np.int64)
    for column in columns:
        encoded = column.dictionary_encode()
        code = code * len(encoded.dictionary) + integers(encoded.indices, 0)
        _, code = np.unique(code, return_inverse=True)  # numbers without gaps: their product can't grow too large
    distinct, first, code = np.unique(code, return_index=True, return_inverse=True)
    rows = [column.take(arrow_numbers(first)).to_pylist() for column in columns]
    return list(zip(*rows, strict=True)) if rows else [()] * len(distinct), code


def _used(categories: list[tuple[Any, ...]], codes: Integers) -> tuple[list[tuple[Any, ...]], Integers]:
    """Return the categories that some codes use, and the codes by their new places."""
    used, codes = np.unique(codes, return_inverse=True)
    return [categories[place] for place in used.tolist()], codes
