"""Each rule: records that break it, and the same records mended."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from ombudsman_kpi import Findings, assess, check, load_scheme
from ombudsman_kpi.checks.days import odd_years
from ombudsman_kpi.checks.rules import RULES

LGSCO = load_scheme("lgsco")
AS_OF = "2024-05-31"
TARGETS = {
    "cases": ["decided-or-allocated-20wd"],
    "events": ["decided-or-allocated-20wd", "keep-in-touch-20wd"],
    "requests": ["service-complaints-20wd"],
}


def a_case(number: int = 1, **changes: Any) -> dict[str, Any]:
    case = {"case_id": f"A{number}", "received_at": "2024-03-28", "allocated_at": None, "decided_at": "2024-04-05"}
    return {**case, "investigation_started_at": None, **changes}


def an_event(**changes: Any) -> dict[str, Any]:
    return {
        "case_id": "A1",
        "event": "contact",
        "at": "2024-04-02",
        "party": "complainant",
        "direction": "out",
        **changes,
    }


def a_request(**changes: Any) -> dict[str, Any]:
    request = {"request_id": "R1", "kind": "service-complaint", "received_at": "2024-03-28", "answered_at": None}
    return {**request, **changes}


def found(
    rule: str, records: Mapping[str, Any], **options: Any
) -> list[tuple[int | None, str | None, str | None, int]]:
    findings = checked(records, **options)
    return [(item.row, item.id, item.field, item.count) for item in findings if item.rule == rule]


def checked(records: Mapping[str, Any], **options: Any) -> Findings:
    kind = "events" if "events" in records else next(iter(records))
    chosen = {"targets": TARGETS.get(kind), "as_of": AS_OF, **options}
    return check(LGSCO, **records, **chosen)


class Row(NamedTuple):
    rule: str
    wrong: Mapping[str, Any]
    expected: tuple[int | None, str | None, str | None, int]
    right: Mapping[str, Any]
    options: Mapping[str, Any] = {}


def weeks(*gone: int) -> pd.DataFrame:
    """Return twenty weeks of ten cases, without those that are gone."""
    days = [np.datetime64("2023-10-02") + 7 * week + day for week in range(20) if week not in gone for day in range(5)]
    return frame([day for day in days for _ in range(2)])


def months(last: int) -> pd.DataFrame:
    """Return a year of 30 cases a month, and a last month of some."""
    starts = [np.datetime64("2023-04", "M") + month for month in range(13)]
    return frame(
        [start.astype("M8[D]") + day % 28 for start in starts for day in range(30 if start != starts[-1] else last)]
    )


def frame(days: list[Any]) -> pd.DataFrame:
    ids = [f"A{number}" for number in range(len(days))]
    return pd.DataFrame({"case_id": ids, "received_at": days, "allocated_at": None, "decided_at": None})


COUNTED = [{"period": "Apr 2023", "count": "12", "decision": "upheld"}]
SHARE: dict[str, Any] = {"period": "Apr 2023", "kind": "service-complaint", "In time": 12, "Total": 12}

TABLE = [
    Row("unreadable-time", {"cases": [a_case(), a_case(2, decided_at="05/04/2024")]}, (1, "A2", "decided_at", 1),
        {"cases": [a_case(), a_case(2)]}),
    Row("unreal-date", {"cases": [a_case(received_at="2024-02-30")]}, (0, "A1", "received_at", 1),
        {"cases": [a_case(received_at="2024-02-29")]}),
    Row("unreadable-number", {"cases": [{**COUNTED[0], "count": "12.5"}]}, (0, None, "count", 1), {"cases": COUNTED},
        {"targets": None}),
    Row("unreadable-period", {"cases": [{**COUNTED[0], "period": "spring"}]}, (0, None, "period", 1),
        {"cases": COUNTED}, {"targets": None}),
    Row("part-exceeds-total", {"requests": [SHARE, {**SHARE, "In time": 13}]}, (1, None, "met", 1),
        {"requests": [SHARE]}, {"columns": {"requests": {"met": "In time", "of": "Total"}}}),
    Row("unknown-word", {"cases": [a_case(decided_in="review")]}, (0, "A1", "decided_in", 1),
        {"cases": [a_case(decided_in="assessment")]}),
    Row("unreadable-column", {"cases": pd.DataFrame([a_case(decided_at=20240405)])}, (None, None, "decided_at", 1),
        {"cases": pd.DataFrame([a_case()])}),
    Row("contradiction", {"cases": [a_case(decided_at="2024-03-01")]}, (0, "A1", "decided_at", 1),
        {"cases": [a_case()]}),
    Row("out-of-order", {"cases": [a_case(valid_at="2024-03-27")]}, (0, "A1", "valid_at", 1),
        {"cases": [a_case(valid_at="2024-03-28")]}),
    Row("unmeasurable", {"cases": pd.DataFrame([{"case_id": "A1", "received_at": "2024-03-28"}])},
        (None, None, None, 1), {"cases": [a_case()]}),
    Row("record-twice", {"cases": [a_case(), a_case(2), a_case()]}, (2, "A1", "case_id", 1), {"cases": [a_case()]}),
    Row("id-shared", {"cases": [a_case(), a_case(2), a_case(decided_at=None)]}, (0, "A1", "case_id", 2),
        {"cases": [a_case(), a_case(), a_case(2)]}),
    Row("row-twice", {"events": [an_event(), an_event(at="2024-04-03"), an_event()], "cases": [a_case()]},
        (2, "A1", None, 1), {"events": [an_event(), an_event(at="2024-04-03")], "cases": [a_case()]}),
    Row("stray-event", {"events": [an_event(case_id="B7")], "cases": [a_case()]}, (0, "B7", "case_id", 1),
        {"events": [an_event()], "cases": [a_case()]}),
    Row("similar-id", {"events": [an_event(case_id="a01")], "cases": [a_case()]}, (0, "a01", "case_id", 1),
        {"events": [an_event(case_id="B1")], "cases": [a_case()]}),
    Row("stray-event", {"events": [{"request_id": "R7", "event": "paused", "at": "2024-04-02"}],
                        "requests": [a_request()]}, (0, None, "request_id", 1),
        {"events": [{"request_id": "R1", "event": "paused", "at": "2024-04-02"}], "requests": [a_request()]}),
    Row("resumed-unpaused", {"events": [an_event(), an_event(event="resumed")], "cases": [a_case()]},
        (1, "A1", "event", 1),
        {"events": [an_event(event="resumed", at="2024-04-03"), an_event(event="paused")], "cases": [a_case()]}),
    Row("resumed-unpaused", {"events": [{"request_id": "R1", "event": "resumed", "at": "2024-04-02"}],
                             "requests": [a_request()]}, (0, None, "event", 1),
        {"events": [{"request_id": "R7", "event": "resumed", "at": "2024-04-02"}], "requests": [a_request()]}),
    Row("unknown-party", {"events": [an_event(party="him")], "cases": [a_case()]}, (0, "A1", "party", 1),
        {"events": [an_event(party="him", direction="in")], "cases": [a_case()]}),
    Row("unknown-direction", {"events": [an_event(direction=None)], "cases": [a_case()]}, (0, "A1", "direction", 1),
        {"events": [an_event()], "cases": [a_case()]}),
    Row("unknown-event", {"events": [an_event(event="filed")], "cases": [a_case()]}, (0, "A1", "event", 1),
        {"events": [an_event()], "cases": [a_case()]}),
    Row("log-differs", {"events": [an_event(event="decided", at="2024-04-04")], "cases": [a_case()]},
        (0, "A1", "decided_at", 1),
        {"events": [an_event(event="decided", at="2024-04-05T09:00")], "cases": [a_case()]}),
    Row("log-differs", {"events": [an_event(event="allocated")], "cases": [a_case()]}, (0, "A1", "allocated_at", 1),
        {"events": [an_event(event="allocated", at="2024-06-01")], "cases": [a_case()]}),
    Row("future-date", {"cases": [a_case(), a_case(2, received_at="2024-06-01", decided_at=None)]},
        (1, "A2", "received_at", 1), {"cases": [a_case(), a_case(2, decided_at="9999-12-31")]}),
    Row("future-date", {"cases": [a_case(), a_case(2, decided_at="2024-06-01")]}, (1, "A2", "decided_at", 1),
        {"cases": [a_case(), a_case(2, decided_at=None)]}),
    Row("mistyped-year", {"cases": [*(a_case(n) for n in range(30)), a_case(30, decided_at="2042-04-05")]},
        (30, "A30", "decided_at", 1),
        {"cases": [*(a_case(n) for n in range(30)), a_case(30, decided_at="2027-04-05")]}),
    Row("empty-week", {"cases": weeks(7, 8)}, (None, None, "received_at", 2), {"cases": weeks()}),
    Row("sudden-fall", {"cases": months(14)}, (None, None, "received_at", 1), {"cases": months(15)}),
    Row("too-few-records", {"cases": [a_case()]}, (None, None, None, 1), {"cases": [a_case(), a_case(2)]},
        {"min_records": 2}),
    Row("unused-kind", {"requests": [a_request(kind="complaint")]}, (0, "R1", "kind", 1), {"requests": [a_request()]}),
    Row("similar-column", {"requests": [{**a_request(), "answered_on": "2024-04-02"}]},
        (None, None, "answered_at", 1),
        {"requests": [a_request(answered_at="2024-04-02", answered_on="2024-04-02")]}),
    Row("similar-column", {"cases": pd.DataFrame([a_case()]).rename(columns={"decided_at": "Decided-on"})},
        (None, None, "decided_at", 1),
        {"cases": pd.DataFrame([a_case()]).rename(columns={"decided_at": "judged"})}),
    Row("contradiction", {"cases": [a_case(allocated_at="2024-04-02", valid_at=None)]}, (0, "A1", "valid_at", 1),
        {"cases": [a_case(allocated_at="2024-04-02", valid_at="2024-04-01")]}, {"targets": "investigation-13w"}),
    Row("target-lost", {"cases": [a_case(decided_at="2024-04-30")]}, (None, None, None, 1), {"cases": [a_case()]},
        {"met": "decided-or-allocated-20wd"}),
    Row("too-many-invalid", {"cases": [a_case(decided_at="2024-03-01")]}, (None, None, None, 1), {"cases": [a_case()]},
        {"fail_on": "invalid"}),
]  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.rule)
def test_a_rule_finds_what_breaks_it_and_nothing_else(row: Row) -> None:
    assert found(row.rule, row.wrong, **row.options) == [row.expected]
    assert found(row.rule, row.right, **row.options) == []


def test_every_rule_but_those_of_files_is_in_the_table() -> None:
    assert (
        RULES.keys() - {row.rule for row in TABLE}
        == {"files-overlap", "figure-changed", "sum-exceeds-total"} & RULES.keys()
    )


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_says_what_it_means_and_what_to_do(rule: Any) -> None:
    assert rule.sentence.endswith(".")
    assert rule.remedy.endswith(".")
    assert rule.id == rule.id.lower()


def test_one_wrong_column_is_one_finding() -> None:
    cases = pd.DataFrame(
        {"case_id": [f"A{n}" for n in range(200_000)], "received_at": "28/03/2024", "decided_at": None}
    )
    (finding,) = (
        item for item in checked({"cases": cases.assign(allocated_at=None)}) if item.rule == "unreadable-time"
    )
    assert (finding.count, finding.rows, finding.ids[:2]) == (200_000, (0, 1, 2, 3, 4), ("A0", "A1"))


def test_an_odd_year_is_not_one_where_several_percent_have_it() -> None:
    days = np.array(["2023-05-01"] * 95 + ["1990-05-01"] * 5, "M8[D]").astype(np.int64)
    assert not odd_years(days).any()


@pytest.mark.parametrize(
    ("years", "odd"),
    [
        ([2023] * 40 + [2042], [2042]),
        ([2023] * 40 + [204], [204]),
        ([1924] + [2022] * 20 + [2024] * 20, [1924]),
        ([2023] * 199 + [1, 9999], [1, 9999]),
        ([2023] * 40 + [12024], [12024]),
        ([2023] * 40 + [2029], [2029]),
        ([2023] * 40 + [2028], []),
        ([2023] * 18 + [2042], []),
        ([2000] * 20 + [2020] * 20, []),
    ],
)
def test_years_apart_from_the_group_of_the_middle_are_odd(years: list[int], odd: list[int]) -> None:
    days = np.array([year - 1970 for year in years]).astype("M8[Y]").astype("M8[D]").astype(np.int64)
    assert np.array(years)[odd_years(days)].tolist() == odd


def test_the_nearest_kind_is_named_and_the_word_is_not() -> None:
    says = [item.says for item in checked({"requests": [a_request(kind="service-complaints")]})]
    assert says == ["no target of the scheme uses this kind; it may be meant as 'service-complaint'"]


def test_a_gate_for_a_target_that_is_pending_or_without_records_fails_nothing() -> None:
    findings = checked(
        {"cases": [a_case(received_at="2024-05-30", decided_at=None)]}, targets=None, met="all", every="month"
    )
    assert not any(item.rule == "target-lost" for item in findings)


OWN_TIMES: dict[str, dict[str, Any]] = {
    "signed_at": {"start": "signed_at"},
    "mailed_out_at": {"stop": "mailed_out_at"},
    "promised_at": {"limit": {"field": "promised_at"}},
    "extended_to_at": {"extension": {"to": "extended_to_at"}},
    "extended_at": {"extension": {"to": "extended_to_at", "agreed": "extended_at"}},
}


@pytest.mark.parametrize("name", OWN_TIMES)
def test_a_field_of_ones_own_that_makes_records_invalid_is_found(name: str) -> None:
    """What is no day, or none that the calendar has, whatever the target reads it for."""
    own = {"says": "own", "of": "cases", "start": "received_at", "stop": "decided_at", "limit": "5 days"}
    scheme = LGSCO.with_target("own", cohort="received", **(own | OWN_TIMES[name]))
    filled = dict.fromkeys(OWN_TIMES, "2024-03-29")
    days = ("2024-02-30", "2024-03-29", "1850-01-01")
    cases = [a_case(number, **filled | {name: day}) for number, day in enumerate(days)]
    findings = check(scheme, cases=cases, as_of=AS_OF, targets="own")
    invalid = assess(scheme, cases=cases, as_of=AS_OF, targets="own").query("status == 'invalid'")
    assert invalid["row"].tolist() == [0, 2]
    assert [(item.rule, item.row, item.field) for item in findings] == [("contradiction", row, name) for row in (0, 2)]
