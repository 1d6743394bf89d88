"""The example with a PostgreSQL database, run against a real server that the tests start and stop."""

import csv
import re
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

import ombudsman_kpi as kpi

sys.path.append(str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[2] / "examples"))
from postgresql_server import REQUIRED, Database, Row, Server, do_without, free_port, running_server, wait_until

import postgresql as example

pytestmark = pytest.mark.xdist_group("postgresql")  # one server, in one process

ROOT = Path(__file__).parents[2]
LONDON = ZoneInfo("Europe/London")
AS_OF = "2024-03-31"
BATCH = 200
BANDS = ("decided-or-allocated-20wd", "investigation-13w", "investigation-26w", "investigation-52w")
INTERVALS, DELAYS = "keep-in-touch-intervals-20wd", "delays-explained"

# The casework system's own tables: more columns than anyone asks for, each of the type that it should have.
CASEWORK = """
    CREATE TABLE cases (
        case_id text PRIMARY KEY, received_at timestamptz NOT NULL, valid_at date, allocated_at date,
        investigation_started_at date, decided_at timestamptz, decided_in text, decision text, closed_at date,
        withdrawn_at date, joint_working boolean, authority text, category text, team text
    );
    CREATE TABLE events (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, case_id text NOT NULL REFERENCES cases ON DELETE CASCADE,
        event text NOT NULL, at timestamptz NOT NULL, party text, direction text, reason text
    );
    CREATE INDEX ON events (case_id);
"""

# Whoever writes findings, the last thing that a run does, has to wait here while somebody else holds the lock.
PAUSE = """
    CREATE FUNCTION pause() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';
    CREATE TRIGGER pause BEFORE INSERT ON findings EXECUTE FUNCTION pause();
"""

WAITS_AT_THE_PAUSE = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
WAITS_FOR_A_TABLE = "SELECT 1 FROM pg_locks WHERE locktype = 'relation' AND NOT granted"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    with server.database() as made:
        made.do(CASEWORK)
        yield made


# The records: every sixth case of the invented casework, received just after midnight and decided just before it, so
# that whoever looks at the clock of another place sees another day.


def read(name: str) -> list[Row]:
    with (ROOT / "examples" / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [{key: value or None for key, value in row.items()} for row in csv.DictReader(file)]


def at(day: str, hour: int, minute: int) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(hour, minute), LONDON)


def as_kept(case: Row) -> Row:
    decided = case["decided_at"]
    return case | {
        "received_at": at(case["received_at"], 0, 30),
        "decided_at": None if decided is None else at(decided, 23, 45),
    }


@pytest.fixture(scope="module")
def records() -> tuple[list[Row], list[Row]]:
    cases = read("cases")[::6]
    chosen = {case["case_id"] for case in cases}
    return cases, [event for event in read("events") if event["case_id"] in chosen]


@pytest.fixture(scope="module")
def assessed(records: tuple[list[Row], list[Row]]) -> pd.DataFrame:
    """What the library says of whole frames of dates, of every record that a target applies to."""
    cases, events = (pd.DataFrame(rows) for rows in records)
    rows = kpi.assess(kpi.load_scheme("lgsco"), cases=cases, events=events, as_of=AS_OF)
    return rows[rows["status"] != "excluded"]


def of_target(assessed: pd.DataFrame, *targets: str) -> list[Row]:
    rows = assessed[assessed["target"].isin(targets)].astype("object")
    rows["start"], rows["due"] = (
        [None if pd.isna(at) else at.date() for at in rows[name]] for name in ("start", "due")
    )
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


@pytest.fixture(scope="module")
def filled(server: Server, records: tuple[list[Row], list[Row]]) -> Iterator[Database]:
    """A database with the deadlines of 800 cases, as the command has worked them out."""
    cases, events = records
    with server.database() as made:
        made.do(CASEWORK)
        made.load("cases", [as_kept(case) for case in cases])
        made.load("events", events)
        ran = run(made.url, "--batch", str(BATCH))
        assert ran.stderr == ""
        assert ran.returncode == 0
        assert ran.stdout.startswith("800 cases, ")
        yield made


FEW: list[Row] = [
    {"case_id": "A1", "received_at": at("2024-01-02", 9, 0)},
    {"case_id": "A2", "received_at": at("2024-03-01", 9, 0)},
    {"case_id": "A3", "received_at": at("2024-03-15", 9, 0), "decided_at": at("2024-03-01", 9, 0)},
]


@pytest.fixture
def few(database: Database) -> Database:
    """A database with the deadlines of three cases, one of them contradictory."""
    database.load("cases", [{"decided_at": None} | case for case in FEW])
    assert example.main(options(database.url)) == 0
    database.do(PAUSE)
    return database


def everything(database: Database) -> list[Row]:
    """Give all that a run keeps, down to which transaction wrote each row, and where it lies."""
    hidden = "SELECT xmin::text, ctid::text, *"
    return [
        *database.rows(f"{hidden} FROM deadlines ORDER BY case_id, target, party, start, number"),
        *database.rows(f"{hidden} FROM findings ORDER BY case_id, number"),
    ]


def options(url: str, *others: str, as_of: str = AS_OF) -> list[str]:
    return ["--url", url, "--as-of", as_of, *others]


def command(url: str, *others: str) -> list[str]:
    return [sys.executable, str(ROOT / "examples" / "postgresql.py"), *options(url, *others)]


def run(url: str, *others: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(url, *others), capture_output=True, text=True, timeout=120, check=False)


def start(url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(command(url), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def paused(database: Database) -> Iterator[subprocess.Popen[str]]:
    """Run the command, and hold it at the last thing that it does, until this ends."""
    database.do("SELECT pg_advisory_lock(1)")
    with start(database.url) as running:
        try:
            wait_until(lambda: database.rows(WAITS_AT_THE_PAUSE), "The run")
            yield running
        finally:
            database.do("SELECT pg_advisory_unlock(1)")
            running.communicate(timeout=60)


# What the tables hold.


def test_every_row_says_what_the_assessment_of_all_the_cases_says(filled: Database, assessed: pd.DataFrame) -> None:
    names = ("start", "due", "status", "elapsed", "unit", "reason")
    kept = {
        (row["case_id"], row["target"]): [row[name] for name in names]
        for row in filled.rows("SELECT * FROM deadlines")
        if row["target"] in BANDS
    }
    rows = of_target(assessed, *BANDS)
    expected = {(row["id"], row["target"]): [row[name] for name in names] for row in rows}
    for values in expected.values():
        values[0] = str(values[0])
    assert len(expected) == len(rows) > 1200
    assert {row["status"] for row in rows} == {"met", "late", "overdue", "pending"}
    assert kept == expected


def test_of_contacts_each_open_and_each_late_interval_has_a_row(filled: Database, assessed: pd.DataFrame) -> None:
    kept = {
        (row["case_id"], row["party"], row["start"], row["due"], row["status"])
        for row in filled.rows("SELECT * FROM deadlines")
        if row["target"] == INTERVALS and row["status"] != "met"
    }
    rows = [row for row in of_target(assessed, INTERVALS) if row["status"] != "met"]
    assert {row["status"] for row in rows} == {"late", "overdue", "pending"}
    assert kept == {(row["id"], row["party"], str(row["start"]), row["due"], row["status"]) for row in rows}


def test_of_delays_each_that_is_to_be_explained_has_a_row(filled: Database, assessed: pd.DataFrame) -> None:
    kept = sorted(
        (row["case_id"], row["start"], row["due"], row["reason"], row["status"])
        for row in filled.rows("SELECT * FROM deadlines")
        if row["target"] == DELAYS
    )
    rows = of_target(assessed, DELAYS)
    assert len({(row["id"], row["start"]) for row in rows}) < len(rows)  # two targets of one start were missed
    assert kept == sorted((row["id"], str(row["start"]), row["due"], row["reason"], row["status"]) for row in rows)


def test_a_row_says_why_in_plain_english_and_in_the_time_of_the_place(filled: Database) -> None:
    (row,) = filled.rows(
        """SELECT cases.received_at, deadlines.* FROM deadlines JOIN cases USING (case_id)
           WHERE target = 'decided-or-allocated-20wd' AND status = 'overdue' AND received_at > '2023-04-01'
           ORDER BY received_at LIMIT 1"""
    )
    received = row["received_at"].astimezone(LONDON)
    assert row["explanation"].startswith(f"Received {received:%a} {received.day} {received:%b %Y} 00:30.\nDay 1 was ")
    assert f"{-row['left']:g} working days overdue." in row["explanation"]
    assert (row["as_of"], row["digest"], row["due_at"]) == (AS_OF, kpi.load_scheme("lgsco").digest, None)


def test_what_runs_in_hours_is_due_at_a_moment(database: Database, tmp_path: Path) -> None:
    scheme = tmp_path / "quick.toml"
    scheme.write_text(
        """
        id = "quick"
        title = "Quick decisions"
        source = "Our plan"
        division = "england-and-wales"
        [[target]]
        id = "decided-48h"
        says = "Decided within 48 hours"
        of = "cases"
        start = "received_at"
        stop = "decided_at"
        limit = "48 hours"
        cohort = "received"
        """,
        "utf-8",
    )
    case = {"case_id": "A1", "received_at": at("2024-03-30", 9, 0)}
    database.load("cases", [case])
    assert example.main(options(database.url, "--scheme", str(scheme))) == 0
    (row,) = database.rows("SELECT * FROM deadlines")
    assert row["due_at"] == datetime(2024, 4, 1, 9, 0, tzinfo=UTC)  # 10:00: the clocks went forward
    assert (row["due"], row["status"], row["unit"], row["start"]) == (
        date(2024, 4, 1),
        "pending",
        "hours",
        "2024-03-30T09:00:00+00:00",
    )
    assert (row["elapsed"], row["left"]) == pytest.approx((38, 10))


def test_contradictory_records_are_kept_as_findings(database: Database) -> None:
    database.load("cases", [{"decided_at": None, "allocated_at": None} | case for case in FEW])
    contact: Row = {"case_id": "A2", "event": "contact", "party": "complainant", "direction": "out"}
    sixth, fifth, seventh = (at(f"2024-03-0{day}", 9, 0) for day in (6, 5, 7))
    told = [
        contact | {"at": seventh, "direction": "sideways"},
        contact | {"at": sixth},
        contact | {"at": fifth, "party": None},
    ]
    database.load("events", told)
    assert example.main(options(database.url)) == 0
    ids = {row["at"]: row["id"] for row in database.rows("SELECT * FROM events")}
    found = database.rows("SELECT case_id, number, event_id, field, says FROM findings ORDER BY case_id, number")
    assert [tuple(row.values()) for row in found] == [
        ("A2", 1, ids[fifth], "party", "there is no party, so that it counts for neither"),
        ("A2", 2, ids[seventh], "direction", "direction is neither out nor in"),
        ("A3", 1, None, "decided_at", "decided_at is before received_at"),
    ]
    (row,) = database.rows("SELECT * FROM deadlines WHERE case_id = 'A3' AND status = 'invalid'")
    assert (row["target"], row["due"], row["elapsed"], row["left"]) == (BANDS[0], date(2024, 4, 16), None, None)
    assert row["reason"] == "decided_at is before received_at"
    database.do("UPDATE cases SET decided_at = NULL WHERE case_id = 'A3'")
    assert example.main(options(database.url)) == 0
    assert [row["case_id"] for row in database.rows("SELECT * FROM findings")] == ["A2", "A2"]


# What a run changes.


def test_a_second_run_changes_nothing(filled: Database, capsys: pytest.CaptureFixture[str]) -> None:
    before = everything(filled)
    assert example.main(options(filled.url, "--batch", "77")) == 0  # however many are read at a time
    assert capsys.readouterr().out.endswith(": 0 rows written, 0 deleted.\n")
    assert everything(filled) == before


def test_only_what_has_changed_is_written(few: Database) -> None:
    before = {row["case_id"]: row for row in everything(few) if row.get("target") == BANDS[0]}
    few.do("UPDATE cases SET decided_at = '2024-03-05 12:00' WHERE case_id = 'A2'")
    few.do("DELETE FROM cases WHERE case_id = 'A1'")
    assert example.main(options(few.url)) == 0
    after = {row["case_id"]: row for row in everything(few) if row.get("target") == BANDS[0]}
    assert sorted(before) == ["A1", "A2", "A3"]
    assert sorted(after) == ["A2", "A3"]
    assert after["A3"] == before["A3"]
    assert (before["A2"]["status"], after["A2"]["status"]) == ("pending", "met")
    assert after["A2"]["updated_at"] > before["A2"]["updated_at"]


def test_a_deadline_that_no_longer_applies_is_deleted(few: Database) -> None:
    few.do("UPDATE cases SET withdrawn_at = '2024-01-05' WHERE case_id = 'A1'")
    assert example.main(options(few.url)) == 0
    assert {row["case_id"] for row in few.rows("SELECT * FROM deadlines")} == {"A2", "A3"}


def test_without_any_case_nothing_is_left(few: Database) -> None:
    few.do("DELETE FROM cases")
    assert example.main(options(few.url)) == 0
    assert everything(few) == []


# How the records are read.


def test_cases_come_through_a_cursor_on_the_server_and_events_a_query_a_batch(filled: Database) -> None:
    said = filled.log().split("CREATE TEMPORARY TABLE fresh_findings")[1].split("INSERT INTO deadlines")[0]
    declared = re.findall(r'DECLARE ("\S+")\s.*CURSOR.* FOR\s+SELECT cases\.', said)
    assert len(declared) == 1
    fetched = [int(number) for number in re.findall(rf"FETCH FORWARD (\d+) FROM {declared[0]}", said)]
    assert max(fetched) == BATCH
    assert sum(fetched) >= 800
    assert len(re.findall(r"FROM cases", said)) == 1
    assert len(re.findall(r"FROM events", said)) == -(-800 // BATCH)


def test_memory_stays_flat_however_many_cases_there_are(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    scheme = kpi.load_scheme("lgsco")
    sample = kpi.deadlines(scheme, {"case_id": "", "received_at": "2024-03-15"}, as_of=AS_OF)[0]
    why = sample.explain()
    monkeypatch.setattr(kpi.Deadline, "explain", lambda _: why)
    monkeypatch.setattr(
        kpi, "deadlines", lambda _, case, **__: kpi.Deadlines([sample.model_copy(update={"id": case["case_id"]})])
    )
    few, many = (peak_of_memory(database, number) for number in (200, 2000))
    assert many < few + 500_000  # the decisions alone are 4 megabytes


def peak_of_memory(database: Database, number: int) -> int:
    """Give how much memory so many cases take."""
    database.do("DELETE FROM cases")
    database.load(
        "cases",
        [{"case_id": f"A{row}", "received_at": "2024-03-15", "decision": f"{row:2000}"} for row in range(number)],
    )
    tracemalloc.start()
    try:
        assert example.main(options(database.url, "--batch", "50")) == 0
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(database.rows("SELECT 1 FROM deadlines")) == number
    return peak


# What others see, and what is left when a run fails.


def test_whoever_reads_during_a_run_sees_all_that_was_there_before(few: Database) -> None:
    before = everything(few)
    few.do("DELETE FROM cases WHERE case_id = 'A1'")
    few.do("UPDATE cases SET decided_at = '2024-03-05 12:00' WHERE case_id = 'A2'")
    few.do("UPDATE cases SET decided_at = NULL WHERE case_id = 'A3'")
    with paused(few) as running:
        assert everything(few) == before
    assert running.returncode == 0
    assert [(row["case_id"], row["status"]) for row in everything(few)] == [("A2", "met"), ("A3", "pending")]


def test_a_run_that_is_killed_leaves_everything_as_it_was(few: Database) -> None:
    before = everything(few)
    few.do("DELETE FROM cases WHERE case_id = 'A1'")
    few.do("UPDATE cases SET decided_at = '2024-03-05 12:00' WHERE case_id = 'A2'")
    with paused(few) as running:
        running.kill()
        running.wait(10)
    few.do("BEGIN; LOCK TABLE deadlines IN ACCESS EXCLUSIVE MODE; COMMIT")  # once the server has noticed
    assert everything(few) == before


def test_a_run_that_the_database_stops_leaves_everything_as_it_was(
    few: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything(few)
    few.do("DELETE FROM cases WHERE case_id = 'A1'")
    few.do("ALTER TABLE findings ADD CHECK (says <> 'decided_at is before received_at') NOT VALID")
    few.do("UPDATE cases SET case_id = 'A4' WHERE case_id = 'A3'")
    capsys.readouterr()
    assert example.main(options(few.url)) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("Error: Nothing was written, because the database said: ")
    assert error.count("\n") == 1
    assert everything(few) == before


def test_a_case_that_cannot_be_read_stops_the_run_and_is_named(
    few: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything(few)
    few.do("DELETE FROM cases WHERE case_id = 'A1'")
    few.do("UPDATE cases SET decided_in = 'a corridor' WHERE case_id = 'A3'")
    capsys.readouterr()
    assert example.main(options(few.url, "--batch", "1")) == 2
    out, error = capsys.readouterr()
    assert (out, error) == (
        "",
        "Error: Nothing was written, because case A3 can't be read: case: decided_in: Input should be 'assessment' "
        "or 'investigation'.\n",
    )
    assert everything(few) == before


def test_a_run_sees_all_records_as_they_were_at_one_moment(few: Database) -> None:
    few.do("BEGIN; LOCK TABLE events")
    with start(few.url) as running:  # it has opened its cursor on the cases, and waits for their events
        wait_until(lambda: few.rows(WAITS_FOR_A_TABLE), "The run")
        few.do("INSERT INTO events (case_id, event, at) VALUES ('A2', 'sneezed', '2024-03-05'); COMMIT")
        _, error = running.communicate(timeout=60)
    assert (running.returncode, error) == (0, "")
    assert [row["case_id"] for row in few.rows("SELECT * FROM findings")] == ["A3"]
    assert example.main(options(few.url)) == 0
    assert [row["case_id"] for row in few.rows("SELECT * FROM findings ORDER BY case_id")] == ["A2", "A3"]


def test_two_runs_at_once_take_turns(few: Database) -> None:
    few.do("DELETE FROM cases WHERE case_id = 'A1'")
    with paused(few) as first:
        second = start(few.url)
        wait_until(lambda: few.rows(WAITS_FOR_A_TABLE), "The second run")
        few.do("DELETE FROM cases WHERE case_id = 'A2'")  # which only the second can know
    with second:
        _, error = second.communicate(timeout=60)
    assert (first.returncode, second.returncode, error) == (0, 0, "")
    assert [row["case_id"] for row in few.rows("SELECT * FROM deadlines")] == ["A3"]


# What can't be done.


def test_without_the_database_the_command_says_so_in_one_sentence() -> None:
    ran = run(f"postgresql+psycopg://casework:secret@127.0.0.1:{free_port()}/casework")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert re.fullmatch(r"Error: The database .+ can't be reached: .+ Connection refused\.\n", ran.stderr)
    assert "secret" not in ran.stderr


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("casework", "That is no URL"),
        ("postgresql://host:port/casework", "That is no URL"),
        ("mysql://host/casework", "mysql isn't read by this script"),
        ("postgresql+asyncpg://host/casework", "postgresql+asyncpg isn't read by this script"),
    ],
)
def test_a_wrong_url_is_answered_with_one_sentence(url: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert example.main(options(url)) == 2
    wanted = "--url takes a PostgreSQL database, such as postgresql+psycopg://user@host/casework."
    assert capsys.readouterr() == ("", f"Error: {says}. {wanted}\n")


def test_a_database_without_the_tables_is_answered_with_one_sentence(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    assert example.main(options(database.url.replace(database.name, "elsewhere"))) == 2
    assert "can't be reached: " in (error := capsys.readouterr().err)
    assert error.endswith('database "elsewhere" does not exist.\n')
    database.do("DROP TABLE events, cases")
    assert example.main(options(database.url_of_socket)) == 2
    said = 'Error: Nothing was written, because the database said: relation "cases" does not exist.\n'
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(("more", "says"), [({"as_of": "soon"}, "as_of"), ({"scheme": "nothing"}, "scheme")])
def test_a_wrong_option_is_answered_with_one_sentence(
    more: dict[str, str], says: str, few: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything(few)
    capsys.readouterr()
    given = {"as_of": AS_OF, "scheme": "lgsco"} | more
    assert example.main(options(few.url, "--scheme", given["scheme"], as_of=given["as_of"])) == 2
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1)
    assert says in error
    assert everything(few) == before


def test_the_tests_are_skipped_without_a_server_but_where_there_has_to_be_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REQUIRED, raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"^There is none\.$"):
        do_without("There is none")
    monkeypatch.setenv(REQUIRED, "1")
    with pytest.raises(pytest.fail.Exception, match=f"^There is none, and {REQUIRED} is set"):
        do_without("There is none")
