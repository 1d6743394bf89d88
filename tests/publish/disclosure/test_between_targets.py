"""What a reader takes from several targets that count the same records."""

from typing import Any

import ombudsman_kpi as kpi

Rows = list[dict[str, Any]]


def complaints(number: int, team: str, received: str, answered: str, outcome: str) -> Rows:
    return [
        {"request_id": f"{team}-{received}-{answered}-{outcome}-{place}", "kind": "complaint", "received_at": received,
         "acknowledged_at": received, "answered_at": answered, "extended_at": None, "extended_to_at": None,
         "outcome": outcome, "team": team}
        for place in range(number)
    ]  # fmt: skip


def shown(results: kpi.Results) -> dict[tuple[str, str, str], dict[str, Any]]:
    rows = results.to_dict()["rows"]
    return {(row["target"], row["period"], row["team"]): row for row in rows}


def test_a_kind_is_not_what_the_others_leave_of_all() -> None:
    requests: Rows = []
    for outcome, of_a, of_b in (("upheld", 50, 50), ("partially-upheld", 40, 40), ("not-upheld", 5, 30)):
        requests += complaints(of_a, "A", "2024-01-10", "2024-01-20", outcome)
        requests += complaints(of_b, "B", "2024-01-10", "2024-01-20", outcome)
    scheme = kpi.load_scheme("nhs-complaints").with_disclosure(threshold=10)
    results = kpi.measure(scheme, requests=requests, as_of="2024-04-30", every="month", by="team")
    rows = shown(results)
    kinds = [rows[kind, "Jan 2024", "A"] for kind in ("upheld", "partially-upheld", "not-upheld")]
    assert kinds[0]["records"] == 95  # of which 50, 40 and 5
    assert sum(kind["met"] is None for kind in kinds) > 1


def test_a_caseload_is_not_what_came_less_what_left() -> None:
    requests: Rows = []
    for team, late in (("A", 5), ("B", 0)):
        requests += complaints(100 - late, team, "2024-01-10", "2024-01-20", "upheld")
        requests += complaints(late, team, "2024-01-25", "2024-02-05", "upheld")  # open at the end of January
        requests += complaints(100, team, "2024-02-10", "2024-02-20", "upheld")
    scheme = kpi.load_scheme("disp").with_disclosure(threshold=10)
    targets = ["answered-8w", "closed-within-8w", "caseload"]
    results = kpi.measure(scheme, requests=requests, as_of="2024-04-30", every="month", by="team", targets=targets)
    rows = shown(results)
    assert rows["caseload", "Jan 2024", "A"]["value"] is None  # 5
    came, left = (rows[target, "Jan 2024", "A"]["records"] for target in ("answered-8w", "closed-within-8w"))
    assert None in {came, left}
    following, came = (rows[target, "Feb 2024", "A"]["records"] for target in ("caseload", "answered-8w"))
    assert None in {following, came}
