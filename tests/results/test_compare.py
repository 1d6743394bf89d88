"""The same records under two schemes: which figures stand side by side, and what either makes of them."""

from datetime import date, timedelta
from typing import Any

import pytest

from ombudsman_kpi import OptionError, Scheme, SchemeError, compare_schemes, load_scheme, measure

NOW, THEN = "lgsco", "lgo-2017-18"
SAME = {"written-contacts-3wd": "written-contacts-24h"}
BANDS = ["investigation-13w", "investigation-26w", "investigation-52w"]
AS_OF = "2024-06-30"

Row = dict[str, Any]


@pytest.fixture(scope="module")
def now() -> Scheme:
    return load_scheme(NOW)


@pytest.fixture(scope="module")
def then() -> Scheme:
    return load_scheme(THEN)


def case(name: str, days: int, team: str = "North", received: str = "2024-01-01") -> Row:
    """Make an investigation that was decided so many days after it was received."""
    start = date.fromisoformat(received)
    return {
        "case_id": name, "received_at": start, "valid_at": start, "allocated_at": start + timedelta(9),
        "decided_at": start + timedelta(days), "team": team,
    }  # fmt: skip


CASES = [case("A", 91), case("B", 90), case("C", 92, "South"), case("D", 100, "South", "2024-02-01")]
# Received on the morning before Easter; handled on the next working day, five days later.
CONTACTS = [{"contact_id": "W1", "received_at": "2024-03-28T09:00", "handled_at": "2024-04-02T10:00"}]


def test_day_91_is_within_13_weeks_and_not_in_less_than_13_weeks(now: Scheme, then: Scheme) -> None:
    found = compare_schemes(now, then, cases=[case("A", 91)], as_of=AS_OF, targets=BANDS[0])
    (pair,) = found.pairs
    assert pair.first is not None
    assert pair.second is not None
    assert (pair.first.met, pair.first.missed, pair.first.status) == (1, 0, "met")
    assert (pair.second.met, pair.second.missed, pair.second.status) == (0, 1, "missed")
    assert (found.first.scheme.id, found.second.scheme.id) == (NOW, THEN)


def test_targets_of_one_id_are_paired_and_the_others_stand_alone(now: Scheme, then: Scheme) -> None:
    found = compare_schemes(now, then, cases=CASES, as_of=AS_OF)
    names = [tuple(row.target if row else None for row in pair) for pair in found.pairs]
    mine, theirs = ([target.id for target in scheme.targets] for scheme in (now, then))
    both = {"intake-calls-60s", "decided-or-allocated-20wd", *BANDS}
    assert {first for first, second in names if first == second} == both
    assert [first for first, _ in names if first] == mine
    assert [second for first, second in names if not first] == [name for name in theirs if name not in both]
    assert {first for first, second in names if not second} == set(mine) - both


def test_same_says_what_a_target_is_called_in_the_other_scheme(now: Scheme, then: Scheme) -> None:
    found = compare_schemes(now, then, same=SAME, written_contacts=CONTACTS, as_of=AS_OF, targets=[*SAME])
    ((first, second),) = found.pairs
    assert first is not None
    assert second is not None
    assert (first.target, first.value, first.status) == ("written-contacts-3wd", 1.0, "met")
    assert (second.target, second.value, second.status) == ("written-contacts-24h", 0.0, "missed")
    assert [pair for pair in compare_schemes(now, then, same=SAME, cases=CASES, as_of=AS_OF).pairs if pair.first is None
            and pair.second is not None and pair.second.target in SAME.values()] == []  # fmt: skip
    other_way = compare_schemes(now, then, same=SAME, written_contacts=CONTACTS, as_of=AS_OF, targets=[*SAME.values()])
    assert other_way.pairs == found.pairs


def test_a_renamed_target_leaves_its_namesake_alone(now: Scheme, then: Scheme) -> None:
    found = compare_schemes(now, then, same={BANDS[0]: "assessment-13w"}, cases=CASES, as_of=AS_OF, targets=BANDS[0])
    names = [tuple(row.target if row else None for row in pair) for pair in found.pairs]
    assert names == [(BANDS[0], "assessment-13w"), (None, BANDS[0])]


def test_each_side_is_what_its_scheme_alone_gives(now: Scheme, then: Scheme) -> None:
    options: dict[str, Any] = {"cases": CASES, "as_of": AS_OF, "every": ["month", "quarter"], "by": "team"}
    found = compare_schemes(now, then, **options)
    for place, scheme in enumerate((now, then)):
        alone = measure(scheme, **options)
        rows = [repr(row) for row in sorted(alone, key=repr)]
        assert sorted(map(repr, (found.first, found.second)[place])) == rows
        assert sorted(repr(pair[place]) for pair in found.pairs if pair[place]) == rows


def test_periods_and_groups_stand_beside_their_own(now: Scheme, then: Scheme) -> None:
    found = compare_schemes(now, then, cases=CASES, as_of=AS_OF, every="month", by="team", targets=BANDS[0])
    rows = [
        (pair.first.period, pair.first.group, pair.first.value, pair.second.value)
        for pair in found.pairs
        if pair.first and pair.second
    ]
    # decided: B on Sunday 31 March, A on 1 April, C on 2 April, D on 11 May
    assert rows == [
        ("Mar 2024", ("North",), 1.0, 1.0),
        ("Mar 2024", ("South",), None, None),
        ("Apr 2024", ("North",), 1.0, 0.0),
        ("Apr 2024", ("South",), 0.0, 0.0),
        ("May 2024", ("North",), None, None),
        ("May 2024", ("South",), 0.0, 0.0),
    ]
    assert len(rows) == len(found.pairs)


def test_a_period_that_only_one_side_has_stands_alone(now: Scheme) -> None:
    by_receipt = now.with_target(BANDS[0], cohort="received")
    found = compare_schemes(now, by_receipt, cases=[case("A", 91)], as_of=AS_OF, every="month", targets=BANDS[0])
    sides = [tuple(row and (row.period, row.met) for row in pair) for pair in found.pairs]
    assert sides == [(None, ("Jan 2024", 1)), (("Apr 2024", 1), None)]
    frame = found.to_pandas()
    assert frame["period"].tolist() == ["Jan 2024", "Apr 2024"]
    assert frame["value"].isna().tolist() == [True, False]
    assert frame["value_2"].isna().tolist() == [False, True]


def test_several_cohorts_are_paired_by_cohort(now: Scheme, then: Scheme) -> None:
    found = compare_schemes(now, then, cases=CASES, as_of=AS_OF, cohort="all", targets=BANDS[0])
    cohorts = [tuple(row.cohort if row else None for row in pair) for pair in found.pairs]
    assert cohorts == [(name, name) for name in ("received", "closed", "due")]


def test_the_frame_has_both_sides_in_a_row(now: Scheme, then: Scheme) -> None:
    frame = compare_schemes(now, then, cases=CASES, as_of=AS_OF, by="team", targets=BANDS).to_pandas()
    figures = ["numerator", "denominator", "value", "operator", "standard", "status", "headroom"]
    assert list(frame.columns) == [
        "target", "cohort", "target_2", "cohort_2", "every", "period", "team", *figures, *(f"{n}_2" for n in figures),
    ]  # fmt: skip
    first = frame.iloc[0]
    assert (first["target"], first["team"], first["numerator"], first["denominator"]) == (BANDS[0], "North", 2, 2)
    assert (first["numerator_2"], first["value_2"], first["standard"], first["standard_2"]) == (1, 0.5, 0.75, 0.65)
    assert (first["status"], first["status_2"]) == ("met", "missed")


def test_it_shows_itself_as_text_and_html(now: Scheme, then: Scheme) -> None:
    found = compare_schemes(now, then, same=SAME, cases=CASES, written_contacts=CONTACTS, as_of=AS_OF)
    text, html = repr(found), found._repr_html_()
    assert text.startswith(f"{now.title} and {then.title}\nthe same records under both, as at 2024-06-30")
    (line,) = (line for line in text.splitlines() if line.startswith("investigation-13w"))
    assert line.split() == [
        "investigation-13w", "50.0%", "at", "least", "75%", "in", "13", "weeks", "✗", "missed",
        "25.0%", "at", "least", "65%", "in", "<", "13", "weeks", "✗", "missed",
    ]  # fmt: skip
    (line,) = (line for line in text.splitlines() if line.startswith("written-contacts-3wd"))
    assert line.startswith("written-contacts-3wd / written-contacts-24h ")
    assert all(scheme.digest in text and scheme.digest in html for scheme in (now, then))
    (absent,) = (line for line in text.splitlines() if line.startswith("not measured: "))
    assert "intake-calls-60s" in absent
    assert BANDS[0] not in absent
    assert html.count("<tr>") == 1 + sum(line.startswith(tuple("abcdefghijklmnopqrstuvwxyz")) and "  " in line
                                         for line in text.splitlines()[5:])  # fmt: skip
    assert "&lt; 13 weeks" in html
    assert "< 13 weeks" not in html


def test_a_period_that_isnt_over_is_marked(now: Scheme, then: Scheme) -> None:
    shown = repr(compare_schemes(now, then, cases=CASES, as_of="2024-05-15", every="month", targets=BANDS[0]))
    assert "May 2024 *" in shown
    assert "Apr 2024 *" not in shown
    assert "* the period isn't over at this date" in shown


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"targets": "investigation-12w"}, OptionError, "Neither scheme has a target .* Did you mean"),
        ({"targets": "delays-explained"}, OptionError, "'lgo-2017-18' has none of these .* same="),
        ({"targets": "calls-answered"}, OptionError, "'lgsco' has none of these .* same="),
        ({"same": {"written-contacts-3d": "written-contacts-24h"}}, SchemeError, "'lgsco' .* Did you mean"),
        ({"same": {"written-contacts-3wd": "written-contacts-24"}}, SchemeError, "'lgo-2017-18' .* Did you mean"),
        ({"every": "fortnight"}, OptionError, "fortnight"),
    ],
)
def test_what_cant_be_compared_is_told_with_the_remedy(
    now: Scheme, then: Scheme, options: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        compare_schemes(now, then, cases=CASES, as_of=AS_OF, **options)
