"""Rates per population: of the same period and group, never of another."""

from collections import Counter
from fractions import Fraction
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import (
    RecordsError,
    Results,
    Scheme,
    SchemeError,
    Tally,
    assess,
    load_scheme,
    measure,
    settled,
    tally,
)

RATE: dict[str, Any] = {
    "measure": "rate", "says": "Few complaints per home", "of": "cases", "dated": "received_at", "per": 1000,
    "cohort": "received",
}  # fmt: skip
YEAR: dict[str, Any] = {"as_of": "2024-12-31", "targets": "rate", "every": "financial-year"}


def declared(**changes: Any) -> Scheme:
    return load_scheme("lgsco").with_target("rate", **{**RATE, **changes})


def cases(*received: str, **others: Any) -> list[dict[str, Any]]:
    return [{"case_id": f"{day}-{n}-{others}", "received_at": day, **others} for n, day in enumerate(received)]


def homes(*rows: tuple[str, Any], **others: Any) -> list[dict[str, Any]]:
    return [{"period": period, "number": number, **others} for period, number in rows]


def measured(given: Any, populations: Any, scheme: Scheme | None = None, **options: Any) -> Results:
    return measure(scheme or declared(), cases=given, populations=populations, **{**YEAR, **options})


def test_a_rate_is_the_number_per_so_many_of_the_period() -> None:
    given = cases("2023-04-01", "2024-03-31", "2024-04-01")
    last, this = measured(given, homes(("2023/24", 800), ("2024/25", "1200")))
    assert (last.value, last.numerator, last.denominator, last.unit) == (2.5, 2, 800, "per 1,000")
    assert (this.exact, this.complete) == (Fraction(1000, 1200), False)
    assert (last.low, last.high, this.low, this.high) == (2.5, 2.5, this.value, None)


def test_the_table_shows_what_it_is_per() -> None:
    text = repr(measured(cases("2023-04-01"), homes(("2023/24", 300)), declared(standard="at most 5")))
    assert "  rate, rate per 1,000" in text.splitlines() or ", rate, " in text
    line = next(line for line in text.splitlines() if "✓ met" in line)
    assert "3.3 per 1,000  at most 5" in line


def test_never_another_period_s_population() -> None:
    given = cases("2023-04-01", "2023-07-01", "2024-04-01")
    rows = [*homes(("2023/24", 800)), *homes(("2023/24 Q1", 790)), *homes(("Jul 2023", 780))]
    wanted: dict[str, dict[str, int | None]] = {
        "financial-year": {"2023/24": 800, "2024/25": None},
        "quarter": {"2023/24 Q1": 790, "2023/24 Q2": None, "2023/24 Q3": None, "2023/24 Q4": None, "2024/25 Q1": None,
                    "2024/25 Q2": None, "2024/25 Q3": None},
        "half-year": {"2023/24 H1": None, "2023/24 H2": None, "2024/25 H1": None, "2024/25 H2": None},
    }  # fmt: skip
    for every, expected in wanted.items():
        found = measured(given, rows, every=every)
        assert {row.period: row.denominator for row in found if row.period in expected} == expected
        for row in found:
            if row.denominator is None:
                assert (row.value, row.status) == (None, "no data")
                assert row.words == (f"no population is given for {row.period}",)


def test_each_group_has_its_own_population_and_without_groups_they_add_up() -> None:
    given = [
        *cases("2023-04-01", "2023-05-01", team="A"),
        *cases("2023-04-01", team="B"),
        *cases("2023-06-01", team="D"),
    ]
    rows = [
        row for team, number in (("A", 100), ("B", 400), ("C", 50)) for row in homes(("2023/24", number), team=team)
    ]
    options: dict[str, Any] = {"as_of": "2024-03-31"}
    found = {row.group[0]: (row.met, row.denominator, row.value) for row in measured(given, rows, by="team", **options)}
    assert found == {"A": (2, 100, 20.0), "B": (1, 400, 2.5), "C": (0, 50, 0.0), "D": (1, None, None)}
    (whole,) = measured(given, rows, **options)
    assert (whole.met, whole.denominator) == (4, 550)
    notes = {row.group[0]: row.words for row in measured(given, rows, by="team", **options)}
    assert notes["D"] == ("no population is given for 2023/24 and this group",)


def test_no_rate_is_per_nobody() -> None:
    (row,) = measured(cases("2023-04-01"), homes(("2023/24", 0)), as_of="2024-03-31")
    assert (row.value, row.status, row.words) == (None, "no data", ("the population given for 2023/24 is 0",))
    (row,) = measured(cases("2023-04-01"), homes(("2023/24", "")), as_of="2024-03-31")
    assert row.words == ("no population is given for 2023/24",)


def test_a_rate_needs_periods_and_populations() -> None:
    (row,) = measured(cases("2023-04-01"), homes(("2023/24", 10)), every=None)
    assert (row.status, row.met) == ("no data", 1)
    assert row.words == ("a rate needs periods: measure with every=, such as every='financial-year'",)
    (row,) = measure(declared(), cases=cases("2023-04-01"), **YEAR)
    assert (row.status, row.note) == ("not measured", "no populations were given")


@pytest.mark.parametrize(
    ("standard", "as_of", "status"),
    [("at most 5", "2024-03-31", "met"), ("at most 4.9", "2024-03-31", "missed"),
     ("at most 5", "2024-03-30", "undetermined"), ("at most 4.9", "2024-03-30", "missed"),
     ("at least 5", "2024-03-30", "met")],
)  # fmt: skip
def test_until_its_period_is_over_a_rate_can_only_rise(standard: str, as_of: str, status: str) -> None:
    (row,) = measured(cases("2023-04-01"), homes(("2023/24", 200)), declared(standard=standard), as_of=as_of)
    assert row.status == status


def test_kinds_of_population_are_chosen_by_a_condition() -> None:
    rows = [*homes(("2023/24", 800), kind="homes"), *homes(("2023/24", 2000), kind="people")]
    for kind, number in (("homes", 800), ("people", 2000)):
        (row,) = measured(cases("2023-04-01"), rows, declared(population={"kind": kind}), as_of="2024-03-31")
        assert row.denominator == number


def test_published_tables_have_rates_too() -> None:
    rows = [{"period": "2023/24", "count": 40, "authority": "A"}, {"period": "2023/24", "count": 5, "authority": "B"}]
    table = [row for name, n in (("A", 8000), ("B", 500)) for row in homes(("2023/24", n), authority=name)]
    results = measured(rows, table, by="authority")
    assert {row.group[0]: row.value for row in results if row.period == "2023/24"} == {"A": 5.0, "B": 10.0}


def test_a_period_without_a_record_has_the_rate_0() -> None:
    results = measured(cases("2022-04-01", "2024-04-01"), homes(("2023/24", 800), ("2030/31", 5), ("2010/11", 5)))
    assert [(row.period, row.value) for row in results] == [("2022/23", None), ("2023/24", 0.0), ("2024/25", None)]


def test_outcomes_are_those_of_records_alone() -> None:
    rows = assess(
        declared(), cases=cases("2023-04-01"), populations=homes(("2023/24", 5)), as_of="2024-03-31", targets="rate"
    )
    assert rows["record"].tolist() == ["cases"]


def test_tallies_with_populations_travel_add_up_and_can_be_settled() -> None:
    scheme, rows = declared(), homes(("2023/24", 800), ("2024/25", 0))
    given = cases("2023-04-01", "2024-04-01")
    whole = tally(scheme, cases=given, populations=rows, **YEAR)
    assert Tally.from_json(whole.to_json()) == whole
    parts = [tally(scheme, cases=given[n:][:1], populations=rows[n:][:1], **YEAR) for n in (0, 1)]
    assert parts[0] + parts[1] == whole
    assert (parts[0] + parts[1]).results().rows == whole.results().rows
    assert whole - parts[1] == parts[0]
    done = settled(scheme, cases=given, populations=rows, **{**YEAR, "as_of": "2024-11-30"})
    assert not any(done.open.values())
    assert done.tally.at("2024-12-31") == whole


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            homes(("2023/24", 5), ("2023-24", 6)),
            r"^populations: row 0 and row 1 give the number of 2023/24, for one group. Keep one",
        ),
        (homes(("2023/24", "many")), r"populations.*row 0.*number isn't a whole number"),
        (homes(("2023/24", -5)), r"number isn't a whole number"),
        (homes(("2023/24", 1.5)), r"number isn't a whole number"),
        (homes(("lately", 5)), r"period has a label that can't be read"),
        (homes(("2022/23", 5), ("", 5)), r"^populations row 1 has no period"),
        ([{"period": "2023/24", "homes": 5}], r"populations.*has no column 'number', which target 'rate' needs"),
        ([{"number": 5}], r"populations.*has no column 'period'"),
    ],
)
def test_populations_that_cannot_be_read_are_one_error(rows: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(RecordsError, match=words) as error:
        measured(cases("2023-04-01"), rows)
    assert "many" not in str(error.value)
    assert "lately" not in str(error.value)


def test_a_total_beside_its_parts_is_not_added_to_them() -> None:
    parts = [*homes(("2023/24", 60), team="A"), *homes(("2023/24", 40), team="B")]
    (row,) = measured(cases("2023-04-01"), parts, as_of="2024-03-31")
    assert row.denominator == 100
    with pytest.raises(
        RecordsError, match=r"^populations: row 0 gives .* a part of what row 2 gives it of, where team"
    ):
        measured(cases("2023-04-01"), [*parts, *homes(("2023/24", 100), team=None)])
    # Of another year, or another kind, it is the total of others.
    rows = [*[{**part, "kind": "homes"} for part in parts], *homes(("2022/23", 90), team=None, kind="homes"),
            *homes(("2023/24", 250), team=None, kind=None)]  # fmt: skip
    (row,) = measured(cases("2023-04-01"), rows, declared(population={"kind": "homes"}), as_of="2024-03-31")
    assert row.denominator == 100


@pytest.mark.parametrize("lacking", ["cases", "populations"])
def test_groups_of_which_one_table_says_nothing_have_no_rate_and_no_figure_0(lacking: str) -> None:
    given = pd.DataFrame(cases("2023-04-01", **({} if lacking == "cases" else {"team": "A"})))
    rows = pd.DataFrame(homes(("2023/24", 100), **({} if lacking == "populations" else {"team": "A"})))
    letters = [{"contact_id": "c", "received_at": "2024-01-02T10:00", "handled_at": None, "team": "A"}]
    found = measured(
        given, rows, declared(standard="at most 5"), by="team", as_of="2024-03-31", written_contacts=letters,
        targets=["rate", "written-contacts-3wd"],
    )["rate"]  # fmt: skip
    group = "" if lacking == "cases" else "A"
    assert [(row.group, row.met, row.status) for row in found] == [((group,), 1, "no data")]


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"per": 0}, "target rate: per: "), ({"per": True}, "target rate: per: "), ({"per": "all"}, "target rate: per: "),
     ({"standard": "at most 5%"}, "it is per 1,000 already"),
     ({"cohort": "due"}, "nothing is due here")],
)  # fmt: skip
def test_what_is_no_rate_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SchemeError, match=words):
        declared(**changes)


SCHEME = declared()
QUARTERS = [f"2023/24 Q{n}" for n in (1, 2, 3, 4)]
DAYS = ["2023-05-01", "2023-08-01", "2023-11-01", "2024-02-01"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=20),
       st.dictionaries(st.tuples(st.integers(0, 3), st.integers(0, 2)), st.integers(0, 9), max_size=12))  # fmt: skip
def test_rates_are_those_of_a_plain_loop(records: list[tuple[int, int]], numbers: dict[tuple[int, int], int]) -> None:
    given = [{"case_id": str(n), "received_at": DAYS[q], "team": f"T{team}"} for n, (q, team) in enumerate(records)]
    rows = [{"period": QUARTERS[q], "team": f"T{team}", "number": number} for (q, team), number in numbers.items()]
    counts = Counter(records)
    results = measured(
        given, rows or homes(("2022/23", 5), team="T0"), SCHEME, every="quarter", by="team", as_of="2024-03-31"
    )
    for row in results:
        where = QUARTERS.index(row.period), int(row.group[0][1:])
        number = numbers.get(where)
        assert row.met == counts[where]
        assert row.exact == (Fraction(1000 * counts[where], number) if number else None)
    assert {(row.period, row.group[0]) for row in results} >= {(QUARTERS[q], f"T{team}") for q, team in counts}
