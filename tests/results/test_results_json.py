"""Results as JSON and back: the same rows, exact values among them; and what isn't results is refused in a sentence."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ombudsman_kpi import KpiError, Results, Scheme, load_scheme, measure
from ombudsman_kpi.figures.table import Made, RowsByColumn

DATA = Path(__file__).parents[2] / "examples" / "data"
NAMES = ("cases", "events", "written_contacts", "requests")
VALIDATOR = Draft202012Validator(Results.json_schema())


@pytest.fixture(scope="module", params=["lgsco", "lgo-2017-18", "tower-hamlets"])
def results(request: pytest.FixtureRequest) -> Results:
    records: dict[str, Any] = {name: DATA / f"{name}.csv" for name in NAMES}
    scheme = load_scheme(request.param)
    return measure(scheme, **records, as_of="2024-03-31", every=["quarter", "financial-year"], cohort="all")


@pytest.fixture(scope="module")
def by_team() -> Results:
    return measure(load_scheme("lgsco"), cases=DATA / "cases.csv", as_of="2024-03-31", by="team")


def test_nothing_is_lost_on_the_way(results: Results) -> None:
    read = Results.from_json(results.to_json())
    assert read.rows == results.rows  # reasons, details and exact fractions among them
    assert [type(row.exact) for row in read] == [type(row.exact) for row in results]
    assert read.basis.difference(results.basis) is None
    assert (repr(read), read.to_json()) == (repr(results), results.to_json())


def test_groups_stay_what_they_are(by_team: Results) -> None:
    read = Results.from_json(by_team.to_json())
    assert (read.rows, read.options) == (by_team.rows, by_team.options)


def test_what_is_withheld_stays_withheld(by_team: Results) -> None:
    withheld = tuple(row._replace(met=None, withheld={"met": "c"}) for row in by_team)
    results = Results(RowsByColumn((Made(withheld),)), by_team.basis)
    assert Results.from_json(results.to_json()).rows == results.rows == pickle.loads(pickle.dumps(results.rows))  # noqa: S301
    VALIDATOR.validate(json.loads(results.to_json()))
    assert {tuple(row["withheld"]) for row in results.to_dict()["rows"]} == {("met",)}
    assert not any("withheld" in row for row in by_team.to_dict()["rows"])


def test_the_schema_describes_what_is_written(results: Results, by_team: Results) -> None:
    Draft202012Validator.check_schema(Results.json_schema())
    for item in (results, by_team):
        VALIDATOR.validate(json.loads(item.to_json()))
    wrong = json.loads(by_team.to_json())
    wrong["rows"][0]["records"] = "many"
    assert not VALIDATOR.is_valid(wrong)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda content: content.pop("basis"), r"no results.*\(basis\)"),
        (lambda content: content["rows"][0].update(exact="1/0"), "no results"),
        (lambda content: content["rows"][0].update(details={"gross": {"fraction": "1/0"}}), "no results"),
        (lambda content: content["rows"][0].update(team=-1), "no results"),
        (lambda content: content["rows"][0].update(records="many"), r"no results.*records"),
        (lambda content: content.update(digest="0" * 12), "say the digest 000000000000"),
        (
            lambda content: (content.update(calendar="0" * 12), content["basis"].update(days_off="0" * 12)),
            "Days off have changed: measure again",
        ),
        (
            lambda content: (content.update(calendar="0" * 12), content["basis"].pop("days_off")),
            "Days off have changed: measure again",
        ),
    ],
)
def test_what_is_not_results_is_refused_in_a_sentence(by_team: Results, change: Any, says: str) -> None:
    content = json.loads(by_team.to_json())
    change(content)
    with pytest.raises(KpiError, match=says):
        Results.from_json(json.dumps(content))


@pytest.mark.parametrize("text", ["", "[]", "{}", "no JSON"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(KpiError, match="This text is no results"):
        Results.from_json(text)


def test_results_that_were_written_without_their_days_off_are_read() -> None:
    """Written by a release that wrote the edition of the whole calendar alone; holidays since then change that."""
    content = json.loads((Path(__file__).parent / "written" / "without-days-off.json").read_text("utf-8"))
    assert "days_off" not in content["basis"]
    scheme = Scheme.model_validate(content["basis"]["scheme"])
    read = Results.from_json(json.dumps(content | {"calendar": scheme.calendar.edition}))
    assert read.scheme.digest == content["digest"]
    rows = [(row.target, row.period, row.group, row.records, row.met, row.status) for row in read]
    assert rows == [
        ("decided", "Mar 2024", ("(not recorded)",), 0, 0, "no data"),
        ("decided", "Mar 2024", ("North",), 2, 1, "met"),
        ("decided", "Mar 2024", ("South",), 1, 0, "no data"),
        ("decided", "(no period)", ("(not recorded)",), 1, 0, "no data"),
        ("answered", "Mar 2024", ("North",), 1, 1, "missed"),
    ]
    assert read.rows[-1].numerator == 20.000001
