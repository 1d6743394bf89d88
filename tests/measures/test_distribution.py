"""How long clocks took, in bands: each that stopped is in exactly one, whatever the units."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ombudsman_kpi import Results, Scheme, SchemeError, WorkingCalendar, assess, load_scheme, measure

CALENDAR = WorkingCalendar.uk("england-and-wales")
CASES: dict[str, Any] = {
    "measure": "distribution", "says": "How long decisions take", "of": "cases", "start": "received_at",
    "stop": "decided_at", "cohort": "closed",
}  # fmt: skip
BANDS = [
    {"id": "in-20wd", "limit": "20 working days"},
    {"id": "in-13w", "limit": "13 weeks"},
    {"id": "in-100d", "limit": "< 100 calendar days"},
    {"id": "longer"},
]
NAMES = [str(band["id"]) for band in BANDS]


def declared(bands: Sequence[dict[str, Any]] = BANDS, **changes: Any) -> Scheme:
    return load_scheme("lgsco").with_target("bands", bands=list(bands), **{**CASES, **changes})


def measured(scheme: Scheme, cases: list[dict[str, Any]], **options: Any) -> Results:
    named = [{"case_id": f"C{place}", **case} for place, case in enumerate(cases)]
    return measure(scheme, cases=named, **{"as_of": "2025-12-31", "targets": NAMES, **options})


def case(received: str, decided: str | None = None, **others: str) -> dict[str, Any]:
    return {"received_at": received, "decided_at": decided, **others}


# By hand: 20 working days from Thu 28 Mar 2024 end on Mon 29 Apr; 13 weeks on Thu 27 Jun, day 91; day 99 is Fri 5 Jul.
BY_HAND = [
    ("2024-03-28", "in-20wd"), ("2024-04-29", "in-20wd"), ("2024-04-30", "in-13w"), ("2024-06-27", "in-13w"),
    ("2024-06-28", "in-100d"), ("2024-07-05", "in-100d"), ("2024-07-06", "longer"), ("2025-07-06", "longer"),
]  # fmt: skip


@pytest.mark.parametrize(("decided", "band"), BY_HAND)
def test_each_case_is_in_the_band_that_was_found_by_hand(decided: str, band: str) -> None:
    results = measured(declared(), [case("2024-03-28", decided)])
    assert {row.target: (row.met, row.missed) for row in results} == {
        name: (1, 0) if name == band else (0, 1) for name in NAMES
    }


def test_shares_are_of_all_that_stopped() -> None:
    rows = [
        *(case("2024-03-28", decided) for decided, _ in BY_HAND),
        case("2024-03-28"),
        case("2024-03-28", withdrawn_at="2024-09-02"),
    ]
    results = measured(declared(), rows)
    assert {row.target: (row.value, row.numerator, row.denominator) for row in results} == dict.fromkeys(
        NAMES, (0.25, 2, 8)
    )
    for row in results:
        assert row.reasons == {("excluded", "still open"): 1, ("excluded", "withdrawn"): 1}
        assert row.records == 10
    lines = repr(results).splitlines()
    assert "  in-100d, < 100 calendar days" in lines
    assert "  longer, beyond < 100 calendar days" in lines


def test_what_is_open_may_still_be_in_a_band_that_it_has_not_passed() -> None:
    # on 31 May, day 64: past 20 working days, and not past 13 weeks
    rows = [case("2024-03-28", "2024-04-29"), case("2024-03-28")]
    results = measured(declared(), rows, cohort="received", as_of="2024-05-31")
    assert {row.target: (row.value, row.low, row.high, row.pending) for row in results} == {
        "in-20wd": (1.0, 0.5, 0.5, 1), "in-13w": (0.0, 0.0, 0.5, 1), "in-100d": (0.0, 0.0, 0.5, 1),
        "longer": (0.0, 0.0, 0.5, 1),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("standard", "status", "headroom"), [("at least 50%", "met", 0), ("at least 60%", "missed", -1)]
)
def test_a_standard_of_a_band_is_lost_when_what_is_open_has_passed_it(
    standard: str, status: str, headroom: int
) -> None:
    scheme = declared([{**BANDS[0], "standard": standard}, *BANDS[1:]])
    rows = [case("2024-03-28", "2024-04-29"), case("2024-03-28")]
    (row,) = measured(scheme, rows, cohort="received", as_of="2024-05-31", targets="in-20wd")
    assert (row.status, row.headroom) == (status, headroom)


def test_hours_and_days_may_stand_in_one_distribution() -> None:
    scheme = declared(
        [{"id": "in-4h", "limit": "4 hours"}, {"id": "in-2wd", "limit": "2 working days"}, {"id": "longer"}],
        of="written_contacts", stop="handled_at",
    )  # fmt: skip
    start = datetime.fromisoformat("2024-03-28T16:00:00+00:00")  # before Easter: day 2 is Wed 3 April
    stops = [(timedelta(hours=4), "in-4h"), (timedelta(hours=4, microseconds=1), "in-2wd"),
             (timedelta(days=6), "in-2wd"),
             (timedelta(days=7), "longer")]  # fmt: skip
    contacts = [
        {"contact_id": str(n), "received_at": start, "handled_at": start + wait} for n, (wait, _) in enumerate(stops)
    ]
    rows = assess(scheme, written_contacts=contacts, as_of="2024-12-31", targets=["in-4h", "in-2wd", "longer"])
    found = {row.id: row.target for row in rows.itertuples() if row.status == "met"}
    assert found == {str(n): band for n, (_, band) in enumerate(stops)}
    assert len(rows) == 12


def band_of(received: date, decided: date) -> str:
    """Give the band of a case, day by day and without the library's limits."""
    days = (decided - received).days
    working = sum(CALENDAR.is_working_day(received + timedelta(n)) for n in range(1, days + 1))
    off = not CALENDAR.is_working_day(decided) and days > 0  # a stop on a day off is as late as one on the next day
    if working + off <= 20:
        return "in-20wd"
    return "in-13w" if days <= 91 else "in-100d" if days < 100 else "longer"


DAYS = st.tuples(
    st.integers(0, 700), st.one_of(st.integers(0, 140), st.sampled_from([28, 29, 90, 91, 92, 98, 99, 100]))
)


@settings(max_examples=60, deadline=None)
@given(st.lists(DAYS, min_size=1, max_size=25))
def test_bands_are_those_of_a_plain_loop_and_each_case_is_in_exactly_one(spans: list[tuple[int, int]]) -> None:
    first, expected, rows = date(2023, 11, 1), Counter[tuple[str, str]](), []
    for start, length in spans:
        received, decided = first + timedelta(start), first + timedelta(start + length)
        rows.append(case(received.isoformat(), decided.isoformat()))
        expected[band_of(received, decided), f"{decided:%Y-%m}"] += 1
    results = measured(SCHEME, rows, as_of="2026-12-31", every="month")
    assert {(row.target, f"{row.period_start:%Y-%m}"): row.met for row in results if row.met} == dict(expected)
    by_period: Counter[str] = Counter()
    for row in results:
        by_period[row.period] += row.met or 0
    assert all(by_period[row.period] == row.denominator for row in results)


SCHEME = declared()


# What is no distribution


@pytest.mark.parametrize(
    ("bands", "words"),
    [
        pytest.param(
            [BANDS[1], BANDS[0], BANDS[3]],
            "in-20wd: bands: nothing can be within 20 working days that isn't in a band before it. Write the shortest",
            id="out of order, in two units",
        ),
        pytest.param(
            [BANDS[0], BANDS[1], {"id": "c", "limit": "9 working days"}, {"id": "d"}],
            "target c: bands: nothing can be within 9 working days", id="out of order, not side by side",
        ),
        pytest.param(
            [{"id": "a", "limit": "2 weeks"}, {"id": "b", "limit": "14 calendar days"}, {"id": "c"}],
            "target b: bands: nothing can be within 14 calendar days", id="the same time in another unit",
        ),
        pytest.param(
            [{"id": "b", "limit": "1 hour"}, {"id": "c", "limit": "3600 seconds"}, {"id": "d"}],
            "target c: bands: nothing can be within 3600 seconds", id="seconds and hours",
        ),
        pytest.param(BANDS[:2], "in-13w: bands: the last band has no limit, so that", id="no last"),
        pytest.param([{"id": "a"}, *BANDS[1:]], "target a: bands: only the last has no limit", id="no limit at first"),
        pytest.param([BANDS[0], {"id": "a"}, BANDS[3]], "target a: bands: only the last has no limit", id="two last"),
        pytest.param([{"id": "a", "limit": {"field": "due_at"}}, {"id": "b"}], "a band is a length", id="own date"),
        pytest.param([BANDS[0], {"id": "a", "limit": "soon"}, BANDS[3]], "'soon' isn't a limit", id="no limit at all"),
        pytest.param([BANDS[0], {**BANDS[3], "start": "valid_at"}], "the last band has no limit", id="another clock"),
    ],
)  # fmt: skip
def test_bands_that_do_not_fit_together_are_refused(bands: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(SchemeError, match=words.replace(".", r"\.")):
        declared(bands)


def test_one_band_is_not_changed_without_the_others() -> None:
    with pytest.raises(SchemeError, match=r"Write all bands again, with measure = 'distribution'"):
        declared().with_target("in-13w", limit="12 weeks")
    again = [{**band, "limit": "12 weeks"} if band["id"] == "in-13w" else band for band in BANDS]
    changed = declared().with_target("bands", measure="distribution", bands=again)
    results = measured(changed, [case("2024-03-28", "2024-06-27")])
    assert {row.target: row.met for row in results}["in-100d"] == 1


def test_options_of_the_clock_hold_for_the_bands_that_they_mean_something_for() -> None:
    bands = [{"id": "in-1w", "limit": "1 week"}, {"id": "longer"}]
    rolled = declared(bands, clock={"non_working_due": "next working day"})
    rows = [case("2024-03-22", "2024-04-02")]  # a week ends on Good Friday; by the option on Tue 2 April
    for scheme, met in ((declared(bands), 0), (rolled, 1)):
        (row,) = measured(scheme, rows, targets="in-1w")
        assert row.met == met
    with pytest.raises(SchemeError, match="non_working_due means nothing"):
        declared([BANDS[0], BANDS[3]], clock={"non_working_due": "next working day"})
