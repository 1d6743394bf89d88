"""Scheme files that are wrong in what their measures need: one error, which names the file, the target and the key."""

import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import ombudsman_kpi
from ombudsman_kpi import KpiError, SchemeError, load_scheme

SCHEMES = sorted((Path(ombudsman_kpi.__file__).parent / "schemes").glob("*.toml"))
JSON_SCHEMA = Path(__file__).parents[2] / "docs" / "schemas" / "scheme.schema.json"

HEAD = 'id = "own"\ntitle = "Own"\nsource = "A notice on the wall"\ndivision = "england-and-wales"\n'
SHARED = {"id": '"own-target"', "says": '"As we say"'}
CLOCK = {"of": '"cases"', "start": '"received_at"', "stop": '"decided_at"', "cohort": '"received"'}
CALLS = {"of": '"calls"', "start": '"offered_at"', "stop": '"answered_at"', "cohort": '"received"'}
NUMBER = {"of": '"cases"', "measure": '"count"', "dated": '"decided_at"', "cohort": '"dated"'}
KINDS = {"of": '"requests"', "measure": '"share of kinds"', "dated": '"received_at"', "cohort": '"dated"'}
SCORE = {"of": '"reviews"', "measure": '"score"', "cohort": '"dated"'}
STOCK = {**CLOCK, "measure": '"stock"', "limit": '"52 weeks"', "cohort": '"dated"'}
AVERAGE = {**CALLS, "measure": '"average"', "counted_in": '"seconds"'}
IN_TOUCH = {**CLOCK, "measure": '"keep in touch"', "limit": '"20 working days"'}
DELAYS = {"of": '"cases"', "measure": '"delays explained"', "cohort": '"due"', "late_on": '["in-time"]'}
TREND = {"of": '"cases"', "measure": '"trend"', "cohort": '"dated"'}
DONE = {"of": '"activities"', "measure": '"done by"', "dated": '"at"', "by_date": "2018-05-25", "cohort": '"dated"'}
RANK = {**NUMBER, "measure": '"rank"', "numerator": '{ decision = "upheld" }'}

# Beside each of them: a target with a limit, and a number of cases
OTHERS = """
[[target]]
id = "in-time"
says = "In time"
of = "cases"
start = "received_at"
stop = "decided_at"
limit = "20 working days"
cohort = "received"
[[target]]
id = "requests-in-time"
says = "In time"
of = "requests"
start = "received_at"
stop = "answered_at"
limit = "20 working days"
cohort = "received"
[[target]]
id = "number"
says = "Cases"
measure = "count"
of = "cases"
dated = "received_at"
cohort = "dated"
"""


def written(*parts: dict[str, str], **changes: str) -> str:
    """Write a scheme file with one target under test, before others that it may name."""
    keys: dict[str, str] = {**SHARED}
    for part in (*parts, changes):
        keys |= part
    return HEAD + "[[target]]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()) + OTHERS


def refused(text: str, tmp_path: Path) -> str:
    """Load a file; give what is said of it."""
    path = tmp_path / "own.toml"
    path.write_text(text, "utf-8")
    with pytest.raises((KpiError, TypeError, ValueError, KeyError)) as error:
        load_scheme(path)
    assert type(error.value) is SchemeError
    return str(error.value)


GOOD = {
    "stock": written(STOCK, standard='"no more than 60"'),
    "average": written(AVERAGE, standard='"at most 20 seconds"'),
    "average in days": written(CLOCK, measure='"average"', counted_in='"calendar days"', standard='"at most 20 days"'),
    "score": written(SCORE, sampled_from='"number"', partly='"left out"', standard='"at least 90%"'),
    "combined score": written(SCORE, parts='"standard"', combined='"mean-of-scores"'),
    "number": written(NUMBER, per='"quarter"', standard='"about 800"', distinct='"authority"'),
    "kinds": written(KINDS, numerator='{ kind = "stage-2" }', among='{ calls = "offered_at" }'),
    "followed": written(KINDS, where='{ kind = "stage-1" }', followed_by='{ kind = "stage-2" }'),
    "rank": written(RANK, comparator='"mean of rates"'),
    "volume": written(NUMBER, measure='"volume"'),
    "rate": written(NUMBER, measure='"rate"', per="1000", population='{ kind = "homes" }'),
    "done by": written(DONE),
    "keep in touch": written(IN_TOUCH, parties='["complainant"]', counted='"intervals"', cohort='"due"'),
    "delays": written(DELAYS, up_to='"5 working days"'),
    "trend": written(TREND, change_in='{ measure = "count", dated = "decided_at" }', standard='"does not decrease"'),
    "trend of a share": written(TREND, cohort='"closed"', standard='"increases"', change_in=(
        '{ start = "received_at", stop = "decided_at", limit = "13 weeks" }')),
}  # fmt: skip

BAD: dict[str, tuple[str, str]] = {
    # keys
    "an unknown key of a measure": (
        written(NUMBER, pr='"quarter"'), r"target own-target: 'pr' is no key here\. .*'per'.*\bdistinct\b"
    ),
    "a key of another measure": (
        written(NUMBER, limit='"20 days"'), r"target own-target: 'limit' is no key here\..*\bper\b"
    ),
    "conditions of what isn't measured": (
        written({"of": '"cases"', "measure": '"not measured"', "reason": '"none"', "cohort": '"closed"'},
                where='{ team = "x" }'), r"target own-target: 'where' is no key here\."
    ),
    "an unknown key of in_force": (
        written(CLOCK, limit='"9 weeks"', in_force="{ frist = 2018-01-01 }"),
        r"target own-target: in_force: 'frist' is no key here\. Did you mean 'first'\? It can be: first, last\.",
    ),
    "in force until before it was": (
        written(CLOCK, limit='"9 weeks"', in_force="{ first = 2018-01-01, last = 2017-01-01 }"),
        r"target own-target: in_force: the last day is before the first",
    ),
    "two targets of one id": (written(NUMBER, id='"number"'), r"two targets are called 'number'.*once"),
    "no source": (
        written(NUMBER).replace('source = "A notice on the wall"\n', ""), r"own\.toml: 'source' is missing\."
    ),
    "no kinds": (written(KINDS), r"target own-target: numerator: .*numerator or by followed_by"),
    "two kinds of kinds": (
        written(KINDS, numerator='{ kind = "a" }', followed_by='{ kind = "b" }'),
        r"target own-target: numerator: .*numerator or by followed_by",
    ),
    "no day": (
        written(NUMBER).replace('dated = "decided_at"\n', ""), r"target own-target: 'dated' is missing"
    ),
    "no date to be done by": (
        written(DONE).replace("by_date = 2018-05-25\n", ""), r"target own-target: 'by_date' is missing"
    ),
    "done by no date": (written(DONE, by_date='"soon"'), r"target own-target: by_date: .*date"),
    # standards, limits and units
    "an impossible share": (
        written(KINDS, numerator='{ kind = "a" }', standard='"at least 101%"'),
        r"target own-target: standard: .*impossible share",
    ),
    "a stock in seconds": (
        written(STOCK, limit='"60 seconds"'), r"target own-target: limit: .*days or weeks"
    ),
    "a stock in hours": (written(STOCK, limit='"24 hours"'), r"target own-target: limit: .*days or weeks"),
    "a stock by its own date": (
        written(STOCK, limit='{ field = "closed_at" }'), r"target own-target: limit: .*days or weeks"
    ),
    "a stock of those received": (
        written(STOCK, cohort='"received"'), r"target own-target: cohort: .*'received'.*It can be: dated"
    ),
    "a stock as a share": (
        written(STOCK, standard='"no more than 60%"'), r"target own-target: standard: its unit is number"
    ),
    "an average of seconds in days": (
        written(AVERAGE, standard='"at most 20 days"'),
        r"target own-target: standard: its unit is seconds; write it like 'at most 20 seconds'",
    ),
    "an average without a unit": (
        written(AVERAGE, standard='"at most 20"'), r"target own-target: standard: its unit is seconds"
    ),
    "an average as a share": (
        written(AVERAGE, standard='"at most 20%"'), r"target own-target: standard: its unit is seconds"
    ),
    "an average in fortnights": (
        written(AVERAGE, counted_in='"fortnights"'),
        r"target own-target: counted_in: .*seconds.*hours.*working days.*calendar days",
    ),
    "an average of those due": (
        written(AVERAGE, cohort='"due"'), r"target own-target: cohort: .*'due'.*It can be: received, closed"
    ),
    "a number as a share": (
        written(NUMBER, standard='"at least 4%"'), r"target own-target: standard: its unit is number.*'at least 4'"
    ),
    "a number for a fortnight": (
        written(NUMBER, per='"fortnight"'), r"target own-target: per: .*two-month.*financial-year"
    ),
    "a number of what is due": (
        written(NUMBER, cohort='"due"'), r"target own-target: cohort: .*It can be: received, closed, dated"
    ),
    "contact in hours": (
        written(IN_TOUCH, limit='"20 hours"'), r"target own-target: limit: .*days or weeks"
    ),
    "contact with a neighbour": (
        written(IN_TOUCH, parties='["neighbour"]'), r"target own-target: parties: .*complainant.*organisation"
    ),
    "delays up to some hours": (
        written(DELAYS, up_to='"5 hours"'), r"target own-target: up_to: .*working days or calendar days"
    ),
    "partly by half": (
        written(SCORE, partly='"half"'), r"target own-target: partly: .*met.*not met.*left out"
    ),
    "an unknown comparator": (
        written(RANK, comparator='"median"'), r"target own-target: comparator: .*pooled.*mean of rates"
    ),
    # records that don't have what is measured
    "a score of cases": (written(SCORE, of='"cases"'), r"target own-target: of: a score is of reviews, not of cases"),
    "a score by what reviews don't have": (
        written(SCORE, parts='"sorce"'), r"target own-target: parts: reviews have no 'sorce'\. Did you mean 'source'\?"
    ),
    "a score of an unknown source": (
        written(SCORE, where='{ source = "CPAA" }'),
        r"target own-target: where: source is never 'CPAA'\. Did you mean 'CPA'\?",
    ),
    "contact on calls": (
        written(IN_TOUCH, CALLS), r"target own-target: of: contact is kept on cases, not on calls"
    ),
    "calls that are followed": (
        written(KINDS, of='"calls"', dated='"offered_at"', followed_by='{ kind = "x" }'),
        r"target own-target: followed_by: calls have no case_id",
    ),
    "delays of requests": (
        written(DELAYS, of='"requests"'), r"target own-target: of: delays are explained on cases"
    ),
    "a day that is none": (
        written(NUMBER, dated='"decision"'), r"target own-target: 'decision' isn't a time of cases"
    ),
    "among itself": (
        written(KINDS, numerator='{ kind = "a" }', among='{ requests = "received_at" }'),
        r"target own-target: among: requests are counted already",
    ),
    "among what is no record": (
        written(KINDS, numerator='{ kind = "a" }', among='{ letters = "received_at" }'),
        r"target own-target: among.*written_contacts",
    ),
    # targets that name others
    "late on what isn't there": (
        written(DELAYS, late_on='["in-tme"]'),
        r"target own-target: late_on: 'in-tme' isn't a share within a limit of cases\. Did you mean 'in-time'\?",
    ),
    "late on a number": (written(DELAYS, late_on='["number"]'), r"target own-target: late_on: 'number' isn't"),
    "late on requests": (
        written(DELAYS, late_on='["in-time", "requests-in-time"]'),
        r"target own-target: late_on: 'requests-in-time' isn't a share within a limit of cases\..*It can be: in-time\.",
    ),
    "late on itself": (written(DELAYS, late_on='["own-target"]'), r"target own-target: late_on: 'own-target' isn't"),
    "late on nothing": (written(DELAYS, late_on="[]"), r"target own-target: late_on"),
    "late on text": (written(DELAYS, late_on='"in-time"'), r"target own-target: late_on: a list is wanted"),
    "sampled from what isn't there": (
        written(SCORE, sampled_from='"numbr"'),
        r"target own-target: sampled_from: 'numbr' isn't a number of cases\. Did you mean 'number'\?",
    ),
    "sampled from a share": (
        written(SCORE, sampled_from='"in-time"'), r"target own-target: sampled_from: 'in-time' isn't a number of cases"
    ),
    # changes
    "a trend of nothing": (written(TREND), r"target own-target: 'change_in' is missing"),
    "a trend in text": (written(TREND, change_in='"count"'), r"target own-target: change_in: a table is wanted"),
    "a trend in a trend": (
        written(TREND, change_in='{ measure = "trend", change_in = { measure = "count", dated = "decided_at" } }'),
        r"target own-target: change_in: a trend can be in one of: share within.*count.*score",
    ),
    "a trend in ranks": (
        written(TREND, change_in='{ measure = "rank" }'), r"target own-target: change_in: a trend can be in one of"
    ),
    "a trend with an unknown key": (
        written(TREND, change_in='{ measure = "count", dated = "decided_at", wher = { team = "x" } }'),
        r"target own-target: change_in: 'wher' is no key here",
    ),
    "a trend with a misspelt key that it needs": (
        written(TREND, change_in='{ measure = "count", datd = "decided_at" }'),
        r"target own-target: change_in: 'datd' is no key here",
    ),
    "a trend without a key that it needs": (
        written(TREND, change_in='{ measure = "count" }'), r"target own-target: change_in: 'dated' is missing"
    ),
    "a trend in a unit that there isn't": (
        written(TREND, cohort='"closed"', change_in=(
            '{ measure = "average", start = "received_at", stop = "decided_at", counted_in = "weeks" }')),
        r"target own-target: change_in: counted_in: .*calendar days",
    ),
    "a trend of a day that is none": (
        written(TREND, change_in='{ measure = "count", dated = "decided" }'),
        r"target own-target: change_in: 'decided' isn't a time of cases.*Did you mean 'decided_at'\?",
    ),
    "a trend of a word that is never said": (
        written(TREND, change_in='{ measure = "count", dated = "decided_at", where = { decided_in = "asessment" } }'),
        r"target own-target: change_in: where: decided_in is never 'asessment'\. Did you mean 'assessment'\?",
    ),
    "a trend of other records": (
        written(TREND, change_in='{ measure = "count", of = "calls", dated = "offered_at" }'),
        r"target own-target: change_in: 'of' belongs to the target itself; leave it out here",
    ),
    "a trend of a standard of its own": (
        written(TREND, change_in='{ measure = "count", dated = "decided_at", standard = "at least 4" }'),
        r"target own-target: change_in: 'standard' belongs to the target itself; leave it out here",
    ),
    "a trend of an id of its own": (
        written(TREND, change_in='{ id = "number", measure = "count", dated = "decided_at" }'),
        r"target own-target: change_in: 'id' belongs to the target itself; leave it out here",
    ),
    "a trend of a cohort of its own": (
        written(TREND, change_in='{ measure = "count", dated = "decided_at", cohort = "dated" }'),
        r"target own-target: change_in: 'cohort' belongs to the target itself; leave it out here",
    ),
    "a trend of words of its own": (
        written(TREND, change_in='{ measure = "count", dated = "decided_at", says = "A number" }'),
        r"target own-target: change_in: 'says' belongs to the target itself; leave it out here",
    ),
    "a trend of scores of cases": (
        written(TREND, change_in='{ measure = "score" }'), r"target own-target: change_in: of: a score is of reviews"
    ),
    "a trend above 4": (
        written(TREND, change_in='{ measure = "count", dated = "decided_at" }', standard='"at least 4"'),
        r"target own-target: standard: a change is compared with 0; write increases",
    ),
    "a trend in per cent": (
        written(TREND, change_in='{ measure = "count", dated = "decided_at" }', standard='"at least 0%"'),
        r"target own-target: standard: .*increases",
    ),
}  # fmt: skip

PYDANTIC = (
    "Field required",
    "Input should be a valid",
    "Value error",
    "Tuple should",
    "validation error",
    "[type=",
    "[key]",
)


@pytest.mark.parametrize("name", list(GOOD))
def test_what_is_right_is_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(GOOD[name], "utf-8")
    assert load_scheme(path)["own-target"].says == "As we say"


@pytest.mark.parametrize("name", list(BAD))
def test_what_is_wrong_is_said_in_one_sentence(name: str, tmp_path: Path) -> None:
    text, words = BAD[name]
    said = refused(text, tmp_path)
    assert "own.toml: " in said
    assert "\n" not in said
    with pytest.raises(SchemeError, match=words):
        load_scheme(tmp_path / "own.toml")


@pytest.mark.parametrize("name", list(BAD))
def test_no_text_of_the_validator_s_own_comes_through(name: str, tmp_path: Path) -> None:
    said = refused(BAD[name][0], tmp_path)
    assert [words for words in PYDANTIC if words in said] == []


@pytest.mark.parametrize("files", [{"own.toml": "own.toml"}, {"own.toml": "b.toml", "b.toml": "own.toml"}])
def test_extending_in_a_circle_names_the_files(files: dict[str, str], tmp_path: Path) -> None:
    for name, extended in files.items():
        (tmp_path / name).write_text(f'id = "x"\nextends = "{extended}"\n', "utf-8")
    with pytest.raises(
        SchemeError, match=r"own\.toml: the schemes extend one another in a circle: .*own\.toml > .*own\.toml"
    ) as error:
        load_scheme(tmp_path / "own.toml")
    assert all(name in str(error.value) for name in files)


def test_what_is_wrong_in_an_extended_target_names_the_file_that_changes_it(tmp_path: Path) -> None:
    text = 'id = "ours"\nextends = "lgsco"\n[[target]]\nid = "delays-explained"\nlate_on = ["intake-calls-60s"]\n'
    said = refused(text, tmp_path)
    assert "own.toml: target delays-explained: late_on: 'intake-calls-60s' isn't" in said


# The JSON Schema of a scheme file


def as_json(text: str) -> Any:
    """Read TOML as an editor sees it: dates are text."""
    return json.loads(json.dumps(tomllib.loads(text), default=str))


def problems(text: str) -> list[str]:
    validator = jsonschema.Draft202012Validator(json.loads(JSON_SCHEMA.read_text("utf-8")))
    return [error.message for error in validator.iter_errors(as_json(text))]


@pytest.mark.parametrize("path", SCHEMES, ids=lambda path: path.stem)
def test_the_json_schema_takes_the_shipped_schemes(path: Path) -> None:
    assert problems(path.read_text("utf-8")) == []


MISSPELT = [
    pytest.param(path, key, misspelt, id=f"{path.stem}: {misspelt}")
    for key, misspelt in (("says", "syas"), ("cohort", "cohrt"), ("measure", "mesure"))
    for path in SCHEMES
    if f"\n{key} = " in path.read_text("utf-8")
]


@pytest.mark.parametrize(("path", "key", "misspelt"), MISSPELT)
def test_the_json_schema_refuses_a_misspelt_key(path: Path, key: str, misspelt: str) -> None:
    text = path.read_text("utf-8")
    found = problems(text.replace(f"\n{key} = ", f"\n{misspelt} = ", 1))
    assert any(f"'{misspelt}' was unexpected" in message for message in found)


@pytest.mark.parametrize("name", list(GOOD))
def test_the_json_schema_takes_each_measure(name: str) -> None:
    assert problems(GOOD[name]) == []


@pytest.mark.parametrize(
    "name",
    [
        "an unknown key of a measure",
        "an unknown key of in_force",
        "an average in fortnights",
        "a number for a fortnight",
        "contact with a neighbour",
        "partly by half",
        "an unknown comparator",
        "among what is no record",
        "no source",
        "late on nothing",
        "late on text",
        "a trend in text",
    ],
)
def test_the_json_schema_refuses_what_can_be_seen_in_one_place(name: str) -> None:
    assert problems(BAD[name][0]) != []
