"""Samples of records: anyone draws the same rows again, whatever holds them and in whatever order."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ombudsman_kpi as kpi
from ombudsman_kpi.errors import KpiError, OptionError, RecordsError
from ombudsman_kpi.records.sources import source
from ombudsman_kpi.statistics import draw_sample, sample_record, sample_size, verify_sample

TEAMS = ["North"] * 60 + ["South"] * 30 + ["West"] * 10
CASES = pd.DataFrame({
    "case_id": [f"24-{number:03d}" for number in range(100)],
    "team": TEAMS,
    "decided": np.arange(100) % 3 == 0,
    "days": np.where(np.arange(100) % 7 == 0, np.nan, np.arange(100) / 2),
})  # fmt: skip
DRAW: dict[str, Any] = {"id": "case_id", "seed": "QA 2024 Q1"}


def ids(sample: pd.DataFrame) -> list[str]:
    return sample["case_id"].tolist()


DRAWN = draw_sample(CASES, 20, **DRAW, strata="team")


def test_the_rows_are_those_of_the_frame_with_their_stratum_and_rank() -> None:
    assert DRAWN[[*CASES]].equals(CASES.loc[DRAWN.index])
    assert DRAWN["sample_stratum"].tolist() == DRAWN["team"].tolist() == ["North"] * 12 + ["South"] * 6 + ["West"] * 2
    assert DRAWN["sample_rank"].tolist() == [*range(1, 13), *range(1, 7), 1, 2]
    assert [*draw_sample(CASES, 3, **DRAW)] == [*CASES, "sample_rank"]


def test_within_a_stratum_the_first_of_the_whole_order_are_drawn() -> None:
    everything = draw_sample(CASES, 100, **DRAW)
    for team, drawn in (("North", 12), ("South", 6), ("West", 2)):
        order = [one for one in ids(everything) if CASES.set_index("case_id")["team"][one] == team]
        assert ids(DRAWN[DRAWN["team"] == team]) == order[:drawn]


@given(st.permutations(range(100)))
def test_the_order_of_rows_makes_no_difference(order: list[int]) -> None:
    assert ids(draw_sample(CASES.iloc[order], 20, **DRAW, strata="team")) == ids(DRAWN)


@given(st.integers(0, 100))
def test_most_stay_when_cases_are_added(seed: int) -> None:
    """Of those drawn before, only so many go as new cases come in."""
    before = {*ids(draw_sample(CASES[:80], 20, id="case_id", seed=seed))}
    after = {*ids(draw_sample(CASES, 20, id="case_id", seed=seed))}
    new = {*CASES["case_id"][80:]}
    assert after - before <= new
    assert {*ids(draw_sample(CASES[:80], 16, id="case_id", seed=seed))} <= before


def test_another_seed_draws_others() -> None:
    assert (
        len({*ids(draw_sample(CASES, 20, id="case_id", seed=1))} & {*ids(draw_sample(CASES, 20, id="case_id", seed=2))})
        < 14
    )


def test_every_row_is_drawn_as_often_as_any_other() -> None:
    drawn = pd.concat([draw_sample(CASES, 20, id="case_id", seed=seed) for seed in range(600)])["case_id"]
    counts = drawn.value_counts().reindex(CASES["case_id"], fill_value=0)
    assert counts.sum() == 600 * 20
    assert ((counts - 120) ** 2 / (120 * 0.8)).sum() < 150  # chi-squared with 99 degrees of freedom, 99.9%: 149


@pytest.mark.parametrize("batch", [7, 1 << 16])
def test_all_containers_draw_alike(tmp_path: Path, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "BATCH", batch)
    CASES.to_csv(tmp_path / "cases.csv", index=False)
    CASES.to_parquet(tmp_path / "cases.parquet")
    rows = json.loads(CASES.to_json(orient="records"))
    polars = pl.from_pandas(CASES)
    table = pa.Table.from_pandas(CASES)
    files = (tmp_path / "cases.csv", str(tmp_path / "cases.parquet"))
    for frame in (
        polars,
        polars.lazy(),
        nw.from_native(polars),
        table,
        *files,
        rows,
        iter(rows),
        [CASES[:9], CASES[9:]],
    ):
        sample = draw_sample(frame, 20, **DRAW, strata="team")
        assert ids(sample) == ids(DRAWN)
        assert isinstance(frame, list | Iterator) or sample.index.tolist() == [*range(20)]
        assert sample["sample_rank"].tolist() == DRAWN["sample_rank"].tolist()
        assert sample_record(sample) == sample_record(DRAWN)
        assert [*sample] == [*DRAWN]
    assert draw_sample(table, 20, **DRAW)["days"].dtype == float


@pytest.mark.parametrize("other", [[101.0, 102.0, 103.0], ["101", " 102", "103.0"], [101, "102", 103.0]])
def test_an_id_is_what_its_cell_says_whatever_it_is_held_as(other: list[Any]) -> None:
    first, second = (draw_sample(pd.DataFrame({"id": cells}), 1, id="id", seed=5) for cells in ([101, 102, 103], other))
    assert first.index.tolist() == second.index.tolist()
    assert sample_record(first) == sample_record(second)


def test_models_of_the_vocabulary_are_rows() -> None:
    cases = [kpi.Case(case_id=one, received_at="2024-03-28") for one in CASES["case_id"]]
    assert ids(draw_sample(cases, 20, **DRAW)) == ids(draw_sample(CASES, 20, **DRAW))


def test_several_columns_make_strata() -> None:
    sample = draw_sample(CASES, 20, **DRAW, strata=["team", "decided"])
    assert {*sample["sample_stratum"]} == {f"{team} / {word}" for team in {*TEAMS} for word in ("true", "false")}


def test_so_many_of_each_stratum_can_be_asked_for() -> None:
    sample = draw_sample(CASES, {"North": 5, "South": 5, "West": 0}, **DRAW, strata="team")
    assert sample["team"].value_counts().to_dict() == {"North": 5, "South": 5}


def test_a_margin_says_how_many() -> None:
    sample = draw_sample(CASES, **DRAW, margin=0.1)
    assert len(sample) == sample_size(0.1, 100)
    assert len(draw_sample(CASES, **DRAW, margin=0.1, share=0.9, level=0.9)) == sample_size(
        0.1, 100, share=0.9, level=0.9
    )
    assert sample.attrs["says"] == (
        "49 of 100 records were drawn by the seed 'QA 2024 Q1': the interval (95%) of a share found in them is at most "
        "± 9.9 percentage points."
    )


# Earlier draws


@pytest.mark.parametrize("form", ["record", "frame", "ids", "csv", "json", "several"])
def test_earlier_draws_are_left_out_however_they_are_given(form: str, tmp_path: Path) -> None:
    DRAWN.to_csv(tmp_path / "drawn.csv")
    (tmp_path / "drawn.json").write_text(json.dumps(sample_record(DRAWN)), "utf-8")
    exclude: Any = {
        "record": sample_record(DRAWN),
        "frame": DRAWN,
        "ids": ids(DRAWN),
        "csv": tmp_path / "drawn.csv",
        "json": tmp_path / "drawn.json",
        "several": [DRAWN[:5], sample_record(DRAWN), *ids(DRAWN)[:2], "a case of last year"],
    }[form]
    sample = draw_sample(CASES, 80, **DRAW, strata="team", exclude=exclude)
    assert {*ids(sample)} == {*CASES["case_id"]} - {*ids(DRAWN)}
    assert sample_record(sample)["population"] == 80
    assert sample.attrs["says"] == (
        "80 of 80 records were drawn by the seed 'QA 2024 Q1', from 3 strata by team, without 20 that were drawn "
        "earlier: a score of all of them weighs each stratum by its size (weighted_score)."
    )
    assert verify_sample(CASES, sample_record(sample)) == ()


def test_four_draws_of_a_year_share_no_case() -> None:
    draws: list[pd.DataFrame] = []
    for quarter in range(4):
        draws.append(draw_sample(CASES, 25, id="case_id", seed=f"Q{quarter}", exclude=draws))
    assert sorted(one for draw in draws for one in ids(draw)) == CASES["case_id"].tolist()


# The record


def test_a_record_survives_json_and_verifies_the_draw(tmp_path: Path) -> None:
    record = json.loads(json.dumps(sample_record(DRAWN)))
    assert record == sample_record(DRAWN)
    assert (record["seed"], record["id"], record["strata"], record["population"]) == (
        "QA 2024 Q1",
        "case_id",
        ["team"],
        100,
    )
    assert record["asked"] == {"n": 20, "minimum": 1}
    assert record["allocation"]["West"] == {"population": 10, "drawn": 2}
    assert record["ids"] == ids(DRAWN)
    path = tmp_path / "record.json"
    path.write_text(json.dumps(record), "utf-8")
    for order in (CASES, CASES[::-1], pl.from_pandas(CASES)):
        assert verify_sample(order, record) == verify_sample(order, path) == ()


@pytest.mark.parametrize(
    "options", [{"n": 7}, {"margin": 0.2}, {"n": {"North": 1, "South": 2, "West": 3}, "strata": "team"}]
)
def test_every_way_of_asking_can_be_verified(options: dict[str, Any]) -> None:
    record = sample_record(draw_sample(CASES, **DRAW, **options))
    assert verify_sample(CASES, json.loads(json.dumps(record))) == ()


def test_what_differs_is_said() -> None:
    record = sample_record(DRAWN)
    assert verify_sample(CASES[:90], record) == (
        "There were 100 records to draw from, now there are 90.",
        "Of stratum 'North' 12 of 60 were drawn, now 13 of 60 were.",
        "Of stratum 'South' 6 of 30 were drawn, now 7 of 30 were.",
        "Of stratum 'West' 2 of 10 were drawn, now 0 of 0 were.",
        "Of the 20 records in the sample 2 aren't in the table.",
        "Of the 20 records in the sample 2 wouldn't be drawn now.",
    )
    swapped = CASES.replace({"case_id": {next(one for one in CASES["case_id"] if one not in ids(DRAWN)): "25-000"}})
    assert (
        verify_sample(swapped, record)[0]
        == "There are 100 records to draw from, as many as there were, but not the same."
    )
    chosen = {**record, "ids": [*record["ids"][:-1], next(one for one in CASES["case_id"] if one not in record["ids"])]}
    assert verify_sample(CASES, chosen) == ("Of the 20 records in the sample 1 wouldn't be drawn now.",)
    for changed in (record["ids"][::-1], record["ids"][1:]):
        assert verify_sample(CASES, {**record, "ids": changed}) == (
            "The sample has other records, or in another order, than are drawn now.",
        )
    assert verify_sample(CASES, {**record, "seed": "another"})


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({}, "no record of a sample"),
        ([], "no record of a sample"),
        ({**sample_record(DRAWN), "sample": 2}, "drawn in another way, by version"),
        ({**sample_record(DRAWN), "hash": "md5"}, "drawn in another way, by version"),
        (Path("there-is-none.json"), "can't be read as the record of a sample"),
    ],
)
def test_what_is_no_record_is_refused(record: Any, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        verify_sample(CASES, record)


def test_a_frame_that_wasnt_drawn_has_no_record() -> None:
    with pytest.raises(OptionError, match="carries no record"):
        sample_record(CASES)


# Bad input

TWICE = pd.concat([CASES, CASES[3:5]], ignore_index=True)


@pytest.mark.parametrize(
    ("frame", "options", "kind", "says"),
    [
        (CASES, {"n": 101}, RecordsError, "There are 100 records to draw from, fewer than 101"),
        (CASES, {"n": 0}, OptionError, "n: draw 1 record or more"),
        (CASES, {"n": 2.5}, OptionError, "n: a whole number of 0 or more"),
        (CASES, {"n": -1}, OptionError, "n: a whole number of 0 or more"),
        (CASES, {}, OptionError, "n .* or margin, one of both"),
        (CASES, {"n": 5, "margin": 0.1}, OptionError, "n .* or margin, one of both"),
        (CASES, {"margin": 5}, OptionError, "margin: above 0 and below 1"),
        (CASES, {"n": 2, "strata": "team"}, OptionError, "too few for 3 strata"),
        (CASES, {"n": 5, "minimum": "2"}, OptionError, "minimum: a whole number"),
        (CASES, {"n": {"North": 5}}, OptionError, "say with strata="),
        (CASES, {"n": {"North": 5, "South": 5}, "strata": "team"}, OptionError, "no number for stratum 'West'"),
        (CASES, {"n": {"North": 5, "South": 5, "West": 11}, "strata": "team"}, RecordsError, "'West' has 10 .* fewer"),
        (CASES, {"n": {"North": 5, "Suoth": 5}, "strata": "team"}, RecordsError, "'Suoth' has none .* mean 'South'"),
        (CASES, {"n": {"North": 1.5}, "strata": "team"}, OptionError, "n of 'North': a whole number"),
        (CASES, {"n": 20, "strata": "team", "exclude": CASES[90:]}, OptionError, "'West' has none to draw from"),
        (CASES, {"n": 1, "exclude": CASES}, RecordsError, "no records to draw from: all were drawn earlier"),
        (CASES[:0], {"n": 1}, RecordsError, "There are no records to draw from"),
        (CASES, {"n": 5, "id": "case"}, RecordsError, "no column 'case'. Did you mean 'case_id'"),
        (CASES, {"n": 5, "strata": "taem"}, RecordsError, "no column 'taem'. Did you mean 'team'"),
        (TWICE, {"n": 5}, RecordsError, "2 rows have the case_id of another one; the first are rows 3 and 100"),
        (CASES.assign(case_id=["", *CASES["case_id"][1:]]), {"n": 5}, RecordsError, "row 0: case_id is missing, in 1"),
        (CASES.assign(team=[*TEAMS[:-1], "N/A"]), {"n": 5, "strata": "team"}, RecordsError, "row 99: team is missing"),
        (CASES.assign(case_id=pd.Series([[1]] * 100)), {"n": 5}, RecordsError, "case_id holds list.* not text"),
        (CASES, {"n": 5, "seed": None}, OptionError, "seed: a whole number or text"),
        (CASES, {"n": 5, "exclude": [None]}, OptionError, "exclude: an id is text"),
        (CASES, {"n": 5, "exclude": CASES[["team"]]}, RecordsError, "no column 'case_id'"),
        (CASES, {"n": 5, "exclude": {"ids": ["24-001"]}}, OptionError, "no record of a sample"),
        (DRAWN, {"n": 5}, RecordsError, "have a column 'sample_stratum'"),
        (42, {"n": 5}, RecordsError, "given as int"),
        ([CASES, 7], {"n": 5}, RecordsError, "given as int"),
        ([{"case_id": 1}, 7], {"n": 1}, RecordsError, "row 1: a value of the kind int stands where a mapping should"),
        ({"case_id": [1, 2]}, {"n": 1}, RecordsError, "case_id holds list, not text"),
        (Path("none.csv"), {"n": 1}, RecordsError, "none.csv"),
    ],
)  # fmt: skip
def test_what_cant_be_drawn_is_one_error_with_its_remedy(
    frame: Any, options: dict[str, Any], kind: type[KpiError], says: str
) -> None:
    with pytest.raises(kind, match=says) as raised:
        draw_sample(frame, **{**DRAW, **options})
    assert "24-0" not in str(raised.value)  # never what a cell holds


@pytest.mark.parametrize(
    "ids", [pd.Series([1, 2]), pl.Series([1, 2]), pd.Index([1, 2])], ids=["pandas", "polars", "index"]
)
def test_ids_to_exclude_may_be_a_series(ids: Any) -> None:
    frame = pd.DataFrame({"case_id": [1, 2, 3]})
    assert draw_sample(frame, 1, id="case_id", seed=1, exclude=ids)["case_id"].tolist() == [3]


@pytest.mark.parametrize(
    ("exclude", "says"), [(5, "such as a list"), (None, "such as a list"), ("qa.csv", "as a Path")]
)
def test_what_excludes_nothing_by_mistake_is_an_error(exclude: Any, says: str) -> None:
    with pytest.raises(OptionError, match=says):
        draw_sample(pd.DataFrame({"case_id": [1, 2, 3]}), 1, id="case_id", seed=1, exclude=exclude)


def test_an_empty_table_was_not_drawn_from_earlier() -> None:
    with pytest.raises(RecordsError, match=r"There are no records to draw from\.$"):
        draw_sample(pd.DataFrame({"case_id": []}), 1, id="case_id", seed=1)


def test_none_of_each_stratum_is_an_error() -> None:
    with pytest.raises(OptionError, match="draw 1 record or more"):
        draw_sample(pd.DataFrame({"id": [1], "team": ["A"]}), {"A": 0}, id="id", seed=1, strata="team")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("strata", "team"), ("strata", [1]), ("ids", "A1"), ("excluded", None), ("population", "40"), ("seed", 7),
        ("allocation", {"North": 2}), ("allocation", {"North": {"population": 2.5, "drawn": 1}}), ("asked", []),
        ("asked", {"n": 2, "colour": "red"}),
    ],
)  # fmt: skip
def test_a_record_that_was_changed_is_refused_by_name(name: str, value: Any) -> None:
    frame = pd.DataFrame({"case_id": ["A1", "A2", "A3"], "team": ["North", "South", "North"]})
    record = sample_record(draw_sample(frame, 2, id="case_id", seed=1, strata="team"))
    with pytest.raises(OptionError, match=f"no record of a sample, such as sample_record returns: {name} was changed"):
        verify_sample(frame, {**record, name: value})
    with pytest.raises(OptionError, match=r"n: .*not -2"):
        verify_sample(frame, {**record, "asked": {"n": -2}})


def test_a_record_is_a_copy() -> None:
    sample = draw_sample(pd.DataFrame({"case_id": ["A1", "A2"]}), 1, id="case_id", seed=1)
    sample_record(sample)["ids"].clear()
    assert sample_record(sample)["ids"] == sample["case_id"].tolist()


def test_strata_that_would_be_called_alike_are_an_error() -> None:
    frame = pd.DataFrame({"case_id": ["A1", "A2"], "team": ["North", "North / East"], "desk": ["East / 1", "1"]})
    with pytest.raises(RecordsError, match="two of them are called alike"):
        draw_sample(frame, 1, id="case_id", seed=1, strata=["team", "desk"])


def test_the_sentence_names_the_level_of_the_margin() -> None:
    sample = draw_sample(CASES, margin=0.1, level=0.99, id="case_id", seed=1)
    assert "the interval (99%) of a share found in them is at most" in sample.attrs["says"]
