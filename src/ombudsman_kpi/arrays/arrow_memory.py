"""Arrow arrays seen as numpy's and the other way round, straight from memory.

pyarrow's own way loads pandas before the first one: ``array``, ``scalar`` and ``to_numpy``, and ``compute`` where a
number or a word stands among its arguments.

``numpy.from_dlpack`` loads none either, but takes only numbers of which none is missing: no truth values, dates or
timestamps, and filling what is missing loads pandas. It would be a second way beside this one.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.arrays.types import Integers, Truths


def truths(array: Any) -> Truths:
    """Return truth values, none of which is missing.

    >>> import pyarrow as pa
    >>> truths(pa.array([True, False, True]).slice(1)).tolist()
    [False, True]
    """
    return _bits(array.buffers()[1], array.offset, len(array))


def present(array: Any) -> Truths:
    """Return which cells of an array of any type aren't missing.

    >>> import pyarrow as pa
    >>> present(pa.array(["A", None])).tolist(), present(pa.nulls(1)).tolist()
    ([True, False], [False])
    """
    if not array.null_count:
        return np.ones(len(array), np.bool_)
    if array.buffers()[0] is None:  # a type of its own, whose cells are all missing
        return np.zeros(len(array), np.bool_)
    return _bits(array.buffers()[0], array.offset, len(array))


def arrow_truths(values: Truths) -> Any:
    """Return truth values as an Arrow array."""
    import pyarrow as pa

    return pa.Array.from_buffers(pa.bool_(), len(values), [None, _packed(values)])


def arrow_numbers(values: NDArray[Any], missing: Truths | None = None) -> Any:
    """Return whole numbers as an Arrow array of the same size of numbers, null where they are ``missing``.

    >>> arrow_numbers(np.array([7, 8, 9])[::2], np.array([False, True])).to_pylist()
    [7, None]
    """
    import pyarrow as pa

    there = None if missing is None else _packed(~missing)
    numbers = pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [there, numbers])


def arrow_text(cells: Sequence[str | None]) -> Any:
    """Return text as an Arrow array. Raises ``UnicodeEncodeError`` for half a character.

    >>> arrow_text(["AB", None, "é"]).to_pylist()
    ['AB', None, 'é']
    """
    import pyarrow as pa

    # The cells "AB", None, "é" are the bytes AB\xc3\xa9 and the offsets 0, 2, 2, 4.
    content = [b"" if cell is None else cell.encode() for cell in cells]
    ends = np.fromiter(accumulate(map(len, content), initial=0), np.int64, len(content) + 1)
    if ends[-1] > np.iinfo(np.int32).max:
        raise pa.ArrowCapacityError("Text of more than 2 GiB in one column of a batch")
    there = None if None not in cells else _packed(np.array([cell is not None for cell in cells]))
    buffers = [there, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(b"".join(content))]
    return pa.Array.from_buffers(pa.string(), len(content), buffers)


def arrow_word(word: str) -> Any:
    """Return a word as Arrow's functions take it beside arrays."""
    return arrow_text([word])[0]


def _packed(values: Truths) -> Any:
    import pyarrow as pa

    return pa.py_buffer(np.packbits(values, bitorder="little"))


def integers(array: Any, missing: int) -> Integers:
    """Return whole numbers of whatever size they are, with ``missing`` in place of those that are missing.

    >>> import pyarrow as pa
    >>> integers(pa.array([1, 2, None], pa.int32()).slice(1), -1).tolist()
    [2, -1]
    """
    stored = np.frombuffer(array.buffers()[1] or b"", np.dtype(str(array.type)))
    numbers: Integers = stored[array.offset : array.offset + len(array)]
    return np.where(present(array), numbers, missing) if array.null_count else numbers


def _bits(buffer: Any, offset: int, size: int) -> Truths:
    """Return bits as truth values, the lowest of each byte first.

    Of the byte 0b00000101 those from offset 1 are False, True: bits 1 and 2. From offset 13 on, reading begins with
    the second byte (13 // 8 = 1), at its bit 5.
    """
    first = offset // 8
    packed = np.frombuffer(buffer or b"", np.uint8)[first : (offset + size + 7) // 8]
    if 8 * (first + len(packed)) < offset + size:
        raise ValueError(f"there are too few bits for {size} cells")
    return np.unpackbits(packed, bitorder="little")[offset - 8 * first :][:size].view(np.bool_)


def emptied(text: Any, where: Any) -> Any:
    """Return Arrow text with null wherever an Arrow mask holds."""
    import pyarrow as pa
    import pyarrow.compute as pc

    # An array of nulls, not one null for all rows: with that, Arrow before version 24 gives the result of a slice
    # offsets beyond its bytes. Of ["long", "", "b"].slice(1) it would make null and whatever comes after the "b".
    return pc.if_else(where, pa.nulls(len(text), text.type), text)


def text_in(array: Any) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Return where in its bytes each cell of Arrow text begins, with the end of the last, and the bytes.

    Of shapes (cells + 1,) and (bytes,). Raises ``ValueError`` where a cell would lie outside the bytes, or end before
    it begins: whatever program laid that out, nothing is read by it.

    >>> import pyarrow as pa
    >>> [part.tolist() for part in text_in(pa.array(["A7", None, "B"]).slice(1))]
    [[2, 2, 3], [65, 55, 66]]
    """
    _, places, held = array.buffers()
    content = np.frombuffer(held or b"", np.uint8)
    if not len(array):
        return np.zeros(1, np.int32), content
    return _offsets_in(places, array, len(content), np.int32), content


def _offsets_in(buffer: Any, array: Any, end: int, kind: Any) -> NDArray[Any]:
    """Return the offsets of an array's cells, checked against the end of what they are places in."""
    size = np.dtype(kind).itemsize
    if buffer is None or buffer.size < size * (array.offset + len(array) + 1):
        raise ValueError(f"there are too few offsets for {len(array)} cells")
    offsets = np.frombuffer(buffer, kind, len(array) + 1, size * array.offset)
    if not offsets.flags.aligned:  # as C needs it
        offsets = offsets.copy()
    if offsets[0] < 0 or offsets[-1] > end or (offsets[1:] < offsets[:-1]).any():
        raise ValueError("offsets lie outside its bytes, or fall")
    return offsets


def refuse_broken(array: Any) -> None:
    """Raise ``ValueError`` where an Arrow array isn't laid out in memory as its type says.

    Arrow itself trusts what another program hands over. That its buffers are long enough Arrow checks at once; where
    cells of text begin and end, and which words they have, is looked at here, in a hundredth of the time.
    """
    import pyarrow as pa

    types, kind = pa.types, array.type
    try:
        array.validate(full=types.is_string_view(kind))
    except pa.ArrowInvalid as error:
        raise ValueError(str(error)) from None
    if types.is_string(kind):
        text_in(array)
    elif types.is_large_string(kind) and len(array):
        _, places, held = array.buffers()
        _offsets_in(places, array, held.size if held is not None else 0, np.int64)
    elif types.is_dictionary(kind):
        refuse_broken(array.dictionary)
        codes = integers(array.indices, 0)
        if len(codes) and array.null_count < len(array) and not 0 <= codes.min() <= codes.max() < len(array.dictionary):
            raise ValueError("some cells have a word that isn't there")
