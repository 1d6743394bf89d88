"""A standard is written as exactly as it was read, however many decimals it has."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ombudsman_kpi import Scheme, SchemeError, list_schemes, load_scheme, measure, tally
from ombudsman_kpi.measures.base.standard import Standard, parse_standard
from ombudsman_kpi.tallies.storage import from_json, to_json

laws = settings(max_examples=300, deadline=None, derandomize=True)
digits = st.text("0123456789", min_size=1)
operators = st.sampled_from(["", "at least ", "at most ", "more than ", "less than ", "about ", "no more than "])
figures = st.one_of(
    digits.map(lambda whole: whole[:300]),
    st.tuples(digits, digits).map(lambda parts: f"{parts[0][:149]}.{parts[1][:150]}"),
)
shares = st.one_of(digits.map(lambda part: f"0.{part[:290]}"), st.tuples(st.integers(0, 99), digits).map(
    lambda parts: f"{parts[0]}.{parts[1][:290]}"
))  # fmt: skip


@laws
@given(operators, figures, st.sampled_from(["", " days", " working days"]))
@example("at least ", "0" * 299 + "1", "")
@example("at most ", "0." + "0" * 297 + "1", " days")
@example("", "9" * 300, "")
def test_what_is_written_is_read_again(operator: str, figure: str, unit: str) -> None:
    standard = parse_standard(f"{operator}{figure}{unit}")
    assert standard.value == Fraction(figure)
    assert parse_standard(str(standard)) == standard
    written = str(standard).removeprefix(standard.operator).removesuffix(standard.unit).strip()
    assert Fraction(written) == Fraction(figure)
    assert "." not in written or written[-1] in "123456789"  # of equal figures one text, and so one digest


@laws
@given(operators, shares)
@example("", "99.9999999")
@example("less than ", "0.0000001")
def test_a_share_is_written_as_it_was_read(operator: str, figure: str) -> None:
    standard = parse_standard(f"{operator}{figure}%")
    assert standard.value == Fraction(figure) / 100
    assert parse_standard(str(standard)) == standard
    assert Decimal(str(standard).removeprefix(standard.operator).removesuffix("%")) == Decimal(figure)


SHARE = "decided-or-allocated-20wd"


@settings(max_examples=25, deadline=None, derandomize=True)
@given(operators, shares)
@example("", "99.9999999")
def test_changing_another_target_changes_no_standard(operator: str, figure: str) -> None:
    scheme = load_scheme("lgsco").with_target(SHARE, standard=f"{operator}{figure}%")
    other = scheme.with_target("intake-calls-60s", standard="at least 91%")
    assert other[SHARE].standard == scheme[SHARE].standard
    assert [one.standard for one in other.targets if one.id != "intake-calls-60s"] == [
        one.standard for one in scheme.targets if one.id != "intake-calls-60s"
    ]
    back = other.with_target("intake-calls-60s", standard="at least 90%")
    assert back.digest == scheme.digest
    assert Scheme.model_validate_json(scheme.model_dump_json(exclude_unset=True)) == scheme


def test_standards_that_differ_in_the_last_decimal_have_other_digests() -> None:
    texts = ("100%", "99.9999999%", "99.99999999%", f"99.{'9' * 200}%", f"99.{'9' * 201}%")
    digests = {load_scheme("lgsco").with_target(SHARE, standard=text).digest for text in texts}
    assert len(digests) == len(texts)


def test_a_tally_at_rest_keeps_the_standard() -> None:
    scheme = load_scheme("lgsco").with_target(SHARE, standard="at least 99.9999001%")
    cases = [{"case_id": "A", "received_at": "2024-01-02", "decided_at": "2024-01-03", "allocated_at": None}]
    counts = tally(scheme, cases=cases, targets=SHARE, as_of="2024-03-31")
    assert from_json(to_json(counts)).basis == counts.basis
    results = measure(scheme, cases=cases, targets=SHARE, as_of="2024-03-31")
    assert type(results).from_json(results.to_json()).scheme[SHARE].standard == scheme[SHARE].standard


@pytest.mark.parametrize("name", list_schemes())
def test_shipped_schemes_are_written_as_before(name: str) -> None:
    """Six decimals are enough for all of them, and were all that there were."""
    for target in load_scheme(name).targets:
        standard = target.standard
        if standard is not None:
            figure = float(standard.value * 100 if standard.unit == "%" else standard.value)
            text = f"{figure:f}".rstrip("0").rstrip(".")
            assert (
                str(standard) == f"{standard.operator} {text}{'' if standard.unit in {'%', ''} else ' '}{standard.unit}"
            )


@pytest.mark.parametrize("figure", ["1" * 301, "1" * 5000, "0." + "1" * 299, "0." + "1" * 5000])
def test_a_figure_of_more_than_300_digits_is_a_mistake(figure: str) -> None:
    for text in (figure, f"{figure}%", f"at least {figure} days"):
        with pytest.raises(SchemeError, match="isn't a standard") as refused:
            parse_standard(text)
        assert len(str(refused.value)) < 400


@pytest.mark.parametrize("value", [Fraction(1, 3), Fraction(-1, 2), 0.98])
def test_what_cannot_be_written_is_no_standard(value: Fraction) -> None:
    with pytest.raises(SchemeError, match="decimal number of 0 or more"):
        Standard("at least", value, "%")


def test_the_largest_standard_has_results() -> None:
    scheme = load_scheme("lgsco").with_target(
        "received", measure="count", of="cases", says="So many", dated="received_at", cohort="dated",
        standard="at most " + "9" * 300,
    )  # fmt: skip
    cases = [{"case_id": "A", "received_at": "2024-01-02"}]
    (row,) = measure(scheme, cases=cases, targets="received", as_of="2024-03-31").rows
    assert (row.status, row.standard) == ("met", 1e300)
