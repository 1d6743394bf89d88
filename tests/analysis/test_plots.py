"""The data of plots: what each has, in what unit, and whether its sentence is true."""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

import ombudsman_kpi as kpi
from ombudsman_kpi.statistics import funnel, p_chart, survival, xmr, xmr_of_groups

DAYS = [date(2023, 1, 2) + timedelta(7 * week) for week in range(14)]
STEADY = [71, 74, 70, 73, 72, 75, 71, 73, 70, 74, 72, 73, 71, 72]
TARGET = "decided-or-allocated-20wd"


def cases(*times: int | None) -> list[dict[str, Any]]:
    first = date(2024, 2, 1)
    return [
        {"case_id": f"A{place}", "received_at": first, "decided_at": None if days is None else first + timedelta(days)}
        for place, days in enumerate(times)
    ]


def tally_of(*times: int | None) -> kpi.Tally:
    options: dict[str, Any] = {"as_of": "2024-04-30", "every": "month", "cohort": "all", "targets": TARGET}
    return kpi.tally(kpi.load_scheme("lgsco"), cases=cases(*times), **options)


def all_plots() -> dict[str, pd.DataFrame]:
    tally = tally_of(5, 10, None)
    found = kpi.outlook(kpi.load_scheme("lgsco"), cases=cases(5, None), as_of="2024-04-30", targets=TARGET)
    return {
        "curve": kpi.plot_data(survival(tally, TARGET)),
        "control chart": kpi.plot_data(xmr(STEADY, DAYS, improvement="increase", target=80)),
        "funnel": kpi.plot_data(funnel([5, 8, 0], [10, 10, 0], ["A", "B", "C"])),
        "three views": kpi.plot_data(kpi.three_views(tally, TARGET)),
        "backlog": kpi.plot_data(found),
    }


@pytest.mark.parametrize(("name", "frame"), all_plots().items())
def test_every_plot_says_what_it_is_what_it_shows_and_in_what_unit(name: str, frame: pd.DataFrame) -> None:
    assert frame.attrs["plot"] == name
    assert frame.attrs["says"].endswith(".")
    numbers = [column for column in frame if frame[column].dtype.kind in "ifM"]
    assert set(frame.attrs["units"]) == set(numbers)
    for column in numbers:  # a number that is missing has a reason
        missing = frame[column].isna()
        assert not missing.any() or (frame["note"][missing] != "").all()


def test_the_curve_begins_at_nothing_finished_and_has_the_unit_of_its_clock() -> None:
    frame = kpi.plot_data(survival(tally_of(5, 11, None), TARGET))
    assert frame.iloc[0].tolist() == [0, 0, 0, 0, 3]
    assert frame["share"].is_monotonic_increasing
    assert frame.attrs["units"]["elapsed"] == "working days"


@pytest.mark.parametrize(
    ("times", "says"),
    [
        ((5, 5, 5), "Half are finished within"),
        ((5, None, None), "Fewer than half are finished so far; of 3 records 1 were finished, 2 are open"),
        ((), "No data: "),
    ],
)
def test_the_sentence_of_a_curve(times: tuple[int | None, ...], says: str) -> None:
    frame = survival(tally_of(*times), TARGET) if times else empty_curve()
    assert kpi.plot_data(frame).attrs["says"].startswith(says)


def empty_curve() -> pd.DataFrame:
    frame = survival(tally_of(5), TARGET, period="Mar 2024")
    assert len(frame) == 0
    return frame


@pytest.mark.parametrize(
    ("target", "assurance", "says"),
    [
        (50, "consistent_pass", "so it will be met unless things change"),
        (90, "consistent_fail", "so it will be missed unless things change"),
        (72, "inconsistent", "the target of 72.0"),
        (None, "none", "(XmR chart, rules nhs-mdc 1)"),
    ],
)
def test_the_sentence_and_icons_of_a_control_chart(target: float | None, assurance: str, says: str) -> None:
    frame = kpi.plot_data(xmr(STEADY, DAYS, improvement="increase", target=target))
    assert frame.attrs["icons"] == {"variation": "common_cause", "assurance": assurance}
    assert says in frame.attrs["says"]
    assert ("target" in frame) == (target is not None)
    assert len(frame) == len(STEADY)


def test_charts_of_groups_and_of_shares_have_their_units() -> None:
    frame = pd.DataFrame({"team": ["A"] * 14 + ["B"] * 14, "date": DAYS * 2, "value": STEADY * 2})
    groups = kpi.plot_data(xmr_of_groups(frame, value="value", date="date", by="team"))
    assert groups["team"].value_counts().to_dict() == {"A": 14, "B": 14}
    assert groups.attrs["units"]["value"] == "the unit of the values given"
    share = kpi.plot_data(p_chart([7, 8, 9], [10, 10, 10]))
    assert share.attrs["units"]["value"] == "share from 0 to 1"


def test_the_sentence_of_a_funnel_and_its_order() -> None:
    frame = kpi.plot_data(
        funnel([5, 500, 60, 0], [10, 1000, 200, 0], ["small", "large", "low", "none"], over_dispersion=False)
    )
    assert frame["name"].tolist() == ["none", "small", "low", "large"]
    assert frame["outside"].tolist() == ["no data", "within", "low", "within"]
    assert frame.attrs["says"].startswith("Of 3 rates, 0 lie above and 1 below the 99.8% limits")
    assert frame.attrs["notes"][0] == "none: no data: nothing was counted"
    assert np.allclose(frame["pooled"], 565 / 1210)


def test_the_sentence_of_the_three_views() -> None:
    frame = kpi.plot_data(kpi.three_views(tally_of(5, 60, None), TARGET))
    assert frame["view"].tolist()[:3] == ["closed", "received", "due"]
    first = frame[frame["period"] == "Feb 2024"].set_index("view")
    assert first["share"].to_dict() == {"closed": 1, "received": pytest.approx(1 / 3), "due": pytest.approx(1 / 3)}
    assert first["open"].tolist() == [2, 2, 2]
    march = frame[frame["period"] == "Mar 2024"].set_index("view")
    assert march["share"].isna().all()
    assert march["note"].to_dict() == {
        "closed": "no data: nothing closed is counted yet", "received": "no data: nothing received is counted yet",
        "due": "no data: nothing due is counted yet",
    }  # fmt: skip


@pytest.mark.parametrize("wrong", [None, 3, pd.DataFrame({"x": [1]}), "lgsco"])
def test_of_anything_else_there_is_no_plot(wrong: Any) -> None:
    with pytest.raises(kpi.OptionError, match="There is no plot of"):
        kpi.plot_data(wrong)
