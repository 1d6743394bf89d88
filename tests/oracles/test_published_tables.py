"""A council's published tables of complaints: they agree with the totals and rates printed beside them."""

import csv
from pathlib import Path

import pytest

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
