"""The calendar that a scheme file declares: how it is read, told apart, shown and refused."""

import json
import re
from collections.abc import Callable
from datetime import date
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from ombudsman_kpi import (
    OptionError,
    Results,
    Scheme,
    SchemeError,
    Tally,
    WorkingCalendar,
    assess,
    deadlines,
    load_scheme,
    measure,
    tally,
)
from ombudsman_kpi.schemes.json_schema import scheme_json_schema

HEAD = 'id = "own"\ntitle = "Own"\nsource = "A notice"\n'
TARGET = """
[[target]]
id = "decided-20wd"
says = "Decided within 20 working days"
of = "cases"
start = "received_at"
stop = "decided_at"
limit = "20 working days"
cohort = "received"
"""
DIVISION = 'division = "england-and-wales"\n'
MASSACHUSETTS = 'calendar = { country = "US", subdivision = "MA", closures = ["2024-07-05"], open = ["2024-04-15"] }\n'
PACKAGE = files("govuk_bank_holidays") / "bank-holidays.json"
CASE = {"case_id": "A1", "received_at": "2024-03-28"}
UNCHECKED = "by the holidays package, not checked against an official list"

Load = Callable[[str], Scheme]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def loaded(calendar: str) -> Scheme:
        path = tmp_path / "own.toml"
        path.write_text(HEAD + calendar + TARGET, "utf-8")
        return load_scheme(path)

    return loaded


def due(scheme: Scheme, received: str) -> str:
    (deadline,) = deadlines(scheme, {"case_id": "A1", "received_at": received}, as_of=received)
    return str(deadline.due)


def test_a_country_and_a_part_of_it_with_closures_and_open_days(load: Load) -> None:
    # Ireland, 2024: Easter Monday 1 April is off, Good Friday 29 March isn't: day 1 is the Friday.
    assert due(load('calendar = { country = "IE" }\n'), "2024-03-28") == "2024-04-26"
    # Massachusetts: Good Friday and Easter Monday are worked, and Patriots' Day, 15 April, is open here.
    assert due(load(MASSACHUSETTS), "2024-03-28") == "2024-04-25"
    assert due(load(MASSACHUSETTS.replace(', open = ["2024-04-15"]', "")), "2024-03-28") == "2024-04-26"
    # Over 4 July and the closure on the 5th: 20 working days of 26.
    assert due(load(MASSACHUSETTS), "2024-06-20") == "2024-07-22"
    assert load(MASSACHUSETTS).calendar == WorkingCalendar.of("US", "MA", closures=["2024-07-05"], open=["2024-04-15"])


def test_what_had_been_announced(load: Load) -> None:
    scheme = load(DIVISION + "known_at = 2022-09-01\n")
    assert due(scheme, "2022-09-01") == "2022-09-29"
    assert due(load(DIVISION), "2022-09-01") == "2022-09-30"
    (row,) = measure(scheme, cases=[{"case_id": "A1", "received_at": "2023-12-20"}], as_of="2023-12-31")
    assert row.provisional  # on 1 September 2022 the list ended with 2023
    (row,) = measure(load(DIVISION), cases=[{"case_id": "A1", "received_at": "2023-12-20"}], as_of="2023-12-31")
    assert not row.provisional


def test_a_published_list_beside_the_file(load: Load, tmp_path: Path) -> None:
    (tmp_path / "bank-holidays.json").write_bytes(PACKAGE.read_bytes())
    scheme = load('division = "scotland"\nbank_holidays = "bank-holidays.json"\n')
    # Monday 15 June 2026 was proclaimed after that list was taken.
    assert due(scheme, "2026-06-12") == "2026-07-10"
    assert due(load('division = "scotland"\n'), "2026-06-12") == "2026-07-13"
    again = Scheme.model_validate_json(scheme.model_dump_json(exclude_unset=True))  # without the file
    assert (again.digest, again.calendar) == (scheme.digest, scheme.calendar)


KEYS = {
    "a division": DIVISION,
    "another": 'division = "scotland"\n',
    "closures": f'{DIVISION}closures = ["2024-07-05"]\n',
    "known at": f"{DIVISION}known_at = 2024-01-01\n",
    "known the day after": f"{DIVISION}known_at = 2024-01-02\n",
    "a country": 'calendar = { country = "US" }\n',
    "a part": 'calendar = { country = "US", subdivision = "MA" }\n',
    "a part with closures": 'calendar = { country = "US", subdivision = "MA", closures = ["2024-07-05"] }\n',
    "a part with an open day": 'calendar = { country = "US", subdivision = "MA", open = ["2024-04-15"] }\n',
}


def test_every_calendar_has_a_digest_of_its_own_and_tallies_of_two_are_not_added(load: Load) -> None:
    schemes = [load(text) for text in KEYS.values()]
    assert len({scheme.digest for scheme in schemes}) == len(schemes)
    tallies = [tally(scheme, cases=[CASE], as_of="2024-04-30") for scheme in schemes]
    for place, counts in enumerate(tallies):
        assert Tally.from_json(counts.to_json()) == counts
        for other in tallies[:place]:
            assert counts != other
            with pytest.raises(OptionError, match="the digest of the scheme own is"):
                counts + other
    assert tallies[5].basis is not None
    with pytest.raises(OptionError, match="the calendar edition is"):
        tallies[5] + tallies[6]


def test_a_scheme_that_only_has_a_division_keeps_the_digest_that_it_had() -> None:
    """Tallies that were stored before there were other calendars can still be added."""
    for name, digest in {"lgo-2017-18": "b0c31a379e55", "tower-hamlets": "15075d1984da"}.items():
        assert load_scheme(name).digest == digest  # as before there were other calendars
        assert load_scheme(name).with_calendar(known_at=None).digest == digest


def test_results_and_deadlines_say_that_nobody_checked_the_calendar(load: Load) -> None:
    scheme = load(MASSACHUSETTS)
    results = measure(scheme, cases=[CASE], as_of="2024-04-30")
    assert results.to_dict()["options"]["division"] == "US-MA"
    assert results.to_dict()["options"]["calendar"] == UNCHECKED
    assert f"calendar US-MA ({UNCHECKED}), edition {scheme.calendar.edition}" in " ".join(str(results).split())
    assert Results.from_json(results.to_json()).rows == results.rows
    (deadline,) = deadlines(scheme, CASE, as_of="2024-04-30")
    assert f"Calendar of United States (MA) ({UNCHECKED}), edition" in str(deadline.explain())
    assert (deadline.basis.division, deadline.basis.calendar) == ("US-MA", UNCHECKED)
    ours = measure(load(DIVISION), cases=[CASE], as_of="2024-04-30").to_dict()["options"]
    assert "calendar" not in ours
    then = measure(load(f"{DIVISION}known_at = 2022-09-01\n"), cases=[CASE], as_of="2024-04-30").to_dict()["options"]
    assert then["calendar"] == "as announced by 1 September 2022"


def test_an_explanation_skips_the_weekends_of_the_place(load: Load) -> None:
    case = {"case_id": "A1", "received_at": "2024-07-04"}
    (deadline,) = deadlines(load('calendar = { country = "IL" }\n'), case, as_of="2024-07-07")
    day_1, twentieth = str(deadline.explain()).splitlines()[1:3]
    assert day_1 == "Day 1 is Sun 7 Jul 2024 (weekend skipped)."
    # Three weekends and 20 days lie between Sunday 7 July and Thursday 1 August.
    assert twentieth == "The 20th working day is Thu 1 Aug 2024 (3 weekends skipped): the last day in time."
    assert type(deadline).model_validate_json(deadline.model_dump_json()).explain() == deadline.explain()


def test_records_are_assessed_by_the_calendar_of_the_place(load: Load) -> None:
    days = [f"2024-0{month}-{day:02}" for month in (3, 6) for day in range(1, 29)]
    cases = [{"case_id": day, "received_at": day} for day in days]
    rows = assess(load('calendar = { country = "IL" }\n'), cases=cases, as_of="2024-06-30")
    calendar = WorkingCalendar.of("IL")
    assert rows["due"].dt.date.tolist() == [calendar.add(day, 20) for day in days]


# Extending -----------------------------------------------------------------------------------------------------


def extended(path: Path, base: str, own: str) -> Scheme:
    (path / "base.toml").write_text(HEAD + base + TARGET, "utf-8")
    (path / "own.toml").write_text(f'id = "ours"\nextends = "base.toml"\n{own}', "utf-8")
    return load_scheme(path / "own.toml")


@pytest.mark.parametrize(
    ("base", "own", "expected"),
    [
        (f'{DIVISION}closures = ["2024-07-05"]\n', 'calendar = { country = "IE" }\n', WorkingCalendar.of("IE")),
        (MASSACHUSETTS, 'division = "scotland"\n', WorkingCalendar.uk("scotland")),
        (MASSACHUSETTS, 'calendar = { country = "US" }\n', WorkingCalendar.of("US")),
        (MASSACHUSETTS, "", WorkingCalendar.of("US", "MA", closures=["2024-07-05"], open=["2024-04-15"])),
        (DIVISION, "known_at = 2022-09-01\n", WorkingCalendar.uk("england-and-wales", known_at="2022-09-01")),
        (
            f'{DIVISION}closures = ["2024-07-05"]\n', 'division = "scotland"\n',
            WorkingCalendar.uk("scotland", closures=["2024-07-05"]),
        ),
    ],
)  # fmt: skip
def test_a_calendar_replaces_that_of_the_scheme_that_is_extended(
    base: str, own: str, expected: WorkingCalendar, tmp_path: Path
) -> None:
    assert extended(tmp_path, base, own).calendar == expected


def test_a_list_replaces_what_had_been_announced_and_the_other_way_round(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_bytes(PACKAGE.read_bytes())
    scheme = extended(tmp_path, f"{DIVISION}known_at = 2022-09-01\n", 'bank_holidays = "list.json"\n')
    assert scheme.known_at is None
    assert scheme.calendar.note == "by a published list up to 2028"
    assert scheme.with_calendar(known_at="2022-09-01").bank_holidays is None


def test_with_calendar_gives_another_calendar_and_another_digest() -> None:
    lgsco = load_scheme("lgsco")
    ireland = lgsco.with_calendar(calendar={"country": "IE"})
    assert ireland.calendar == WorkingCalendar.of("IE")
    assert ireland.with_calendar(division="england-and-wales").digest == lgsco.digest
    assert lgsco.with_calendar(closures=["2024-07-05"]).calendar.name_of("2024-07-05") == "closure"
    assert lgsco.with_calendar(bank_holidays=str(PACKAGE)).calendar == WorkingCalendar.uk("england-and-wales")
    assert [target.id for target in ireland.targets] == [target.id for target in lgsco.targets]
    with pytest.raises(
        SchemeError, match=r"the scheme 'lgsco': 'cuntry' is no key of a calendar\. It can be: division"
    ):
        lgsco.with_calendar(cuntry="IE")


# What is refused -----------------------------------------------------------------------------------------------

WRONG = {
    "no calendar": ("", "'division' is missing: whose bank holidays count. For a place outside the United Kingdom, "
                    "write calendar = { country = 'IE' }."),
    "two": (f'{DIVISION}calendar = {{ country = "IE" }}\n', "division is of the United Kingdom, and calendar of "
            "another place: leave out one of them."),
    "closures outside": ('closures = ["2024-07-05"]\ncalendar = { country = "IE" }\n', "closures is of the United "
                         "Kingdom, and calendar of another place: write it inside of calendar = { … }."),
    "announced elsewhere": ('known_at = 2024-01-01\ncalendar = { country = "IE" }\n', "known_at is of the United"),
    "an unknown country": ('calendar = { country = "Irland" }\n', "calendar: There is no calendar of the country "
                           "'Irland'. Did you mean 'IE' (Ireland)"),
    "an unknown part": ('calendar = { country = "US", subdivision = "Massachusets" }\n', "calendar: US has no "
                        "subdivision 'Massachusets'. Did you mean 'MA' (Massachusetts)?"),
    "the United Kingdom": ('calendar = { country = "GB" }\n', "calendar: The United Kingdom's bank holidays are those"),
    "no country": ('calendar = { subdivision = "MA" }\n', "calendar: 'country' is missing."),
    "a misspelt key": ('calendar = { country = "IE", closure = [] }\n', "calendar: 'closure' is no key here. Did you "
                       "mean 'closures'? It can be: country, subdivision, closures, open."),
    "text": ('calendar = "IE"\n', "calendar: a table is wanted"),
    "a country that is no text": ("calendar = { country = 353 }\n", "calendar.country: text is wanted"),
    "a closure that is no date": ('calendar = { country = "IE", closures = ["24/12/2024"] }\n', "calendar.closures: "
                                  "The text isn't a date in ISO 8601"),
    "one closure": ('calendar = { country = "IE", closures = "2024-12-24" }\n', "calendar.closures: a list is wanted"),
    "a rule that can't be read": ('calendar = { country = "IE", closures = ["RRULE:FREQ=HOURLY"] }\n',
                                  "calendar.closures: 'RRULE:FREQ=HOURLY' isn't a recurrence rule of days"),
    "an open day that is no date": ('calendar = { country = "IE", open = ["Easter"] }\n', "calendar.open: The text"),
    "an open day that is no holiday": ('calendar = { country = "IE", open = ["2024-03-29"] }\n',
                                       "calendar: open: 2024-03-29 is no holiday of IE."),
    "before the list": (f"{DIVISION}known_at = 2011-12-31\n", "known_at: What had been announced is known from "
                        "2012-01-13 on"),
    "no day": (f'{DIVISION}known_at = "yesterday"\n', "known_at: a date is wanted"),
    "a list that isn't there": (f'{DIVISION}bank_holidays = "gone.json"\n', "bank_holidays: The file of bank holidays"),
    "a list of another kind": (f'{DIVISION}bank_holidays = "own.toml"\n', "as GOV.UK publishes it: it isn't JSON"),
    "a list that is a number": (f"{DIVISION}bank_holidays = 3\n", "bank_holidays: the path of a file is wanted"),
    "two answers": (f'{DIVISION}known_at = 2022-09-01\nbank_holidays = "list.json"\n', "known_at and bank_holidays are "
                    "two answers to one question"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_calendar_is_one_error_that_names_the_file_and_the_key(name: str, load: Load, tmp_path: Path) -> None:
    calendar, says = WRONG[name]
    (tmp_path / "list.json").write_bytes(PACKAGE.read_bytes())
    with pytest.raises(SchemeError, match=re.escape(says)) as caught:
        load(calendar)
    assert str(caught.value).startswith(f"{tmp_path / 'own.toml'}: ")


@pytest.mark.parametrize("key", ["place", "elsewhere"])
def test_the_field_has_one_name_in_a_file(key: str, load: Load) -> None:
    with pytest.raises(SchemeError, match=f"{key!r} is no key here"):
        load(f'{DIVISION}{key} = {{ country = "IE" }}\n')


def test_editors_know_the_keys_by_the_json_schema() -> None:
    import tomllib

    validator = jsonschema.Draft202012Validator(scheme_json_schema())
    for text in (*KEYS.values(), f'{DIVISION}bank_holidays = "list.json"\n'):
        declared = json.loads(json.dumps(tomllib.loads(HEAD + text + TARGET), default=date.isoformat))
        validator.validate(declared)
    for text in ("", 'calendar = { subdivision = "MA" }\n', 'calendar = { country = "IE", closed = [] }\n'):
        declared = json.loads(json.dumps(tomllib.loads(HEAD + text + TARGET), default=date.isoformat))
        assert not validator.is_valid(declared)
