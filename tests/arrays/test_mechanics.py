"""The mechanics in C: the same as numpy's, whatever the ids; and what isn't theirs is refused or left to numpy."""

import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import MechanicsWarning, OptionError, RecordsError, load_scheme, measure
from ombudsman_kpi.arrays import compiling, fingerprints, ids, mechanics
from ombudsman_kpi.arrays.arrow_memory import present, text_in
from ombudsman_kpi.arrays.ids import Index, repeated
from ombudsman_kpi.arrays.mechanics import LIBRARY, SWITCH, Mechanics
from ombudsman_kpi.arrays.row_numbers import RowNumbers

sys.path.append(str(Path(__file__).parent))
from weak_fingerprints import WEAK, strong

from both_ways import WAYS, freshly_compiled, the

DIRTY = st.one_of(
    st.none(),
    st.text(max_size=3),
    st.text("A\0é日🙂 ", max_size=20),
    st.text("01", min_size=60, max_size=70).map(lambda text: "CASE-" * 40 + text),
    st.integers(0, 99).map(lambda number: f"CASE-{number:08}"),
)
CHUNKS = st.lists(st.lists(DIRTY, max_size=15), max_size=4)


def answers(chunks: list[list[str | None]], others: list[str | None]) -> list[Any]:
    """Return everything that ids are asked."""
    arrays, wanted = [pa.array(chunk, pa.string()) for chunk in chunks], pa.array(others, pa.string())
    index, numbers = Index.of(arrays), RowNumbers()
    looked_up = [index.find(array).tolist() for array in (*arrays, wanted)]
    numbered = [*(numbers.of(array.drop_null()) for array in arrays), numbers.find(wanted)]
    # Where first fingerprints meet, numpy gives some texts a later number than their order would.
    texts = [*numbers.texts().to_pylist(), None]
    meant = [[texts[number] for number in part.tolist()] for part in numbered]
    shared, missing = repeated(lambda: iter(arrays))
    return [looked_up, index.again.tolist(), index.missing, index.named, meant, sorted(shared.to_pylist()), missing]


@settings(max_examples=settings().max_examples * 2)
@given(CHUNKS, st.lists(DIRTY, max_size=5), st.sampled_from([None, *WEAK]))
def test_both_ways_give_the_same_whatever_the_ids(
    chunks: list[list[str | None]], others: list[str | None], weak: str | None
) -> None:
    found = []
    for way in WAYS:
        with the(way), pytest.MonkeyPatch.context() as patch:
            for module in (ids, sys.modules[RowNumbers.__module__]):
                patch.setattr(module, "two_prints", strong if weak is None else WEAK[weak])
            found.append(answers(chunks, others))
    assert found[0] == found[1]


@given(st.lists(DIRTY, max_size=30), st.integers(0, 5), st.integers(1, 2))
def test_both_ways_give_the_same_fingerprints(cells: list[str | None], begin: int, mixes: int) -> None:
    found = []
    for way in WAYS:
        with the(way):
            prints = fingerprints.fingerprints(
                pa.array(cells, pa.string()).slice(begin), (fingerprints.MIX, np.uint64(0xC2B2AE3D27D4EB4F))[:mixes]
            )
            found.append([part.tolist() for part in prints])
    assert found[0] == found[1]
    assert len(found[0]) == mixes


@pytest.mark.parametrize("bits", [1, 7, 40, 63])
@pytest.mark.parametrize("size", [0, 1, 2, 5000])
def test_numbers_are_sorted_as_by_python(size: int, bits: int) -> None:
    numbers = np.random.default_rng(bits).integers(0, 1 << bits, size)
    expected = sorted(numbers.tolist())
    freshly_compiled().sort(numbers)
    assert numbers.tolist() == expected


@pytest.mark.parametrize("way", WAYS)
def test_numbers_below_0_are_sorted_too(way: str) -> None:
    numbers = np.random.default_rng(1).integers(-9, 9, 5000)
    expected = sorted(numbers.tolist())
    with the(way):
        mechanics.sort(numbers)
    assert numbers.tolist() == expected


# What C is handed.

ONE, WORDS = np.ones(1, np.int64), np.zeros(8, np.uint64)
REFUSED: dict[str, Callable[[Mechanics], Any]] = {
    "too few second fingerprints": lambda c: c.find(WORDS, WORDS[:7], WORDS, WORDS),
    "numbers of another kind": lambda c: c.find(WORDS, WORDS.astype(np.int64), WORDS, WORDS),
    "numbers that don't lie side by side": lambda c: c.find(WORDS[::2], WORDS[::2], WORDS, WORDS),
    "a table that is no power of two": lambda c: c.find(WORDS, WORDS, WORDS[:7], WORDS),
    "a table without slots": lambda c: c.find(WORDS, WORDS, WORDS[:1], WORDS),
    "a table without a free slot": lambda c: c.number(WORDS, WORDS, WORDS.copy(), WORDS.copy(), 0),
    "a table with too few numbers": lambda c: c.number(WORDS[:4], WORDS, WORDS.copy(), WORDS[:3].copy(), 0),
    "too few truths": lambda c: c.number(WORDS[:4], WORDS, WORDS.copy(), WORDS, 0, np.ones(3, np.bool_)),
    "more numbers than a slot can hold": lambda c: c.number(ONE.view(np.uint64), WORDS, WORDS, WORDS, (1 << 28) - 1),
    "a point in no row": lambda c: c.intervals(ONE << 23, ONE, ONE, 23, 0),
    "a point before all rows": lambda c: c.intervals(-ONE, ONE, ONE, 23, 0),
    "too few ends": lambda c: c.intervals(ONE, ONE, ONE[:0], 23, 0),
    "too few bytes": lambda c: c.prints(np.array([0, 9], np.int32), WORDS.view(np.uint8)[:8], (np.uint64(1),)),
    "offsets of another kind": lambda c: c.prints(np.array([0, 9]), WORDS.view(np.uint8), (np.uint64(1),)),
    "numbers half as long": lambda c: c.sort(np.ones(4, np.int32)),
}


@pytest.mark.parametrize("what", list(REFUSED))
def test_what_has_another_shape_never_reaches_c(what: str) -> None:
    with pytest.raises(ValueError, match=r"C takes|the table|a table|in no lane|must be"):
        REFUSED[what](freshly_compiled())


def laid_out(kind: Any, size: int, offsets: bytes, content: bytes) -> Any:
    return pa.Array.from_buffers(kind, size, [None, pa.py_buffer(offsets), pa.py_buffer(content)])


def places(*numbers: int, kind: Any = np.int32) -> bytes:
    return np.array(numbers, kind).tobytes()


def encoded(codes: list[int], words: Any) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), words, safe=False)


# What pyarrow lets through: it looks at the first offset and the last one.
BROKEN: dict[str, Callable[[], Any]] = {
    "offsets that fall": lambda: laid_out(pa.string(), 3, places(0, 3, 2, 4), b"A1B2"),
    "offsets beyond the bytes": lambda: laid_out(pa.string(), 3, places(0, 900, 2, 4), b"A1B2"),
    "offsets below 0": lambda: laid_out(pa.string(), 3, places(0, -900, 2, 4), b"A1B2"),
    "large offsets beyond the bytes": lambda: laid_out(
        pa.large_string(), 3, places(0, 1 << 40, 2, 4, kind=np.int64), b"A1B2"
    ),
    "words that aren't there": lambda: encoded([0, 7], pa.array(["A1"])),
    "words that are broken": lambda: encoded([0, 1], laid_out(pa.string(), 2, places(0, 900, 4), b"A1B2")),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", list(BROKEN))
@pytest.mark.parametrize("handed", ["table", "stream", "pandas"])
def test_arrow_memory_that_is_laid_out_wrongly_is_refused(what: str, way: str, handed: str) -> None:
    broken = BROKEN[what]()
    table = pa.table({"case_id": broken, "received_at": pa.nulls(len(broken), pa.date32())})
    refused = pytest.raises(RecordsError, match=r"cases: case_id isn't laid out in memory as Arrow has it: .* a file")
    cases = table
    if handed == "stream":
        cases = table.to_reader()
    elif handed == "pandas":
        cases = pd.DataFrame(
            {name: pd.Series(pd.arrays.ArrowExtensionArray(table[name]), name=name) for name in table.column_names}
        )
    with the(way), refused:
        measure(load_scheme("lgsco"), cases=cases, as_of="2024-03-31")


class Handed(NamedTuple):
    """An array that pyarrow itself would refuse to make."""

    size: int
    kept: tuple[bytes | None, bytes | None, bytes | None]
    offset: int = 0
    null_count: int = 1

    def buffers(self) -> list[Any]:
        return [None if part is None else pa.py_buffer(part) for part in self.kept]

    def __len__(self) -> int:
        return self.size


HANDED = {
    "offsets beyond the bytes": Handed(2, (None, places(0, 2, 900), b"A1B2")),
    "offsets below 0": Handed(2, (None, places(-4, 2, 4), b"A1B2")),
    "no bytes": Handed(2, (None, places(0, 2, 4), None)),
    "too few offsets": Handed(3, (None, places(0, 2), b"A1B2")),
    "too few offsets of a slice": Handed(2, (None, places(0, 2, 4), b"A1B2"), 1),
    "half an offset": Handed(2, (None, places(0, 2, 4)[:10], b"A1B2")),
    "no offsets": Handed(2, (None, None, b"A1B2")),
    "too few bits": Handed(20, (b"\xff", places(*range(21)), b"A" * 20)),
    "too few bits of a slice": Handed(8, (b"\xff", places(*range(17)), b"A" * 20), 8),
}


@pytest.mark.parametrize("what", list(HANDED))
def test_text_that_is_laid_out_wrongly_is_refused_just_before_c_too(what: str) -> None:
    with pytest.raises(ValueError, match=r"too few|offsets"):  # noqa: PT012  (the one or the other)
        text_in(HANDED[what])
        present(HANDED[what])


def test_text_at_an_odd_place_in_memory_is_read_all_the_same() -> None:
    buffer = pa.py_buffer(b"-" + places(0, 2, 4)).slice(1)
    text = pa.Array.from_buffers(pa.string(), 2, [None, buffer, pa.py_buffer(b"A1B2")])
    with the("compiled"):
        assert Index.of([text]).find(pa.array(["B2", "A1"])).tolist() == [1, 0]


# Which mechanics are used.


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What was compiled, in a folder of its own, from which it is chosen anew."""
    freshly_compiled()
    library, _ = compiling.compile_into(tmp_path, compiling.compiler() or [])
    monkeypatch.setattr(mechanics, "LIBRARY", library)
    monkeypatch.delenv(SWITCH, raising=False)
    mechanics._choose.cache_clear()
    yield library
    mechanics._choose.cache_clear()


def test_what_was_compiled_is_used(built: Path) -> None:
    assert built.name == LIBRARY.name
    assert mechanics.in_use() == "compiled mechanics"
    assert isinstance(mechanics.compiled(), Mechanics)


def test_where_nothing_was_compiled_numpy_is_used_without_a_word(built: Path) -> None:
    built.unlink()
    compiling.sums_of(built).unlink()
    assert mechanics.compiled() is None
    assert mechanics.in_use() == "numpy, since nothing was compiled when the library was installed"


def _cut(library: Path) -> None:
    library.write_bytes(library.read_bytes()[:5000])


def _turned(library: Path) -> None:
    content = bytearray(library.read_bytes())
    content[len(content) // 2] ^= 1
    library.write_bytes(content)


def _summed(library: Path, content: bytes) -> None:
    """Write something else, with its right sum."""
    library.write_bytes(content)
    compiling.sums_of(library).write_text(f"{compiling.digest_of(library)}  {library.name}\n")


def _rebuilt(library: Path, change: Callable[[str], str], digest: str = "") -> None:
    """Compile another source, as if it were the one that is here."""
    with pytest.MonkeyPatch.context() as patch:
        other = library.with_name("other.c")
        other.write_text(change(compiling.SOURCE.read_text("utf-8")), "utf-8")
        honest = compiling.digest_of
        own = compiling.digest_of(compiling.SOURCE)
        patch.setattr(compiling, "SOURCE", other)
        patch.setattr(compiling, "digest_of", lambda path: digest or own if path == other else honest(path))
        compiling.compile_into(library.parent, compiling.compiler() or [])


DAMAGED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing": (lambda library: library.unlink(), "it is missing or can't be loaded"),
    "no sum beside it": (lambda library: compiling.sums_of(library).unlink(), "it is missing or can't be loaded"),
    "an empty sum": (lambda library: compiling.sums_of(library).write_text(""), "it was changed or damaged"),
    "cut off": (_cut, "it was changed or damaged"),
    "one bit turned": (_turned, "it was changed or damaged"),
    "empty": (lambda library: _summed(library, b""), "it is missing or can't be loaded"),
    "no library": (lambda library: _summed(library, b"#!/bin/sh\n"), "it is missing or can't be loaded"),
    "of another source": (lambda library: _rebuilt(library, str, "0" * 64), "another version of the library"),
    "of another interface": (
        lambda library: _rebuilt(library, lambda source: source.replace("{ return 1; }", "{ return 2; }")),
        "another version of the library",
    ),
    "a function lacks": (
        lambda library: _rebuilt(library, lambda source: source.replace("void kpi_find", "void kpi_lost")),
        "it is missing or can't be loaded",
    ),
}


@pytest.mark.parametrize("what", list(DAMAGED))
def test_a_damaged_library_is_one_warning_with_the_remedy(what: str, built: Path) -> None:
    damage, why = DAMAGED[what]
    damage(built)
    with pytest.warns(MechanicsWarning, match=rf"isn't used: .*{re.escape(why)}.*Install .* again"):
        assert mechanics.compiled() is None
    assert why in mechanics.in_use()  # another warning would be an error
    assert Index.of([pa.array(["A", "B"])]).find(pa.array(["B"])).tolist() == [1]


def test_they_are_switched_off_by_a_variable(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _cut(built)
    monkeypatch.setenv(SWITCH, "numpy")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert mechanics.compiled() is None
    assert mechanics.in_use() == "numpy, since OMBUDSMAN_KPI_MECHANICS says so"


def test_another_value_of_the_variable_is_refused(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "nunpy")
    with pytest.raises(OptionError, match=r"OMBUDSMAN_KPI_MECHANICS .* Did you mean 'numpy'"):
        mechanics.compiled()
    assert built.exists()


@pytest.mark.parametrize("name", [["nowhere-to-be-found"], [sys.executable, "-c", "raise SystemExit(1)"]])
def test_a_compiler_that_fails_leaves_nothing_behind(name: list[str], tmp_path: Path) -> None:
    with pytest.raises((OSError, subprocess.CalledProcessError)):
        compiling.compile_into(tmp_path, name)
    assert [*tmp_path.iterdir()] == []


def test_the_compiler_is_what_cc_names_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", f"'{sys.executable}' -m ziglang cc")
    assert compiling.compiler() == [sys.executable, "-m", "ziglang", "cc"]
    monkeypatch.delenv("CC")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sysconfig.get_config_var", lambda _: "nowhere-to-be-found -pthread")
    assert compiling.compiler() is None
