"""Figures of matplotlib: no label stands on another, names are text, the alternative text goes along."""

import io
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from PIL import Image

import ombudsman_kpi as kpi
from drawn import LGSCO, TARGET, months
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.figures.table import Made, RowsByColumn
from ombudsman_kpi.publish.cells import title_of
from ombudsman_kpi.publish.drawings.described_figure import DescribedFigure
from ombudsman_kpi.statistics import funnel, p_chart_of_groups, survival, xmr
from ombudsman_kpi.tallies.basis import Basis

PAIRS = [(60 + place * 7 % 31, 40 - place * 7 % 31) for place in range(60)]


def results_of(rows: list[Row], by: tuple[str, ...] = ()) -> kpi.Results:
    basis = Basis(LGSCO, "2024-03-31", by, {TARGET.id: ("month",)}, {TARGET.id: ("closed",)})
    return kpi.Results(RowsByColumn((Made(tuple(rows)),)), basis)


def check_labels(figure: DescribedFigure) -> list[str]:
    """Return all text in a figure; none of it stands on another or reaches beyond the edge."""
    figure.draw(figure.canvas.get_renderer())  # type: ignore[attr-defined]
    seen = [
        item
        for item in figure.findobj(Text)
        if isinstance(item, Text) and item.get_visible() and item.get_text().strip()
    ]
    boxes = [(item.get_text(), item.get_window_extent()) for item in seen]
    width, height = figure.canvas.get_width_height()
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= width, text
        assert box.y1 <= height, text
    for (text, box), (other, another) in combinations(boxes, 2):
        over = min(box.x1, another.x1) - max(box.x0, another.x0), min(box.y1, another.y1) - max(box.y0, another.y0)
        assert not (over[0] > 1 and over[1] > 2), f"{text!r} stands on {other!r}"
    return [text for text, _ in boxes]


@pytest.mark.parametrize("every", ["week", "month", "quarter", "financial-year"])
@pytest.mark.parametrize("number", [1, 2, 13, 60])
def test_no_label_stands_on_another(every: Any, number: int) -> None:
    rows = months(PAIRS[:number], every)
    rows[-1] = rows[-1]._replace(pending=9, low=0.5, high=0.9)
    found = check_labels(results_of(rows).plot())
    assert "at least\n75%" in found


@pytest.mark.parametrize("number", [2, 4, 7, 12])
def test_nor_in_small_multiples(number: int) -> None:
    rows = [row for team in range(number) for row in months(PAIRS[team : team + 24], group=(f"Team {team}",))]
    found = check_labels(results_of(rows, ("team",)).plot())
    assert sum("Team" in text for text in found) == number


@pytest.mark.parametrize(
    "name",
    ["$x^2$", "$", "a\\$b$", "x" * 200, "שלום עולם", "日本語", "\x1b[31m", "", "_hidden", "\ud800", "word " * 40],
)
def test_names_are_text_and_have_room(name: str) -> None:
    rows = [*months(PAIRS[:5], group=(name,)), *months(PAIRS[:5], group=("other",))]
    titles = [text for text in check_labels(results_of(rows, ("team",)).plot()) if text.endswith("…")]
    assert len(name) < 200 or [text.count("\n") for text in titles] == [1]  # in two lines, the second cut
    undated = [row._replace(every="all", period="all", period_start=None, period_end=None) for row in rows[4:6]]
    found = check_labels(results_of(undated, ("team",)).plot())
    if name == "$x^2$":
        assert r"\$x^2\$" in found


def test_the_alternative_text_says_what_the_page_says_and_goes_into_files(tmp_path: Path) -> None:
    figure = results_of(months(PAIRS[:3])).plot()
    assert figure.alt_text.startswith(
        f"Line chart: {title_of(TARGET)}. The standard of at least 75% was met in 0 of 3 months. "
    )
    figure.savefig(tmp_path / "a.png")
    figure.savefig(tmp_path / "a.svg")
    figure.savefig(tmp_path / "a.pdf")
    figure.savefig(tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.info["Description"] == figure.alt_text
        assert picture.info["Title"] == title_of(TARGET)
    svg = (tmp_path / "a.svg").read_text("utf-8")
    assert f"<title>{title_of(TARGET)}</title>" in svg
    assert figure.alt_text in svg
    assert 'alt="Line chart: ' in figure._repr_html_()


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_the_same_results_give_the_same_bytes(kind: str) -> None:
    found = []
    for _ in range(2):
        buffer = io.BytesIO()
        results_of(months(PAIRS[:14])).plot().savefig(buffer, format=kind)
        found.append(buffer.getvalue())
    assert found[0] == found[1]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figure, named = results_of(months(PAIRS[:14])).plot(), io.BytesIO()
    figure.savefig(named)
    figure.savefig(tmp_path / "a")
    assert (tmp_path / "a.png").read_bytes() == named.getvalue()
    figure.savefig(str(tmp_path / "b"), format="svg")
    assert (tmp_path / "b").read_bytes().startswith(b"<?xml")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mpl.figure.Figure, "savefig", full)
    with pytest.raises(kpi.OptionError, match=r"a\.png can't be written: No space left on device"):
        figure.savefig(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == named.getvalue()
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "b"}


def test_a_heading_that_no_file_could_hold_is_made_plain() -> None:
    figure, file = results_of(months(PAIRS[:14])).plot(), io.BytesIO()
    figure.heading = "\x1b[31mA\ufffe\nB"
    figure.savefig(file, format="svg")
    assert "<title>\ufffd[31mA\ufffd B</title>" in file.getvalue().decode()


def test_settings_of_matplotlib_are_left_alone_and_make_no_difference() -> None:
    before = results_of(months(PAIRS[:14])).plot()
    first = io.BytesIO()
    before.savefig(first)
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "text.parse_math": True, "lines.linewidth": 9}):
        settings = dict(mpl.rcParams)
        other = io.BytesIO()
        results_of(months(PAIRS[:14])).plot().savefig(other)
        assert dict(mpl.rcParams) == settings
    assert first.getvalue() == other.getvalue()


def test_neither_pyplot_nor_a_backend_is_loaded_and_measuring_loads_no_matplotlib() -> None:
    code = (
        "import sys, warnings; warnings.simplefilter('error'); import ombudsman_kpi as kpi\n"
        "case = {'case_id': 'A1', 'received_at': '2024-02-28', 'decided_at': '2024-03-29'}\n"
        "r = kpi.measure(kpi.load_scheme('lgsco'), cases=[case], as_of='2024-05-31', every='month')\n"
        "assert not {'matplotlib', 'afcharts', 'jinja2'} & {*sys.modules}\n"
        "f = r.plot('decided-or-allocated-20wd')\n"
        "import io; f.savefig(io.BytesIO()); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_of_what_is_withheld_nothing_is_told() -> None:
    found = []
    for numbers in ((3, 1), (17, 80)):
        rows = months([*PAIRS[:12], numbers, (80, 20)])
        hidden = dict.fromkeys(("value", "low", "high", "met", "missed", "denominator", "numerator", "records"), "c")
        rows[12] = rows[12]._replace(withheld=hidden)
        figure, buffer = results_of(rows).plot(), io.BytesIO()
        figure.savefig(buffer)
        found.append((figure.alt_text, buffer.getvalue()))
    assert found[0] == found[1]
    assert "[c]" in found[0][0]


def test_small_numbers_are_withheld_by_the_rule_of_the_scheme() -> None:
    scheme = LGSCO.with_disclosure(threshold=5)
    options: dict[str, Any] = {"as_of": "2024-04-30", "by": "team", "targets": NAME}
    teams = {"North": [5] * 20 + [60] * 9, "South": [5] * 20 + [60] * 2, "West": [5] * 30 + [60] * 8}
    records = [
        case | {"case_id": f"{team}{place}", "team": team}
        for team, times in teams.items()
        for place, case in enumerate(cases(*times))
    ]
    open_, ours = (kpi.measure(one, cases=records, **options).plot() for one in (LGSCO, scheme))
    assert "90.9%" in open_.alt_text  # 20 of 22 in the South
    assert "90.9%" not in ours.alt_text
    assert "[c] confidential" in ours.alt_text
    assert "All" not in check_labels(ours)  # what decides with the groups isn't one of them
    assert not any("90.9%" in text for text in check_labels(ours))


def test_bars_stand_where_there_are_no_periods() -> None:
    rows = [
        row._replace(every="all", period="all", period_start=None, period_end=None, group=(f"Team {place}",))
        for place, row in enumerate(months([(9, 1), (1, 1), (0, 0)]))
    ]
    figure = results_of(rows, ("team",)).plot()
    assert figure.alt_text.startswith("Bar chart: ")
    assert {"50.0% missed", "90.0%", "not available"} <= {*check_labels(figure)}
    widths = sorted(patch.get_width() for patch in figure.axes[0].patches)  # type: ignore[attr-defined]
    assert widths == pytest.approx([0.5, 0.9])


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"target": "investigation"}, kpi.SchemeError, "Did you mean 'investigation-13w'"),
        ({"cohort": "received"}, kpi.OptionError, "wasn't measured by 'received'"),
        ({"every": "weekly"}, kpi.OptionError, "wasn't measured every 'weekly'"),
        ({"group": {"tem": "A"}}, kpi.OptionError, "aren't by 'tem'. Did you mean 'team'"),
        ({"group": {"team": "Z"}}, kpi.OptionError, "There is nothing to plot"),
        ({}, kpi.OptionError, "That would be 13 charts, and 12 can be read together"),
    ],
)
def test_options_that_fit_nothing(options: dict[str, Any], error: type[Exception], says: str) -> None:
    rows = [row for team in range(13) for row in months([(1, 1)], group=(f"Team {team}",))]
    with pytest.raises(error, match=says):
        results_of(rows, ("team",)).plot(**options)


def test_nothing_measured_is_an_error_with_the_reason_and_no_value_a_panel_that_says_so() -> None:
    row = months([(1, 1)])[0]._replace(status="not measured", note="no cases were provided")
    with pytest.raises(kpi.OptionError, match="There is nothing to plot: no cases were provided"):
        results_of([row]).plot()
    figure = results_of(months([(0, 0)])).plot()
    assert any("There is no figure to show." in text for text in check_labels(figure))


def test_without_the_library_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "afcharts", None)
    with pytest.raises(kpi.MissingLibraryError, match=r"ombudsman-kpi\[publish\]"):
        results_of(months([(1, 1)])).plot()
    with pytest.raises(kpi.MissingLibraryError, match=r"ombudsman-kpi\[publish\]"):
        kpi.plot(xmr([1, 2, 3], [1, 2, 3]))


def cases(*times: int | None) -> list[dict[str, Any]]:
    first = pd.Timestamp("2024-02-01")
    return [
        {
            "case_id": f"A{place}",
            "received_at": first,
            "decided_at": None if days is None else first + pd.Timedelta(days, "D"),
        }
        for place, days in enumerate(times)
    ]


NAME = "decided-or-allocated-20wd"


def tally_of(*times: int | None) -> kpi.Tally:
    return kpi.tally(LGSCO, cases=cases(*times), as_of="2024-04-30", every="month", cohort="all", targets=NAME)


def charts_of_groups() -> Any:
    frame = pd.DataFrame(
        {"team": ["A$b$", "שלום", "C" * 200] * 14, "date": np.repeat(range(14), 3), "met": 70, "n": 100}
    )
    frame.loc[41, "met"] = 20
    return p_chart_of_groups(frame, met="met", n="n", date="date", by="team", improvement="increase", target=0.8)


MADE: dict[str, Callable[[], Any]] = {
    "Curve of times": lambda: survival(tally_of(5, 10, 50, None), NAME),
    "Control chart": lambda: xmr([71, 74, 70, 73, 72, 75, 71, 73, 70, 74, 72, 73, 71, 92], range(14), target=80,
                                 improvement="increase"),
    "Control chart. Of 3 groups": charts_of_groups,
    "Funnel plot": lambda: funnel([50, 300, 12, 0], [100, 600, 400, 0], ["A", "B", "$C$" * 60, "D"]),
    "Funnel plot. ": lambda: funnel([50, 50], [100, 100], ["A", "B"]),
    "Three views of one target": lambda: kpi.three_views(tally_of(5, 60, None), NAME),
    "Three views of one target. No data": lambda: kpi.three_views(tally_of(), NAME),
    "Backlog": lambda: kpi.outlook(LGSCO, cases=cases(5, 9, None), as_of="2024-04-30", targets=NAME),
    "Curve of times. No data": lambda: survival(tally_of(5), NAME, period="Mar 2024"),
}  # fmt: skip


@pytest.mark.parametrize("name", MADE)
def test_whatever_has_data_of_a_plot_has_a_picture(name: str) -> None:
    figure = kpi.plot(MADE[name]())
    assert figure.alt_text.startswith(name)
    check_labels(figure)


def test_results_are_plotted_by_either_name_and_nothing_else_is() -> None:
    results = results_of(months(PAIRS[:3]))
    assert kpi.plot(results, target=TARGET.id).alt_text == results.plot(TARGET.id).alt_text
    with pytest.raises(kpi.OptionError, match="There is no plot of"):
        kpi.plot(3)
    with pytest.raises(kpi.OptionError, match="target: only plots of results have options"):
        kpi.plot(funnel([5, 6], [10, 10], ["A", "B"]), target=TARGET.id)


def test_a_group_of_which_nothing_was_counted_has_no_panel_and_is_named() -> None:
    case = {"received_at": "2023-06-01", "valid_at": "2023-06-01", "allocated_at": "2023-06-05"}
    cases = [
        {**case, "case_id": "A1", "team": "North", "decided_at": "2024-01-09"},
        {**case, "case_id": "A2", "team": "South", "decided_at": None},
    ]
    options: dict[str, Any] = {"as_of": "2024-01-31", "every": "month", "by": "team", "targets": "investigation-13w"}
    results = kpi.measure(LGSCO, cases=cases, **options)
    assert {row.group for row in results} == {("North",), ("South",)}
    figure = results.plot()
    assert figure.alt_text.count("Nothing was counted of South.") == 1
    assert "South" not in " ".join(check_labels(figure))
