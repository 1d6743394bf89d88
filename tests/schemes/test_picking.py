"""A file that picks targets of other schemes, or extends several."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ombudsman_kpi import Scheme, SchemeError, list_schemes, load_scheme, measure
from ombudsman_kpi.measures.share_within import ShareWithin
from ombudsman_kpi.schemes.json_schema import scheme_json_schema

HEAD = 'id = "ours"\ntitle = "Ours"\nsource = "Our charter"\ndivision = "england-and-wales"\n'
OWN = """
[[target]]
id = "answered-10wd"
says = "Answered in ten working days"
of = "requests"
start = "received_at"
stop = "answered_at"
limit = "10 working days"
standard = "at least 90%"
cohort = "received"
"""


@pytest.fixture
def load(tmp_path: Path) -> Any:
    """Give a function that writes a scheme file and reads it."""

    def write_and_load(text: str, name: str = "own.toml") -> Scheme:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
        return load_scheme(path)

    return write_and_load


def picked(*names: str, more: str = "") -> str:
    return HEAD + "".join(f'[[target]]\nfrom = "{name}"\n{more}\n' for name in names)


def test_a_file_picks_targets_of_several_schemes(load: Any) -> None:
    scheme = load(
        picked("lgsco/investigation-13w", "tower-hamlets/stage-1-20wd", "lgo-2017-18/written-contacts-24h") + OWN
    )
    assert [target.id for target in scheme.targets] == [
        "investigation-13w", "stage-1-20wd", "written-contacts-24h", "answered-10wd",
    ]  # fmt: skip
    for name, own in (("lgsco", "investigation-13w"), ("tower-hamlets", "stage-1-20wd")):
        origin = load_scheme(name)
        expected = {**origin[own].model_dump(mode="json"), "source": origin.source}
        assert scheme[own].model_dump(mode="json") == expected


def test_what_is_picked_keeps_its_source_and_the_days_on_which_its_scheme_held(load: Any) -> None:
    scheme = load(picked("lgo-2017-18/written-contacts-24h", "lgsco/written-contacts-3wd"))
    old, now = scheme.targets
    assert old.source == load_scheme("lgo-2017-18").source
    assert str(old.in_force) == "from 1 April 2017 to 31 March 2018"
    assert now.in_force is None
    contact = {"contact_id": "1", "received_at": "2019-04-01T09:00:00", "handled_at": "2019-04-01T10:00:00"}
    for row in measure(scheme, written_contacts=[contact], as_of="2019-12-31", every="year"):
        assert ("in force" in row.note) == (row.target == old.id)


def test_what_is_picked_measures_as_it_does_at_home(load: Any) -> None:
    case = {"case_id": "1", "received_at": "2024-01-01", "allocated_at": "2024-01-09", "decided_at": "2024-04-01"}
    (mine,) = measure(load(picked("lgsco/investigation-13w")), cases=[case], as_of="2024-12-31")
    (theirs,) = measure(load_scheme("lgsco"), cases=[case], as_of="2024-12-31", targets="investigation-13w")
    assert mine._asdict() == theirs._asdict()


def test_a_picked_target_may_be_changed_and_called_otherwise(load: Any) -> None:
    scheme = load(picked("lgsco/investigation-13w", more='id = "quick"\nlimit = "12 weeks"\nstandard = "at least 80%"'))
    (target,) = scheme.targets
    assert isinstance(target, ShareWithin)
    assert (target.id, str(target.limit), str(target.standard)) == ("quick", "12 weeks", "at least 80%")
    assert target.says == load_scheme("lgsco")["investigation-13w"].says


def test_one_target_may_be_picked_twice_in_bands(load: Any) -> None:
    bands = 'bands = [{ id = "a", limit = "1 week" }, { id = "b", limit = "2 weeks" }]'
    scheme = load(picked("lgsco/investigation-13w", more=bands))
    assert [(target.id, target.described) for target in scheme.targets] == [("a", "1 week"), ("b", "2 weeks")]


def test_files_are_seen_from_their_own_folders_and_pick_from_one_another(load: Any) -> None:
    load(HEAD + OWN, "sub/base.toml")
    load(picked("base.toml/answered-10wd", more='standard = "80%"'), "sub/own.toml")
    scheme = load(picked("sub/own.toml/answered-10wd", more='limit = "9 working days"'))
    (target,) = scheme.targets
    assert (target.described, str(target.standard), target.source) == ("9 working days", "at least 80%", "Our charter")


def test_a_picked_target_may_change_one_that_is_extended(load: Any) -> None:
    text = 'id = "ours"\nextends = "lgsco"\n[[target]]\nid = "investigation-13w"\nfrom = "lgo-2017-18/assessment-13w"\n'
    scheme = load(text)
    assert len(scheme.targets) == len(load_scheme("lgsco").targets)
    assert scheme["investigation-13w"].says == load_scheme("lgo-2017-18")["assessment-13w"].says


TWO = 'id = "ours"\nextends = ["lgsco", "tower-hamlets"]\ntitle = "Ours"\nsource = "Two charters"\n'


def test_a_file_extends_several_schemes(load: Any) -> None:
    scheme = load(TWO + '[[target]]\nid = "stage-1-20wd"\nstandard = "at least 99%"\n' + OWN)
    both = [load_scheme(name) for name in ("lgsco", "tower-hamlets")]
    assert [target.id for target in scheme.targets] == [
        *(target.id for base in both for target in base.targets), "answered-10wd",
    ]  # fmt: skip
    assert str(scheme["stage-1-20wd"].standard) == "at least 99%"
    assert scheme["investigation-13w"].source == both[0].source
    assert scheme.reports == (*both[0].reports, *both[1].reports)


def test_a_list_of_one_is_that_one(load: Any) -> None:
    assert load('id = "ours"\nextends = ["lgsco"]\n').digest == load('id = "ours"\nextends = "lgsco"\n').digest


BAD = {
    "an unknown target": (
        picked("lgsco/investigation-14w"),
        r"own\.toml: from = 'lgsco/investigation-14w': The scheme 'lgsco' has no target 'investigation-14w'\. "
        r"Did you mean 'investigation-13w'\?",
    ),
    "an unknown scheme": (
        picked("lgsc/investigation-13w", more='id = "mine"'),
        r"own\.toml: target mine: from = 'lgsc/investigation-13w': .*There is no scheme 'lgsc'.*Did you mean 'lgsco'\?",
    ),
    "a scheme alone": (picked("lgsco"), r"own\.toml: from: write a scheme and one of its targets, such as from"),
    "a target alone": (picked("/investigation-13w"), r"from: write a scheme and one of its targets"),
    "a number": (HEAD + "[[target]]\nfrom = 5\n", r"own\.toml: from: write a scheme and one of its targets"),
    "one twice": (picked("lgsco/investigation-13w", "lgsco/investigation-13w"), r"two targets are called 'inv"),
    "what it names isn't here": (
        picked("lgsco/delays-explained"), r"target delays-explained: late_on: 'decided-or-allocated-20wd' isn't"),
    "a key that it doesn't have": (
        picked("lgsco/investigation-13w", more='standrd = "80%"'), r"target investigation-13w: 'standrd' is no"),
    "itself": (picked("own.toml/x"), r"own\.toml: from = 'own\.toml/x': .*in a circle: .*One has to stand alone"),
    "two titles": (
        'id = "ours"\nextends = ["lgsco", "tower-hamlets"]\n',
        r"own\.toml: extends: lgsco and tower-hamlets differ in their title\. Say what holds here: title = …",
    ),
    "two of one id": (
        TWO.replace("tower-hamlets", "lgo-2017-18"),
        r"own\.toml: extends: lgo-2017-18 and one before it have a target 'intake-calls-60s' each\. Extend one of them",
    ),
    "a list of numbers": ('id = "ours"\nextends = [5]\n', r"extends takes a name or path, or a list of them"),
    "an empty list": ('id = "ours"\nextends = []\n', r"own\.toml: extends takes a name or path, or a list of them"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_picked_is_one_error(name: str, load: Any) -> None:
    text, words = BAD[name]
    with pytest.raises(SchemeError, match=words) as error:
        load(text)
    assert "\n" not in str(error.value)


def test_picking_in_a_circle_of_files_is_an_error(load: Any, tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text('id = "b"\nextends = "own.toml"\n', "utf-8")
    with pytest.raises(
        SchemeError, match=r"own\.toml: from = 'b\.toml/x': .*extend one another in a circle: .*own\.toml > "
    ):
        load(picked("b.toml/x"))


def test_schemes_of_two_divisions_need_one(load: Any) -> None:
    load(HEAD.replace("england-and-wales", "scotland") + OWN, "scots.toml")
    text = 'id = "ours"\nextends = ["tower-hamlets", "scots.toml"]\ntitle = "Ours"\nsource = "Both"\n'
    with pytest.raises(SchemeError, match=r"differ in their division\. Say what holds here: division = …"):
        load(text)
    assert load(text + 'division = "scotland"\n').division == "scotland"


def test_the_json_schema_knows_both() -> None:
    import tomllib

    validator = jsonschema.Draft202012Validator(scheme_json_schema())
    for text in (picked("lgsco/investigation-13w"), TWO):
        assert [*validator.iter_errors(tomllib.loads(text))] == []
    for text in (picked("lgsco"), TWO.replace('"tower-hamlets"', "5")):
        assert [*validator.iter_errors(tomllib.loads(text))] != []


def test_every_published_target_that_stands_alone_can_be_picked(load: Any) -> None:
    for name in list_schemes():
        scheme = load(picked(*(f"{name}/{target.id}" for target in load_scheme(name).targets)))
        assert [target.id for target in scheme.targets] == [target.id for target in load_scheme(name).targets]


def test_a_picked_target_that_starts_by_another_wants_that_too_and_never_itself(load: Any) -> None:
    with pytest.raises(SchemeError) as error:
        load(picked("complaint-handling-code/stage-1-answered", "complaint-handling-code/stage-2-acknowledged"))
    assert "there is no target 'stage-1-acknowledged' here; pick it too" in str(error.value)
    assert "Did you mean 'stage-2-acknowledged'? It can be: stage-2-acknowledged." in str(error.value)


BODY = """
[[target]]
id = "{}"
says = "Answered"
of = "requests"
start = "received_at"
stop = "answered_at"
limit = "{}"
cohort = "received"
"""
PLACES = [
    pytest.param('division = "scotland"\nknown_at = 2022-09-01\n', id="what was known"),
    pytest.param('division = "scotland"\nclosures = ["2024-12-24"]\n', id="closures"),
    pytest.param('division = "scotland"\nbank_holidays = "list.json"\n', id="a published list"),
    pytest.param('calendar = { country = "IE", closures = ["2024-12-24"] }\n', id="another country"),
    pytest.param('division = "scotland"\nopening.monday = ["09:00", "17:00"]\n', id="opening hours"),
]


def two_of(load: Any, tmp_path: Path, mine: str, other: str) -> None:
    """Write two schemes, each with its calendar and one target."""
    (tmp_path / "list.json").write_text('{"scotland": {"events": [{"title": "x", "date": "2024-12-24"}]}}', "utf-8")
    head = 'title = "T"\nsource = "S"\n'
    limit = "4 working hours" if "opening" in mine and "opening" in other else "20 working days"
    for name, place in (("one", mine), ("two", other)):
        load(f'id = "{name}"\n{head}{place}{BODY.format(name, limit)}', f"{name}.toml")


@pytest.mark.parametrize("place", PLACES)
def test_what_several_schemes_have_in_common_of_their_calendar_holds_in_the_file(
    load: Any, tmp_path: Path, place: str
) -> None:
    two_of(load, tmp_path, place, place)
    both = load('id = "both"\nextends = ["one.toml", "two.toml"]\n')
    alone = load('id = "alone"\nextends = "one.toml"\n', "alone.toml")
    assert (both.calendar, both.calendar.named) == (alone.calendar, alone.calendar.named)
    assert [target.id for target in both.targets] == ["one", "two"]


@pytest.mark.parametrize(
    ("place", "key"), [*zip((item.values[0] for item in PLACES), (  # noqa: B905
        "known_at", "closures", "bank_holidays", "division", "opening",
    ))],
)  # fmt: skip
def test_of_a_calendar_in_which_they_differ_the_file_has_to_say(
    load: Any, tmp_path: Path, place: str, key: str
) -> None:
    two_of(load, tmp_path, 'division = "scotland"\n', place)
    text = 'id = "both"\nextends = ["one.toml", "two.toml"]\n'
    with pytest.raises(SchemeError, match=f"differ in their {key}. Say what holds here: {key} = …"):
        load(text)
    own = {
        "known_at": "known_at = 2020-01-01", "closures": "closures = []", "bank_holidays": "known_at = 2020-01-01",
        "division": 'calendar = { country = "FR" }', "opening": 'opening.friday = ["10:00", "12:00"]',
    }[key]  # fmt: skip
    alone = load(f'id = "alone"\nextends = "one.toml"\n{own}\n', "alone.toml")
    assert load(f"{text}{own}\n").calendar == alone.calendar
