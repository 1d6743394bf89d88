"""What stands in the memory of Arrow arrays."""

import pyarrow as pa
import pytest

from ombudsman_kpi.arrays.arrow_memory import emptied

TEXT = ["much longer than the others", "", "2024-02-30", None, "b"]


@pytest.mark.parametrize("start", range(5))
@pytest.mark.parametrize("chunked", [False, True])
def test_text_is_emptied_in_any_slice(start: int, chunked: bool) -> None:
    whole = pa.chunked_array([TEXT[:2], TEXT[2:]]) if chunked else pa.array(TEXT)
    text = whole.slice(start)
    answer = emptied(text, pa.array([cell == "" for cell in text.to_pylist()]))
    answer.validate(full=True)
    assert answer.to_pylist() == [cell or None for cell in TEXT[start:]]
