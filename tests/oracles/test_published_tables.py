"""A council's published tables of complaints: they agree with the totals and rates printed beside them."""

import csv
import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest

from ombudsman_kpi import Scheme, load_scheme, measure, tally
from ombudsman_kpi.calendars.periods import Every
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.rounding import half_up, percent

PUBLISHED = Path(__file__).parents[2] / "examples" / "data" / "published"
DECISIONS = [
    "upheld", "not-upheld", "advice-given", "closed-after-initial-enquiries", "incomplete-or-invalid", "referred-back",
]  # fmt: skip
CATEGORIES = [
    "adult-care-services", "benefits-and-tax", "corporate-and-other-services", "education-and-childrens-services",
    "environmental-services", "highways-and-transport", "housing", "planning-and-development", "other",
]  # fmt: skip
YEARS = ["2015/16", "2016/17", "2017/18", "2018/19"]

UPHELD, INVESTIGATED, MEAN_RATE = 606, 957, 62.8


def read(name: str) -> list[dict[str, str]]:
    with (PUBLISHED / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def counts(name: str, of: str, by: str) -> dict[str, dict[str, int]]:
    """Give the counts of a table, as ``{of: {by: count}}``, in its order: no cell is there twice."""
    table: dict[str, dict[str, int]] = {}
    for row in read(name):
        cells = table.setdefault(row[of], {})
        assert row[by] not in cells
        cells[row[by]] = int(row["count"])
    return table


def printed(name: str, of: str, column: str = "total") -> dict[str, int]:
    return {row[of]: int(row[column]) for row in read(f"{name}_printed")}


def sums(table: dict[str, dict[str, int]]) -> dict[str, int]:
    return {of: sum(cells.values()) for of, cells in table.items()}


def investigated(cells: dict[str, int]) -> int:
    """Give the number of complaints that a rate is out of: those investigated in detail."""
    return cells["upheld"] + cells["not-upheld"]


def percent_half_up(part: int, whole: int) -> int:
    return (200 * part + whole) // (2 * whole)


@pytest.fixture(scope="module")
def boroughs() -> dict[str, dict[str, int]]:
    return counts("boroughs", "authority", "decision")


def test_there_are_33_numbered_rows_of_six_decisions_in_one_year(boroughs: dict[str, dict[str, int]]) -> None:
    assert [authority[:2] for authority in boroughs] == [f"{number:02}" for number in range(1, 34)]
    assert all(list(cells) == DECISIONS for cells in boroughs.values())
    assert {row["period"] for row in read("boroughs")} == {"2018/19"}


def test_each_borough_adds_up_to_its_printed_total(boroughs: dict[str, dict[str, int]]) -> None:
    assert sums(boroughs) == printed("boroughs", "authority")


def test_each_rate_rounded_half_up_is_the_printed_one_and_0_of_0_is_none(boroughs: dict[str, dict[str, int]]) -> None:
    rates = printed("boroughs", "authority", "uphold_rate")
    assert list(rates) == list(boroughs)
    without = {authority for authority, cells in boroughs.items() if not investigated(cells)}
    assert without == {"01 City of London"}
    assert rates["01 City of London"] == 0  # as the paper prints it
    assert {
        authority: percent_half_up(cells["upheld"], investigated(cells))
        for authority, cells in boroughs.items()
        if authority not in without
    } == {authority: rate for authority, rate in rates.items() if authority not in without}


def test_the_pooled_rate_is_not_the_mean_of_the_rates(boroughs: dict[str, dict[str, int]]) -> None:
    upheld, whole = sum(cells["upheld"] for cells in boroughs.values()), sum(map(investigated, boroughs.values()))
    assert (upheld, whole) == (UPHELD, INVESTIGATED)
    assert round(100 * upheld / whole, 1) == 63.3
    rates = [100 * cells["upheld"] / investigated(cells) for cells in boroughs.values() if investigated(cells)]
    assert len(rates) == 32
    assert round(sum(rates) / len(rates), 1) == MEAN_RATE


def test_the_council_s_decisions_add_up_and_one_borough_is_the_council_in_2018_19(
    boroughs: dict[str, dict[str, int]],
) -> None:
    decisions = counts("council_decisions", "period", "decision")
    assert list(decisions) == YEARS
    assert all(list(cells) == DECISIONS for cells in decisions.values())
    assert sums(decisions) == printed("council_decisions", "period")
    same = [(name, year) for name, cells in boroughs.items() for year in YEARS if cells == decisions[year]]
    assert same == [("10", "2018/19")]


def test_the_council_s_volumes_add_up() -> None:
    volumes = counts("council_volumes", "period", "category")
    assert list(volumes) == YEARS
    assert all(list(cells) == CATEGORIES for cells in volumes.values())
    assert sums(volumes) == printed("council_volumes", "period")


def test_each_cell_from_the_total_is_listed_as_doubtful() -> None:
    volumes = read("council_volumes")
    assert {row["read"] for row in volumes} == {"as printed", "from the total"}
    doubtful = [
        (row["row"], row["column"], row["taken"]) for row in read("doubtful_cells") if row["table"] == "council-volumes"
    ]
    assert doubtful == [
        (row["period"], row["category"], row["count"]) for row in volumes if row["read"] == "from the total"
    ]


def test_what_was_taken_for_a_doubtful_cell_is_what_the_tables_have(boroughs: dict[str, dict[str, int]]) -> None:
    totals, rates = printed("boroughs", "authority"), printed("boroughs", "authority", "uphold_rate")
    have = {
        name[:2]: {**cells, "total": totals[name], "uphold-rate": rates[name], "authority": name[3:]}
        for name, cells in boroughs.items()
    }
    doubtful = read("doubtful_cells")
    cells = [row for row in doubtful if row["table"] in {"boroughs-first", "boroughs-second"} and row["row"] in have]
    assert [str(have[row["row"]][row["column"]]) for row in cells] == [row["taken"] for row in cells]
    rest = [(row["table"], row["row"]) for row in doubtful if row not in cells and row["table"] != "council-volumes"]
    assert rest == [("boroughs-first", "07-33"), ("boroughs-second", "07-33")]  # whose names are lost


@pytest.mark.parametrize("year", ["2016/17", "2017/18"])
def test_a_gap_under_adult_care_makes_a_year_most_like_the_two_whose_gap_is_sure(year: str) -> None:
    volumes = counts("council_volumes", "period", "category")
    sure = [volumes["2015/16"][category] + volumes["2018/19"][category] for category in CATEGORIES]
    lost, *left = volumes[year].values()
    expected = [(lost + sum(left)) * part / sum(sure) for part in sure]

    def chi_squared(place: int) -> float:
        shifted = [*left[:place], lost, *left[place:]]
        return sum((count - mean) ** 2 / mean for count, mean in zip(shifted, expected, strict=True))

    assert min(range(len(CATEGORIES)), key=chi_squared) == 0


# The same tables, measured by the library

AS_OF = "2019-12-31"


@pytest.fixture(scope="module")
def council() -> Scheme:
    return load_scheme("tower-hamlets")


def path(name: str) -> Path:
    return PUBLISHED / f"{name}.csv"


FORMS: dict[str, Callable[[Path], Any]] = {
    "path": lambda path: path,
    "path as text": str,
    "pandas": pd.read_csv,
    "polars": pl.read_csv,
    "rows": lambda path: read(path.stem),
}


def uphold_rates(council: Scheme, **options: Any) -> dict[str, Row]:
    base: dict[str, Any] = {"cases": path("boroughs"), "as_of": AS_OF, "by": "authority", "targets": "uphold-rate"}
    return {row.group[0]: row for row in measure(council, **base | options)}


@pytest.mark.parametrize("every", [None, "financial-year"])
@pytest.mark.parametrize("form", list(FORMS))
def test_measured_each_of_the_33_rates_is_the_printed_one(form: str, every: Every | None, council: Scheme) -> None:
    found = uphold_rates(council, cases=FORMS[form](path("boroughs")), every=every)
    rates = printed("boroughs", "authority", "uphold_rate")
    expected = {name: f"{rate}%" for name, rate in rates.items()} | {"01 City of London": "–"}
    shown = {name: percent(row.met or 0, row.denominator or 0, places=0) for name, row in found.items()}
    assert shown == expected
    assert {name: row.records for name, row in found.items()} == printed("boroughs", "authority")
    assert {row.period for row in found.values()} == {"all" if every is None else "2018/19"}


def test_measured_0_of_0_is_no_data_and_has_no_rank(council: Scheme) -> None:
    city = uphold_rates(council)["01 City of London"]
    assert (city.value, city.status, city.numerator, city.denominator) == (None, "no data", 0, 0)
    assert "rank" not in city.details
    assert "rank" not in city.note
    others = [row for name, row in uphold_rates(council).items() if name != "01 City of London"]
    assert {row.status for row in others} == {"no target"}


def test_measured_ranks_are_the_places_in_a_sorted_list(council: Scheme, boroughs: dict[str, dict[str, int]]) -> None:
    rates = {
        name: Fraction(cells["upheld"], investigated(cells)) for name, cells in boroughs.items() if investigated(cells)
    }
    from_the_highest = sorted(rates.values(), reverse=True)
    expected = {name: from_the_highest.index(rate) + 1 for name, rate in rates.items()}
    found = uphold_rates(council)
    assert {name: row.details["rank"] for name, row in found.items() if "rank" in row.details} == expected
    assert all(f"rank {place} of 32" in found[name].note for name, place in expected.items())
    assert expected["20"] == 1  # 18 of 22, the paper's 82
    assert expected["14"] == 32  # 10 of 37, the paper's 27


def test_measured_the_comparator_is_pooled_or_the_mean_of_rates(council: Scheme) -> None:
    pooled = uphold_rates(council)["10"]
    assert pooled.details["comparator"] == Fraction(UPHELD, INVESTIGATED)
    assert "63.3% (pooled, 606 of 957)" in pooled.note
    other = council.with_target("uphold-rate", comparator="mean of rates")
    mean = uphold_rates(other)["10"]
    assert half_up(100 * mean.details["comparator"]) == str(MEAN_RATE)
    assert "62.8% (mean of 32 rates)" in mean.note
    assert {half_up(100 * row.details["comparator"], 0) for row in (pooled, mean)} == {"63"}  # what the paper prints
    assert (pooled.exact, pooled.details["rank"]) == (mean.exact, mean.details["rank"])


def test_measured_all_together_it_is_the_pooled_rate_and_ranks_nothing(council: Scheme) -> None:
    (row,) = measure(council, cases=path("boroughs"), as_of=AS_OF, targets="uphold-rate").rows
    assert (row.met, row.denominator, row.exact) == (UPHELD, INVESTIGATED, Fraction(UPHELD, INVESTIGATED))
    assert "rank" not in row.details


@pytest.mark.parametrize("form", list(FORMS))
def test_measured_volumes_are_the_printed_totals_with_their_changes(form: str, council: Scheme) -> None:
    rows = measure(
        council, cases=FORMS[form](path("council_volumes")), as_of=AS_OF, every="financial-year", targets="volumes"
    ).rows
    assert {row.period: row.value for row in rows} == printed("council_volumes", "period")
    # 149, 114, 106, 95
    assert [row.details.get("change") for row in rows] == [None, -35, -8, -11]
    assert "−35 on 2015/16 (149): −23.5%" in rows[1].note  # 35 / 149 = 23.49%
    assert all(row.complete and row.status == "no target" for row in rows)


def test_measured_by_category_every_cell_is_the_table_s(council: Scheme) -> None:
    rows = measure(
        council, cases=path("council_volumes"), as_of=AS_OF, every="financial-year", by="category", targets="volumes"
    )
    found = {(row.period, row.group[0]): row.value for row in rows}
    table = counts("council_volumes", "period", "category")
    assert found == {(year, category): count for year in YEARS for category, count in table[year].items()}
    housing = {row.period: row.details.get("change") for row in rows if row.group == ("housing",)}
    assert housing == {"2015/16": None, "2016/17": -15, "2017/18": -1, "2018/19": -8}  # 48, 33, 32, 24


@pytest.mark.parametrize("form", list(FORMS))
def test_measured_decisions_of_each_year_are_the_table_s(form: str, council: Scheme) -> None:
    given = FORMS[form](path("council_decisions"))
    options: dict[str, Any] = {"as_of": AS_OF, "every": "financial-year", "targets": "decisions"}
    whole = measure(council, cases=given, **options)
    assert {row.period: row.value for row in whole} == printed("council_decisions", "period")
    by_kind = measure(council, cases=FORMS[form](path("council_decisions")), by="decision", **options)
    table = counts("council_decisions", "period", "decision")
    assert {(row.period, row.group[0]): row.value for row in by_kind} == {
        (year, decision): count for year in YEARS for decision, count in table[year].items()
    }


def test_measured_the_council_s_own_rates_by_year(council: Scheme) -> None:
    rows = measure(
        council, cases=path("council_decisions"), as_of=AS_OF, every="financial-year", targets="uphold-rate"
    ).rows
    # upheld of those investigated in detail: 9 of 22, 19 of 31, 17 of 29, 15 of 20
    assert {row.period: row.exact for row in rows} == {
        "2015/16": Fraction(9, 22), "2016/17": Fraction(19, 31), "2017/18": Fraction(17, 29), "2018/19": Fraction(3, 4),
    }  # fmt: skip
    assert uphold_rates(council)["10"].exact == rows[-1].exact


@pytest.mark.parametrize("seed", range(4))
def test_measured_the_rows_split_in_any_way_add_up(seed: int, council: Scheme) -> None:
    rows, dice = read("boroughs"), random.Random(seed)  # noqa: S311
    parts: list[list[dict[str, str]]] = [[], [], []]
    for row in rows:
        parts[dice.randrange(3)].append(row)
    options: dict[str, Any] = {
        "as_of": AS_OF, "every": "financial-year", "by": "authority",
        "targets": ["uphold-rate", "decisions", "volumes"],
    }  # fmt: skip
    first, second, third = (tally(council, cases=pd.DataFrame(part), **options) for part in parts)
    whole = tally(council, cases=pd.DataFrame(rows), **options)
    assert first + second + third == whole
    assert third + (first + second) == whole
    assert (second + third + first).results().rows == whole.results().rows
    assert first + second != whole


def test_measured_a_count_may_be_cut_in_two(council: Scheme) -> None:
    rows = read("boroughs")
    halves = [
        {**row, "count": str(part)}
        for row in rows
        for part in (int(row["count"]) // 2, int(row["count"]) - int(row["count"]) // 2)
    ]
    options: dict[str, Any] = {"as_of": AS_OF, "by": "authority", "targets": "uphold-rate"}
    cut, whole = (tally(council, cases=pd.DataFrame(given), **options) for given in (halves, rows))
    assert cut == whole
