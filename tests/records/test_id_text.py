"""Ids of any hashable kind that prints as text are read, the same however the records are given."""

import uuid
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction
from ipaddress import IPv4Address
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from ombudsman_kpi import RecordsError, assess, deadlines, load_scheme, settled, worklist
from ombudsman_kpi.records.cells.text import id_text
from ombudsman_kpi.records.vocabulary import RECORDS

LGSCO = load_scheme("lgsco")
AS_OF, TARGET = "2024-04-26", "decided-or-allocated-20wd"


class Reference(StrEnum):
    FIRST = "A1"


class Mixed(str, Enum):  # noqa: UP042  (it prints as Mixed.FIRST)
    FIRST = "A1"


class Number(IntEnum):
    FIRST = 24017


class Own(Enum):
    FIRST = uuid.UUID(int=7)


class Printed:
    def __str__(self) -> str:
        return "24-00017"


class Plain:
    pass


IDS: list[tuple[object, str]] = [  # as they print, and numbers as whole numbers are written
    ("A1", "A1"),
    (uuid.UUID("12345678-1234-5678-1234-567812345678"), "12345678-1234-5678-1234-567812345678"),
    (24017, "24017"),
    (-1, "-1"),
    (0, "0"),
    (2**63, "9223372036854775808"),
    (24017.0, "24017"),
    (np.int64(24017), "24017"),
    (np.uint8(7), "7"),
    (np.float32(7), "7"),
    (np.str_("A1"), "A1"),
    (Decimal("24017"), "24017"),
    (Decimal("24017.00"), "24017"),
    (Fraction(14, 2), "7"),
    (Reference.FIRST, "A1"),
    (Mixed.FIRST, "A1"),
    (Number.FIRST, "24017"),
    (Own.FIRST, "00000000-0000-0000-0000-000000000007"),
    (IPv4Address("10.0.0.1"), "10.0.0.1"),
    (PurePosixPath("24/17"), "24/17"),
    (Printed(), "24-00017"),
]
NO_IDS: list[object] = [
    1.5, float("inf"), float("nan"), Decimal("1.5"), Decimal("NaN"), Fraction(1, 3), True, np.bool_(True), None, pd.NA,
    pd.NaT, b"A1", [1], (1,), {1}, frozenset({1}), {"a": 1}, np.array([1]), 1j, Plain(), iter("a"),
]  # fmt: skip


NO_TEXT = (bytes, list, tuple, set, frozenset, dict, np.ndarray, Plain, type(iter("a")))  # in no column either


@pytest.mark.parametrize(("given", "text"), IDS, ids=lambda item: type(item).__name__)
def test_an_id_is_text_whatever_it_was(given: object, text: str) -> None:
    assert id_text(given) == text
    assert type(id_text(given)) is str
    for model in RECORDS.values():
        for name in model.model_fields:
            if name.endswith("_id"):
                assert getattr(model.model_validate(least(model, **{name: given})), name) == text


def least(model: Any, **more: object) -> dict[str, object]:
    """Give what a record needs."""
    choices = {"answer": "met"}
    times = {name for name in model.model_fields if name == "at" or name.endswith("_at")}
    return {
        name: choices.get(name, "2024-03-28" if name in times else "A1")
        for name, field in model.model_fields.items()
        if field.is_required()
    } | more


@pytest.mark.parametrize("given", NO_IDS, ids=lambda item: type(item).__name__)
def test_what_can_name_no_record_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match="an id is text, a whole number, a UUID"):
        id_text(given)
    for kind, model in RECORDS.items():
        if model.id_field is None or not model.model_fields[model.id_field].is_required():
            continue
        with pytest.raises(ValidationError, match="an id is text"):
            model.model_validate(least(model, **{model.id_field: given}))
        rows = dict[str, Any]({kind: [least(model, **{model.id_field: given})]})
        if not isinstance(given, NO_TEXT):
            continue
        with pytest.raises(
            RecordsError, match=f"^{kind} row 0: {model.id_field} holds {type(given).__name__}, not text"
        ):
            worklist(LGSCO, **rows, as_of=AS_OF)


@pytest.mark.parametrize("form", [list, pd.DataFrame], ids=["rows", "pandas"])
@pytest.mark.parametrize("given", [None, float("nan"), pd.NA, pd.NaT, "", " ", "N/A"])
def test_a_record_without_an_id_is_invalid_and_counted(given: object, form: Any) -> None:
    cases = form([{"case_id": given, "received_at": "2024-03-28", "allocated_at": None, "decided_at": None}])
    outcomes = assess(LGSCO, cases=cases, as_of=AS_OF, targets=TARGET)
    assert outcomes[["status", "reason"]].values.tolist() == [["invalid", "case_id is missing"]]


@pytest.mark.parametrize("nothing", [None, float("nan"), pd.NA, pd.NaT])
def test_an_id_that_need_not_be_given_may_be_empty(nothing: object) -> None:
    call = RECORDS["calls"].model_validate({"offered_at": "2024-03-28T10:00", "call_id": nothing})
    assert getattr(call, "call_id", "none") is None


FORMS = ["rows", "a row", "models", "iterator", "pandas"]


@pytest.mark.parametrize(("given", "text"), IDS, ids=lambda item: type(item).__name__)
@pytest.mark.parametrize("form", FORMS)
def test_the_same_id_comes_out_of_every_function_however_records_are_given(given: object, text: str, form: str) -> None:
    row = {"case_id": given, "received_at": "2024-03-28", "allocated_at": None, "decided_at": None}
    forms: dict[str, Any] = {
        "rows": [row],
        "a row": row,
        "models": [RECORDS["cases"].model_validate(row)],
        "iterator": [row],
        "pandas": pd.DataFrame({name: pd.Series([value], dtype=object) for name, value in row.items()}),
    }

    def make() -> Any:
        return iter(forms[form]) if form == "iterator" else forms[form]

    assert worklist(LGSCO, cases=make(), as_of=AS_OF, targets=TARGET)["id"].tolist() == [text]
    assert assess(LGSCO, cases=make(), as_of=AS_OF, targets=TARGET)["id"].tolist() == [text]
    assert settled(LGSCO, cases=make(), as_of=AS_OF, targets=TARGET).open == {"cases": (text,)}
    assert {item.id for item in deadlines(LGSCO, row, as_of=AS_OF)} == {text}
