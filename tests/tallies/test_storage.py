"""Tallies at rest: Arrow, Parquet and JSON give back what was written, or one clear error; days are moved by ``at``."""

import errno
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ombudsman_kpi import CoverageError, KpiError, OptionError, Scheme, Tally, load_scheme, settled, tally
from ombudsman_kpi.events.log import Misfit, MisfitKind
from ombudsman_kpi.tallies import storage

DAY = "2024-04-30"
ABOUT = b"ombudsman_kpi"
ODD = ["a,b", "two\nlines", "", None, "Ængus 😀", 'quo"te', "  padded ", "(not recorded)", "null", "0"]

fuzz = settings(
    max_examples=settings().max_examples * 3 // 2, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def lgsco() -> Scheme:
    return load_scheme("lgsco")


@pytest.fixture(scope="module")
def whole(lgsco: Scheme) -> Tally:
    """Give a tally with everything that one can have: odd groups, notes, misfits, what isn't measured."""
    cases = [
        {
            "case_id": f"C{number}",
            "received_at": f"2024-01-{number + 2:02}",
            "decided_at": None if number % 3 else f"2024-03-{number + 2:02}",
            "allocated_at": f"2024-01-{number + 4:02}",
            "team": ODD[number % len(ODD)],
            "office, or\nsite": ODD[-1 - number % len(ODD)],
        }
        for number in range(20)
    ]
    events = [
        {"case_id": "C1", "event": name, "at": "2024-02-02", "party": "complainant", "direction": "out"}
        for name in ("contact", "phoned", "phoned", "Ængus")
    ]
    calls = [{"offered_at": "2024-02-01T09:00:00", "answered_at": "2024-02-01T09:00:20.000001", "abandoned_at": None}]
    return tally(
        lgsco, cases=cases, events=events, calls=calls, as_of=DAY, by=["team", "office, or\nsite"],
        every=["month", "week", None], cohort="all",
    )  # fmt: skip


@pytest.fixture(scope="module")
def small(lgsco: Scheme) -> Tally:
    """Give a tally that is small enough to change anything in it."""
    cases = [{"case_id": "A", "received_at": "2024-01-04", "decided_at": "2024-01-10", "team": "North"}]
    calls = [{"offered_at": "2024-02-01T09:00:00", "answered_at": None, "abandoned_at": None}]
    return tally(lgsco, cases=cases, calls=calls, as_of=DAY, by="team", every=["month", "week"])


def through_file(counted: Tally, folder: Path) -> Tally:
    counted.to_parquet(folder / "tally.parquet")
    return Tally.from_parquet(folder / "tally.parquet")


def assert_the_same(found: Tally, expected: Tally) -> None:
    """Compare all that a tally has, also what equality doesn't look at."""
    assert found == expected
    assert dict(found.blocks) == dict(expected.blocks)
    assert found.blocks.keys() == expected.blocks.keys()
    for name in ("unmeasured", "notes", "misfits"):
        assert getattr(found, name) == getattr(expected, name)
    assert found.settled == expected.settled
    assert found.basis == expected.basis


def test_everything_that_a_tally_has_comes_back(whole: Tally, tmp_path: Path) -> None:
    assert whole.notes
    assert whole.misfits
    assert whole.unmeasured
    assert any("\n" in name for block in whole.blocks.values() for group in block.groups for name in group)
    for again in (
        Tally.from_arrow(whole.to_arrow()),
        Tally.from_json(whole.to_json()),
        Tally.from_json(whole.to_json().encode()),
        through_file(whole, tmp_path),
    ):
        assert_the_same(again, whole)
        assert again.results().to_dict() == whole.results().to_dict()
        assert again.to_json() == whole.to_json()


def test_what_was_not_understood_is_written_in_words(whole: Tally) -> None:
    """As the first release wrote it, so that its tallies add up with later ones."""
    assert json.loads(whole.to_json())["misfits"]["keep-in-touch-20wd"] == {
        "of the kind phoned": 2,
        "of the kind Ængus": 1,
    }
    words = {str(Misfit(kind, "x")): Misfit(kind, "x") for kind in MisfitKind}
    assert len(words) == len(MisfitKind)
    assert {text: Misfit.read(text) for text in words} == words


def test_empty_and_negative_tallies_come_back(lgsco: Scheme, whole: Tally, tmp_path: Path) -> None:
    for counted in (
        Tally.zero(),
        tally(lgsco, as_of=DAY),
        tally(lgsco, cases=[], as_of=DAY),
        whole - whole - whole,
        settled(lgsco, cases=[], as_of=DAY).tally,
    ):
        for again in (
            Tally.from_arrow(counted.to_arrow()),
            Tally.from_json(counted.to_json()),
            through_file(counted, tmp_path),
        ):
            assert_the_same(again, counted)


def test_a_tally_of_instants_comes_back(lgsco: Scheme, tmp_path: Path) -> None:
    counted = tally(lgsco, calls=[{"offered_at": "2024-02-01T09:00:00", "answered_at": None}], as_of=f"{DAY}T12:00:00")
    assert_the_same(through_file(counted, tmp_path), counted)


def test_cells_in_any_order_and_coded_words_are_the_same_tally(whole: Tally) -> None:
    table = whole.to_arrow()
    turned = table.take(list(range(len(table)))[::-1]).select(table.column_names[::-1])
    assert_the_same(Tally.from_arrow(turned), whole)
    coded = turned.set_column(turned.column_names.index("target"), "target",
                              turned["target"].dictionary_encode())  # fmt: skip
    assert_the_same(Tally.from_arrow(coded), whole)


def answered(read: Callable[[], Any]) -> None:
    """Ask for something that may be refused in one sentence, and in no other way."""
    with suppress(KpiError):
        read()


# Files


def test_a_file_takes_the_place_of_another_whole_or_not_at_all(
    whole: Tally, lgsco: Scheme, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tally.parquet"
    before = tally(lgsco, as_of=DAY)
    before.to_parquet(path)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for place, name in ((os, "fsync"), (Path, "replace")):
        with monkeypatch.context() as broken:
            broken.setattr(place, name, full)
            with pytest.raises(KpiError, match=r"can't be written to .*tally\.parquet: No space left on device"):
                whole.to_parquet(path)
        assert [item.name for item in tmp_path.iterdir()] == ["tally.parquet"]
        assert_the_same(Tally.from_parquet(path), before)


def test_a_killed_write_leaves_what_was_there(whole: Tally, lgsco: Scheme, tmp_path: Path) -> None:
    path = tmp_path / "tally.parquet"
    tally(lgsco, as_of=DAY).to_parquet(path)
    (tmp_path / "whole.json").write_text(whole.to_json())
    program = (
        "import os, sys; from pathlib import Path; from ombudsman_kpi import Tally; os.fsync = lambda _: os._exit(9); "
        "Tally.from_json(Path(sys.argv[1]).read_text()).to_parquet(sys.argv[2])"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path / "whole.json"), str(path)], check=False)
    assert killed.returncode == 9
    assert_the_same(Tally.from_parquet(path), tally(lgsco, as_of=DAY))


def test_a_file_has_the_rights_that_others_have_and_a_link_goes_on_leading_to_it(whole: Tally, tmp_path: Path) -> None:
    other, path, link = tmp_path / "other", tmp_path / "tally.parquet", tmp_path / "link"
    other.touch()
    link.symlink_to(path)
    whole.to_parquet(str(link))
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(other.stat().st_mode)
    assert_the_same(Tally.from_parquet(str(link)), whole)


@pytest.mark.parametrize("name", ["no/such/folder/tally.parquet", ".", "nul\0", "x" * 300], ids=repr)
def test_what_cannot_be_written_says_so(whole: Tally, tmp_path: Path, name: str) -> None:
    with pytest.raises(KpiError, match=r"The tally can't be written to .* Name a file"):
        whole.to_parquet(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["missing.parquet", ".", "nul\0", "x" * 300], ids=repr)
def test_what_cannot_be_read_says_so(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        KpiError, match=r"There is no tally to be read from .* Give the file that Tally\.to_parquet wrote"
    ):
        Tally.from_parquet(tmp_path / name)


@pytest.mark.parametrize("path", [None, 3, b"tally.parquet"], ids=repr)
def test_a_path_is_wanted(whole: Tally, path: Any) -> None:
    for refuse in (whole.to_parquet, Tally.from_parquet):
        with pytest.raises(OptionError, match="path of a Parquet file is wanted"):
            refuse(path)


def test_another_file_is_no_tally(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    pq.write_table(pa.table({"target": ["A"]}), path)
    for content in (path.read_bytes(), b"", b"PAR1", b"case_id,received_at\n"):
        path.write_bytes(content)
        with pytest.raises(KpiError, match=r"other.parquet is no tally: it isn't what Tally.to_parquet writes"):
            Tally.from_parquet(path)


@fuzz
@given(data=st.data())
def test_a_damaged_file_is_refused_or_reads_the_same(whole: Tally, tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "damaged.parquet"
    whole.to_parquet(path)
    content = bytearray(path.read_bytes())
    size = data.draw(st.integers(0, len(content)))
    if data.draw(st.booleans()):
        content = content[:size]
    else:
        content[min(size, len(content) - 1)] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    answered(lambda: Tally.from_parquet(path).to_json())


# What is no tally

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@fuzz
@given(text=st.text() | st.binary() | json_values.map(json.dumps))
def test_any_other_text_is_refused_in_one_sentence(text: str | bytes) -> None:
    with pytest.raises(KpiError, match=r"This text is no tally: it isn't what Tally.to_json gives"):
        Tally.from_json(text)


@fuzz
@given(ways=st.lists(st.integers(0, 2**16), min_size=1, max_size=5), wrong=st.just(...) | json_values)
def test_json_with_any_part_changed_is_refused_or_still_a_tally(small: Tally, ways: list[int], wrong: Any) -> None:
    content = json.loads(small.to_json())
    place, last = content, sorted(content)[ways[0] % len(content)]
    for way in ways[1:]:
        if not isinstance(place[last], (dict, list)) or not place[last]:
            break
        place = place[last]
        last = list(place)[way % len(place)] if isinstance(place, dict) else way % len(place)
    if wrong is ...:
        del place[last]
    else:
        place[last] = wrong
    answered(lambda: Tally.from_json(json.dumps(content)).results().to_dict())


@fuzz
@given(data=st.data())
def test_arrow_with_any_cell_changed_is_refused_or_still_a_tally(small: Tally, data: st.DataObject) -> None:
    table = small.to_arrow()
    name = data.draw(st.sampled_from(table.column_names))
    cells = table[name].to_pylist()
    wrong = st.none() | (st.text(max_size=3) if isinstance(cells[0], str) else st.integers(-(2**62), 2**62))
    cells[data.draw(st.integers(0, len(cells) - 1))] = data.draw(wrong)
    place = table.column_names.index(name)
    other = table.set_column(place, name, pa.array(cells, table.schema.field(name).type))
    answered(lambda: Tally.from_arrow(other).to_json())


@pytest.mark.parametrize("other", [None, 1, "text", [], {}, pa.table({"a": [1]}), pa.array([1])], ids=str)
def test_what_is_no_arrow_table_of_a_tally_is_refused(other: Any) -> None:
    with pytest.raises(KpiError, match=r"This Arrow table is no tally: it isn't what Tally.to_arrow gives"):
        Tally.from_arrow(other)


def changed(counted: Tally, **changes: Any) -> list[Any]:
    """Give ways to read a tally of which some things beside the cells are said otherwise."""
    table = counted.to_arrow()
    about = json.loads(table.schema.metadata[ABOUT]) | changes
    about = {name: value for name, value in about.items() if value is not ...}
    text = json.dumps({**about, "cells": table.to_pydict()})
    table = table.replace_schema_metadata({ABOUT: json.dumps(about)})
    return [lambda: Tally.from_json(text), lambda: Tally.from_arrow(table)]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param({"layout": 3}, "written by a later release of ombudsman-kpi: its layout is 3, and this one reads "
                     "2. Install the later release, or count again", id="later"),
        pytest.param({"layout": 3, "new": 1, "by": {}}, "written by a later release", id="later-and-more"),
        pytest.param({"layout": 0}, "no tally", id="no-layout-that-was"),
        pytest.param({"layout": ...}, "no tally", id="without-a-layout"),
        pytest.param({"new": 1}, "no tally", id="more-than-there-is"),
        pytest.param({"digest": "0123456789ab"}, "a scheme of the digest 0123456789ab; the scheme in it has .* count "
                     "again", id="digest"),
        pytest.param({"calendar": "0123456789ab", "days_off": "0123456789ab"}, "calendar edition 0123456789ab; .* Days "
                     "off have changed: count again", id="calendar"),
        pytest.param({"days_off": None}, "no tally", id="without-its-days-off"),
        pytest.param({"layout": 1}, "no tally", id="more-than-layout-1-had"),
        pytest.param({"layout": 1, "days_off": ..., "calendar": "0123456789ab"}, "calendar edition 0123456789ab; .* "
                     "Days off have changed: count again", id="calendar-of-layout-1"),
        pytest.param({"as_of": "2024-04-31"}, "as_of isn't a date", id="no-day"),
        pytest.param({"as_of": "1800-01-01"}, "outside the scheme's calendar", id="no-day-of-the-calendar"),
        pytest.param({"as_of": " 2024-04-30"}, "no tally", id="a-day-written-otherwise"),
        pytest.param({"by": ["team"]}, "no tally", id="other-groups"),
        pytest.param({"every": {}}, "no tally", id="other-targets"),
        pytest.param({"every": {"nobody": ["month"]}, "cohorts": {"nobody": ["closed"]}}, "no tally", id="no-target"),
        pytest.param({"measured": []}, "no tally", id="nothing-measured"),
        pytest.param({"unmeasured": {}}, "no tally", id="nothing-unmeasured"),
        pytest.param({"settled": "perhaps"}, "no tally", id="perhaps-settled"),
        pytest.param({"scheme": ...}, "no tally", id="without-a-scheme"),
        pytest.param({"scheme": {"id": "other"}}, "no tally", id="half-a-scheme"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused(whole: Tally, changes: dict[str, Any], says: str) -> None:
    for read in changed(whole, **changes):
        with pytest.raises(KpiError, match=says):
            read()


def test_a_scheme_changed_by_hand_is_seen(whole: Tally) -> None:
    scheme = json.loads(whole.to_json())["scheme"]
    scheme["targets"][0]["standard"] = "at least 1%"
    for read in changed(whole, scheme=scheme):
        with pytest.raises(KpiError, match="changed by hand"):
            read()


def test_no_error_shows_what_was_counted(whole: Tally) -> None:
    content = json.loads(whole.to_json())
    content["cells"]["status"][0] = "Jane Doe"
    with pytest.raises(KpiError) as error:
        Tally.from_json(json.dumps(content))
    assert "Jane" not in str(error.value)
    assert error.value.__cause__ is None


def test_periods_that_there_cannot_be_are_refused(whole: Tally) -> None:
    for period in (-2, 10**6, 2**62):
        content = json.loads(whole.to_json())
        content["cells"]["period"][0] = period
        with pytest.raises(KpiError, match="no tally"):
            Tally.from_json(json.dumps(content))


def test_an_empty_cell_is_refused_in_every_column(small: Tally) -> None:
    table = small.to_arrow()
    for place, name in enumerate(table.column_names):
        cells = [None, *table[name].to_pylist()[1:]]
        other = table.set_column(place, name, pa.array(cells, table.schema.field(name).type))
        with pytest.raises(KpiError, match="no tally"):
            Tally.from_arrow(other)


# What may not be added


def test_all_that_differs_is_named(lgsco: Scheme) -> None:
    other = lgsco.with_target("investigation-13w", standard="at least 76%")
    here = tally(lgsco, cases=[], as_of="2024-03-30", every="month", cohort="received")
    there = tally(other, cases=[], as_of="2024-03-31", by=[], every=["week", None], cohort="closed")
    with pytest.raises(OptionError) as error:
        _ = here + there
    said = str(error.value)
    for part in (
        f"the digest of the scheme lgsco is {lgsco.digest} here and {other.digest} there",
        "as_of is 2024-03-30 here and 2024-03-31 there",
        "every is month here and week, all together there (of intake-calls-60s, ",
        " more)",
        "cohort is received here and closed there",
        "Tally both by the same scheme and options. What is counted at one day isn't",
    ):
        assert part in said, part


def test_only_the_day_differs_and_the_remedy_is_the_settled_tally(lgsco: Scheme) -> None:
    here, there = (settled(lgsco, cases=[], as_of=day).tally for day in ("2024-03-30", "2024-03-31"))
    for combine in (Tally.__add__, Tally.__sub__):
        with pytest.raises(OptionError, match=r"as_of is 2024-03-30 here and 2024-03-31 there\. .* move it by \.at"):
            combine(here, there)
    assert here != there
    assert here.at("2024-03-31") + there == there


def test_another_scheme_is_named(lgsco: Scheme) -> None:
    with pytest.raises(OptionError, match="the scheme is lgsco here and phso-service-charter there"):
        _ = tally(lgsco, as_of=DAY) + tally(load_scheme("phso-service-charter"), as_of=DAY)


# Moving to a later day


CASES = [
    {"case_id": "A", "received_at": "2024-01-04", "decided_at": "2024-01-10"},
    {"case_id": "B", "received_at": "2024-01-04", "decided_at": None},
]


def test_what_is_settled_is_moved_and_nothing_else(lgsco: Scheme) -> None:
    found = settled(lgsco, cases=CASES, as_of="2024-03-30")
    assert found.open == {"cases": ("B",)}
    moved = found.tally.at("2024-04-30")
    assert moved.basis is not None
    assert moved.basis.as_of == "2024-04-30"
    assert moved == tally(lgsco, cases=CASES[:1], as_of="2024-04-30")
    assert moved.at("2024-04-30") == moved
    with pytest.raises(OptionError, match="as_of 2024-03-30 is before 2024-04-30, when this tally was settled"):
        moved.at("2024-03-30")
    with pytest.raises(OptionError, match="This tally holds at 2024-03-30 only"):
        tally(lgsco, cases=CASES, as_of="2024-03-30").at("2024-04-30")
    with pytest.raises(CoverageError, match="outside the scheme's calendar"):
        moved.at("2099-01-01")
    for nothing in (None, "soon", 3):
        with pytest.raises(OptionError, match="as_of"):
            moved.at(nothing)


def test_a_sum_is_settled_where_both_are(lgsco: Scheme, tmp_path: Path) -> None:
    found, plain = settled(lgsco, cases=CASES, as_of=DAY).tally, tally(lgsco, cases=CASES[:1], as_of=DAY)
    assert found == plain
    assert (found + found).settled
    assert (found - found).settled
    assert not (found + plain).settled
    assert not (plain + found).settled
    for nothing in (Tally.zero(), Tally()):
        assert (found + nothing).settled
        assert (nothing + found).settled
        assert not (nothing + plain).settled
        assert nothing.at("2099-01-01") == nothing
    assert Tally.zero().settled
    for counted in (found, plain):
        for again in (
            Tally.from_json(counted.to_json()),
            Tally.from_arrow(counted.to_arrow()),
            through_file(counted, tmp_path),
        ):
            assert again.settled is counted.settled
    assert repr(found).endswith(f"settled as at {DAY}>")


def test_the_layout_is_written_down(whole: Tally) -> None:
    assert json.loads(whole.to_json())["layout"] == storage.LAYOUT == 2
