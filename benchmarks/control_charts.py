"""Control charts of ten thousand series at once, and of one; and a funnel of a thousand rates."""

import numpy as np
import pandas as pd

from ombudsman_kpi.statistics import funnel, p_chart, xmr, xmr_of_groups
from timing import median_seconds

SERIES, POINTS, RATES = 10_000, 60, 1_000


def main() -> list[str]:
    """Return the section on control charts."""
    chance = np.random.default_rng(60)
    months = pd.date_range("2019-01-01", periods=POINTS, freq="MS")
    frame = pd.DataFrame(
        {
            "team": np.repeat([f"team {number}" for number in range(SERIES)], POINTS),
            "month": np.tile(months, SERIES),
            "value": chance.normal(0.8, 0.05, SERIES * POINTS),
        }
    )
    shuffled = frame.sample(frac=1, random_state=1)

    def charted(frame: pd.DataFrame) -> None:
        charts = xmr_of_groups(frame, value="value", date="month", by="team", improvement="increase", target=0.9)
        _ = charts.points, charts.summary

    n = chance.integers(20, 2_000, RATES)
    met = chance.binomial(n, 0.6)
    values = frame["value"].to_numpy()[:POINTS]
    whole = median_seconds(lambda: charted(frame))
    rows = [
        (f"XmR charts of {SERIES:,} series of {POINTS} points, with the frames of points and groups", whole, "2 s"),
        ("the same, rows in random order", median_seconds(lambda: charted(shuffled)), "2 s"),
        ("one XmR chart of 60 points, with its frame", median_seconds(lambda: xmr(values, months).points), ""),
        ("one p′ chart", median_seconds(lambda: p_chart(met[:POINTS], n[:POINTS], prime=True).points), ""),
        (f"a funnel of {RATES:,} rates, with its frame", median_seconds(lambda: funnel(met, n).points), ""),
        ("its ranks", median_seconds(lambda: funnel(met, n).ranks), ""),
    ]
    return [
        "## Control charts and funnels", "",
        "| what | ms | goal, at most |", "|---|---:|---:|",
        *(f"| {what} | {1000 * seconds:,.1f} | {goal} |" for what, seconds, goal in rows),
    ]  # fmt: skip


if __name__ == "__main__":
    print("\n".join(main()))
