"""The command line, as its users type it: what it prints, and how it fails."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from command_line import Typed
from ombudsman_kpi import __version__, compare_schemes, list_schemes, load_scheme, measure, worklist
from ombudsman_kpi.arrays.mechanics import in_use

DATA = Path(__file__).parents[1] / "examples" / "data"


WRONG_LIMITS = [  # the first is one of working days where it stands alone
    ("9" * 20, "longer than a century"),
    ("²", "isn't a limit"),
    ("2²", "isn't a limit"),
    ("٣", "isn't a limit"),
    ("² working days", "isn't a limit"),
    ("5" * 5000, "isn't a limit"),
    (f"{'5' * 5000} working days", "isn't a limit"),
    ("9" * 20 + " weeks", "longer than a century"),
]

CASES = ("measure", "lgsco", "--cases", str(DATA / "cases.csv"), "--as-of", "2024-03-31")


def test_measure_prints_a_table_with_every_target_and_where_it_comes_from(typed: Typed) -> None:
    code, out, err = typed(*CASES, "--calls", str(DATA / "calls.csv"))
    scheme = load_scheme("lgsco")
    assert (code, err) == (0, "")
    assert all(target.id in out for target in scheme.targets)
    assert all(text in out for text in (scheme.digest, scheme.calendar.edition, "2024-03-31", "no requests were given"))


def test_json_holds_the_rows_of_the_library(typed: Typed) -> None:
    code, out, _ = typed(*CASES, "--every", "quarter", "--every", "financial-year", "--by", "team", "--json")
    results = measure(
        load_scheme("lgsco"),
        cases=DATA / "cases.csv",
        as_of="2024-03-31",
        every=["quarter", "financial-year"],
        by="team",
    )
    assert code == 0
    assert json.loads(out) == json.loads(json.dumps(results.to_dict()))
    assert set(json.loads(out)) == {"scheme", "digest", "calendar", "as_of", "options", "rows"}


def test_csv_has_a_line_for_each_figure_and_the_columns_of_the_frame(typed: Typed) -> None:
    _, out, _ = typed(*CASES, "--target", "investigation-13w", "--every", "month", "--csv")
    frame = measure(
        load_scheme("lgsco"), cases=DATA / "cases.csv", as_of="2024-03-31", every="month", targets="investigation-13w"
    ).to_pandas()
    read = list(csv.DictReader(io.StringIO(out)))
    assert list(read[0]) == list(frame.columns)
    assert [row["met"] for row in read] == [str(number) for number in frame["met"]]


def test_a_report_and_a_cohort_can_be_asked_for(typed: Typed) -> None:
    _, out, _ = typed(*CASES, "--report", "commission", "--json")
    rows = json.loads(out)["rows"]
    assert {row["every"] for row in rows if row["status"] != "not measured"} == {"quarter"}
    _, out, _ = typed(*CASES, "--cohort", "all", "--target", "investigation-13w", "--json")
    assert [row["cohort"] for row in json.loads(out)["rows"]] == ["received", "closed", "due"]


def test_column_names_and_formats_come_from_a_file(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("Ref,Date in,decided_at,allocated_at\n007,28/03/2024,29/04/2024,\n", "utf-8")
    (tmp_path / "map.toml").write_text(
        '[columns.cases]\ncase_id = "Ref"\nreceived_at = "Date in"\n[dates]\ncases = "%d/%m/%Y"\n', "utf-8"
    )
    code, out, _ = typed(
        *("measure", "lgsco", "--cases", str(tmp_path / "own.csv"), "--columns", str(tmp_path / "map.toml")),
        *("--as-of", "2024-05-31", "--target", "decided-or-allocated-20wd", "--json"),
    )
    row = json.loads(out)["rows"][0]
    assert (code, row["met"], row["missed"]) == (0, 1, 0)


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("2024-03-28", "20", "--division", "england-and-wales"), "Monday 29 April 2024"),
        (("2024-03-01", "13 weeks", "--division", "scotland"), "Friday 31 May 2024"),
        (("2024-03-01", "< 13 weeks", "--division", "scotland"), "Thursday 30 May 2024"),
        (("2024-03-01", " 1 ", "--division", "scotland"), "Monday 4 March 2024"),
    ],
)
def test_due_says_the_day(typed: Typed, words: tuple[str, ...], answer: str) -> None:
    code, out, _ = typed("due", *words)
    assert (code, out) == (0, f"{answer}\n")


@pytest.mark.parametrize(("limit", "provisional"), [("1", True), ("0", False), ("1 day", False), ("1 week", False)])
def test_due_says_where_a_bank_holiday_can_still_move_the_day(typed: Typed, limit: str, provisional: bool) -> None:
    code, out, _ = typed("due", "2049-03-25", limit, "--division", "scotland")
    assert code == 0
    assert ("provisional: its bank holidays haven't been announced" in out) is provisional


def test_schemes_lists_them_and_shows_one(typed: Typed) -> None:
    assert "lgsco" in typed("schemes").out
    shown = typed("schemes", "lgsco").out
    assert all(target.id in shown and target.says in shown for target in load_scheme("lgsco").targets)
    assert "properties" in json.loads(typed("schemes", "--json-schema").out)


def test_version_is_printed(typed: Typed) -> None:
    assert typed("version").out.splitlines() == [__version__, in_use()]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("measure", "lgsc", "--cases", "x.csv", "--as-of", "2024-03-31"), "Did you mean 'lgsco'"),
        (("measure", "lgsco", "--as-of", "2024-03-31"), "nothing to read"),
        (("measure", "lgsco", "--cases", "nowhere.csv", "--as-of", "2024-03-31"), "isn't there"),
        (("measure", "lgsco", "--cases", str(DATA / "calls.csv"), "--as-of", "2024-03-31"), "no column 'received_at'"),
        ((*CASES[:-1], "31/03/2024"), "ISO 8601"),
        ((*CASES[:-1], "2014-03-31"), "before every record"),
        ((*CASES, "--by", "teem"), "Did you mean 'team'"),
        ((*CASES, "--json", "--csv"), "one of them"),
        ((*CASES, "--target", "investigation-12w"), "Did you mean"),
        (("due", "03/04/2024", "20", "--division", "scotland"), "ISO 8601"),
        (("due", "2024-04-03", "60 seconds", "--division", "scotland"), "instant"),
        (("due", "2050-12-30", "20", "--division", "scotland"), "outside the calendar"),
        (("due", "2024-04-03", "twenty", "--division", "scotland"), "isn't a limit"),
        *((("due", "2024-04-03", limit, "--division", "scotland"), said) for limit, said in WRONG_LIMITS),
        *((("worklist", *CASES[1:], "--within", limit), said) for limit, said in WRONG_LIMITS[1:]),
    ],
)
def test_a_mistake_ends_in_one_sentence_and_exit_code_2(typed: Typed, words: tuple[str, ...], told: str) -> None:
    code, out, err = typed(*words)
    assert (code, out) == (2, "")
    assert told in err
    assert err.startswith("Error: ")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "words",
    [
        ("due", "2024-04-03", "20"),
        ("measure", "lgsco"),
        ("due", "2024-04-03", "20", "--division", "wales"),
        ("mesure",),
    ],
)
def test_misuse_ends_in_exit_code_2_without_a_traceback(typed: Typed, words: tuple[str, ...]) -> None:
    code, _, err = typed(*words)
    assert code == 2
    assert err
    assert "Traceback" not in err


def test_python_m_is_the_same() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ombudsman_kpi", "due", "2024-03-28", "20", "--division", "england-and-wales"],
        capture_output=True, text=True, check=True, encoding="utf-8",
    )  # fmt: skip
    assert done.stdout == "Monday 29 April 2024\n"


def test_without_its_libraries_it_names_the_extra() -> None:
    program = "import sys; sys.modules['typer'] = None; from ombudsman_kpi.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "ombudsman-kpi[cli]" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["lgsco"], ["--json-schema"]])
def test_a_reader_who_stops_early_is_told_nothing(words: list[str]) -> None:
    """As in ``| head``: nobody reads what is written, be it less than a buffer or more."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ombudsman_kpi", "schemes", *words],
            stdout=writing, stderr=subprocess.PIPE, text=True, check=False, encoding="utf-8",
        )  # fmt: skip
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


LOG = "case_id,event,at,party,direction\nA1,received,2024-03-28,,\nA1,decided,2024-04-30,,\n"
REVIEWS = "review_id,standard,answer,reviewed_at\nR1,1,met,2024-04-02\nR2,1,met,2024-04-03\nR3,1,not-met,2024-04-04\n"
ACTIVITIES = "kind,at,tone\npress,2024-04-02,positive\npress,2024-04-03,negative\n"


@pytest.mark.parametrize(
    ("scheme", "kind", "content", "target", "numbers"),
    [
        ("lgsco", "events", LOG, "decided-or-allocated-20wd", (0, 1)),  # Tuesday 30 April is day 21
        ("lgsco", "reviews", REVIEWS, "quality-measure-1", (2, 3)),
        ("lgo-2017-18", "activities", ACTIVITIES, "press-positive-or-neutral", (1, 2)),
    ],
)
def test_other_records_are_measured_too(
    typed: Typed, tmp_path: Path, scheme: str, kind: str, content: str, target: str, numbers: tuple[int, int]
) -> None:
    (tmp_path / f"{kind}.csv").write_text(content, "utf-8")
    code, out, err = typed(
        *("measure", scheme, f"--{kind}", str(tmp_path / f"{kind}.csv"), "--as-of", "2024-05-31"),
        *("--target", target, "--json"),
    )
    (row,) = json.loads(out)["rows"]
    assert (code, err) == (0, "")
    assert (row["numerator"], row["denominator"]) == numbers


COMPARED = ("compare", "lgsco", "lgo-2017-18", "--cases", str(DATA / "cases.csv"), "--as-of", "2024-03-31")
CONTACTS = ("--written-contacts", str(DATA / "written_contacts.csv"))
SAME = ("--same", "written-contacts-3wd=written-contacts-24h")


def test_compare_prints_both_schemes_side_by_side(typed: Typed) -> None:
    code, out, err = typed(*COMPARED)
    found = compare_schemes(
        load_scheme("lgsco"), load_scheme("lgo-2017-18"), cases=DATA / "cases.csv", as_of="2024-03-31"
    )
    assert (code, err) == (0, "")
    assert out == f"{found!r}\n"
    assert "in 13 weeks" in out
    assert "in < 13 weeks" in out


def test_compare_gives_a_csv_with_the_columns_of_the_frame(typed: Typed) -> None:
    options = ("--every", "quarter", "--by", "team", "--target", "investigation-13w", "--csv")
    code, out, _ = typed(*COMPARED, *options)
    frame = compare_schemes(
        load_scheme("lgsco"), load_scheme("lgo-2017-18"), cases=DATA / "cases.csv", as_of="2024-03-31",
        every="quarter", by="team", targets="investigation-13w",
    ).to_pandas()  # fmt: skip
    read = list(csv.DictReader(io.StringIO(out)))
    assert code == 0
    assert list(read[0]) == list(frame.columns)
    assert [(row["period"], row["team"]) for row in read] == list(zip(frame["period"], frame["team"], strict=True))
    assert [row["numerator_2"] for row in read] == [str(int(number)) for number in frame["numerator_2"]]


def test_compare_takes_targets_that_are_called_otherwise(typed: Typed) -> None:
    assert "written-contacts-3wd / written-contacts-24h" in typed(*COMPARED, *CONTACTS, *SAME).out
    assert "written-contacts-3wd / " not in typed(*COMPARED, *CONTACTS).out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((*COMPARED, "--same", "written-contacts-3wd"), "THIS=THAT"),
        ((*COMPARED, "--same", "=written-contacts-24h"), "THIS=THAT"),
        ((*COMPARED, "--same", "written-contacts-3wd="), "THIS=THAT"),
        ((*COMPARED, "--same", "written-contacts-3wd=written-contacts-2h"), "Did you mean 'written-contacts-24h'"),
        ((*COMPARED, "--target", "investigation-12w"), "Did you mean"),
        ((*COMPARED, "--target", "delays-explained"), "nothing to compare"),
        (("compare", "lgsco", "lgo-2017", "--cases", "x.csv", "--as-of", "2024-03-31"), "Did you mean 'lgo-2017-18'"),
        (("compare", "lgsco", "lgo-2017-18", "--as-of", "2024-03-31"), "nothing to read"),
    ],
)
def test_a_mistake_in_comparing_ends_in_one_sentence_too(typed: Typed, words: tuple[str, ...], told: str) -> None:
    code, out, err = typed(*words)
    assert (code, out) == (2, "")
    assert told in err
    assert err.startswith("Error: ")


def test_schemes_lists_all_and_shows_the_targets_of_each(typed: Typed) -> None:
    assert [line.split()[0] for line in typed("schemes").out.splitlines()] == sorted(list_schemes())
    for name in list_schemes():
        shown = typed("schemes", name).out
        targets = load_scheme(name).targets
        assert all(target.id in shown and target.says in shown for target in targets)
        assert all(f"{target.id} " in shown and f" {target.described} " in shown for target in targets)


def test_schemes_shows_the_kinds_of_requests_and_so_does_the_page(typed: Typed) -> None:
    page = (Path(__file__).parents[1] / "docs" / "schemes.md").read_text("utf-8")
    rows = page.split("| kinds of requests |")[1].split("\n\n")[0].replace("`", "").splitlines()[2:]
    named = {name.strip(): kinds.strip() for name, kinds in (row.strip("|").split("|") for row in rows)}
    assert named["tower-hamlets"] == "stage-1, stage-2"
    for name in list_schemes():
        shown = [line for line in typed("schemes", name).out.splitlines() if line.startswith("Kinds of requests: ")]
        assert shown == ([f"Kinds of requests: {named.pop(name)}"] if name in named else [])
    assert named == {}


COMPLETED = """
import os, sys
from ombudsman_kpi.cli import run

for words in sys.argv[1:]:
    line = f"ombudsman-kpi {words}"
    os.environ |= {"_OMBUDSMAN_KPI_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    sys.argv[:] = ["ombudsman-kpi"]
    try:
        run()
    except SystemExit as ended:
        print("ended with", ended.code)
"""


def test_names_of_schemes_are_completed() -> None:
    asked = {
        "measure lg": ["lgo-2017-18", "lgsco"],
        "compare lgsco ph": ["phso-service-charter"],
        "schemes to": ["tower-hamlets"],
        "measure x": [],
        "return disp c": ["complaints-return"],
    }
    done = subprocess.run(
        [sys.executable, "-c", COMPLETED, *asked], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    *answers, rest = done.stdout.split("ended with 0\n")
    assert ([answer.split() for answer in answers], rest) == ([*asked.values()], "")


WORK = ("worklist", "lgsco", "--cases", str(DATA / "cases.csv"), "--as-of", "2023-12-14", "--every", "quarter")


def test_worklist_prints_what_is_due_with_what_missing_it_does(typed: Typed) -> None:
    listed = worklist(load_scheme("lgsco"), cases=DATA / "cases.csv", as_of="2023-12-14", every="quarter")
    code, out, err = typed(*WORK, "--rows", "3")
    overdue = (listed["status"] == "overdue").sum()
    losing = (listed["effect"] == "loses the target").sum()
    assert (code, err) == (0, "")
    assert f"{overdue:,} overdue · {len(listed) - overdue:,} due · {losing} would lose a target if missed" in out
    assert f"… and {len(listed) - 3:,} more rows" in out
    assert "keep-in-touch-intervals-20wd: not listed, no events were given" in out
    assert [name in out for name in listed["id"].head(4)] == [True, True, True, False]


def test_worklist_can_leave_out_what_is_overdue_and_print_for_programs(typed: Typed) -> None:
    _, out, _ = typed(*WORK, "--no-overdue", "--json")
    rows = json.loads(out)
    listed = worklist(load_scheme("lgsco"), cases=DATA / "cases.csv", as_of="2023-12-14", every="quarter")
    pending = listed[listed["status"] == "pending"]
    assert [(row["id"], row["target"], row["effect"]) for row in rows] == list(
        zip(pending["id"], pending["target"], pending["effect"], strict=True)
    )
    assert rows[0]["due"].startswith(f"{pending['due'].iloc[0]:%Y-%m-%d}")
    _, out, _ = typed(*WORK, "--csv")
    assert [row["id"] for row in csv.DictReader(io.StringIO(out))] == listed["id"].tolist()
    code, _, err = typed(*WORK, "--csv", "--json")
    assert (code, "can't be used together" in err) == (2, True)


def test_how_files_are_written_can_be_said_for_all_of_them(typed: Typed, tmp_path: Path) -> None:
    text = "Printed;28/03/2024;\ncase_id;received_at;decided_at\nCafé;2024-03-28;2024-04-29\n"
    (tmp_path / "own.csv").write_bytes(text.encode("cp850"))
    words = ("lgsco", "--cases", str(tmp_path / "own.csv"), "--as-of", "2024-05-31", "--target", "investigation-52w")
    said = ("--skip-rows", "1", "--encoding", "cp850", "--delimiter", ";")
    code, _, err = typed("measure", *words)
    assert (code, "--skip-rows 3" in err) == (2, True)
    for command in (("measure", *words), ("worklist", *words), ("compare", "lgsco", *words)):
        assert "cases (own.csv, CP850, separated by semicolons)" in typed(*command, *said).err  # has no allocated_at
    code, _, err = typed("measure", *words, "--encoding", "latin-99")
    assert (code, "--encoding is the name of an encoding" in err) == (2, True)


def test_moved_lists_the_deadlines_that_an_announcement_moved(typed: Typed, tmp_path: Path) -> None:
    # The State Funeral of 19 September 2022 came onto GOV.UK's list on the 9th; the 20th working day was the 29th.
    path = tmp_path / "cases.csv"
    path.write_text("case_id,received_at,decided_at,allocated_at\nA1,2022-09-01,,\nA2,2022-09-20,,\n")
    line = ("moved", "lgsco", "--cases", str(path), "--known-from", "2022-09-01", "--known-to")
    code, out, err = typed(*line, "2022-09-20")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "Deadlines that moved: LGSCO Quality and Service Standards"
    assert "by what was announced after 2022-09-01, up to 2022-09-20 · 1 open" in out
    cells = "Thu 29 Sep 2022  Fri 30 Sep 2022  decided-or-allocated-20wd  A1"
    assert [line.strip() for line in out.splitlines() if "20wd" in line] == [cells]
    (row,) = json.loads(typed(*line, "2022-09-20", "--json")[1])
    assert (row["id"], row["due_before"][:10], row["due_after"][:10]) == ("A1", "2022-09-29", "2022-09-30")
    assert [row["id"] for row in csv.DictReader(io.StringIO(typed(*line, "2022-09-20", "--csv")[1]))] == ["A1"]
    code, out, _ = typed(*line, "2022-09-08")
    assert (code, "0 open" in out) == (0, True)
    code, _, err = typed(*line, "20/09/2022")
    assert (code, err.startswith("Error: known_to: The text isn't a date in ISO 8601")) == (2, True)


def test_a_deadline_at_an_instant_that_moved_is_shown_with_its_time(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(
        """
        id = "own"
        title = "Own"
        source = "Own"
        division = "scotland"
        opening = { monday = ["09:00", "17:00"], tuesday = ["09:00", "17:00"], friday = ["09:00", "17:00"] }
        [[target]]
        id = "replied"
        says = "Replied within 44 working hours"
        of = "written_contacts"
        start = "received_at"
        stop = "handled_at"
        limit = "44 working hours"
        cohort = "received"
        """
    )
    (tmp_path / "letters.csv").write_text("contact_id,received_at,handled_at\nW1,2022-09-06T10:00,\n")
    _, out, _ = typed(
        "moved", str(tmp_path / "own.toml"), "--written-contacts", str(tmp_path / "letters.csv"), "--known-from",
        "2022-09-01", "--known-to", "2022-09-16",
    )  # fmt: skip
    # Seven hours of Tuesday the 6th, and eight each of the 9th, 12th, 13th and 16th are 39; five more make 44.
    assert "Mon 19 Sep 2022 14:00  Tue 20 Sep 2022 14:00  replied  W1" in out


ESCAPES = "\x1b[31mred\x9b0m\x07\u202e"


@pytest.mark.parametrize("options", [[], ["--csv"], ["--json"]], ids=str)
def test_nothing_in_records_steers_a_terminal(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    """A name of a group, as a table, as CSV and as JSON: a terminal gets no control characters of it, a file all."""
    path = tmp_path / "cases.csv"
    path.write_text(
        f"case_id,received_at,decided_at,allocated_at,team\nA,2024-01-02,2024-01-03,,{ESCAPES}[bold]\n", "utf-8"
    )
    command = ["measure", "lgsco", "--cases", str(path), "--as-of", "2024-03-31", "--by", "team", *options]
    written = typed(*command).out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    shown = typed(*command).out
    for text in (shown, *([] if options else [written])):
        assert "[31mred" in text
        assert "[bold]" in text
        assert not {"\x9b", "\x07", "\u202e"} & {*text}
        assert "\x1b[31m" not in text
    if options == ["--csv"]:
        assert ESCAPES in written


def test_what_is_wrong_steers_no_terminal(typed: Typed) -> None:
    answer = typed("measure", "lgsco", "--cases", "\x1b[31mnone.csv", "--as-of", "2024-03-31")
    assert answer.code == 2
    assert "\x1b[31mnone" not in answer.err
    assert "[31mnone.csv" in answer.err
