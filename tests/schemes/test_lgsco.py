"""The shipped scheme of LGSCO, against the published standards."""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from ombudsman_kpi import Scheme, assess, list_schemes, load_scheme, measure
from ombudsman_kpi.clocks.limits import Limit, Seconds, Weeks, WorkingDays
from ombudsman_kpi.figures.row import Row
from ombudsman_kpi.measures.share_within import ShareWithin
from ombudsman_kpi.records.conditions import Condition
from ombudsman_kpi.statistics import draw_sample, sample_record, verify_sample

SHARED = Path(__file__).parents[3] / "shared"
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

# No share is published for these; each is of a kind of its own
OTHERS = {
    "keep-in-touch-20wd": "closed",
    "keep-in-touch-intervals-20wd": "due",
    "delays-explained": "due",
    "quality-measures": "dated",
    **{f"quality-measure-{number}": "dated" for number in range(1, 9)},
    "qa-checklist": "dated",
    "decision-checklist": "dated",
    "dip-sample-52w": "dated",
}

PARAPHRASED = {"quality-measures": ["Quality measures (QM)", "qualitative indicators of casework quality"]}


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
    assert {target.id for target in lgsco.targets} == {*MEASURED, *OTHERS}


@pytest.mark.parametrize("name", list(MEASURED))
def test_a_measured_target_is_declared_as_published(name: str, lgsco: Scheme) -> None:
    target, published = lgsco[name], MEASURED[name]
    assert isinstance(target, ShareWithin)
    found = Published(
        target.says, target.of, str(target.start), target.stop, target.limit,
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


@pytest.mark.parametrize("name", list(OTHERS))
def test_the_others_claim_no_standard(name: str, lgsco: Scheme) -> None:
    assert lgsco[name].standard is None


@pytest.mark.parametrize("name", list(OTHERS))
def test_its_headline_cohort_is_that_of_the_table(name: str, lgsco: Scheme) -> None:
    assert lgsco[name].cohort == OTHERS[name]


def test_one_clock_for_the_three_bands_is_said_to_be_a_reading(lgsco: Scheme) -> None:
    for weeks in (13, 26, 52):
        assert "valid complaint" in (lgsco[f"investigation-{weeks}w"].reading or "")


@pytest.mark.parametrize("name", [*MEASURED, *OTHERS])
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
    each = {f"quality-measure-{number}" for number in range(1, 9)}  # quality-measures, one by one
    assert {*names, *each} == {target.id for target in lgsco.targets}


def test_a_drop_in_quality_is_reported_by_exception(lgsco: Scheme, document: str) -> None:
    (exception,) = [report for report in lgsco.reports if report.by_exception]
    assert (exception.audience, exception.every) == ("Executive Team", None)
    assert exception.says is not None
    assert plain(exception.says) in document


# The targets of kinds of their own, on a few records worked by hand


def figure(scheme: Scheme, target: str, *, as_of: str = "2024-12-31", **options: Any) -> Row:
    (row,) = measure(scheme, as_of=as_of, targets=target, **options).rows
    return row


def investigated(start: str = "2024-06-03", decided: str | None = "2024-07-29", case_id: str = "A") -> dict[str, Any]:
    """Give a case whose investigation starts with its allocation."""
    return {
        "case_id": case_id, "received_at": "2024-05-20", "valid_at": "2024-05-20", "allocated_at": start,
        "decided_at": decided,
    }  # fmt: skip


def contacts(
    *days: str, party: str = "complainant", case_id: str = "A", direction: str = "out"
) -> list[dict[str, Any]]:
    return [{"case_id": case_id, "event": "contact", "at": day, "party": party, "direction": direction} for day in days]


# There is no bank holiday between Monday 3 June and Friday 23 August 2024: 20 working days are four weeks.
ON_TIME, TOO_LATE = "2024-07-01", "2024-07-02"


@pytest.mark.parametrize(
    ("complainant", "organisation", "met"),
    [
        ([ON_TIME], [ON_TIME], 1),
        ([ON_TIME], [TOO_LATE], 0),
        ([TOO_LATE], [ON_TIME], 0),
        ([ON_TIME], [], 0),  # eight weeks from the start to the end
        (["2024-06-28"], [ON_TIME], 0),  # from Friday 28 June to Monday 29 July are 21
        (["2024-06-10", "2024-06-10", "2024-07-08"], [ON_TIME], 1),
        (["2024-06-03", "2024-07-29"], [ON_TIME], 0),  # on the first and the last day
    ],
)
def test_keep_in_touch_20wd(complainant: list[str], organisation: list[str], met: int, lgsco: Scheme) -> None:
    events = contacts(*complainant) + contacts(*organisation, party="organisation")
    row = figure(lgsco, "keep-in-touch-20wd", cases=[investigated()], events=events)
    assert (row.met, row.missed, row.status, row.cohort) == (met, 1 - met, "no target", "closed")


def test_keep_in_touch_20wd_leaves_out_open_cases_and_those_never_allocated(lgsco: Scheme) -> None:
    cases = [
        investigated(), investigated(decided=None, case_id="open"),
        {**investigated(case_id="assessment"), "allocated_at": None},
    ]  # fmt: skip
    events = contacts(ON_TIME) + contacts(ON_TIME, party="organisation")
    row = figure(lgsco, "keep-in-touch-20wd", cases=cases, events=events)
    assert (row.met, row.missed, row.excluded) == (1, 0, 2)


def test_keep_in_touch_20wd_needs_contact_that_goes_out(lgsco: Scheme) -> None:
    events = contacts(ON_TIME, direction="in") + contacts(ON_TIME, party="organisation")
    assert figure(lgsco, "keep-in-touch-20wd", cases=[investigated()], events=events).missed == 1


def test_keep_in_touch_intervals_20wd(lgsco: Scheme) -> None:
    # complainant: 20 and 20 working days; organisation: 21 and 19
    events = contacts(ON_TIME) + contacts(TOO_LATE, party="organisation")
    row = figure(lgsco, "keep-in-touch-intervals-20wd", cases=[investigated()], events=events)
    assert (row.met, row.missed, row.exact, row.cohort) == (3, 1, Fraction(3, 4), "due")


@pytest.mark.parametrize(("as_of", "missed", "pending"), [("2024-07-01", 0, 2), ("2024-07-02", 2, 0)])
def test_keep_in_touch_intervals_20wd_of_an_open_case_are_never_met(
    as_of: str, missed: int, pending: int, lgsco: Scheme
) -> None:
    events = contacts("2024-06-10", direction="in")
    row = figure(lgsco, "keep-in-touch-intervals-20wd", cases=[investigated(decided=None)], events=events, as_of=as_of)
    assert (row.met, row.missed, row.overdue, row.pending) == (0, missed, missed, pending)


def explained(*told: tuple[str, str], reason: str | None = "the file came late") -> list[dict[str, Any]]:
    return [
        {"case_id": "A", "event": "delay_explained", "at": day, "party": party, "direction": "out", "reason": reason}
        for day, party in told
    ]


# Received on Monday 3 June 2024, neither decided nor allocated until August: due on 1 July
LATE = {"case_id": "A", "received_at": "2024-06-03", "valid_at": "2024-06-03", "allocated_at": None,
        "decided_at": "2024-08-01"}  # fmt: skip
BOTH = [("2024-07-01", "complainant"), ("2024-06-03", "organisation")]


@pytest.mark.parametrize(
    ("events", "met"),
    [
        (explained(*BOTH), 1),
        (explained(BOTH[0]), 0),
        (explained(BOTH[1]), 0),
        (explained(("2024-07-02", "complainant"), BOTH[1]), 0),  # after the due day
        (explained(("2024-05-31", "complainant"), BOTH[1]), 0),  # before the start
        (explained(*BOTH, reason=None), 0),
        (contacts("2024-06-20"), 0),
    ],
)
def test_delays_explained(events: list[dict[str, Any]], met: int, lgsco: Scheme) -> None:
    row = figure(lgsco, "delays-explained", cases=[LATE], events=[{"reason": None} | event for event in events])
    assert (row.met, row.missed, row.status) == (met, 1 - met, "no target")


def test_delays_explained_asks_for_each_target_that_was_missed(lgsco: Scheme) -> None:
    # allocated in time; decided on the 92nd day after 3 June, so that only the 13 weeks were missed
    case = {**LATE, "allocated_at": "2024-06-04", "decided_at": "2024-09-03"}
    told = explained(("2024-09-02", "complainant"), ("2024-09-02", "organisation"))
    assert figure(lgsco, "delays-explained", cases=[case], events=told).met == 1
    in_time = {**case, "decided_at": "2024-09-02"}
    assert figure(lgsco, "delays-explained", cases=[in_time], events=told).records == 0
    # not allocated in time and 13 weeks missed: the explanation of September is too late for the first
    twice = {**case, "allocated_at": "2024-07-02"}
    row = figure(lgsco, "delays-explained", cases=[twice], events=told)
    assert (row.met, row.missed) == (1, 1)


def reviews(*answers: tuple[str, str, int], source: str | None = None) -> list[dict[str, Any]]:
    given = [(standard, answer) for standard, answer, times in answers for _ in range(times)]
    return [
        {"review_id": f"{source} {number}", "standard": standard, "answer": answer, "reviewed_at": "2024-05-01",
         "source": source}
        for number, (standard, answer) in enumerate(given)
    ]  # fmt: skip


def test_quality_measures_are_pooled_with_each_beside_them(lgsco: Scheme) -> None:
    given = reviews(("1", "met", 3), ("1", "not-met", 1), ("8", "met", 1), ("8", "partly", 1), ("9", "not-met", 7),
                    ("2", "not-applicable", 2))  # fmt: skip
    row = figure(lgsco, "quality-measures", reviews=given)
    assert (row.met, row.missed, row.excluded, row.exact) == (4, 2, 9, Fraction(2, 3))
    assert row.details["parts"] == {"1": (3, 4), "8": (1, 2)}
    assert "pooled: 1 at 75.0% (3 of 4), 8 at 50.0% (1 of 2)" in row.note


@pytest.mark.parametrize("number", range(1, 9))
def test_quality_measure_n(number: int, lgsco: Scheme) -> None:
    own, other = str(number), str(number % 8 + 1)
    given = reviews((own, "met", 2), (own, "not-met", 1), (own, "not-applicable", 5), (other, "not-met", 4))
    row = figure(lgsco, f"quality-measure-{number}", reviews=given)
    assert (row.met, row.missed, row.excluded, row.exact, row.status) == (2, 1, 9, Fraction(2, 3), "no target")


CHECKED = reviews(
    ("correspondence", "met", 3), ("correspondence", "not-met", 1), ("post-decision-review", "met", 1), source="QA"
) + reviews(("line-manager-check", "partly", 1), ("correspondence", "met", 6), ("post-decision-review", "met", 1))


def test_qa_checklist(lgsco: Scheme) -> None:
    row = figure(lgsco, "qa-checklist", reviews=CHECKED)
    assert (row.met, row.missed, row.excluded) == (3, 1, 9)


def test_decision_checklist(lgsco: Scheme) -> None:
    row = figure(lgsco, "decision-checklist", reviews=CHECKED)
    assert (row.met, row.missed, row.excluded) == (2, 1, 10)


def test_dip_sample_52w_is_drawn_recorded_and_read_back_as_reviews(lgsco: Scheme) -> None:
    """Six investigations took a day longer than 52 weeks, and four just as long; one that did is still open."""
    ended = ["2024-05-24"] * 6 + ["2024-05-23"] * 4 + [None]
    cases = [
        {**investigated("2023-06-05", day, f"A{place}"), "received_at": "2023-05-25", "valid_at": "2023-05-25"}
        for place, day in enumerate(ended)
    ]
    assessed = assess(lgsco, cases=cases, as_of="2024-06-30", targets="investigation-52w")
    longer = assessed[assessed["status"] == "late"]
    assert sorted(longer["id"]) == [f"A{place}" for place in range(6)]
    sample = draw_sample(longer, 2, id="id", seed="Dip sample 2024 Q1")
    record = sample_record(sample)
    reviews = [
        {"review_id": one, "standard": "dip-sample-52w", "answer": "met", "reviewed_at": "2024-06-28", "case_id": one}
        for one in record["ids"]
    ]
    row = figure(lgsco, "dip-sample-52w", cases=cases, reviews=reviews, as_of="2024-06-30")
    assert (row.value, row.status) == (2, "no target")
    assert row.details == {"sample": 2, "population": 6}
    assert row.note == "sampled from 6 cases that missed investigation-52w"
    assert verify_sample(longer, record) == ()
    alone = figure(lgsco, "dip-sample-52w", reviews=reviews, as_of="2024-06-30")
    assert (alone.value, alone.details["population"], alone.note) == (2, None, "")
    none = figure(lgsco, "dip-sample-52w", cases=cases[6:10], reviews=reviews, as_of="2024-06-30")
    assert none.note == "sampled from 0 cases that missed investigation-52w"
    assert figure(lgsco, "dip-sample-52w", cases=cases).note == "no reviews were given"


def test_a_dip_sample_is_no_answer_to_the_qa_checklist(lgsco: Scheme) -> None:
    read = [
        {"review_id": "1", "standard": "dip-sample-52w", "answer": "met", "reviewed_at": "2024-06-28", "source": "QA"}
    ]
    assert figure(lgsco, "qa-checklist", reviews=read).met == 0
