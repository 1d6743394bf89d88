"""Labels of periods, as published tables write them."""

import calendar
import re
from datetime import date
from itertools import product
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ombudsman_kpi import OptionError
from ombudsman_kpi.calendars.periods import EVERY, Every, Period, Quarters, parse_period, period_of

LAW = settings(max_examples=300)
DAYS = st.dates(date(1990, 1, 1), date(2040, 12, 31))

# The forms of labels, by the kind of period and its first and last day.
FORMS: dict[tuple[Every, str, str], tuple[str, ...]] = {
    ("year", "2014-01-01", "2014-12-31"): ("2014", " 2014 "),
    ("financial-year", "2014-04-01", "2015-03-31"): (
        "2014/15", "2014/2015", "2014-2015", "2014-15", "FY 2014/15", "FY2014-15", "fy 2014-2015", "2014–15",
        "2014 / 15",
        "2014 – 2015", "Financial year 2014/15", "2014\u00a0/\u00a015",
    ),
    ("financial-year", "1999-04-01", "2000-03-31"): ("1999/00", "1999-00", "1999/2000"),
    ("financial-year", "2011-04-01", "2012-03-31"): ("2011/12", "FY 2011-12", "2011-2012", "FY2011–12"),
    ("half-year", "2014-04-01", "2014-09-30"): ("H1 2014/15", "2014/15 H1", "2014-15 Half 1", "half-year 1 2014/15"),
    ("half-year", "2014-10-01", "2015-03-31"): ("H2 2014/15", "2014-2015 H2", "h2 2014–15"),
    ("quarter", "2015-01-01", "2015-03-31"): (
        "Q4 2014/15", "2014-15 Quarter 4", "2014/15 Q4", "Quarter 4 2014/15", "Q4 2014-15", "q4 2014–15",
        "QUARTER 4 2014/15",
        "Q4\u00a02014/15", "Q4 2014/2015", "2014/15, Q4", "2014/15 – Q4", "Qtr 4 2014/15", "Q4 FY 2014/15",
        "FY2014/15 Q4",
    ),
    ("quarter", "2011-04-01", "2011-06-30"): ("Q1 2011-12", "2011-12 Q1", "2011/12 Q1"),
    ("quarter", "2011-07-01", "2011-09-30"): ("Q2 2011/12",),
    ("quarter", "2011-10-01", "2011-12-31"): ("Quarter 3 2011/12",),
    ("month", "2007-07-01", "2007-07-31"): (
        "July 2007", "Jul 2007", "Jul-07", "Jul-2007", "200707", "2007-07", "07/2007", "7/2007", "JULY 2007", "july-07",
        "Jul\u202f2007", "Jul. 2007", "2007 JUL", "07-2007", "Jul – 07", "2007–07",
    ),
    ("month", "2008-09-01", "2008-09-30"): (
        "Sept 2008", "Sep 2008", "September 2008", "SEPT-08", "Sept. 2008", "9/2008",
    ),
    ("month", "2012-02-01", "2012-02-29"): ("Feb 2012", "February 2012", "2/2012", "201202", "2012-02", "Feb-12"),
    ("month", "2011-12-01", "2011-12-31"): ("Dec 2011", "12/2011", "201112", "Dec-11"),
    ("month", "2012-12-01", "2012-12-31"): ("2012-12",),
    ("month", "2068-01-01", "2068-01-31"): ("Jan-68",),
    ("month", "1969-01-01", "1969-01-31"): ("Jan-69",),
    ("two-month", "2018-04-01", "2018-05-31"): ("Apr-May 2018", "April – May 2018", "Apr 2018-May 2018"),
    ("two-month", "2018-12-01", "2019-01-31"): ("Dec 2018-Jan 2019", "December 2018 – January 2019"),
    ("week", "2015-02-16", "2015-02-22"): (
        "w/e 22 Feb 2015", "W/E 22/02/2015", "week ending 22 February 2015", "w/c 16 Feb 2015", "w/e 22-Feb-15",
        "week commencing 16 Feb 2015", "Week Ending 22nd February 2015", "w/c 16/2/15", "w/b 16.02.2015",
        "w/c 2015-02-16",
        "w/e 2015-02-22", "week beginning 16 Feb 2015", "w/e\u00a022\u00a0Feb\u00a02015", "wc 16 Feb 2015",
        "W/C16/02/2015",
    ),
    ("week", "2018-12-31", "2019-01-06"): ("w/c 31 Dec 2018", "w/e 6 Jan 2019"),
    ("week", "2021-08-30", "2021-09-05"): ("w/e 05/09/2021",),  # 9 May was a Sunday too: the day comes first
}  # fmt: skip


@pytest.mark.parametrize(("label", "period"), [(label, period) for period, labels in FORMS.items() for label in labels])
@pytest.mark.parametrize("quarters", [None, "calendar", "financial"])
def test_each_form_has_its_first_and_last_day(
    label: str, period: tuple[Every, str, str], quarters: Quarters | None
) -> None:
    every, start, end = period
    assert parse_period(label, quarters) == Period(every, date.fromisoformat(start), date.fromisoformat(end))


DOCS = (Path(__file__).parents[2] / "docs" / "records.md").read_text("utf-8")


@pytest.mark.parametrize("every", EVERY)
def test_the_docs_name_forms_of_each_kind_of_period(every: Every) -> None:
    (row,) = re.findall(rf"^\| `{every}` \| (.*) \|$", DOCS, re.MULTILINE)
    labels = re.findall("`(.*?)`", row)
    assert len(labels) >= 1
    assert {parse_period(label).every for label in labels} == {every}


@pytest.mark.parametrize("every", EVERY)
@LAW
@given(day=DAYS)
def test_what_the_library_prints_is_read_back(every: Every, day: date) -> None:
    period = period_of(day, every)
    for quarters in (None, "calendar", "financial"):
        assert parse_period(period.label, quarters) == period
    for label in (period.label.upper(), period.label.replace("-", " – "), period.label.replace(" ", "\u00a0")):
        assert parse_period(label) == period


MONTHS = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
]  # fmt: skip


@pytest.mark.parametrize(("number", "month"), list(enumerate(MONTHS, 1)))
def test_every_month_is_read_by_its_english_name_on_any_host(
    number: int, month: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendar, "month_name", ["Monat"] * 13)
    monkeypatch.setattr(calendar, "month_abbr", ["Mon"] * 13)
    for text, length in product((month, month.upper(), month.lower()), range(3, len(month) + 1)):
        period = parse_period(f"{text[:length]} 2007")
        assert (period.every, period.start) == ("month", date(2007, number, 1))
    with pytest.raises(OptionError, match="isn't a period"):
        parse_period("März 2007")


# Labels that may be two periods


@pytest.mark.parametrize("label", ["{} 2020", "2020 {}", "2020-{}", "{}, 2020", "2020{}"])
@pytest.mark.parametrize("word", ["Q", "Quarter ", "quarter "])
@pytest.mark.parametrize(
    ("number", "calendar", "financial"),
    [
        (1, ("2020-01-01", "2020-03-31"), ("2020-04-01", "2020-06-30")),
        (2, ("2020-04-01", "2020-06-30"), ("2020-07-01", "2020-09-30")),
        (3, ("2020-07-01", "2020-09-30"), ("2020-10-01", "2020-12-31")),
        (4, ("2020-10-01", "2020-12-31"), ("2021-01-01", "2021-03-31")),
    ],
)
def test_a_quarter_of_a_plain_year_is_read_as_the_caller_says_and_never_guessed(
    label: str, word: str, number: int, calendar: tuple[str, str], financial: tuple[str, str]
) -> None:
    label = label.format(f"{word}{number}")
    assert parse_period(label, "calendar") == Period("quarter", *map(date.fromisoformat, calendar))
    assert parse_period(label, "financial") == Period("quarter", *map(date.fromisoformat, financial))
    with pytest.raises(
        OptionError, match=r"may be a quarter of.*quarters='calendar' or quarters='financial'.*'2018/19 Q4'"
    ):
        parse_period(label)


def test_quarters_are_of_calendar_or_of_financial_years() -> None:
    with pytest.raises(OptionError, match=r"no quarters 'fiscal'.*calendar, financial"):
        parse_period("2018/19", "fiscal")  # type: ignore[arg-type]


@pytest.mark.parametrize("year", range(1990, 2041))
def test_two_digits_after_a_year_and_a_hyphen_are_a_month_or_the_next_year_and_never_guessed(year: int) -> None:
    for number in range(100):
        label = f"{year}-{number:02}"
        is_month, is_year = number in range(1, 13), number == (year + 1) % 100
        if is_month and is_year:
            with pytest.raises(OptionError, match=r"may be a month or a financial year.*'Dec 2011'.*'2011/12'"):
                parse_period(label)
        elif is_month:
            assert parse_period(label) == period_of(date(year, number, 1), "month")
        elif is_year:
            assert parse_period(label) == period_of(date(year, 4, 1), "financial-year")
        else:
            with pytest.raises(OptionError, match="isn't a period"):
                parse_period(label)


@pytest.mark.parametrize(
    "label",
    [
        "w/e 20 Feb 2015",  # a Friday
        "week ending 21/02/2015", "W/E 16 Feb 2015", "w/c 22 Feb 2015", "week commencing 17 February 2015",
        "w/c 3 Apr 2018",
    ],
)  # fmt: skip
def test_a_week_on_other_days_is_refused_with_the_reason(label: str) -> None:
    with pytest.raises(OptionError, match="isn't a week: weeks run from Monday to Sunday"):
        parse_period(label)


# Strange labels

STRANGE = [
    "", " ", "-", "/", "Q", "Q4", "Q0 2014/15", "Q5 2014/15", "H3 2014/15", "H1 2014", "2014/16", "2014/2016",
    "2014-2013",
    "14/15", "FY 2014", "FY15", "2011-13", "2012-00", "200700", "200713", "13/2007", "0/2007", "2007/07", "Ju 2007",
    "Jux 2007",
    "Jul 07", "Jul 0007", "w/e 30 Feb 2015", "w/e 02/22/2015", "w/e Feb 2015", "w/c", "Dec-Jan 2019", "Apr-Apr 2018",
    "Dec 2017-Jan 2019", "Apr-Foo 2018", "2014.0", "٢٠١٤", "२०१४", "２０１４", "9990", "9999-12", "0000-01",
    "w/c 31 Dec 9999",
    "Q4 2014/15 (provisional)", "2014\n2015", "\x00", "\ud800", "Total",
]  # fmt: skip


@pytest.mark.parametrize("label", STRANGE)
def test_a_strange_label_is_an_error_with_the_labels_that_there_can_be(label: str) -> None:
    with pytest.raises(
        OptionError, match=r"^A label of the form '.*' isn't a period. Write it like '2018/19', '2018/19 Q1'"
    ):
        parse_period(label)


@pytest.mark.parametrize("label", ["Zoë Okonkwo", "Ms J. O'Brien", "AB 12 34 56 C", "Zoe\u0308 Okonkwo", "李小龙"])
def test_a_name_in_the_wrong_column_is_not_shown(label: str) -> None:
    with pytest.raises(OptionError) as refused:
        parse_period(label)
    form = str(refused.value).removeprefix("A label of the form ").split(" isn't a period")[0]
    assert set(form) <= set("a9 .'\"")


def complaint(label: str) -> str | None:
    try:
        parse_period(label)
    except OptionError as error:
        return str(error)
    return None


LETTERS = st.characters(categories=["L", "Nd", "Zs"], include_characters="-'./,")


@LAW
@given(label=st.text(LETTERS, max_size=40))
def test_an_error_depends_on_the_form_of_a_label_alone(label: str) -> None:
    blank = "".join("x" if sign.isalpha() else "0" if sign.isdecimal() else sign for sign in label)
    found = complaint(label)
    assume(found is not None)
    assert found == complaint(blank)


@LAW
@given(label=st.text(max_size=60))
def test_any_text_is_a_period_or_one_error_in_one_line(label: str) -> None:
    assert "\n" not in (complaint(label) or "")


PIECES = [
    "2014", "15", "2015", "2011", "12", "7", "31", "02", "0", "99", "9999", "FY", "Q4", "Q", "Quarter", "H1", "w/e",
    "w/c",
    "week ending", "Feb", "Sept", "December", "foo", "th", "/", "-", "–", " ", ".", ",", "\u00a0", "\n", "²", "٢",
]  # fmt: skip


@settings(max_examples=2000)
@given(label=st.lists(st.sampled_from(PIECES), max_size=9).map("".join), quarters=st.sampled_from(["calendar", None]))
def test_what_nearly_is_a_label_is_a_period_that_reads_back_or_an_error(label: str, quarters: Quarters | None) -> None:
    try:
        period = parse_period(label, quarters)
    except OptionError:
        return
    assert period == period_of(period.start, period.every) == parse_period(period.label)
