"""Arrow arrays seen as numpy's, straight from their memory: pyarrow's own way loads pandas before the first one.

``numpy.from_dlpack`` loads none either, but takes only numbers of which none is missing: no truth values, dates or
timestamps, and filling what is missing loads pandas. It would be a second way beside this one.
"""

from typing import Any

import numpy as np

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

    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(np.packbits(values, bitorder="little"))])


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
    return np.unpackbits(packed, bitorder="little")[offset - 8 * first :][:size].view(np.bool_)


def emptied(text: Any, where: Any) -> Any:
    """Return Arrow text with null wherever an Arrow mask holds."""
    import pyarrow as pa
    import pyarrow.compute as pc

    # An array of nulls, not one null for all rows: with that, Arrow before version 24 gives the result of a slice
    # offsets beyond its bytes. Of ["long", "", "b"].slice(1) it would make null and whatever comes after the "b".
    return pc.if_else(where, pa.nulls(len(text), text.type), text)
