"""The keywords of the public functions: one for each kind of record, shown to whoever looks at a signature."""

import inspect
import pydoc
from typing import Any

import pytest

import ombudsman_kpi as kpi
from ombudsman_kpi.records.keywords import Records, WorklistRecords, check_keywords
from ombudsman_kpi.records.vocabulary import RECORDS

LGSCO = kpi.load_scheme("lgsco")
ALL = ["calls", "written_contacts", "cases", "events", "requests", "orders", "reviews", "activities", "populations"]
FUNCTIONS = {
    "measure": ALL, "tally": ALL, "settled": ALL, "assess": ALL, "compare_schemes": ALL, "conventions": ALL,
    "worklist": ALL[:6],
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_signature_shows_a_keyword_for_each_kind(name: str) -> None:
    function = getattr(kpi, name)
    parameters = inspect.signature(function).parameters
    kinds = [item for item in parameters.values() if item.name in RECORDS]
    assert [item.name for item in kinds] == FUNCTIONS[name]
    assert {(item.kind, item.default) for item in kinds} == {(inspect.Parameter.KEYWORD_ONLY, None)}
    assert parameters["as_of"].default is inspect.Parameter.empty
    assert not any(item.kind is inspect.Parameter.VAR_KEYWORD for item in parameters.values())
    assert f"{name}(" in pydoc.plain(pydoc.render_doc(function))
    assert "calls: Any = None, written_contacts: Any = None" in pydoc.plain(pydoc.render_doc(function))
    assert function.__doc__.startswith(inspect.unwrap(function).__doc__[:20])


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("casses", "cases"), ("written_contact", "written_contacts"), ("asof", "as_of"), ("target", "targets")],
)
def test_a_keyword_that_there_is_not_is_named_with_the_nearest(name: str, wrong: str, meant: str) -> None:
    schemes = (LGSCO, LGSCO) if name == "compare_schemes" else (LGSCO,)
    with pytest.raises(kpi.OptionError) as refused:
        getattr(kpi, name)(*schemes, **dict[str, Any]({"as_of": "2024-05-31", wrong: []}))
    assert str(refused.value).startswith(f"{name}() has no argument {wrong!r}. Did you mean {meant!r}? It can be: ")


def test_a_worklist_takes_no_records_that_nothing_is_due_on() -> None:
    with pytest.raises(kpi.OptionError, match=r"^worklist\(\) takes no reviews. It takes: calls, .*, orders\."):
        kpi.worklist(LGSCO, **dict[str, Any]({"reviews": [], "as_of": "2024-05-31"}))


def test_a_scheme_and_a_date_are_still_required() -> None:
    with pytest.raises(TypeError, match="as_of"):
        kpi.measure(LGSCO, cases=[])  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="scheme"):
        kpi.measure(cases=[], as_of="2024-05-31")  # type: ignore[call-arg]


def test_the_keywords_that_are_written_out_are_the_kinds() -> None:
    assert list(Records.__annotations__) == list(RECORDS)
    assert list(WorklistRecords.__annotations__) == [name for name, kind in RECORDS.items() if kind.in_worklists]
    check_keywords(["cases"], ["cases"], "Records")
    with pytest.raises(TypeError, match=r"^Records in records/keywords.py .* differ: calls, polls\. Write"):
        check_keywords(["cases", "polls"], ["cases", "calls"], "Records")
