"""Schemes: read from TOML, extended, changed, refused."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

import ombudsman_kpi
from ombudsman_kpi import (
    CalendarDays,
    KpiError,
    Scheme,
    SchemeError,
    Weeks,
    WorkingDays,
    list_schemes,
    load_scheme,
    measure,
)
from ombudsman_kpi.measures.not_measured import NotMeasured
from ombudsman_kpi.measures.registry import MEASURES
from ombudsman_kpi.measures.share_within import ShareWithin
from ombudsman_kpi.schemes.json_schema import scheme_json_schema

ROOT = Path(__file__).parents[2]
LGSCO_FILE = Path(ombudsman_kpi.__file__).parent / "schemes" / "lgsco.toml"
PERMITS_FILE = ROOT / "examples" / "schemes" / "permits.toml"

HEAD = 'id = "own"\ntitle = "Own"\nsource = "A notice on the wall"\ndivision = "england-and-wales"\n'
TARGET = """
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
OWN = HEAD + TARGET


@pytest.fixture
def load(tmp_path: Path) -> Any:
    """Give a function that writes a scheme file and reads it."""

    def write_and_load(text: str, name: str = "own.toml") -> Scheme:
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return load_scheme(path)

    return write_and_load


def share(scheme: Scheme, target: str) -> ShareWithin:
    found = scheme[target]
    assert isinstance(found, ShareWithin)
    return found


def test_a_scheme_is_read_from_a_file(load: Any) -> None:
    scheme = load(OWN)
    assert (scheme.id, scheme.title, scheme.source) == ("own", "Own", "A notice on the wall")
    assert (scheme.division, scheme.time_zone) == ("england-and-wales", "Europe/London")
    target = share(scheme, "answered-10wd")
    assert (target.limit, str(target.standard)) == (WorkingDays(10), "at least 90%")
    assert target.says == "Answered in ten working days"


def test_a_path_may_be_text(load: Any, tmp_path: Path) -> None:
    load(OWN)
    assert load_scheme(str(tmp_path / "own.toml")).id == "own"


@pytest.mark.parametrize("name", list_schemes())
def test_every_shipped_scheme_can_be_loaded_by_its_name(name: str) -> None:
    assert load_scheme(name).id == name


def test_the_example_can_be_loaded() -> None:
    assert [target.id for target in load_scheme(PERMITS_FILE).targets] == [
        "by-its-deadline",
        "by-the-day-of-its-deadline",
    ]


def test_a_scheme_never_changes() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_scheme("lgsco").title = "Other"  # type: ignore[misc]


def test_a_scheme_shows_itself_in_a_line() -> None:
    scheme = load_scheme("lgsco")
    assert repr(scheme) == str(scheme)
    assert scheme.digest in repr(scheme)
    assert "23 targets" in repr(scheme)


# Bands


BANDS = (
    HEAD
    + """
[[target]]
says = "Answered in time"
of = "requests"
start = "received_at"
stop = "answered_at"
cohort = "closed"
bands = [
  { id = "in-2w", limit = "2 weeks", standard = "at least 75%" },
  { id = "in-4w", says = "Nearly all in four weeks", limit = "4 weeks", standard = "at least 98%" },
]
"""
)


def test_each_band_becomes_a_target(load: Any) -> None:
    scheme = load(BANDS)
    assert [target.id for target in scheme.targets] == ["in-2w", "in-4w"]
    assert [share(scheme, name).limit for name in ("in-2w", "in-4w")] == [Weeks(2), Weeks(4)]
    assert [target.says for target in scheme.targets] == ["Answered in time", "Nearly all in four weeks"]
    assert {target.of for target in scheme.targets} == {"requests"}


@pytest.mark.parametrize("bands", ["[]", '"2 weeks"', '["2 weeks"]', "{ id = 'a' }"])
def test_bands_are_a_list_of_tables(bands: str, load: Any) -> None:
    with pytest.raises(SchemeError, match=r"bands are a list such as"):
        load(HEAD + f'[[target]]\nsays = "x"\nbands = {bands}\n')


# Extending


def test_a_scheme_can_extend_a_shipped_one(load: Any) -> None:
    scheme = load(
        'id = "ours"\nextends = "lgsco"\n[[target]]\nid = "written-contacts-3wd"\nstandard = "95%"\n' + TARGET
    )
    lgsco = load_scheme("lgsco")
    assert scheme.id == "ours"
    assert [target.id for target in scheme.targets] == [*(target.id for target in lgsco.targets), "answered-10wd"]
    assert str(scheme["written-contacts-3wd"].standard) == "at least 95%"
    assert scheme["written-contacts-3wd"].says == lgsco["written-contacts-3wd"].says
    assert scheme["investigation-13w"] == lgsco["investigation-13w"]
    assert scheme.reports == lgsco.reports
    assert scheme.digest != lgsco.digest


def test_a_scheme_can_extend_a_file_seen_from_its_own_folder(load: Any, tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    load(OWN, "base/own.toml")
    scheme = load('id = "ours"\nextends = "base/own.toml"\ndivision = "scotland"\n')
    assert scheme.division == "scotland"
    assert share(scheme, "answered-10wd").limit == WorkingDays(10)


def test_extending_can_go_on(load: Any, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    load('id = "a"\nextends = "lgsco"\ntitle = "A"\n' + TARGET, "a.toml")
    load('id = "b"\nextends = "../a.toml"\n[[target]]\nid = "answered-10wd"\nlimit = "9 working days"\n', "sub/b.toml")
    scheme = load('id = "c"\nextends = "sub/b.toml"\n[[target]]\nid = "answered-10wd"\nstandard = "80%"\n', "c.toml")
    assert scheme.title == "A"
    assert (share(scheme, "answered-10wd").limit, str(scheme["answered-10wd"].standard)) == (
        WorkingDays(9),
        "at least 80%",
    )


def test_a_file_of_the_same_name_does_not_hide_a_shipped_scheme(load: Any, tmp_path: Path) -> None:
    load(OWN, "lgsco")
    assert load('id = "ours"\nextends = "lgsco"\n').title == load_scheme("lgsco").title


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"a.toml": "a.toml"}, id="itself"),
        pytest.param({"a.toml": "./a.toml"}, id="itself, written otherwise"),
        pytest.param({"a.toml": "../{here}/a.toml"}, id="itself, by way of the folder"),
        pytest.param({"a.toml": "b.toml", "b.toml": "a.toml"}, id="two"),
        pytest.param({"a.toml": "b.toml", "b.toml": "c.toml", "c.toml": "b.toml"}, id="three"),
    ],
)
def test_extending_in_a_circle_is_an_error(files: dict[str, str], tmp_path: Path) -> None:
    for name, extended in files.items():
        (tmp_path / name).write_text(f'id = "x"\nextends = "{extended.format(here=tmp_path.name)}"\n', "utf-8")
    with pytest.raises(SchemeError, match="circle"):
        load_scheme(tmp_path / "a.toml")


def test_two_targets_of_one_id_are_an_error_in_a_file_that_extends_too(load: Any) -> None:
    with pytest.raises(SchemeError, match=r"answered-10wd.*once"):
        load('id = "ours"\nextends = "lgsco"\n' + TARGET + TARGET)


# Changing


def test_with_target_changes_one_target_and_the_digest() -> None:
    lgsco = load_scheme("lgsco")
    changed = lgsco.with_target("decided-or-allocated-20wd", standard="45%")
    assert str(changed["decided-or-allocated-20wd"].standard) == "at least 45%"
    assert str(lgsco["decided-or-allocated-20wd"].standard) == "at least 40%"
    assert changed.digest != lgsco.digest
    assert [target.id for target in changed.targets] == [target.id for target in lgsco.targets]
    others = [target for target in changed.targets if target.id != "decided-or-allocated-20wd"]
    assert others == [target for target in lgsco.targets if target.id != "decided-or-allocated-20wd"]


def test_changing_a_target_to_what_it_is_changes_nothing() -> None:
    lgsco = load_scheme("lgsco")
    assert lgsco.with_target("decided-or-allocated-20wd", standard="at least 40%") == lgsco
    assert lgsco.with_target("decided-or-allocated-20wd", limit="20 working days").digest == lgsco.digest


def test_with_target_takes_limits_as_objects_too() -> None:
    changed = load_scheme("lgsco").with_target("written-contacts-3wd", limit=CalendarDays(5))
    assert share(changed, "written-contacts-3wd").limit == CalendarDays(5)
    assert changed.digest == load_scheme("lgsco").with_target("written-contacts-3wd", limit="5 calendar days").digest


def test_with_target_can_add_one_and_can_take_a_standard_away() -> None:
    added = load_scheme("lgsco").with_target(
        "new", says="New", of="cases", start="received_at", stop="decided_at", limit="9 weeks", cohort="due"
    )
    assert share(added, "new").limit == Weeks(9)
    assert load_scheme("lgsco").with_target("investigation-13w", standard=None)["investigation-13w"].standard is None


def test_changes_can_follow_one_another() -> None:
    clock = {"day_of_receipt": "day 1", "cut_off": "17:00"}
    scheme = (
        load_scheme("lgsco")
        .with_target("written-contacts-3wd", clock=clock)
        .with_target("written-contacts-3wd", standard="90%")
    )
    target = share(scheme, "written-contacts-3wd")
    assert target.clock.in_force == {"day_of_receipt": "day 1", "cut_off": "17:00"}
    assert str(target.standard) == "at least 90%"


@pytest.mark.parametrize(
    ("target", "changes", "words"),
    [
        ("intake-calls-60s", {"limit": "-5 seconds"}, "can't be negative"),
        ("intake-calls-60s", {"standrd": "95%"}, "'standrd' is no key here. Did you mean 'standard'"),
        ("intake-calls-60s", {"standard": "20 seconds"}, "per cent"),
        ("new", {"standard": "95%"}, "'says' is missing"),
        ("New One", {}, "a short name is wanted, of small letters"),
    ],
)
def test_with_target_refuses_what_a_file_could_not_say(target: str, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SchemeError, match=rf"target {target}: .*{words}|{words}"):
        load_scheme("lgsco").with_target(target, **changes)


# Digest


def test_the_digest_is_the_same_wherever_it_is_worked_out() -> None:
    code = "import ombudsman_kpi; print(ombudsman_kpi.load_scheme('lgsco').digest)"
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == load_scheme("lgsco").digest


def test_the_digest_depends_on_what_is_declared_and_not_on_how_it_is_written(load: Any) -> None:
    digest = load(OWN).digest
    assert load("# a comment\n" + OWN.replace('"10 working days"', '"within 10 working days"')).digest == digest
    assert load(OWN.replace("limit =", "limit    =")).digest == digest
    assert load(OWN.replace('"at least 90%"', '"90%"')).digest == digest
    assert load(OWN + 'measure = "share within"\n').digest == digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"10 working days"', '"11 working days"'),
        ('"10 working days"', '"< 10 working days"'),
        ('"10 working days"', '"10 calendar days"'),
        ('"at least 90%"', '"at least 90.1%"'),
        ('"at least 90%"', '"at most 90%"'),
        ('standard = "at least 90%"', ""),
        ('cohort = "received"', 'cohort = "due"'),
        ('cohort = "received"', 'cohort = "received"\nclock = { day_of_receipt = "day 1" }'),
        ('cohort = "received"', 'cohort = "received"\nwhere = { kind = "stage-1" }'),
        ('stop = "answered_at"', 'stop = ["answered_at", "closed_at"]'),
        ('"england-and-wales"', '"scotland"'),
        ('title = "Own"', 'title = "Own"\nclosures = ["2024-12-24"]'),
        ('title = "Own"', 'title = "Own"\ntime_zone = "Europe/Paris"'),
        ("ten working days", "11 working days"),
    ],
)
def test_the_digest_changes_with_everything_that_is_declared(old: str, new: str, load: Any) -> None:
    assert old in OWN
    assert load(OWN.replace(old, new)).digest != load(OWN).digest


# Closures


CHRISTMAS_EVE = "RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24"


@pytest.mark.parametrize(
    "closures",
    [
        pytest.param('["2024-12-24", "2025-12-24", "2026-12-24"]', id="text"),
        pytest.param("[2024-12-24, 2025-12-24, 2026-12-24]", id="dates of TOML"),
        pytest.param(f'["{CHRISTMAS_EVE}"]', id="a rule"),
        pytest.param(f'["DTSTART:20240101T000000\\n{CHRISTMAS_EVE}"]', id="a rule from a day"),
        pytest.param(f'["DTSTART:20240101T000000Z\\n{CHRISTMAS_EVE}"]', id="a rule from a day in UTC"),
        pytest.param(f'["{CHRISTMAS_EVE};UNTIL=20301231"]', id="a rule until a day"),
        pytest.param(f'["2024-12-24", "{CHRISTMAS_EVE}"]', id="both"),
    ],
)
def test_closures_are_no_working_days(closures: str, load: Any) -> None:
    calendar = load(f"closures = {closures}\n" + OWN).calendar
    open_calendar = load(OWN).calendar
    eve = "2024-12-24"  # a Tuesday
    assert open_calendar.is_working_day(eve)
    assert not calendar.is_working_day(eve)
    assert not calendar.is_working_day("2026-12-24")
    assert not calendar.is_working_day("2024-12-25")
    assert calendar.is_working_day("2024-12-23")
    assert calendar.edition != open_calendar.edition
    assert (calendar.first, calendar.last, calendar.division) == (
        open_calendar.first,
        open_calendar.last,
        "england-and-wales",
    )
    assert calendar.announced_until == open_calendar.announced_until


def test_a_closure_moves_the_due_day(load: Any) -> None:
    request = {"request_id": "R", "kind": "x", "received_at": "2024-12-10", "answered_at": "2024-12-24"}

    def met(text: str) -> int | None:
        return measure(load(text), requests=[request], as_of="2025-01-31").rows[0].met

    assert met(OWN) == 1  # the tenth working day is the 24th itself
    assert met('closures = ["2024-12-11"]\n' + OWN) == 1
    late = {**request, "answered_at": "2024-12-27"}
    assert measure(load(OWN), requests=[late], as_of="2025-01-31").rows[0].met == 0
    closed = load('closures = ["2024-12-11"]\n' + OWN)
    assert measure(closed, requests=[late], as_of="2025-01-31").rows[0].met == 1


@pytest.mark.parametrize(
    "closures", ['["2024-02-30"]', '["24/12/2024"]', '"2024-12-24"', '["RRULE:FREQ=OFTEN"]', '["RRULE:"]', "[5]", "5"]
)
def test_closures_that_are_none_are_refused(closures: str, load: Any) -> None:
    with pytest.raises(SchemeError, match=r"own\.toml"):
        load(f"closures = {closures}\n" + OWN)


# What is wrong, in one sentence that names the file, the target and the key


BAD: dict[str, tuple[str, str]] = {
    "misspelt key of a target": (
        OWN.replace("standard", "standerd"),
        r"target answered-10wd: 'standerd' is no key here\. Did you mean 'standard'\?",
    ),
    "misspelt required key of a target": (
        OWN.replace("limit", "lmit"),
        r"target answered-10wd: 'lmit' is no key here\. Did you mean 'limit'\?",
    ),
    "misspelt key of a clock": (
        OWN + 'clock = { cut_of = "17:00" }\n',
        r"target answered-10wd: .*cut_of.* is no key here\. Did you mean 'cut_off'\?",
    ),
    "misspelt key of a report": (
        OWN + '[[report]]\naudience = "x"\nevry = "month"\ntargets = ["answered-10wd"]\n',
        r"evry.* is no key here\. Did you mean 'every'\?",
    ),
    "misspelt key of a band": (
        BANDS.replace('limit = "2 weeks"', 'limt = "2 weeks"'),
        r"target in-2w: 'limt' is no key here\. Did you mean 'limit'\?",
    ),
    "misspelt key of the file": (
        'closure = ["2024-12-24"]\n' + OWN,
        r"'closure' is no key here\. Did you mean 'closures'\?",
    ),
    "misspelt required key of the file": (
        OWN.replace("title", "titel"),
        r"'titel' is no key here\. Did you mean 'title'\?",
    ),
    "misspelt extends": ('id = "ours"\nextend = "lgsco"\n', r"'extend' is no key here\. Did you mean 'extends'\?"),
    "misspelt target": (OWN.replace("[[target]]", "[[taget]]"), r"'taget' is no key here\. Did you mean 'target'\?"),
    "impossible share": (OWN.replace("90%", "190%"), r"target answered-10wd: standard: .*impossible share"),
    "wrong unit": (OWN.replace("at least 90%", "at most 20 seconds"), r"target answered-10wd: standard: .*per cent"),
    "a standard that is a number": (OWN.replace('"at least 90%"', "0.9"), r"target answered-10wd: standard"),
    "a limit without a unit": (
        OWN.replace('"10 working days"', "10"),
        r"target answered-10wd: limit: a limit is text such as '20 working days'",
    ),
    "a limit in fortnights": (
        OWN.replace("10 working days", "1 fortnight"),
        r"target answered-10wd: limit: '1 fortnight' isn't a limit.*weeks",
    ),
    "a negative limit": (
        OWN.replace("10 working days", "-10 working days"),
        r"target answered-10wd: limit: .*can't be negative",
    ),
    "a limit of more days than there are": (
        OWN.replace("10 working days", "99999999999999999999 working days"),
        r"target answered-10wd: limit",
    ),
    "two targets of one id": (OWN + TARGET, r"two targets are called 'answered-10wd'.*once"),
    "two bands of one id": (BANDS.replace("in-4w", "in-2w"), r"two targets are called 'in-2w'"),
    "missing source": (OWN.replace('source = "A notice on the wall"\n', ""), r"'source' is missing"),
    "empty source": (OWN.replace("A notice on the wall", ""), r"source"),
    "missing words": (
        OWN.replace('says = "Answered in ten working days"\n', ""),
        r"target answered-10wd: 'says' is missing",
    ),
    "missing id of a target": (OWN.replace('id = "answered-10wd"\n', ""), r"target number 1: 'id' is missing"),
    "missing division": (OWN.replace('division = "england-and-wales"\n', ""), r"'division' is missing"),
    "unknown division": (
        OWN.replace("england-and-wales", "wales"),
        r"division: .*england-and-wales.*scotland.*northern-ireland",
    ),
    "unknown time zone": ('time_zone = "Europe/Londn"\n' + OWN, r"no time zone 'Europe/Londn'"),
    "unknown measure": (
        OWN + 'measure = "shar within"\n',
        r"target answered-10wd: there is no measure 'shar within'\. Did you mean 'share within'\?",
    ),
    "a measure that is a list": (OWN + 'measure = ["share within"]\n', r"target answered-10wd: .*measure"),
    "unknown records": (OWN.replace('"requests"', '"request"'), r"target answered-10wd: of: .*requests"),
    "unknown cohort": (OWN.replace('"received"', '"recieved"'), r"target answered-10wd: cohort: .*received"),
    "a start that is no time": (
        OWN.replace('"received_at"', '"received"'),
        r"target answered-10wd: 'received' isn't a time of requests.*Did you mean 'received_at'\?",
    ),
    "an option that means nothing": (
        OWN + 'clock = { own_due = "by the day" }\n',
        r"target answered-10wd: clock: own_due means nothing",
    ),
    "an expression": (
        OWN + "where = { kind = { gt = 5 } }\n",
        r"target answered-10wd: where\.kind: a condition is a value",
    ),
    "no targets": (HEAD, r"target"),
    "a table for a target": (OWN.replace("[[target]]", "[target]"), r"\[\[target\]\]"),
    "targets": (HEAD + "targets = []\n", r"'targets' is no key of a scheme file; write \[\[target\]\]"),
    "reports": (
        OWN.replace(HEAD, HEAD + "reports = []\n"),
        r"'reports' is no key of a scheme file; write \[\[report\]\]",
    ),
    "a report on what is no target": (
        OWN + '[[report]]\naudience = "x"\ntargets = ["answerd-10wd"]\n',
        r"report to x names 'answerd-10wd'.*Did you mean 'answered-10wd'\?",
    ),
    "a report on an unknown cycle": (
        OWN + '[[report]]\naudience = "x"\nevery = "monthly"\ntargets = ["answered-10wd"]\n',
        r"every: .*month",
    ),
    "not TOML": (HEAD + "[[target]]\nid = answered\n", r"isn't a TOML file: .*line 6"),
    "not TOML at its end": (OWN + "x = [1,\n", r"isn't a TOML file: .*end of document"),
    "nothing": ("", r"'id' is missing"),
    "extending what isn't there": ('id = "ours"\nextends = "lgsc"\n', r"no scheme 'lgsc'.*Did you mean 'lgsco'\?"),
    "extending by a number": (
        'id = "ours"\nextends = 5\n',
        r"extends takes a name or path, or a list of them",
    ),
    "extending below a file": ('id = "ours"\nextends = "own.toml/base.toml"\n', r"no scheme"),
    "an id that is a list": ('id = "ours"\nextends = "lgsco"\n' + TARGET.replace('"answered-10wd"', "[1]"), r"id"),
    "unmeasured without a reason": (
        HEAD + '[[target]]\nid = "a"\nsays = "x"\nof = "cases"\ncohort = "due"\nmeasure = "not measured"\n',
        r"target a: 'reason' is missing",
    ),
}


@pytest.mark.parametrize("name", list(BAD))
def test_what_is_wrong_is_said_in_one_sentence(name: str, load: Any) -> None:
    text, words = BAD[name]
    with pytest.raises((KpiError, TypeError, ValueError, OSError)) as refused:
        load(text)
    assert type(refused.value) is SchemeError
    with pytest.raises(SchemeError, match=words):
        load(text)
    assert "\n" not in str(refused.value)
    assert "own.toml" in str(refused.value) or "no scheme" in str(refused.value)


def test_bytes_that_are_no_utf_8_are_refused(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_bytes(OWN.replace("Own", "Büro").encode("latin-1"))
    with pytest.raises(SchemeError, match=r"own\.toml isn't a TOML file.*utf-8"):
        load_scheme(tmp_path / "own.toml")


@pytest.mark.parametrize("name", ["lgsc", "LGSCO.toml", "", "no/such/file.toml", "lg\0sco"], ids=repr)
def test_a_scheme_that_is_not_there_is_said_with_those_that_are(name: str) -> None:
    with pytest.raises((KpiError, ValueError)) as refused:
        load_scheme(name)
    assert type(refused.value) is SchemeError
    assert "lgsco" in str(refused.value)


def test_a_folder_is_no_scheme(tmp_path: Path) -> None:
    with pytest.raises(SchemeError, match="no scheme"):
        load_scheme(tmp_path)


def test_an_unknown_target_is_said_with_the_nearest() -> None:
    with pytest.raises(SchemeError, match=r"no target 'intake-calls'. Did you mean 'intake-calls-60s'"):
        load_scheme("lgsco")["intake-calls"]


@pytest.mark.parametrize("name", ["Commission", "commission", "COMMISSION "])
def test_a_report_is_found_however_its_audience_is_written(name: str) -> None:
    assert [report.every for report in load_scheme("lgsco").report(name)] == ["quarter", "half-year"]


def test_a_report_by_exception_is_on_no_cycle() -> None:
    assert [report.every for report in load_scheme("lgsco").report("executive-team")] == ["month"]


def test_an_unknown_audience_is_said_with_those_that_there_are() -> None:
    with pytest.raises(SchemeError, match=r"no report to 'comission'. Did you mean 'commission'.*executive-team"):
        load_scheme("lgsco").report("comission")


def test_options_that_are_not_measured_stay_out_of_the_way(load: Any) -> None:
    scheme = load(
        HEAD + '[[target]]\nid = "a"\nsays = "x"\nof = "cases"\ncohort = "due"\n'
        'measure = "not measured"\nreason = "because"\n'
    )
    assert isinstance(scheme["a"], NotMeasured)


# The JSON Schema of a scheme file


def as_json(path_or_text: Path | str) -> Any:
    """Read TOML as an editor sees it: dates and times are text."""
    text = path_or_text.read_text("utf-8") if isinstance(path_or_text, Path) else path_or_text
    return json.loads(json.dumps(tomllib.loads(text), default=str))


def problems(document: Any) -> list[str]:
    validator = jsonschema.Draft202012Validator(scheme_json_schema())
    return [error.message for error in validator.iter_errors(document)]


def test_the_json_schema_is_one_and_can_be_written() -> None:
    schema = scheme_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema
    names = {name for name in schema["$defs"] if json.dumps(schema).count(f"#/$defs/{name}")}
    assert names == set(schema["$defs"])


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(LGSCO_FILE, id="lgsco"),
        pytest.param(PERMITS_FILE, id="permits"),
        *[pytest.param(path, id=path.stem) for path in sorted(LGSCO_FILE.parent.glob("*.toml")) if path != LGSCO_FILE],
    ],
)
def test_the_json_schema_takes_schemes_that_can_be_loaded(file: Path) -> None:
    assert problems(as_json(file)) == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(OWN, id="plain"),
        pytest.param(BANDS, id="bands"),
        pytest.param('closures = [2024-12-24, "RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24"]\n' + OWN, id="closures"),
        pytest.param(OWN + 'clock = { cut_off = 17:00:00, day_of_receipt = "day 1" }\n', id="clock"),
        pytest.param(
            OWN + 'where = { kind = ["a", "b"], team = { not = "x" }, decided_at = { present = true } }\n', id="where"
        ),
        pytest.param(OWN.replace('"10 working days"', '"< 13 weeks"'), id="less than"),
        pytest.param(OWN.replace('"answered_at"', '["answered_at", "closed_at"]'), id="several stops"),
        pytest.param('id = "ours"\nextends = "lgsco"\n', id="extends"),
        pytest.param(
            'id = "ours"\nextends = "lgsco"\n[[target]]\nid = "investigation-13w"\nstandard = "80%"\n', id="changes"
        ),
    ],
)
def test_the_json_schema_takes_what_the_library_takes(text: str, load: Any) -> None:
    load(text)
    assert problems(as_json(text)) == []


JSON_SEES = [
    "misspelt key of a target",
    "misspelt required key of a target",
    "misspelt key of a clock",
    "misspelt key of a report",
    "misspelt key of a band",
    "misspelt key of the file",
    "misspelt required key of the file",
    "misspelt extends",
    "misspelt target",
    "a limit without a unit",
    "a limit in fortnights",
    "a negative limit",
    "missing source",
    "empty source",
    "missing id of a band",
    "unknown division",
    "unknown measure",
    "unknown records",
    "unknown cohort",
    "an expression",
    "no targets",
    "a table for a target",
    "targets",
    "reports",
    "a report on an unknown cycle",
    "nothing",
    "a standard that is a number",
    "a measure that is a list",
    "an id that is a list",
    "extending by a number",
]
BAD_FOR_JSON = {
    **{name: text for name, (text, _) in BAD.items()},
    "missing id of a band": BANDS.replace('id = "in-2w", ', ""),
}


@pytest.mark.parametrize("name", JSON_SEES)
def test_the_json_schema_refuses_what_the_library_refuses(name: str) -> None:
    assert problems(as_json(BAD_FOR_JSON[name])) != []


def test_the_json_schema_names_every_key_and_no_other() -> None:
    keys = scheme_json_schema()["$defs"]["Target"]["properties"]
    assert set(keys) - {"bands", "from"} == {key for kind in MEASURES.values() for key in kind.model_fields}
    for key, declared in keys.items():
        assert declared.get("description"), key


def test_the_kinds_of_a_population_are_none_of_the_records_that_are_counted() -> None:
    measures = load_scheme("tenant-satisfaction-measures")
    stages = frozenset({"stage-1", "stage-2"})
    assert (measures.kinds_of("requests"), measures.kinds_of("populations")) == (stages, None)
    target = "ch01-stage-1-per-1000-homes"
    homes = measures.with_target(target, population={"kind": "homes"}).with_target(
        target.replace("stage-1", "stage-2"), population={"kind": ["homes", "shared"]}
    )
    assert (homes.kinds_of("requests"), homes.kinds_of("populations")) == (stages, frozenset({"homes", "shared"}))


def test_a_band_has_any_key_of_a_target(load: Any) -> None:
    text = (
        HEAD
        + """
[[target]]
says = "Answered"
of = "requests"
start = "received_at"
stop = "answered_at"
bands = [
  { id = "one", where = { kind = "stage-1" }, cohort = "closed", limit = "2 weeks" },
  { id = "two", where = { kind = "stage-2" }, cohort = "due", limit = "4 weeks", stop = "closed_at" },
]
"""
    )
    scheme = load(text)
    assert [target.cohort for target in scheme.targets] == ["closed", "due"]
    assert share(scheme, "two").stop == ("closed_at",)
    assert problems(as_json(text)) == []


def test_a_target_can_become_measured(tmp_path: Path) -> None:
    declared = '[[target]]\nid = "read"\nsays = "Cases are read"\nof = "cases"\ncohort = "closed"\n'
    (tmp_path / "base.toml").write_text(f'{HEAD}{declared}measure = "not measured"\nreason = "because"\n', "utf-8")
    path = tmp_path / "own.toml"
    path.write_text(
        """
        id = "own"
        extends = "base.toml"
        [[target]]
        id = "read"
        measure = "share within"
        start = "valid_at"
        stop = "decided_at"
        limit = "52 weeks"
        """,
        "utf-8",
    )
    target = load_scheme(path)["read"]
    assert (target.measure, target.says) == ("share within", "Cases are read")
