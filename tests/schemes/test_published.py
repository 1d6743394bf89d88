"""The schemes of five documents: every target of them, with its words, its limit and its standard."""

import re
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ombudsman_kpi import Scheme, list_schemes, load_scheme, measure
from ombudsman_kpi.measures.base.on_clock import OnClock
from ombudsman_kpi.measures.not_measured import NotMeasured

ROOT = Path(__file__).parents[2]
SEEDS = ROOT.parent / "shared" / "seeds"


class Target(NamedTuple):
    """What a document says of a target: where it is counted, its limit, and its published figure."""

    of: str
    measure: str
    cohort: str
    limit: str | None = None
    standard: str | None = None
    reading: bool = False  # whether the document leaves something open


DOCUMENTS = {
    "lgsco": "000_aec8f13647f5cc74.txt",
    "lgo-2017-18": "002_3d69d2e7733cafe6.txt",
    "phso-service-charter": "001_a7c667c01775e2e7.txt",
    "tower-hamlets": "003_580b41accb60651a.txt",
    "housing-ombudsman-2019": "004_4f3c087c66b370ec.txt",
}

R, C, D, T = "received", "closed", "due", "dated"
WITHIN, KINDS, SCORE, COUNT, TREND = "share within", "share of kinds", "score", "count", "trend"

LGSCO = {
    "intake-calls-60s": Target("calls", WITHIN, R, "60 seconds", "at least 90%"),
    "written-contacts-3wd": Target("written_contacts", WITHIN, R, "3 working days", "at least 98%"),
    "decided-or-allocated-20wd": Target("cases", WITHIN, R, "20 working days", "at least 40%"),
    "investigation-13w": Target("cases", WITHIN, C, "13 weeks", "at least 75%", reading=True),
    "investigation-26w": Target("cases", WITHIN, C, "26 weeks", "at least 85%", reading=True),
    "investigation-52w": Target("cases", WITHIN, C, "52 weeks", "at least 98%", reading=True),
    "keep-in-touch-20wd": Target("cases", "keep in touch", C, "20 working days", reading=True),
    "keep-in-touch-intervals-20wd": Target("cases", "keep in touch", D, "20 working days", reading=True),
    "service-complaints-20wd": Target("requests", WITHIN, R, "20 working days"),
    "post-decision-reviews-20wd": Target("requests", WITHIN, R, "20 working days"),
    "delays-explained": Target("cases", "delays explained", D, reading=True),
    "quality-measures": Target("reviews", SCORE, T, reading=True),
    **{f"quality-measure-{number}": Target("reviews", SCORE, T) for number in range(1, 9)},
    "qa-checklist": Target("reviews", SCORE, T, reading=True),
    "decision-checklist": Target("reviews", SCORE, T, reading=True),
    "dip-sample-52w": Target("reviews", "count", T, reading=True),
}

LGO = {
    "intake-calls-60s": Target("calls", WITHIN, R, "60 seconds", "at least 95%"),
    "calls-answered": Target("calls", KINDS, R, None, "at least 98%"),
    "average-answer-time": Target("calls", "average", R, None, "at most 20 seconds", reading=True),
    "written-contacts-24h": Target("written_contacts", WITHIN, R, "24 hours", "at least 99%"),
    **{
        f"{team}-{weeks}w": Target("cases", WITHIN, C, f"less than {weeks} weeks", f"at least {share}%", reading=True)
        for team in ("assessment", "investigation")
        for weeks, share in ((13, 65), (26, 85), (52, 99))
    },
    "over-52w-stock": Target("cases", "stock", T, "52 weeks", "at most 60", reading=True),
    "decided-or-allocated-20wd": Target("cases", WITHIN, R, "20 working days", "at least 80%"),
    "joint-working-time-to-allocate": Target("cases", TREND, C, None, "less than 0", reading=True),
    "joint-working-time-to-assess": Target("cases", TREND, C, None, "less than 0", reading=True),
    "joint-working-time-to-investigate": Target("cases", TREND, C, None, "less than 0", reading=True),
    "joint-working-decisions": Target("cases", TREND, T, None, "more than 0"),
    "decision-numbers": Target("cases", TREND, T, None, "more than 0"),
    "case-handling-time": Target("cases", TREND, C, None, "less than 0", reading=True),
    "social-care-3a-complaints": Target("cases", TREND, R, None, "more than 0"),
    "online-enquiries-share": Target("written_contacts", TREND, R, None, "more than 0", reading=True),
    "press-positive-or-neutral": Target("activities", KINDS, T, None, "at least 98%"),
    "opinion-pieces-local-government": Target("activities", COUNT, T, None, "at least 4", reading=True),
    "opinion-pieces-social-care": Target("activities", COUNT, T, None, "at least 4", reading=True),
    "opinion-pieces-national": Target("activities", COUNT, T, None, "at least 3", reading=True),
    "journal-items": Target("activities", COUNT, T, None, "at least 6", reading=True),
    "focus-reports": Target("activities", COUNT, T, None, "at least 4"),
    "training-courses": Target("activities", COUNT, T, None, "at least 70"),
    "newsletter-editions": Target("activities", COUNT, T, None, "at least 1", reading=True),
    "public-reports": Target("activities", TREND, T, None, "more than 0", reading=True),
    "care-provider-bookings": Target("activities", TREND, T, None, "more than 0"),
    "training-requests": Target("activities", TREND, T, None, "more than 0"),
    "tailored-letters": Target("activities", TREND, T, None, "at least 0"),
    "delegate-satisfaction": Target("reviews", TREND, T, None, "at least 0", reading=True),
    "training-requests-declined": Target("activities", COUNT, T, None, "at most 0"),
    "data-protection-officer": Target("activities", "done by", T),
}

PHSO = {
    **{
        f"commitment-{number}-{source}": Target("reviews", SCORE, T, reading=True)
        for number in (5, 8, 9, 11)
        for source in ("cpa", "cf")
    },
    "fair-and-impartial": Target("reviews", SCORE, T, reading=True),
    "cpa-sample": Target("reviews", COUNT, T, None, "about 800", reading=True),
    "cf-interviews": Target("reviews", COUNT, T, None, "about 600"),
}

COUNCIL = {
    "stage-1-20wd": Target("requests", WITHIN, C, "20 working days", reading=True),
    "stage-2-20wd": Target("requests", WITHIN, C, "20 working days", reading=True),
    "stage-1-average-days": Target("requests", "average", C, reading=True),
    "stage-2-average-days": Target("requests", "average", C, reading=True),
    "escalation-rate": Target("requests", KINDS, C, reading=True),
    "volumes": Target("cases", "volume", R),
    "decisions": Target("cases", COUNT, T),
    "uphold-rate": Target("cases", "rank", T, reading=True),
}

HOUSING = {
    "calls-returned-2wd": Target("calls", WITHIN, R, "2 working days", reading=True),
    "acknowledged-3wd": Target("written_contacts", WITHIN, R, "3 working days"),
    "responded-15wd": Target("written_contacts", WITHIN, R, "15 working days"),
    "enquiry-first-response-3w": Target("requests", WITHIN, R, "3 weeks"),
    "enquiry-next-response-2w": Target("requests", WITHIN, R, "2 weeks"),
    "local-resolution-response-2w": Target("written_contacts", WITHIN, R, "2 weeks"),
    "early-resolution-8w": Target("cases", WITHIN, C, "8 weeks"),
    "quality-standards": Target("reviews", SCORE, T, reading=True),
    **{f"quality-standard-{number}": Target("reviews", SCORE, T) for number in range(1, 7)},
    "orders-complied": Target("orders", WITHIN, D, "due_at", reading=True),
}

TABLE = {
    "lgsco": LGSCO, "lgo-2017-18": LGO, "phso-service-charter": PHSO, "tower-hamlets": COUNCIL,
    "housing-ombudsman-2019": HOUSING,
}  # fmt: skip
EVERY_TARGET = [pytest.param(scheme, name, id=f"{scheme}: {name}") for scheme, table in TABLE.items() for name in table]

# Words that are no quotation, with what stands in the document for each
PARAPHRASED: dict[tuple[str, str], tuple[str, ...]] = {
    # two phrases of one paragraph are drawn together
    ("lgsco", "quality-measures"): (
        "Quality measures (QM)", "qualitative indicators of casework quality", "against these standards",
    ),
    # "our users feel we are feel we are making": a slip of the page is left out
    ("phso-service-charter", "fair-and-impartial"): (
        "We combine the scores from commitments 5, 8, 9 and 11 to provide an overall score on whether our users feel we"
        " are", "making fair and impartial decisions",
    ),
    # the page names the commitments by number only, in one sentence
    **{
        ("phso-service-charter", f"commitment-{number}-{source}"): (
            "scores from commitments 5, 8, 9 and 11", words,
        )
        for number in (5, 8, 9, 11)
        for source, words in (("cpa", "casework process assurance (CPA)"), ("cf", "complainant feedback (CF)"))
    },
    # rows and headings of slides: cells are drawn together
    ("tower-hamlets", "stage-2-20wd"): ("20 days at each stage", "61%", "19.8 days"),
    ("tower-hamlets", "stage-2-average-days"): ("61%", "19.8 days"),
    ("tower-hamlets", "uphold-rate"): ("Uphold Rate (%)", "average uphold", "rate (%) of similar", "authorities"),
}  # fmt: skip


@pytest.fixture(scope="module")
def schemes() -> dict[str, Scheme]:
    return {name: load_scheme(name) for name in TABLE}


@pytest.fixture(scope="module")
def documents() -> dict[str, str]:
    """Give the documents, as plain text."""
    if not SEEDS.is_dir():
        pytest.skip("the published documents aren't beside the repository")
    return {name: plain((SEEDS / file).read_text("utf-8")) for name, file in DOCUMENTS.items()}


def plain(text: str) -> str:
    """Leave out what typesetting adds: line breaks, tags, curly quotes, long dashes, capitals."""
    for odd, straight in (("‘", "'"), ("’", "'"), ("“", '"'), ("”", '"'), ("–", "-"), ("—", "-")):
        text = text.replace(odd, straight)
    text = re.sub(r"</?[a-z][^<>]*>", " ", text)
    return " ".join(text.split()).casefold()


def test_these_are_shipped_and_beside_them_standards_in_force_whose_targets_are_worked_on_paper() -> None:
    sections = (ROOT / "docs" / "schemes.md").read_text("utf-8").split("\n## `")[1:]
    in_force = {part.split("`")[0] for part in sections if "tests/schemes/test_live_standards.py::" in part}
    assert set(list_schemes()) == set(TABLE) | in_force
    assert in_force & set(TABLE) == set()


@pytest.mark.parametrize("name", list(TABLE))
def test_a_scheme_has_every_published_target_and_no_other(name: str, schemes: dict[str, Scheme]) -> None:
    found = [target.id for target in schemes[name].targets]
    assert sorted(found) == sorted(TABLE[name])


@pytest.mark.parametrize(("scheme", "name"), EVERY_TARGET)
def test_a_target_is_as_published(scheme: str, name: str, schemes: dict[str, Scheme]) -> None:
    target, published = schemes[scheme][name], TABLE[scheme][name]
    limit = getattr(target, "limit", None)
    found = Target(
        target.of, target.measure, target.cohort,
        None if limit is None else getattr(limit, "field", str(limit)),
        None if target.standard is None else str(target.standard),
        reading=bool(target.reading),
    )  # fmt: skip
    assert found == published._replace(limit=published.limit and published.limit.replace("less than", "<"))


@pytest.mark.parametrize(("scheme", "name"), EVERY_TARGET)
def test_its_words_are_in_the_document(
    scheme: str, name: str, schemes: dict[str, Scheme], documents: dict[str, str]
) -> None:
    for words in PARAPHRASED.get((scheme, name), (schemes[scheme][name].says,)):
        assert plain(words) in documents[scheme]


def test_no_paraphrase_is_listed_without_need(schemes: dict[str, Scheme], documents: dict[str, str]) -> None:
    needless = [key for key in PARAPHRASED if plain(schemes[key[0]][key[1]].says) in documents[key[0]]]
    assert needless == []


@pytest.mark.parametrize("name", list(TABLE))
def test_a_scheme_says_where_it_comes_from(name: str, schemes: dict[str, Scheme]) -> None:
    publisher = {
        "lgsco": "Local Government and Social Care Ombudsman",
        "lgo-2017-18": "Commission for Local Administration in England",
        "phso-service-charter": "Parliamentary and Health Service Ombudsman",
        "tower-hamlets": "London Borough of Tower Hamlets",
        "housing-ombudsman-2019": "Housing Ombudsman Service",
    }[name]
    assert publisher in schemes[name].source
    assert (schemes[name].division, schemes[name].time_zone) == ("england-and-wales", "Europe/London")


def test_the_title_of_each_document_is_in_it(documents: dict[str, str]) -> None:
    titles = {
        "lgsco": "Quality and Service Standards", "lgo-2017-18": "Business Plan 2017-18",
        "phso-service-charter": "Performance against our service charter", "housing-ombudsman-2019":
        "Quality Assurance Policy", "tower-hamlets": "Tower Hamlets",
    }  # fmt: skip
    for name, title in titles.items():
        assert plain(title) in documents[name]
    assert plain("Policy approved: August 2019") in documents["housing-ombudsman-2019"]


def test_the_days_on_which_they_held(schemes: dict[str, Scheme]) -> None:
    plan, policy = schemes["lgo-2017-18"].in_force, schemes["housing-ombudsman-2019"].in_force
    assert plan is not None
    assert policy is not None
    assert (plan.first, plan.last) == (date(2017, 4, 1), date(2018, 3, 31))
    assert (policy.first, policy.last) == (date(2019, 8, 1), None)
    officer = schemes["lgo-2017-18"]["data-protection-officer"]
    assert officer.in_force is not None
    assert officer.in_force.last == date(2018, 5, 25)
    assert {name for name, scheme in schemes.items() if scheme.in_force is None} == {
        "lgsco", "phso-service-charter", "tower-hamlets"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("every", "as_of", "said"), [("financial-year", "2018-03-31", False), ("financial-year", "2018-04-30", True)]
)
def test_a_period_in_which_the_plan_did_not_hold_says_so(
    every: Any, as_of: str, said: bool, schemes: dict[str, Scheme]
) -> None:
    activities = [{"kind": "focus-report", "at": "2017-06-01"}, {"kind": "focus-report", "at": as_of}]
    rows = measure(
        schemes["lgo-2017-18"], activities=activities, as_of=as_of, every=every, targets="focus-reports"
    ).rows
    assert ("in force from 1 April 2017 to 31 March 2018" in rows[-1].note) == said
    assert "in force" not in rows[0].note


@pytest.mark.parametrize(("scheme", "name"), EVERY_TARGET)
def test_no_clock_has_an_option_that_no_document_names(scheme: str, name: str, schemes: dict[str, Scheme]) -> None:
    target = schemes[scheme][name]
    if isinstance(target, OnClock):
        assert target.clock.in_force == {}


@pytest.mark.parametrize(
    ("scheme", "name", "words"),
    [
        ("lgsco", "investigation-13w", "valid complaint"),
        ("lgsco", "delays-explained", "between the start and the due day"),
        ("lgo-2017-18", "assessment-13w", "wasn't allocated"),
        ("lgo-2017-18", "public-reports", "40 reports that are envisaged are no target"),
        ("phso-service-charter", "fair-and-impartial", "mean of the four scores of complainant feedback"),
        ("tower-hamlets", "stage-1-20wd", "Working days"),
        ("tower-hamlets", "uphold-rate", "pooled"),
        ("housing-ombudsman-2019", "orders-complied", "doesn't promise it"),
    ],
)
def test_a_reading_says_what_was_chosen(scheme: str, name: str, words: str, schemes: dict[str, Scheme]) -> None:
    assert words in (schemes[scheme][name].reading or "")


def test_every_published_target_is_measured(schemes: dict[str, Scheme]) -> None:
    assert not [target for scheme in schemes.values() for target in scheme.targets if isinstance(target, NotMeasured)]


# "Less than" in the plan of 2017-18, "within" in the present standards


BANDS = [(13, 91), (26, 182), (52, 364)]
AROUND = [
    pytest.param(weeks, days + by, by, id=f"{weeks} weeks, day {days + by}")
    for weeks, days in BANDS
    for by in (-1, 0, 1)
]


def band(scheme: Scheme, target: str, elapsed: int, *, allocated: bool) -> tuple[int | None, int | None]:
    """Count a case received on 1 April 2016 and decided so many days later."""
    decided = date.fromordinal(date(2016, 4, 1).toordinal() + elapsed)
    case = {"case_id": "A", "received_at": "2016-04-01", "decided_at": decided, "allocated_at": None}
    case |= {"allocated_at": "2016-04-11"} if allocated else {}
    (row,) = measure(scheme, cases=[case], as_of="2018-03-31", targets=target).rows
    return row.met, row.missed


@pytest.mark.parametrize(("weeks", "elapsed", "by"), AROUND)
@pytest.mark.parametrize("team", ["assessment", "investigation"])
def test_in_less_than_so_many_weeks_leaves_their_last_day_out(
    team: str, weeks: int, elapsed: int, by: int, schemes: dict[str, Scheme]
) -> None:
    found = band(schemes["lgo-2017-18"], f"{team}-{weeks}w", elapsed, allocated=team == "investigation")
    assert found == ((1, 0) if by < 0 else (0, 1))


@pytest.mark.parametrize(("weeks", "elapsed", "by"), AROUND)
def test_within_so_many_weeks_has_their_last_day_in_it(
    weeks: int, elapsed: int, by: int, schemes: dict[str, Scheme]
) -> None:
    found = band(schemes["lgsco"], f"investigation-{weeks}w", elapsed, allocated=True)
    assert found == ((1, 0) if by <= 0 else (0, 1))


# Reporting cycles


KPIS = [
    "intake-calls-60s", "written-contacts-3wd", "decided-or-allocated-20wd", "investigation-13w", "investigation-26w",
    "investigation-52w", "keep-in-touch-20wd", "keep-in-touch-intervals-20wd", "service-complaints-20wd",
    "post-decision-reviews-20wd", "delays-explained",
]  # fmt: skip
QUALITY = ["quality-measures", *(f"quality-measure-{number}" for number in range(1, 9))]


def test_the_cycles_of_lgsco_are_those_of_its_document(schemes: dict[str, Scheme]) -> None:
    found = [(report.audience, report.every, list(report.targets)) for report in schemes["lgsco"].reports]
    assert found == [
        ("Executive Team", "month", KPIS),
        ("Commission", "quarter", KPIS),
        ("Casework Managers' Meeting", "two-month", QUALITY),
        ("Casework Impact Group", "two-month", QUALITY),
        ("Commission", "half-year", QUALITY),
        ("Executive Team", None, QUALITY),
    ]
    assert [report.by_exception for report in schemes["lgsco"].reports] == [False] * 5 + [True]
    assert "isn't stated" in (schemes["lgsco"].reports[3].reading or "")


def test_the_service_charter_is_published_each_quarter_and_the_others_name_no_cycle(
    schemes: dict[str, Scheme], documents: dict[str, str]
) -> None:
    (report,) = schemes["phso-service-charter"].reports
    assert (report.every, set(report.targets)) == ("quarter", set(PHSO))
    assert plain(str(report.says)) in documents["phso-service-charter"]
    assert [name for name, scheme in schemes.items() if not scheme.reports] == [
        "lgo-2017-18", "tower-hamlets", "housing-ombudsman-2019"
    ]  # fmt: skip


RECORDS: dict[str, Any] = {
    "calls": [{"offered_at": "2024-04-02T09:00:00", "answered_at": "2024-04-02T09:00:41"}],
    "written_contacts": [{"contact_id": "W", "received_at": "2024-04-02", "handled_at": "2024-04-03"}],
    "cases": [
        {"case_id": "A", "received_at": "2024-04-02", "allocated_at": "2024-04-10", "decided_at": "2024-07-30"}
    ],
    "events": [{"case_id": "A", "event": "contact", "at": "2024-04-11", "party": "complainant", "direction": "out"}],
    "requests": [
        {"request_id": kind, "kind": kind, "received_at": "2024-04-02"}
        for kind in ("service-complaint", "post-decision-review")
    ],
    "reviews": [
        {"review_id": str(number), "standard": str(number), "answer": "met", "reviewed_at": "2024-04-02"}
        for number in range(1, 9)
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("audience", "kpis", "quality"),
    [
        ("commission", {"quarter"}, {"half-year"}),
        ("executive-team", {"month"}, None),
        ("casework-managers-meeting", None, {"two-month"}),
        ("casework-impact-group", None, {"two-month"}),
    ],
)
def test_an_audience_gets_each_target_on_its_cycle(
    audience: str, kpis: set[str] | None, quality: set[str] | None, schemes: dict[str, Scheme]
) -> None:
    rows = measure(schemes["lgsco"], **RECORDS, as_of="2024-09-30", report=audience).rows
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.target, set()).add(row.every)
        assert row.status != "not measured"
    expected = {**({} if kpis is None else dict.fromkeys(KPIS, kpis)),
                **({} if quality is None else dict.fromkeys(QUALITY, quality))}  # fmt: skip
    assert found == expected


def test_to_the_commission_one_target_s_periods_are_its_quarters_or_half_years(schemes: dict[str, Scheme]) -> None:
    results = measure(schemes["lgsco"], **RECORDS, as_of="2024-09-30", report="commission")
    assert [row.period for row in results["written-contacts-3wd"]] == ["2024/25 Q1"]
    assert [row.period for row in results["investigation-52w"]] == ["2024/25 Q2"]
    assert [row.period for row in results["quality-measures"]] == ["2024/25 H1"]
