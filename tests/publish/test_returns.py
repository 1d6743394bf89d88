"""Statutory returns: lines on paper, checks that hold and that fail, files, and what is in doubt."""

import csv
import io
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from command_line import Typed
from ombudsman_kpi import OptionError, RecordsError, Results, Scheme, SchemeError, StatutoryReturn, load_scheme, measure
from ombudsman_kpi.figures.table import Made, RowsByColumn
from ombudsman_kpi.publish.published import Shorthand
from ombudsman_kpi.schemes.returns import FIGURES

Record = dict[str, Any]


def complaint(received: str, answered: str | None = None, outcome: str | None = None, **more: Any) -> Record:
    times = dict.fromkeys(("acknowledged_at", "extended_to_at", "extended_at"))
    return {"kind": "complaint", "received_at": received, "answered_at": answered, "outcome": outcome, **times, **more}


def measured(scheme: Scheme, records: Sequence[Record], as_of: str, **more: Any) -> Results:
    form = scheme.returns[0]
    rows = [{"request_id": f"R{number}", **record} for number, record in enumerate(records)]
    return measure(scheme, requests=rows, as_of=as_of, every=form.every, targets=form.targets, **more)


def filled_in(name: str, records: Sequence[Record], as_of: str, period: str, **more: Any) -> StatutoryReturn:
    scheme = load_scheme(name)
    return measured(scheme, records, as_of, **more).statutory_return(scheme.returns[0].id, period=period)


def lines(form: StatutoryReturn) -> list[str]:
    return form.to_pandas()["printed"].tolist()


# One from before the half-year; of the others one each in 3 working days, in 56 days, later, and still open. 28 March
# 2024 is the Thursday before Easter: three working days end on 4 April, and 56 days on 23 May.
DISP = [
    complaint("2024-03-28", "2024-05-24", "upheld"),
    complaint("2024-04-03", "2024-04-08", "upheld"),
    complaint("2024-04-03", "2024-04-09", "rejected"),
    complaint("2024-04-03", "2024-05-29", "rejected"),
    complaint("2024-04-03"),
]


def test_the_complaints_return_is_as_on_paper() -> None:
    form = filled_in("disp", DISP, "2024-12-31", "2024/25 H1")
    # outstanding at the start, opened, within 3 days, within 8 weeks, later, closed, upheld, per cent, outstanding
    assert lines(form) == ["1", "4", "1", "2", "1", "4", "2", "50.0", "1"]
    assert [item.holds for item in form.checks] == [True, True, True]
    assert form.says == "0 of 3 checks of the lines fail."


NHS = [
    complaint("2024-03-01", "2024-05-01", "upheld"),
    complaint("2024-04-03", "2024-05-02", "partially-upheld"),
    complaint("2024-04-03", "2024-05-02", "not-upheld"),
    complaint("2024-04-04"),
]


def test_the_nhs_return_adds_up() -> None:
    form = filled_in("nhs-complaints", NHS, "2025-04-30", "2024/25")
    # brought forward, new, upheld, partially, not upheld, resolved, carried forward
    assert lines(form) == ["1", "3", "1", "1", "1", "3", "1"]
    assert [item.holds for item in form.checks] == [True]


def test_a_check_that_fails_says_its_numbers_and_strict_raises() -> None:
    scheme = load_scheme("nhs-complaints")
    results = measured(scheme, [*NHS, complaint("2024-04-04", "2024-05-02")], "2025-04-30")
    form = results.statutory_return("ko41a", period="2024/25")
    said = "Total resolved + Total carried forward = Total brought forward + Total new fails: 4 isn't 5"
    assert [str(item) for item in form.failing] == [f"2024/25: {said}"]
    assert form.says in repr(form)
    assert "4 isn't 5" in repr(form)
    with pytest.raises(RecordsError, match=r"1 of \d checks? of the lines fails\. The first: 2024/25: Total resolved"):
        results.statutory_return("ko41a", period="2024/25", strict=True)


def test_a_check_of_a_period_that_is_not_over_is_left_open() -> None:
    form = filled_in("nhs-complaints", [*NHS, complaint("2024-04-04", "2024-05-02")], "2024-12-31", "2024/25")
    assert [(item.holds, item.says) for item in form.checks] == [(None, "4 isn't 5, and the period isn't over")]
    assert not form.failing
    assert form.says == "0 of 1 check of the lines fail; 1 can't be checked."
    assert "not over at 2024-12-31: 2024/25" in form.notes


def test_wales_has_rates_and_percentages_of_lines() -> None:
    records = [complaint("2024-04-03", "2024-04-04", "upheld"), complaint("2024-04-03", "2024-06-03", "not-upheld"),
               complaint("2024-04-03", "2024-06-04", "not-upheld")]  # fmt: skip
    form = filled_in(
        "psow", records, "2024-12-31", "2024/25 Q1", populations=[{"period": "2024/25 Q1", "number": 4000}]
    )
    assert lines(form) == ["3", "0.75", "3", "1", "2", "0", "0", "1", "33", "33"]
    assert not form.failing
    unmeasured = filled_in("psow", records, "2024-12-31", "2024/25 Q1")
    assert lines(unmeasured) == ["[x]", "[x]", "3", "1", "2", "0", "0", "1", "33", "33"]
    assert unmeasured.notes == ("[x] received-per-1000 isn't measured: no populations were given",)


def test_tenant_satisfaction_measures_are_by_stage() -> None:
    stage = {"kind": "stage-1", "acknowledged_at": "2024-04-03"}
    records = [complaint("2024-04-03", "2024-04-04", **stage), complaint("2024-04-03", "2024-06-03", **stage)]
    homes = [{"period": "2024/25", "number": 3000}]
    form = filled_in("tenant-satisfaction-measures", records, "2025-04-30", "2024/25", populations=homes)
    assert lines(form) == ["0.7", "0.0", "50.0", "[x]", "2", "0", "1", "0"]
    assert not form.failing


def test_each_group_has_a_form_with_all_lines() -> None:
    records = [
        complaint("2024-04-03", "2024-04-08", "upheld", product="=1+1"),
        complaint("2024-04-03", product="<b>[red]loans\x1b[31m"),
    ]
    form = filled_in("disp", records, "2024-12-31", "2024/25 H1", by="product")
    assert [item.group for item in form.forms] == [("<b>[red]loans\x1b[31m",), ("=1+1",)]
    frame = form.to_pandas()
    assert frame.loc[frame["product"] == "=1+1", "printed"].tolist() == [
        "0",
        "1",
        "1",
        "0",
        "0",
        "1",
        "1",
        "100.0",
        "0",
    ]
    first = frame.loc[frame["product"] != "=1+1", "printed"].tolist()
    assert first == ["0", "1", "0", "0", "0", "0", "0", "[x]", "1"]
    rows = [*csv.DictReader(io.StringIO(form.to_csv()))]
    assert {row["product"] for row in rows} == {"'=1+1", "<b>[red]loans�[31m"}
    assert "\x1b" not in repr(form)
    assert "<b>" not in form._repr_html_()
    assert "&lt;b&gt;" in form._repr_html_()


OWN = """
id = "own"
title = "Our own"
source = "A form"
division = "england-and-wales"

[[target]]
id = "received"
says = "Received"
measure = "count"
of = "requests"
dated = "received_at"
cohort = "received"

[[target]]
id = "in-time"
says = "In time"
of = "requests"
start = "received_at"
stop = "answered_at"
limit = "20 working days"
cohort = "received"

[[return]]
id = "form"
title = "A form"
every = "year"
lines = [
  { line = "1", label = "Received", target = "received", figure = "met" },
  { line = "2", label = "In time", target = "in-time", figure = "met" },
  { line = "3", label = "In time, per cent", parts = "2", percent_of = "1" },
  { line = "4", label = "In time, per cent", target = "in-time", figure = "value", places = 0 },
]
checks = [
  { percent = "3", parts = "2", total = "1" },
  { percent = "4", parts = "2", total = "1" },
  { parts = ["2"], at_most = "1" },
]
"""


def own(tmp_path: Path, text: str = OWN) -> Scheme:
    path = tmp_path / "own.toml"
    path.write_text(text, "utf-8")
    return load_scheme(path)


def counted(in_time: int, late: int) -> list[Record]:
    return [*[complaint("2023-03-01", "2023-03-02")] * in_time, *[complaint("2023-03-01", "2023-07-03")] * late]


@pytest.mark.parametrize(
    ("in_time", "late", "tenths", "whole"),
    [
        (1, 2, "33.3", "33"), (2, 1, "66.7", "67"), (1, 7, "12.5", "13"), (1, 1, "50.0", "50"), (3, 0, "100.0", "100"),
        (0, 3, "0.0", "0"), (1999, 1, "99.95", "100"), (1, 2999, "0.03", "0"),
    ],
)  # fmt: skip
def test_percentages_are_rounded_half_up_and_only_all_is_100(
    in_time: int, late: int, tenths: str, whole: str, tmp_path: Path
) -> None:
    form = measured(own(tmp_path), counted(in_time, late), "2024-03-31").statutory_return("form", period="2023")
    assert lines(form) == [str(in_time + late), str(in_time), tenths, whole]
    assert [item.holds for item in form.checks] == [True, True, True]


def test_a_percentage_that_is_of_other_counts_is_found(tmp_path: Path) -> None:
    text = OWN.replace('parts = "2", percent_of = "1"', 'target = "in-time", figure = "value", places = 1')
    pending = [*counted(1, 0), complaint("2023-12-29")]  # open, and not yet due on 2 January
    scheme = own(tmp_path, text)
    form = measured(scheme, pending, "2024-01-02").statutory_return("form", period="2023")
    assert [str(item) for item in form.failing] == [
        "2023: 3: (2) / (1) fails: 1 of 2 is 50.0%, not 100.0%", "2023: 4: (2) / (1) fails: 1 of 2 is 50%, not 100%",
    ]  # fmt: skip


def test_what_is_withheld_stays_withheld_and_so_does_what_is_made_of_it(tmp_path: Path) -> None:
    results = measured(own(tmp_path), counted(2, 3), "2024-03-31")
    rows = tuple(
        row._replace(met=None, withheld={"met": "c"}) if row.target == "in-time" else row for row in results.rows
    )
    form = Results(RowsByColumn((Made(rows),)), results.basis).statutory_return("form", period="2023")
    assert lines(form) == ["5", "[c]", "[c]", "40"]
    assert form.forms[0].cells[2] == Shorthand("c")
    assert [item.holds for item in form.checks] == [None, None, None]
    assert "2.0" not in form.to_csv()


def test_a_return_of_a_scheme_with_a_rule_on_small_numbers_has_them_all_and_says_so() -> None:
    scheme = load_scheme("disp").with_disclosure(threshold=10)
    form = measured(scheme, DISP, "2024-12-31").statutory_return("complaints-return", period="2024/25 H1")
    assert lines(form) == ["1", "4", "1", "2", "1", "4", "2", "50.0", "1"]
    assert form.notes[0].startswith("small numbers aren't withheld here")


def test_what_stands_beside_a_withheld_figure_is_withheld(tmp_path: Path) -> None:
    results = measured(load_scheme("nhs-complaints"), NHS, "2025-04-30")
    rows = tuple(row._replace(withheld={"met": "c"}) if row.target == "caseload" else row for row in results.rows)
    form = Results(RowsByColumn((Made(rows),)), results.basis).statutory_return("ko41a", period="2024/25")
    assert lines(form) == ["[c]", "[c]", "1", "1", "1", "3", "[c]"]


def test_results_without_its_targets_or_periods_say_how_to_measure() -> None:
    disp = load_scheme("disp")
    rows = [{"request_id": str(number), **record} for number, record in enumerate(DISP)]
    results = measured(disp, DISP, "2024-12-31")
    others: list[dict[str, Any]] = [{"targets": "upheld", "every": "half-year"}, {"every": "quarter"}]
    for lacking in (
        *(measure(disp, requests=rows, as_of="2024-12-31", **other) for other in others),
        measure(disp, requests=rows, as_of="2024-12-31", every="half-year", cohort="received"),
        results["upheld"],
    ):
        with pytest.raises(OptionError, match=r"needs the targets caseload, .*every=\['half-year'\]"):
            lacking.statutory_return("complaints-return")
    with pytest.raises(SchemeError, match=r"no return 'complaint-return'. Did you mean 'complaints-return'"):
        results.statutory_return("complaint-return")
    with pytest.raises(OptionError, match=r"no period '2024/25 Q1'\. .*2024/25 H1"):
        results.statutory_return("complaints-return", period="2024/25 Q1")


def test_without_a_record_in_a_period_numbers_are_0_and_there_is_no_percentage() -> None:
    form = filled_in("disp", [DISP[0], complaint("2025-04-03")], "2025-12-31", "2024/25 H2")
    assert lines(form) == ["0", "0", "0", "0", "0", "0", "0", "[x]", "0"]
    assert [item.holds for item in form.checks] == [True, True, True]
    assert form.checks[2].says == "there is nothing to be a percentage of"


def test_files_have_the_lines_and_the_checks(tmp_path: Path) -> None:
    form = filled_in("disp", DISP, "2024-12-31", "2024/25 H1")
    text = form.to_csv(tmp_path / "form.csv")
    assert (tmp_path / "form.csv").read_text("utf-8") == text
    rows = [*csv.DictReader(io.StringIO(text))]
    assert [row["value"] for row in rows] == lines(form)
    assert rows[7] == {
        "period": "2024/25 H1", "line": "upheld, per cent", "label": "Complaints upheld, of those closed",
        "value": "50.0", "unit": "per cent",
    }  # fmt: skip
    for ending in ("xlsx", "ods"):
        form.to_workbook(tmp_path / f"form.{ending}")
        book = CalamineWorkbook.from_path(str(tmp_path / f"form.{ending}"))
        cells = [row for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()]
        assert [row[-2:] for row in cells if "upheld, per cent" in row] == [["", 0.5]]
        assert [row[-2] for row in cells if "outstanding" in row] == [1]
        assert sum("holds" in row for row in cells) == 3


def test_a_path_that_cannot_be_written_leaves_the_earlier_file_whole(tmp_path: Path) -> None:
    form = filled_in("disp", DISP, "2024-12-31", "2024/25 H1")
    with pytest.raises(OptionError, match="there is no folder"):
        form.to_csv(tmp_path / "nowhere" / "form.csv")
    with pytest.raises(OptionError, match="is a folder"):
        form.to_csv(tmp_path)
    with pytest.raises(OptionError, match=r"ends in \.xlsx"):
        form.to_workbook(tmp_path / "form.pdf")


def test_many_forms_are_shown_in_part_and_written_whole() -> None:
    records = [complaint("2024-04-03", product=f"P{number:02}") for number in range(20)]
    form = filled_in("disp", records, "2024-12-31", "2024/25 H1", by="product")
    assert "14 more forms: a file has all" in repr(form)
    assert "P05" in repr(form)
    assert "P06" not in repr(form)
    assert len([*csv.DictReader(io.StringIO(form.to_csv()))]) == 20 * len(form.declared.lines)


def test_without_a_period_there_is_a_form_for_each_and_none_for_what_has_no_day() -> None:
    scheme = load_scheme("disp")
    other = {**complaint("2024-04-03"), "kind": "enquiry"}
    form = measured(scheme, [*DISP, other, complaint("2024-10-03")], "2024-12-31").statutory_return("complaints-return")
    assert [(item.period, item.complete) for item in form.forms] == [
        ("2023/24 H2", True), ("2024/25 H1", True), ("2024/25 H2", False),
    ]  # fmt: skip
    assert [item.cells[1] for item in form.forms] == [1, 4, 1]


def test_invalid_records_are_said() -> None:
    form = filled_in("disp", [*DISP, complaint("2024-05-03", "2024-05-01")], "2024-12-31", "2024/25 H1")
    assert any("invalid" in note for note in form.notes)


# Declarations


def with_return(lines: str, checks: str = "[]") -> str:
    return (
        OWN.partition("[[return]]")[0] + f'[[return]]\nid = "form"\ntitle = "F"\nlines = [{lines}]\nchecks = {checks}\n'
    )


LINE = '{ line = "1", target = "received", figure = "met" }'
BAD = {
    "no line": (with_return(""), "return form: lines: at least one is wanted"),
    "unknown target": (with_return('{ line = "1", target = "recieved", figure = "met" }'), "Did you mean 'received'"),
    "unknown figure": (with_return('{ line = "1", target = "received", figure = "mett" }'), "Did you mean 'met'"),
    "figure of another measure": (
        with_return('{ line = "1", target = "received", figure = "carried forward" }'), "no figure 'carried forward'",
    ),
    "neither target nor parts": (with_return('{ line = "1" }'), "either a target, with a figure, or parts"),
    "target without figure": (with_return('{ line = "1", target = "received" }'), "either a figure, such as met, or"),
    "figure of parts": (
        with_return(f'{LINE}, {{ line = "2", parts = "1", figure = "met" }}'), "a line with parts has neither",
    ),
    "percentage without parts": (
        with_return('{ line = "1", target = "received", figure = "met", percent_of = "1" }'), "say the parts, too",
    ),
    "two of one name": (with_return(f"{LINE}, {LINE}"), "has two lines '1'"),
    "a later line": (with_return(f'{{ line = "0", parts = "1" }}, {LINE}'), "no line '1' before line '0'"),
    "itself": (with_return('{ line = "1", parts = "1" }'), "no line '1' before line '1'"),
    "misspelt key": (with_return('{ line = "1", target = "received", figur = "met" }'), "'figur' is no key here. Did"),
    "misspelt key of a check": (with_return(LINE, '[{ parts = "1", totl = "1" }]'), "'totl' is no key here. Did you"),
    "check of another line": (with_return(LINE, '[{ parts = "1", total = "7" }]'), "a line '7', which it hasn't"),
    "check of nothing": (with_return(LINE, '[{ parts = "1" }]'), "either a total, the line that its parts add up to"),
    "check without parts": (with_return(LINE, '[{ parts = [], total = "1" }]'), "at least one is wanted"),
    "percentage of at most": (
        with_return(LINE, '[{ parts = "1", at_most = "1", percent = "1" }]'), "say the total, too",
    ),
    "places": (with_return('{ line = "1", target = "received", figure = "met", places = -1 }'), "places"),
    "period": (with_return(LINE).replace('title = "F"', 'title = "F"\nevery = "fortnight"'), "every: it can be"),
    "two returns": (with_return(LINE) + with_return(LINE).partition("[[return]]")[2].join(["[[return]]", ""]), "two r"),
    "plural": (OWN.replace("[[return]]", "[[returns]]"), r"write \[\[return\]\] for each"),
    "no table": ('return = "x"\n' + OWN.partition("[[return]]")[0], r"written as \[\[return\]\]"),
}  # fmt: skip


@pytest.mark.parametrize("name", list(BAD))
def test_a_declaration_that_is_wrong_says_where_and_what(name: str, tmp_path: Path) -> None:
    text, said = BAD[name]
    with pytest.raises(SchemeError, match=said) as error:
        own(tmp_path, text)
    assert "own.toml" in str(error.value)
    assert "\n" not in str(error.value)


def test_returns_are_part_of_the_digest_only_where_there_are_any(tmp_path: Path) -> None:
    scheme = own(tmp_path)
    assert "returns" not in own(tmp_path, OWN.partition("[[return]]")[0]).model_dump(mode="json")
    again = Scheme.model_validate(scheme.model_dump(mode="json"))
    assert again.digest == scheme.digest
    assert again.returns == scheme.returns
    changed = own(tmp_path, OWN.replace("In time, per cent", "In time (%)", 1))
    assert changed.digest != scheme.digest


def test_a_scheme_that_extends_keeps_the_returns_and_can_have_its_own(tmp_path: Path) -> None:
    longer = 'id = "ours"\nextends = "disp"\n[[target]]\nid = "answered-8w"\nstandard = "at least 90%"\n'
    assert own(tmp_path, longer).returns == load_scheme("disp").returns
    both = 'id = "ours"\ntitle = "T"\nsource = "S"\nextends = ["disp", "foi-statistics"]\ndivision = "scotland"\n'
    assert [item.id for item in own(tmp_path, both).returns] == ["complaints-return", "foi-statistics"]


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_that_can_be_declared_is_there(figure: str, tmp_path: Path) -> None:
    text = (
        'id = "ours"\nextends = "disp"\n[[return]]\nid = "form"\ntitle = "F"\nevery = "year"\n'
        f'lines = [{{ line = "1", target = "caseload", figure = "{figure}" }}]\n'
    )
    form = measured(own(tmp_path, text), DISP, "2024-12-31").statutory_return("form", period="2024")
    assert form.forms[0].cells[0] is not None


def test_exact_values_are_kept(tmp_path: Path) -> None:
    form = measured(own(tmp_path), counted(1, 2), "2024-03-31").statutory_return("form", period="2023")
    assert form.to_pandas()["value"].tolist()[2] == float(Fraction(1, 3))


# The command


def table(tmp_path: Path, records: Sequence[Record]) -> str:
    path = tmp_path / "requests.csv"
    rows = [{"request_id": f"R{number}", **record} for number, record in enumerate(records)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def test_the_command_prints_and_writes_the_return(typed: Typed, tmp_path: Path) -> None:
    words = ("return", "disp", "complaints-return", "--requests", table(tmp_path, DISP), "--as-of", "2024-12-31")
    code, out, _ = typed(*words, "--period", "2024/25 H1")
    assert code == 0
    assert "Complaints upheld, of those closed" in out
    code, out, _ = typed(*words, "--period", "2024/25 H1", "--csv", "-o", str(tmp_path / "form.ods"))
    assert code == 0
    assert [row["value"] for row in csv.DictReader(io.StringIO(out))] == [
        "1", "4", "1", "2", "1", "4", "2", "50.0", "1",
    ]  # fmt: skip
    assert (tmp_path / "form.ods").read_bytes()[:2] == b"PK"


def test_the_command_exits_with_1_where_a_check_fails(typed: Typed, tmp_path: Path) -> None:
    requests = table(tmp_path, [*NHS, complaint("2024-04-04", "2024-05-02")])
    words = ("return", "nhs-complaints", "ko41a", "--requests", requests, "--as-of", "2025-04-30")
    code, out, err = typed(*words, "--csv")
    assert code == 1
    assert out.startswith("period,line")
    assert "4 isn't 5" in err


@pytest.mark.parametrize(
    ("name", "more", "said"),
    [
        ("complaint-return", (), "Did you mean 'complaints-return'"),
        ("complaints-return", ("-o", "form.pdf"), "form.pdf has an unknown ending"),
        ("complaints-return", ("--period", "2024"), "no period '2024'"),
    ],
)
def test_a_mistake_in_the_command_is_one_sentence(
    name: str, more: tuple[str, ...], said: str, typed: Typed, tmp_path: Path
) -> None:
    code, out, err = typed(
        "return", "disp", name, "--requests", table(tmp_path, DISP), "--as-of", "2024-12-31", *more
    )  # fmt: skip
    assert (code, out) == (2, "")
    assert said in " ".join(err.split())


def test_on_a_terminal_names_steer_nothing(typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{**record, "team": "\x1b[31mA\x9b2J"} for record in (*NHS, complaint("2024-04-04", "2024-05-02"))]
    words = ("return", "nhs-complaints", "ko41a", "--requests", table(tmp_path, rows), "--as-of", "2025-04-30")
    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    for more in ((), ("--csv",)):
        code, out, err = typed(*words, "--by", "team", *more)
        assert (code, "\ufffd[31mA" in out) == (1, True)
        assert not any(sign in out + err for sign in ("\x1b[31mA", "\x9b"))  # the progress has signs of its own
