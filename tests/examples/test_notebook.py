"""The worked notebook: every cell runs, as a script and in a real kernel, and what it shows is true."""

import ast
import builtins
import csv
import io
import os
import subprocess
import sys
from contextlib import redirect_stdout
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import jupytext
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.xdist_group("notebook")  # the cells are run once, in one process

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "examples" / "notebook.py"
TODAY, QUARTER_BEGAN = date(2023, 12, 14), date(2023, 10, 1)
BANK_HOLIDAYS = {
    date.fromisoformat(day)
    for day in (
        "2022-04-15", "2022-04-18", "2022-05-02", "2022-06-02", "2022-06-03", "2022-08-29", "2022-09-19", "2022-12-26",
        "2022-12-27", "2023-01-02", "2023-04-07", "2023-04-10", "2023-05-01", "2023-05-08", "2023-05-29", "2023-08-28",
        "2023-12-25", "2023-12-26", "2024-01-01", "2024-03-29", "2024-04-01",
    )
}  # fmt: skip
ONE_DAY = timedelta(days=1)

Row = dict[str, Any]


# Its form: a percent script


def cells() -> list[tuple[str, list[str]]]:
    """Split the script at its markers, into whether a cell is prose or code, and its lines."""
    found: list[tuple[str, list[str]]] = []
    for line in NOTEBOOK.read_text("utf-8").splitlines():
        if line.startswith("# %%"):
            assert line in {"# %%", "# %% [markdown]"}
            found.append(("markdown" if line.endswith("]") else "code", []))
        else:
            found[-1][1].append(line)
    return found


def test_it_is_a_percent_script_of_prose_and_code() -> None:
    kinds = [kind for kind, _ in cells()]
    assert kinds[0] == "markdown"
    assert kinds[-1] == "code"
    assert all(kind == "code" for before, kind in pairwise(kinds) if before == "markdown")
    assert kinds.count("code") >= 8


def test_prose_is_all_comments_and_code_parses() -> None:
    for kind, lines in cells():
        if kind == "markdown":
            assert lines
            assert all(line in {"", "#"} or line.startswith("# ") for line in lines)
        else:
            assert ast.parse("\n".join(lines)).body


def test_every_cell_of_code_ends_in_something_to_see() -> None:
    for _, lines in (cell for cell in cells() if cell[0] == "code"):
        last = ast.parse("\n".join(lines)).body[-1]
        while isinstance(last, (ast.For, ast.If)):
            last = last.body[-1]
        assert isinstance(last, ast.Expr)
        assert isinstance(last.value, ast.Call)
        assert ast.unparse(last.value.func) in {"show", "print"}


def test_prose_has_no_figures_of_its_own() -> None:
    """Numbers go out of date; only those that a promise or a choice is called by stand in the prose."""
    text = "\n".join(line for kind, lines in cells() if kind == "markdown" for line in lines)
    assert [word for word in text.split() if any(letter.isdigit() for letter in word)] == ["52"]


def test_jupytext_reads_the_same_cells() -> None:
    notebook = jupytext.read(NOTEBOOK, fmt="py:percent")
    assert [cell.cell_type for cell in notebook.cells] == [kind for kind, _ in cells()]
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert code == ["\n".join(lines).strip() for kind, lines in cells() if kind == "code"]
    assert notebook.cells[0].source.startswith("# A morning with the figures")


# It runs: cell by cell, in a kernel, and as a script from anywhere


@pytest.fixture(scope="module")
def run() -> tuple[dict[str, Any], list[str]]:
    """Run every cell in order in one namespace, in the folder of the project; give that, and what each cell printed."""
    names: dict[str, Any] = {}
    shown: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.delattr(builtins, "display", raising=False)
        for number, (kind, lines) in enumerate(cells()):
            if kind == "code":
                with redirect_stdout(io.StringIO()) as printed:
                    exec(compile("\n".join(lines), f"cell {number}", "exec"), names)  # noqa: S102
                shown.append(printed.getvalue())
    return names, shown


def test_every_cell_shows_something(run: tuple[dict[str, Any], list[str]]) -> None:
    assert all(len(text.splitlines()) >= 3 for text in run[1])


def test_as_a_script_it_prints_the_same_from_any_folder(run: tuple[dict[str, Any], list[str]], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(NOTEBOOK)],
        cwd=tmp_path, capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert done.stderr.decode() == ""
    assert done.returncode == 0
    assert done.stdout.decode("utf-8").replace("\r\n", "\n") == "".join(run[1])
    assert list(tmp_path.iterdir()) == []


def test_in_a_kernel_every_cell_runs_and_tables_are_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    notebook = jupytext.read(NOTEBOOK, fmt="py:percent")
    client = NotebookClient(
        notebook, kernel_name="python3", timeout=120, resources={"metadata": {"path": str(NOTEBOOK.parent)}}
    )
    client.execute()
    outputs = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    assert all(outputs)
    flat = [output for mine in outputs for output in mine]
    assert not [output for output in flat if output.output_type == "error" or output.get("name") == "stderr"]
    rich = [output.data for output in flat if output.output_type == "display_data"]
    assert sum("text/html" in data and "<table" in data["text/html"] for data in rich) >= 8
    assert sum("text/markdown" in data for data in rich) == 2


# What it shows is true: worked out again from the files, one row after another


def read(name: str) -> list[Row]:
    with (ROOT / "examples" / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return [{field: parsed(field, text) for field, text in row.items()} for row in csv.DictReader(lines)]


def parsed(field: str, text: str) -> Any:
    """Read a cell; a time that came after today isn't known."""
    if field != "at" and not field.endswith("_at"):
        return text
    moment = datetime.fromisoformat(text) if text else None
    return moment if moment is not None and moment.date() <= TODAY else None


def day(moment: datetime | None) -> date:
    assert moment is not None
    return moment.date()


def working_days_after(start: date, number: int) -> date:
    while number:
        start += ONE_DAY
        number -= start.weekday() < 5 and start not in BANK_HOLIDAYS
    return start


def still_open(row: Row) -> bool:
    return row["received_at"] is not None and not (row["decided_at"] or row["closed_at"] or row["withdrawn_at"])


def investigations(weeks: int) -> list[tuple[Row, date]]:
    """Give the open investigations of valid complaints, and the last day of their so many weeks."""
    return [
        (row, day(row["valid_at"]) + timedelta(weeks=weeks))
        for row in read("cases")
        if still_open(row) and row["allocated_at"] and row["valid_at"]
    ]


def assessments() -> list[tuple[Row, date]]:
    """Give the open cases that nobody investigates, and the day by which they are to be decided or allocated."""
    return [
        (row, working_days_after(day(row["received_at"]), 20))
        for row in read("cases")
        if still_open(row) and not row["allocated_at"]
    ]


def contacts() -> list[tuple[Row, date]]:
    """Give each open investigation, once for each party, and the day by which that is to be told the next time."""
    told: dict[tuple[str, str], list[date]] = {}
    for event in read("events"):
        if event["event"] == "contact" and event["direction"] == "out" and event["at"]:
            told.setdefault((event["case_id"], event["party"]), []).append(day(event["at"]))
    found = []
    for row in read("cases"):
        if still_open(row) and row["allocated_at"] and row["investigation_started_at"]:
            start = day(row["investigation_started_at"])
            for party in ("complainant", "organisation"):
                last = max([start, *told.get((row["case_id"], party), [])])
                found.append((row, working_days_after(last, 20)))
    return found


def ended_investigations(weeks: int) -> tuple[int, int]:
    """Count the investigations that ended in the quarter: in time, and too late."""
    in_time = late = 0
    for row in read("cases"):
        ends = [row[name] for name in ("closed_at", "withdrawn_at") if row[name]]
        decided, ended = row["decided_at"], min(ends, default=None)
        stop = decided if decided and (ended is None or decided <= ended) else ended
        if not (row["allocated_at"] and row["valid_at"] and stop and day(stop) >= QUARTER_BEGAN):
            continue
        due = day(row["valid_at"]) + timedelta(weeks=weeks)
        in_time += stop is decided and day(stop) <= due
        late += day(stop) > due
    return in_time, late


@pytest.fixture(scope="module")
def names(run: tuple[dict[str, Any], list[str]]) -> dict[str, Any]:
    return run[0]


def test_today_is_a_thursday_shortly_before_christmas(names: dict[str, Any]) -> None:
    assert names["TODAY"] == TODAY
    assert f"{TODAY:%A}" == "Thursday"
    assert 0 < (date(2023, 12, 25) - TODAY).days < 14


def test_the_calls_of_the_quarter_are_those_of_the_file(names: dict[str, Any]) -> None:
    calls = [row for row in read("calls") if row["offered_at"] and day(row["offered_at"]) >= QUARTER_BEGAN]
    waits = [row["answered_at"] - row["offered_at"] for row in calls if row["answered_at"]]
    fast = sum(wait <= timedelta(seconds=60) for wait in waits)
    row = names["now"].loc["intake-calls-60s"]
    assert (row["met"], row["missed"], row["status"]) == (fast, len(calls) - fast, "missed")
    assert fast / len(calls) < 0.9
    assert names["quarter"] == "2023/24 Q3"


@pytest.mark.parametrize(("weeks", "share"), [(13, 75), (26, 85), (52, 98)])
def test_the_investigations_of_the_quarter_are_those_of_the_file(names: dict[str, Any], weeks: int, share: int) -> None:
    in_time, late = ended_investigations(weeks)
    row = names["now"].loc[f"investigation-{weeks}w"]
    assert in_time > 50
    assert (row["met"], row["missed"], row["status"]) == (in_time, late, "met")
    assert 100 * in_time >= share * (in_time + late)


def test_the_quarters_before_are_there_and_none_after(names: dict[str, Any]) -> None:
    quarters = [f"2022/23 Q{number}" for number in range(1, 5)] + [f"2023/24 Q{number}" for number in range(1, 4)]
    table = names["by_quarter"].sort_index(axis="columns")
    assert table.columns.tolist() == quarters
    assert table.loc["intake-calls-60s"].isna().tolist() == [True] * 4 + [False] * 3  # its file begins in April 2023
    assert {"met", "missed", "undetermined"} == set(table.stack().dropna())


def test_the_case_is_the_investigation_whose_52_weeks_end_first(names: dict[str, Any]) -> None:
    first, due = min(((row, due) for row, due in investigations(52) if due >= TODAY), key=lambda item: item[1])
    assert (names["name"], names["whole"].due) == (first["case_id"], due)
    assert f"{due:%a} {due.day} {due:%b %Y}" in names["whole"].explain()


def test_the_next_contact_is_due_20_working_days_after_the_last(names: dict[str, Any]) -> None:
    last = max(
        day(event["at"])
        for event in read("events")
        if event["case_id"] == names["name"] and event["event"] == "contact" and event["at"]
        and (event["party"], event["direction"]) == ("complainant", "out")
    )  # fmt: skip
    assert names["contact"].due == working_days_after(last, 20)
    assert "(4 weekends, Christmas Day, Boxing Day and New Year’s Day skipped)" in names["contact"].explain()


def test_the_window_ends_after_new_year(names: dict[str, Any]) -> None:
    assert names["last"] == working_days_after(TODAY, 10) == date(2024, 1, 2)
    assert names["off"] == [date(2023, 12, 25), date(2023, 12, 26), date(2024, 1, 1)]


def test_the_lines_of_the_worklist_are_those_of_the_files(names: dict[str, Any]) -> None:
    expected = {
        "decided-or-allocated-20wd": assessments(),
        "keep-in-touch-intervals-20wd": contacts(),
        **{f"investigation-{weeks}w": investigations(weeks) for weeks in (13, 26, 52)},
    }
    for kind, target, number in (
        ("service-complaint", "service-complaints-20wd", 20), ("post-decision-review", "post-decision-reviews-20wd", 20)
    ):  # fmt: skip
        expected[target] = [
            (row, working_days_after(day(row["received_at"]), number))
            for row in read("requests")
            if row["kind"] == kind and row["received_at"] and not row["answered_at"]
        ]
    expected["written-contacts-3wd"] = [
        (row, working_days_after(day(row["received_at"]), 3))
        for row in read("written_contacts")
        if row["received_at"] and not row["handled_at"]
    ]
    window = working_days_after(TODAY, 10)
    for target, items in expected.items():
        found = names["lines"].loc[target]
        overdue, due = sum(due < TODAY for _, due in items), sum(TODAY <= due <= window for _, due in items)
        assert (found["overdue"], found["pending"]) == (overdue, due), target
    assert set(names["lines"].index) == set(expected)
    assert len(names["work"]) > 300


def test_those_that_would_lose_a_target_are_the_52_weeks_about_to_end(names: dict[str, Any]) -> None:
    in_time, late = ended_investigations(52)
    assert 100 * in_time >= 98 * (in_time + late)
    assert 100 * in_time < 98 * (in_time + late + 1)  # one more that ends too late
    window = working_days_after(TODAY, 10)
    soon = sorted((due, row["case_id"]) for row, due in investigations(52) if due <= window)
    losing = names["losing"]
    assert set(losing["target"]) == {"investigation-52w"}
    assert [*zip(losing["due"].dt.date, losing["id"], strict=True)] == soon
    assert losing["left"].tolist() == [(due - TODAY).days for due, _ in soon]
    assert losing["left"].min() == 0


def test_together_they_are_set_beside_the_headroom_of_the_figures(names: dict[str, Any]) -> None:
    together, now = names["together"], names["now"]
    judged = names["work"][names["work"]["target"].isin(now.index)]
    assert together["overdue"].sum() + together["due"].sum() == (judged["effect"] != "nothing ended yet").sum()
    for (target, period), row in together.iterrows():
        if period == names["quarter"]:
            assert row["headroom"] == now.loc[target, "headroom"]
    assert {period for target, period in together.index if "investigation" in target} == {names["quarter"]}
    cohorts = {target: names["lgsco"][target].cohort for target in now.index}
    assert {target for target, cohort in cohorts.items() if cohort == "closed"} == {
        f"investigation-{weeks}w" for weeks in (13, 26, 52)
    }
    assert set(cohorts.values()) == {"received", "closed"}


def test_each_team_has_its_own_cases(names: dict[str, Any]) -> None:
    load, window = names["load"], working_days_after(TODAY, 10)
    assert load.index.tolist() == ["North", "South", "Team A", "Team B", "Team C", "Team D"]
    items = [*assessments(), *contacts(), *(item for weeks in (13, 26, 52) for item in investigations(weeks))]
    for team in load.index:
        dues = [(row["case_id"], due) for row, due in items if row["team"] == team]
        assert load.loc[team, "cases overdue"] == len({case for case, due in dues if due < TODAY})
        assert load.loc[team, "cases due"] == len({case for case, due in dues if TODAY <= due <= window})
    teams = {row["case_id"]: row["team"] for row in read("cases")}
    losing = [teams[name] for name in names["losing"]["id"]]
    for team, number in load["of these, would lose a target"].fillna(0).items():
        assert number == losing.count(str(team))


def test_each_team_starts_with_what_is_due_first(names: dict[str, Any]) -> None:
    first, mine = names["first"], names["mine"]
    for team, rows in first.groupby("team"):
        others = mine[(mine["team"] == team) & (mine["status"] == "pending")].drop(rows.index)
        assert len(rows) == 3
        assert rows["due"].is_monotonic_increasing
        assert rows["due"].max() <= others["due"].min()
        assert rows["due"].min().date() >= TODAY
