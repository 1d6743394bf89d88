"""Every target of the PHSO's Service Charter, on a few reviews worked by hand."""

from fractions import Fraction
from itertools import count
from typing import Any

import pytest

from ombudsman_kpi import Scheme, load_scheme, measure
from ombudsman_kpi.figures.row import Row

SCORES = [(number, source) for number in (5, 8, 9, 11) for source in ("CPA", "CF")]


@pytest.fixture(scope="module")
def charter() -> Scheme:
    return load_scheme("phso-service-charter")


def reviews(*answers: tuple[int, str, str, int], day: str = "2024-05-01") -> list[dict[str, Any]]:
    """Give reviews: so many answers of a kind on a commitment, from a source; each of a case of its own."""
    numbers = count()
    return [
        {
            "review_id": f"{day} {(number := next(numbers))}", "case_id": f"{day} {number}", "standard": str(standard),
            "source": source, "answer": answer, "reviewed_at": day,
        }
        for standard, source, answer, times in answers
        for _ in range(times)
    ]  # fmt: skip


def figure(
    scheme: Scheme, target: str, given: list[dict[str, Any]], *, as_of: str = "2024-06-30", **options: Any
) -> Row:
    (row,) = measure(scheme, reviews=given, as_of=as_of, targets=target, **{"every": "quarter"} | options).rows
    return row


def score(scheme: Scheme, standard: int, source: str) -> None:
    """Find 3 of 5: partly met isn't met, not applicable is left out, and so are the others' answers."""
    other = "CF" if source == "CPA" else "CPA"
    given = reviews(
        (standard, source, "met", 3), (standard, source, "partly", 1), (standard, source, "not-met", 1),
        (standard, source, "not-applicable", 4), (standard, other, "not-met", 7), (standard + 20, source, "not-met", 9),
    )  # fmt: skip
    row = figure(scheme, f"commitment-{standard}-{source.lower()}", given)
    assert (row.exact, row.met, row.missed, row.excluded, row.status) == (Fraction(3, 5), 3, 2, 20, "no target")
    assert (row.period, row.standard, row.details["sample"]) == ("2024/25 Q1", None, 5)
    assert "sample of 5; 95% interval" in row.note
    assert "excluded: 9 standard is not" in row.note
    assert "4 not applicable" in row.note


def test_commitment_5_cpa(charter: Scheme) -> None:
    score(charter, 5, "CPA")


def test_commitment_5_cf(charter: Scheme) -> None:
    score(charter, 5, "CF")


def test_commitment_8_cpa(charter: Scheme) -> None:
    score(charter, 8, "CPA")


def test_commitment_8_cf(charter: Scheme) -> None:
    score(charter, 8, "CF")


def test_commitment_9_cpa(charter: Scheme) -> None:
    score(charter, 9, "CPA")


def test_commitment_9_cf(charter: Scheme) -> None:
    score(charter, 9, "CF")


def test_commitment_11_cpa(charter: Scheme) -> None:
    score(charter, 11, "CPA")


def test_commitment_11_cf(charter: Scheme) -> None:
    score(charter, 11, "CF")


@pytest.mark.parametrize(("standard", "source"), SCORES)
def test_a_score_of_one_s_own_standard_is_met_or_missed(standard: int, source: str, charter: Scheme) -> None:
    name = f"commitment-{standard}-{source.lower()}"
    own = charter.with_target(name, standard="at least 75%")
    assert figure(own, name, reviews((standard, source, "met", 3), (standard, source, "not-met", 1))).status == "met"
    assert figure(own, name, reviews((standard, source, "met", 2), (standard, source, "not-met", 1))).status == "missed"
    assert figure(own, name, reviews((standard, source, "not-applicable", 2))).status == "no data"


@pytest.mark.parametrize(
    ("partly", "share"), [("met", Fraction(4, 5)), ("not met", Fraction(3, 5)), ("left out", Fraction(3, 4))]
)
def test_partly_met_counts_as_the_scheme_says(partly: str, share: Fraction, charter: Scheme) -> None:
    given = reviews((5, "CF", "met", 3), (5, "CF", "partly", 1), (5, "CF", "not-met", 1))
    row = figure(charter.with_target("commitment-5-cf", partly=partly), "commitment-5-cf", given)
    assert row.exact == share


FOUR = reviews(
    (5, "CF", "met", 3), (5, "CF", "not-met", 1),  # 3/4
    (8, "CF", "met", 1), (8, "CF", "not-met", 1),  # 1/2
    (9, "CF", "met", 2),  # 1
    (11, "CF", "met", 1), (11, "CF", "partly", 1), (11, "CF", "not-met", 2),  # 1/4
    (5, "CPA", "met", 9), (9, "CPA", "not-met", 1), (4, "CF", "not-met", 8),
)  # fmt: skip


def test_fair_and_impartial_is_the_mean_of_four_scores_of_feedback(charter: Scheme) -> None:
    row = figure(charter, "fair-and-impartial", FOUR)
    # (3/4 + 1/2 + 1 + 1/4) / 4, of which pooled it would be 7 of 12
    assert (row.exact, row.status) == (Fraction(5, 8), "no target")
    assert row.details["parts"] == {"5": (3, 4), "8": (1, 2), "9": (2, 2), "11": (1, 4)}
    assert (
        "mean of scores: 5 at 75.0% (3 of 4), 8 at 50.0% (1 of 2), 9 at 100.0% (2 of 2), 11 at 25.0% (1 of 4)"
        in row.note
    )


def test_fair_and_impartial_pooled_or_of_the_other_source(charter: Scheme) -> None:
    pooled = charter.with_target("fair-and-impartial", combined="pooled")
    row = figure(pooled, "fair-and-impartial", FOUR)
    assert row.exact == Fraction(7, 12)
    assert "pooled: 5 at 75.0% (3 of 4)" in row.note
    of_the_team = charter.with_target("fair-and-impartial", where={"standard": ["5", "8", "9", "11"], "source": "CPA"})
    assert figure(of_the_team, "fair-and-impartial", FOUR).exact == Fraction(1, 2)  # 1 and 0


def test_fair_and_impartial_with_a_standard_of_one_s_own(charter: Scheme) -> None:
    for standard, status in (("at least 62.5%", "met"), ("at least 62.6%", "missed"), ("more than 62.5%", "missed")):
        own = charter.with_target("fair-and-impartial", standard=standard)
        assert figure(own, "fair-and-impartial", FOUR).status == status


def test_fair_and_impartial_is_worked_out_each_quarter_and_never_by_averaging_quarters(charter: Scheme) -> None:
    later = reviews((5, "CF", "met", 1), (8, "CF", "not-met", 5), day="2024-07-01")
    rows = measure(
        charter, reviews=FOUR + later, as_of="2024-09-30", every=["quarter", "half-year"], targets="fair-and-impartial"
    ).rows
    # the half-year: 4/5, 1/7, 1, 1/4
    assert {row.period: row.exact for row in rows} == {
        "2024/25 Q1": Fraction(5, 8), "2024/25 Q2": Fraction(1, 2),
        "2024/25 H1": (Fraction(4, 5) + Fraction(1, 7) + 1 + Fraction(1, 4)) / 4,
    }  # fmt: skip


def test_cpa_sample_counts_a_case_once_however_many_commitments_were_looked_at(charter: Scheme) -> None:
    given = [
        {**review, "case_id": case} for case in "ABC" for review in reviews((5, "CPA", "met", 1), (8, "CPA", "met", 1))
    ]
    given = [{**review, "review_id": str(number)} for number, review in enumerate(given)]
    row = figure(charter, "cpa-sample", [*given, *reviews((5, "CF", "met", 4))])
    assert (row.value, row.excluded) == (3, 7)
    assert (row.operator, row.standard, row.status) == ("about", 800, "no target")


def test_cpa_sample_counts_a_case_in_each_quarter_in_which_it_is_looked_at(charter: Scheme) -> None:
    again = {"case_id": "A", "standard": "5", "source": "CPA", "answer": "met"}
    given = [
        {**again, "review_id": "1", "reviewed_at": "2024-07-01"},
        {**again, "review_id": "2", "reviewed_at": "2024-06-30"},
    ]
    rows = measure(charter, reviews=given, as_of="2024-09-30", every="quarter", targets="cpa-sample").rows
    assert [(row.period, row.value) for row in rows] == [("2024/25 Q1", 1), ("2024/25 Q2", 1)]


@pytest.mark.parametrize("interviews", [1, 599, 600, 601])
def test_cf_interviews_around_600_are_expected_and_not_promised(interviews: int, charter: Scheme) -> None:
    row = figure(charter, "cf-interviews", reviews((5, "CF", "met", interviews), (5, "CPA", "met", 3)))
    assert (row.value, row.standard, row.operator, row.status) == (interviews, 600, "about", "no target")
    assert row.headroom is None


def test_cf_interviews_are_a_number_for_a_quarter(charter: Scheme) -> None:
    given = reviews((5, "CF", "met", 2))
    row = figure(charter, "cf-interviews", given, every="month", as_of="2024-05-31")
    assert row.value == 2
    assert "the standard is for each quarter: measure with every='quarter'" in row.note


def test_a_score_can_say_what_its_sample_was_drawn_from(charter: Scheme) -> None:
    scheme = charter.with_target(
        "cases", says="Cases decided", measure="count", of="cases", dated="decided_at", cohort="dated"
    ).with_target("commitment-5-cpa", sampled_from="cases")
    cases = [{"case_id": str(number), "received_at": "2024-04-02", "decided_at": "2024-05-01"} for number in range(40)]
    rows = measure(
        scheme, reviews=reviews((5, "CPA", "met", 3), (5, "CPA", "not-met", 1)), cases=cases, as_of="2024-06-30",
        every="quarter", targets=["cases", "commitment-5-cpa"],
    )["commitment-5-cpa"].rows  # fmt: skip
    assert (rows[0].details["sample"], rows[0].details["population"]) == (4, 40)
    assert "sample of 4 from 40" in rows[0].note


def test_the_public_gets_all_of_it_each_quarter(charter: Scheme) -> None:
    rows = measure(charter, reviews=FOUR, as_of="2024-06-30", report="public").rows
    assert {row.every for row in rows} == {"quarter"}
    assert {row.target for row in rows} == {target.id for target in charter.targets}


def test_every_target_is_measured_here(charter: Scheme) -> None:
    tests = " ".join(name for name in globals() if name.startswith("test_"))
    missing = [target.id for target in charter.targets if f"test_{target.id.replace('-', '_')}" not in tests]
    assert missing == []
