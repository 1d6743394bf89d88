"""The command that writes what is published, as its users type it."""

from pathlib import Path

import pytest

import ombudsman_kpi as kpi
from command_line import Typed

ROOT = Path(__file__).parents[2]
CASES = str(ROOT / "examples" / "data" / "cases.csv")
WORDS = ("report", "lgsco", "--cases", CASES, "--as-of", "2024-03-31", "--target", "investigation-13w")


def test_it_writes_the_page_and_the_workbooks_and_says_so(typed: Typed, tmp_path: Path) -> None:
    page, book, other = (str(tmp_path / name) for name in ("page.html", "book.xlsx", "book.ods"))
    answer = typed(
        *WORDS, "--every", "quarter", "--by", "team", "--html", page, "--workbook", book, "--workbook", other
    )  # fmt: skip
    assert (answer.code, answer.err) == (0, "")
    *wrote, headline = answer.out.splitlines()
    assert wrote == [f"Wrote {path}." for path in (page, book, other)]
    assert headline.startswith("LGSCO Quality and Service Standards: 0 of 1 commitment")
    assert all(Path(path).stat().st_size > 1000 for path in (page, book, other))
    text = Path(page).read_text("utf-8")
    for said in ("Team A", "2023/24 Q4", "The longest waits", "Quality of the records", "22-01750"):
        assert said in text


def test_a_report_to_an_audience_has_its_heading(typed: Typed, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    answer = typed(*WORDS, "--report", "commission", "--waits", "0", "--html", str(page))
    assert answer.out.splitlines()[1].startswith("Quarterly report to the Commission: ")
    assert "<h1>Quarterly report to the Commission</h1>" in page.read_text("utf-8")
    assert "22-01750" not in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "Say where to write it: --html report.html, or --workbook report.xlsx, or both."),
        (("--html", "nowhere/page.html"), "nowhere/page.html can't be written: there is no folder"),
        (("--html", "."), ". is a folder."),
        (("--workbook", "book.doc"), "book.doc: a workbook ends in .xlsx (Excel) or .ods (OpenDocument)."),
        (("--html", "page.html", "--report", "nobody"), "has no report to 'nobody'"),
        (("--html", "page.html", "--since", "nowhere.json"), "--since nowhere.json can't be read"),
        (("--html", "page.html", "--since", CASES), "cases.csv: This text is no results"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = typed(*WORDS, *words)
    assert answer.code == 2
    assert says in answer.err
    assert answer.err.startswith("Error: ")
    assert answer.err.count("\n") == 1
    assert [*tmp_path.iterdir()] == []  # nothing was written, the first of several files neither


@pytest.mark.parametrize("book", ["book.doc", "nowhere/book.ods"])
def test_nothing_is_written_where_one_of_the_files_cannot_be(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, book: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert typed(*WORDS, "--html", "page.html", "--workbook", book).code == 2
    assert [*tmp_path.iterdir()] == []


def test_earlier_results_can_be_named(typed: Typed, tmp_path: Path) -> None:
    earlier = kpi.measure(
        kpi.load_scheme("lgsco"), cases=CASES, as_of="2024-03-31", targets="investigation-13w", cohort="all"
    )
    (tmp_path / "earlier.json").write_text(earlier.to_json(), "utf-8")
    page = tmp_path / "page.html"
    answer = typed(*WORDS, "--html", str(page), "--since", str(tmp_path / "earlier.json"))
    assert answer.code == 0
    assert "[r]" not in page.read_text("utf-8")  # nothing was revised


@pytest.mark.parametrize("given", ["cases.csv", "./cases.csv", "c*.csv"])
@pytest.mark.parametrize("command", ["report", "return"])
def test_no_file_that_is_read_is_written_over(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "cases.csv"
    own.write_bytes(Path(CASES).read_bytes()[:5000])
    before = own.read_bytes()
    ways = {
        "report": ("report", "lgsco", "--cases", given, "--html", "cases.csv"),
        "return": ("return", "disp", "complaints-return", "--requests", given, "-o", "cases.csv"),
    }
    answer = typed(*ways[command], "--as-of", "2024-03-31")
    assert answer.code == 2
    assert answer.err == "Error: cases.csv is read, and writing would replace it. Name another file to write.\n"
    assert own.read_bytes() == before


def test_two_outputs_are_two_files(typed: Typed, tmp_path: Path) -> None:
    book = tmp_path / "book.xlsx"
    answer = typed(*WORDS, "--html", str(book), "--workbook", str(tmp_path / "." / "book.xlsx"))
    assert answer.code == 2
    assert "is named twice" in answer.err
    assert not book.exists()
