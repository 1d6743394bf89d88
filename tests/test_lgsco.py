"""The shipped scheme of LGSCO, against the published standards."""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from ombudsman_kpi import Scheme, list_schemes, load_scheme
from ombudsman_kpi.limits import Limit, Seconds, Weeks, WorkingDays
from ombudsman_kpi.standards import Condition
from ombudsman_kpi.targets import NotMeasured, ShareWithin

SHARED = Path(__file__).parents[2] / "shared"
DOCUMENT = SHARED / "seeds" / "000_aec8f13647f5cc74.txt"
TABLE = SHARED / "design" / "schemes.md"


@dataclass(frozen=True)
class Published:
    """One commitment, as the document has it."""

    says: str
    of: str
    start: str
    stop: tuple[str, ...]
    limit: Limit
    percent: int | None
    cohort: str
    where: tuple[tuple[str, Condition], ...] = ()


INVESTIGATED = (("allocated_at", Condition(present=True)),)

MEASURED = {
    "intake-calls-60s": Published(
        "90% of Intake calls answered within 60 seconds",
        "calls", "offered_at", ("answered_at",), Seconds(60), 90, "received",
    ),
    "written-contacts-3wd": Published(
        "98% of written contacts handled within 3 working days of receipt by Intake team",
        "written_contacts", "received_at", ("handled_at",), WorkingDays(3), 98, "received",
    ),
    "decided-or-allocated-20wd": Published(
        "Decide at least 40% of cases in Assessment or allocate them in Investigation "
        "within 20 working days of receipt",
        "cases", "received_at", ("decided_at", "allocated_at"), WorkingDays(20), 40, "received",
    ),
    "investigation-13w": Published(
        "75% within 13 weeks of receipt of a valid complaint",
        "cases", "valid_at", ("decided_at",), Weeks(13), 75, "closed", INVESTIGATED,
    ),
    "investigation-26w": Published(
        "85% within 26 weeks of receipt",
        "cases", "valid_at", ("decided_at",), Weeks(26), 85, "closed", INVESTIGATED,
    ),
    "investigation-52w": Published(
        "98% within 52 weeks of receipt",
        "cases", "valid_at", ("decided_at",), Weeks(52), 98, "closed", INVESTIGATED,
    ),
    "service-complaints-20wd": Published(
        "We deal with complaints about our service and post decision review requests within 20 working days",
        "requests", "received_at", ("answered_at",), WorkingDays(20), None, "received",
        (("kind", Condition(("service-complaint",))),),
    ),
    "post-decision-reviews-20wd": Published(
        "We deal with complaints about our service and post decision review requests within 20 working days",
        "requests", "received_at", ("answered_at",), WorkingDays(20), None, "received",
        (("kind", Condition(("post-decision-review",))),),
    ),
}  # fmt: skip

# What the present measures don't reach; they are declared all the same, with a reason.
UNTIL_MEASURED = {
    "keep-in-touch-20wd": "closed",
    "keep-in-touch-intervals-20wd": "due",
    "delays-explained": "due",
    "quality-measures": "dated",
    "qa-checklist": "dated",
    "decision-checklist": "dated",
    "dip-sample-52w": "closed",
}

PARAPHRASED = {"quality-measures": ["Quality measures (QM)", "qualitative indicators of casework quality"]}

KPIS = [
    "intake-calls-60s", "written-contacts-3wd", "decided-or-allocated-20wd", "investigation-13w",
    "investigation-26w", "investigation-52w", "keep-in-touch-20wd", "keep-in-touch-intervals-20wd",
    "service-complaints-20wd", "post-decision-reviews-20wd", "delays-explained",
]  # fmt: skip


@pytest.fixture(scope="module")
def lgsco() -> Scheme:
    return load_scheme("lgsco")


def plain(text: str) -> str:
    """Leave out what typesetting adds: line breaks, curly quotes, capitals."""
    for curly, straight in (("‘", "'"), ("’", "'"), ("“", '"'), ("”", '"')):
        text = text.replace(curly, straight)
    return " ".join(text.split()).casefold()


@pytest.fixture(scope="module")
def document() -> str:
    if not DOCUMENT.is_file():
        pytest.skip("the published document isn't beside the repository")
    return plain(DOCUMENT.read_text("utf-8"))


def test_it_comes_with_the_library(lgsco: Scheme) -> None:
    assert "lgsco" in list_schemes()
    assert lgsco.id == "lgsco"


def test_it_counts_the_working_days_of_england_and_wales_on_clocks_in_london(lgsco: Scheme) -> None:
    assert (lgsco.division, lgsco.time_zone, lgsco.closures) == ("england-and-wales", "Europe/London", ())


def test_it_names_its_source(lgsco: Scheme) -> None:
    assert "Quality and Service Standards" in lgsco.source
    assert "Local Government and Social Care Ombudsman" in lgsco.source


def test_it_has_every_published_target_and_no_other(lgsco: Scheme) -> None:
    assert {target.id for target in lgsco.targets} == {*MEASURED, *UNTIL_MEASURED}


@pytest.mark.parametrize("name", list(MEASURED))
def test_a_measured_target_is_declared_as_published(name: str, lgsco: Scheme) -> None:
    target, published = lgsco[name], MEASURED[name]
    assert isinstance(target, ShareWithin)
    found = Published(
        target.says, target.of, str(target.start), target.stop, target.limit,  # type: ignore[arg-type]
        None if target.standard is None else int(target.standard.value * 100),
        target.cohort, tuple(target.where.items()),
    )  # fmt: skip
    assert found == published
    assert type(target.limit) is type(published.limit)  # 13 weeks aren't 91 days
    assert target.clock.in_force == {}


@pytest.mark.parametrize("name", [name for name, published in MEASURED.items() if published.percent is not None])
def test_a_standard_is_the_exact_figure_that_its_words_name(name: str, lgsco: Scheme) -> None:
    standard, percent = lgsco[name].standard, MEASURED[name].percent
    assert standard is not None
    assert percent is not None
    assert (standard.operator, standard.value, standard.unit) == ("at least", Fraction(percent, 100), "%")
    assert f"{percent}%" in lgsco[name].says


@pytest.mark.parametrize("name", [name for name, published in MEASURED.items() if published.percent is None])
def test_where_no_share_is_published_none_is_invented(name: str, lgsco: Scheme) -> None:
    assert lgsco[name].standard is None
    assert "%" not in lgsco[name].says


@pytest.mark.parametrize("name", list(UNTIL_MEASURED))
def test_what_is_not_measured_says_why_and_claims_no_standard(name: str, lgsco: Scheme) -> None:
    target = lgsco[name]
    assert isinstance(target, NotMeasured)
    assert len(target.reason) > 20
    assert target.standard is None


@pytest.mark.parametrize("name", list(UNTIL_MEASURED))
def test_its_headline_cohort_is_that_of_the_table(name: str, lgsco: Scheme) -> None:
    assert lgsco[name].cohort == UNTIL_MEASURED[name]


def test_one_clock_for_the_three_bands_is_said_to_be_a_reading(lgsco: Scheme) -> None:
    for weeks in (13, 26, 52):
        assert "valid complaint" in (lgsco[f"investigation-{weeks}w"].reading or "")


@pytest.mark.parametrize("name", [*MEASURED, *UNTIL_MEASURED])
def test_its_words_are_in_the_document(name: str, lgsco: Scheme, document: str) -> None:
    for words in PARAPHRASED.get(name, [lgsco[name].says]):
        assert plain(words) in document


def test_the_titles_words_are_in_the_document(lgsco: Scheme, document: str) -> None:
    assert plain(lgsco.title.removeprefix("LGSCO ")) in document


def test_every_percentage_of_the_commitments_is_a_targets(document: str, lgsco: Scheme) -> None:
    commitments = document[document.index("key performance target commitments") : document.index("lgo logogram")]
    printed = sorted(int(figure) for figure in re.findall(r"(\d+)%", commitments))
    declared = sorted(int(target.standard.value * 100) for target in lgsco.targets if target.standard is not None)
    assert declared == printed


def test_every_target_of_the_table_is_in_the_file(lgsco: Scheme) -> None:
    if not TABLE.is_file():
        pytest.skip("the table of schemes isn't beside the repository")
    section = TABLE.read_text("utf-8").split("## 1 ")[1].split("## 2 ")[0]
    names: list[str] = []
    for row in re.findall(r"^\| ([a-z][^|]*?) \|", section, re.MULTILINE):
        stem = ""
        for part in re.sub(r"\([A-Z]\)", "", row).replace(" ", "").split(","):
            stem = part.rsplit("-", 1)[0] if not part.startswith("-") else stem
            names.append(stem + part if part.startswith("-") else part)
    names.remove("target")
    assert set(names) == {target.id for target in lgsco.targets}


# Reporting cycles


def cycles(lgsco: Scheme) -> dict[tuple[str, Any], tuple[str, ...]]:
    return {(report.audience, report.every): report.targets for report in lgsco.reports if not report.by_exception}


def test_the_reporting_cycles_are_those_of_the_document(lgsco: Scheme) -> None:
    assert set(cycles(lgsco)) == {
        ("Executive Team", "month"),
        ("Commission", "quarter"),
        ("Casework Managers' Meeting", "two-month"),
        ("Casework Impact Group", "two-month"),
        ("Commission", "half-year"),
    }


def test_the_indicators_go_to_the_executive_team_monthly_and_to_the_commission_quarterly(lgsco: Scheme) -> None:
    assert list(cycles(lgsco)["Executive Team", "month"]) == KPIS
    assert list(cycles(lgsco)["Commission", "quarter"]) == KPIS


@pytest.mark.parametrize(
    ("audience", "every"),
    [("Casework Managers' Meeting", "two-month"), ("Casework Impact Group", "two-month"), ("Commission", "half-year")],
)
def test_the_quality_measures_have_a_cycle_of_their_own(audience: str, every: str, lgsco: Scheme) -> None:
    assert cycles(lgsco)[audience, every] == ("quality-measures",)


def test_a_drop_in_quality_is_reported_by_exception(lgsco: Scheme, document: str) -> None:
    (exception,) = [report for report in lgsco.reports if report.by_exception]
    assert (exception.audience, exception.every, exception.targets) == ("Executive Team", None, ("quality-measures",))
    assert exception.says is not None
    assert plain(exception.says) in document
