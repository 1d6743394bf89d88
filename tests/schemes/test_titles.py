"""Titles of targets: what tables call a commitment. They are no part of what is measured."""

import re

import pytest

from ombudsman_kpi import SchemeError, Tally, list_schemes, load_scheme, measure, tally

LGSCO = load_scheme("lgsco")
CALLS = "intake-calls-60s"


def test_a_title_names_the_target_s_own_limit() -> None:
    assert LGSCO[CALLS].named == "Intake calls answered within 60 seconds"
    sooner = LGSCO.with_target(CALLS, limit="< 30 seconds")
    assert sooner[CALLS].named == "Intake calls answered within less than 30 seconds"
    assert LGSCO.with_target(CALLS, title=None)[CALLS].named == LGSCO[CALLS].says


@pytest.mark.parametrize(
    ("target", "title", "says"),
    [
        (CALLS, "Calls in {standard}", "only {limit} may stand in braces"),
        (CALLS, "Calls {", "only {limit} may stand in braces"),
        ("quality-measures", "Quality within {limit}", "there is no limit; write the title without it"),
        (CALLS, "", "at least 1 character"),
        (CALLS, "x" * 81, "at most 80 characters"),
    ],
)
def test_a_title_that_names_what_is_not_there_is_an_error(target: str, title: str, says: str) -> None:
    with pytest.raises(SchemeError, match=re.escape(says)) as raised:
        LGSCO.with_target(target, title=title)
    assert f"target {target}: " in str(raised.value)
    assert "title" in str(raised.value)


def test_a_title_changes_no_digest_so_that_tallies_still_add_up() -> None:
    """Nor is it among what results and tallies in files are refused for."""
    renamed = LGSCO.with_target(CALLS, title="Calls")
    assert renamed.digest == LGSCO.digest
    assert LGSCO.with_target(CALLS, says="Calls").digest != LGSCO.digest
    call = [{"offered_at": "2024-03-28T10:00:00", "answered_at": "2024-03-28T10:00:10"}]
    first, second = (tally(scheme, calls=call, as_of="2024-03-31", targets=CALLS) for scheme in (LGSCO, renamed))
    (row,) = (first + second).results()
    assert row.met == 2
    assert Tally.from_json(second.to_json()) == first
    assert repr(measure(renamed, calls=call, as_of="2024-03-31", targets=CALLS)).startswith("Calls\n")


@pytest.mark.parametrize("name", list_schemes())
def test_each_published_commitment_has_a_title_of_its_own(name: str) -> None:
    """Short, unlike the others', and with no figure but that of its own limit."""
    titles = [target.named for target in load_scheme(name).targets]
    assert len({*titles}) == len(titles)
    for target in load_scheme(name).targets:
        assert len(target.named) <= 80
        if target.title is not None:
            written = re.sub(r"\{limit\}|Stage [12]|Commitment \d+|CH0[12]|stage [12]|Part 3a", "", target.title)
            assert not re.search(r"\d", written), target.title
