"""Simulate how often estimators are right, for docs/statistics.md: ``python benchmarks/coverage.py [TABLE ...]``.

Each table stands between marks. The seeds are fixed, so that a run gives the same again.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ombudsman_kpi.statistics import Curve, ElapsedCounts, Forecast, forecast_share, funnel, p_chart, xmr_of_groups

PAGE = Path(__file__).parents[1] / "docs" / "statistics.md"
RUNS = 2_000
OUTSIDE = ("above_limit", "below_limit")

Days = NDArray[np.int64]


def percent(share: float) -> str:
    return f"{100 * share:.1f}%"


class Caseload(NamedTuple):
    """Cases that take a lognormal number of days, and are withdrawn first with a chance each day."""

    earlier: int
    current: int
    limit: int
    median: float
    sigma: float
    withdrawn: float = 0
    seen: int = 365  # days in which the earlier ones were received
    cut: int = 60  # days in which the current ones were received, up to the day measured at

    def made(self, number: int, first: int, last: int, chance: np.random.Generator) -> tuple[Days, Days, Days]:
        """Return the age of some cases, and when they are decided and withdrawn, if nothing else comes first."""
        decided = np.ceil(chance.lognormal(np.log(self.median), self.sigma, number))
        withdrawn = np.ceil(chance.exponential(1 / self.withdrawn, number)) if self.withdrawn else decided + 1
        return chance.integers(first, last, number), decided.astype(np.int64), withdrawn.astype(np.int64)

    def counts(self, chance: np.random.Generator) -> ElapsedCounts:
        """Return the elapsed times of the earlier ones, as they are seen."""
        age, decided, withdrawn = self.made(self.earlier, self.cut, self.cut + self.seen, chance)
        stopped, left = (decided <= withdrawn) & (decided <= age), (withdrawn < decided) & (withdrawn <= age)
        times, place = np.unique(np.minimum(np.minimum(decided, withdrawn), age), return_inverse=True)
        numbers = [np.bincount(place[own], minlength=len(times)) for own in (stopped, left, ~stopped & ~left)]
        return ElapsedCounts(times, *numbers)  # type: ignore[arg-type]

    def forecast(self, chance: np.random.Generator) -> tuple[Forecast, float]:
        """Return what is forecast for the current ones, and what their share comes to."""
        earlier = self.counts(chance)
        age, decided, withdrawn = self.made(self.current, 0, self.cut, chance)
        gone = np.minimum(withdrawn, decided) == withdrawn
        gone &= withdrawn < decided
        met, out = ~gone & (decided <= self.limit), gone & (withdrawn <= self.limit)
        ended = np.minimum(decided, withdrawn) <= age
        missed = ~met & ~out & ((age > self.limit) | ended)
        ages, number = np.unique(age[~ended & (age <= self.limit)], return_counts=True)
        waiting = dict(zip(ages.tolist(), number.tolist(), strict=True))
        found = forecast_share(int((met & ended).sum()), int(missed.sum()), waiting, earlier, self.limit)
        return found, float(met.sum() / max((~out).sum(), 1))


def forecasts() -> list[str]:
    """Forecast caseloads, wait for what comes, and say how often it lies in the interval of 95%."""
    lines = [
        f"How often the share that comes lies in the interval of 95%, of {RUNS:,} caseloads each:", "",
        "| earlier cases | current | open | limit | median time | withdrawn a day | in it | below | above | width |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    for caseload in (
        Caseload(2_000, 300, 91, 80, 0.5, 0.001),
        Caseload(500, 100, 91, 80, 0.5, 0.001),
        Caseload(300, 40, 91, 60, 0.5),
        Caseload(5_000, 1_000, 20, 22, 0.4),
        Caseload(200, 60, 20, 15, 0.6, 0.003),
        Caseload(150, 30, 30, 20, 0.7, 0.002),
        Caseload(1_000, 200, 182, 100, 0.5, 0.001),
        Caseload(3_000, 300, 364, 250, 0.5, 0.0005, seen=730, cut=180),
    ):
        chance = np.random.default_rng(2024)
        found = [caseload.forecast(chance) for _ in range(RUNS)]
        known = [(one, share) for one, share in found if one.low is not None and one.high is not None]
        low, high, share = np.array([(one.low, one.high, share) for one, share in known], np.float64).T
        below, above = share < low - 1e-12, share > high + 1e-12
        cells = [
            f"{caseload.earlier:,}", f"{caseload.current:,}", f"{np.mean([one.open for one, _ in known]):.0f}",
            f"{caseload.limit} days", f"{caseload.median:g} days", f"{100 * caseload.withdrawn:g}%",
            percent(float((~below & ~above).mean())), percent(float(below.mean())), percent(float(above.mean())),
            f"{100 * (high - low).mean():.0f} points",
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def curves() -> list[str]:
    """Say how often the share finished within a limit lies in the interval of the curve."""
    lines = [
        f"How often the true share within a limit lies in the interval of 95%, of {RUNS:,} curves each:", "",
        "| cases | of them open | true share | in it | no estimate |", "|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    for cases in (30, 100, 1_000):
        for limit in (30, 91, 182):
            caseload = Caseload(cases, 0, limit, 80, 0.5, 0.001, seen=300, cut=10)
            chance = np.random.default_rng(limit)
            many = np.ceil(chance.lognormal(np.log(80), 0.5, 2_000_000))
            true, held, unknown, is_open = float((many <= limit).mean()), 0, 0, 0
            for _ in range(RUNS):
                counts = caseload.counts(chance)
                found = Curve.of(counts).within(limit)
                is_open += int(counts.open.sum())
                unknown += found.low is None
                held += found.low is not None and found.high is not None and found.low <= true <= found.high
            shown = [
                percent(is_open / RUNS / cases),
                percent(true),
                percent(held / (RUNS - unknown)),
                percent(unknown / RUNS),
            ]
            lines.append(f"| {cases:,} | {' | '.join(shown)} |")
    return lines


def false_alarms() -> list[str]:
    """Chart series in which nothing ever changes, and rates that vary with and without more than chance."""
    lines = [
        "XmR charts of 4,000 series each in which nothing changes, so that every special cause is a false alarm:", "",
        "| values | points | outside | trend | two of three | shift | the latest point has a special cause |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    chance = np.random.default_rng(16)
    draws: dict[str, Callable[[tuple[int, int]], NDArray[np.float64]]] = {
        "normal": lambda size: chance.normal(size=size),
        "skewed, as waiting times are": lambda size: chance.lognormal(sigma=0.6, size=size),
    }
    for name, draw in draws.items():
        for points in (12, 24, 60):
            frame = pd.DataFrame(draw((4_000, points))).melt(ignore_index=False, var_name="date").reset_index()
            found = xmr_of_groups(frame, value="value", date="date", by="index")
            causes = found.points["special_cause"]
            shares = [causes.str.startswith(rule).mean() for rule in ("trend", "two", "shift")]
            shown = [causes.isin(OUTSIDE).mean(), *shares, (found.summary["variation"] != "common_cause").mean()]
            lines.append(f"| {name} | {points} | {' | '.join(map(percent, shown))} |")
    lines += [
        "", "Points outside the limits of p and p′ charts, in 200 series of 36 months around a rate of 70%:", "",
        "| n of a month | the true rate varies by | p | p′ |", "|---:|---|---:|---:|",
    ]  # fmt: skip
    for n in (50, 1_000, 100_000):
        for spread in (0.0, 0.01):
            true = np.clip(chance.normal(0.7, spread, (200, 36)), 0, 1)
            counts = chance.binomial(n, true)
            shares = [
                float(np.mean([
                    p_chart(met, [n] * 36, prime=prime).points["special_cause"].isin(OUTSIDE).mean()
                    for met in counts
                ]))
                for prime in (False, True)
            ]  # fmt: skip
            varies = f"±{100 * spread:.0f} point (one standard deviation)" if spread else "nothing"
            lines.append(f"| {n:,} | {varies} | {' | '.join(percent(share) for share in shares)} |")
    return lines


def funnels() -> list[str]:
    """Say how many of 32 rates lie outside where all vary alike, by chance or by more."""
    lines = [
        "Rates outside the 99.8% limits, among 32 authorities around 63%, 2,000 funnels each:", "",
        "| n of an authority | the true rate varies by | never widened | widened where seen | how often that is |",
        "|---|---|---:|---:|---:|",
    ]  # fmt: skip
    chance = np.random.default_rng(32)
    for n in (30, 300):
        for spread in (0.0, 0.05, 0.1):
            outside, widened = [], []
            for _ in range(2_000):
                each = chance.integers(n // 2, 2 * n, 32)
                met = chance.binomial(each, np.clip(chance.normal(0.63, spread, 32), 0, 1))
                found = [funnel(met, each, over_dispersion=how) for how in (False, None)]
                outside.append([sum(part.sum() for part in one.beyond(-1)) / 32 for one in found])
                widened.append(found[1].adjusted)
            shown = [*np.mean(outside, axis=0), np.mean(widened)]
            varies = f"±{100 * spread:.0f} points" if spread else "nothing"
            lines.append(f"| {n // 2} to {2 * n} | {varies} | {' | '.join(percent(float(part)) for part in shown)} |")
    return lines


def simulated_ranks(met: NDArray[np.int64], n: NDArray[np.int64], chance: np.random.Generator) -> NDArray[np.float64]:
    """Give ranks as they are often given: those of 1,000 draws of each rate, from its beta distribution."""
    drawn = chance.beta(met + 0.5, n - met + 0.5, (1_000, len(n)))
    ranks = (-drawn).argsort(axis=1).argsort(axis=1) + 1
    return np.quantile(ranks, (0.025, 0.975), axis=0)


def ranks() -> list[str]:
    """Say how often the true rank of 32 authorities lies between the ranks that are given for it."""
    lines = [
        "How often the true rank of an authority, among 32, lies between those given for it. \"At worst\" is of the "
        "true rank for which that is least often. Ranks are often given by drawing each rate at random from its own "
        "uncertainty; the last three columns show why they aren't here.", "",
        "| n of an authority | the true rate varies by | `ranks` | at worst | ranks wide | drawn | at worst | wide |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]  # fmt: skip
    chance = np.random.default_rng(64)
    for n, spread in ((30, 0.02), (30, 0.08), (300, 0.08), (1_000, 0.02), (1_000, 0.15)):
        held, wide = np.zeros((2, 300, 32)), np.zeros((2, 300))
        for run in range(300):
            true = np.sort(np.clip(chance.normal(0.63, spread, 32), 0.01, 0.99))[::-1]
            each = chance.integers(n // 2, 2 * n, 32)
            met = chance.binomial(each, true)
            ours = funnel(met, each).ranks.sort_values("name")[["low", "high"]].to_numpy().T
            for place, (low, high) in enumerate((ours, simulated_ranks(met, each, chance))):
                held[place, run] = (low <= np.arange(1, 33)) & (np.arange(1, 33) <= high)
                wide[place, run] = np.mean(high - low + 1)
        shown = [
            [percent(held[place].mean()), percent(held[place].mean(axis=0).min()), f"{wide[place].mean():.0f}"]
            for place in range(2)
        ]
        lines.append(f"| {n // 2} to {2 * n} | ±{100 * spread:.0f} points | {' | '.join(shown[0] + shown[1])} |")
    return lines


TABLES: dict[str, Callable[[], list[str]]] = {
    "curves": curves, "false-alarms": false_alarms, "forecasts": forecasts, "funnels": funnels, "ranks": ranks,
}  # fmt: skip


def main(*names: str) -> None:
    """Make some tables, or all, and write each into the page."""
    if unknown := [name for name in names if name not in TABLES]:
        raise SystemExit(f"There is no table {unknown[0]!r}. There are: {', '.join(TABLES)}.")
    for name in names or TABLES:
        table = "\n".join(TABLES[name]())
        print(table, flush=True)
        page = PAGE.read_text("utf-8")
        marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        PAGE.write_text(marked.sub(lambda found, table=table: f"{found[1]}{table}\n{found[2]}", page), "utf-8")  # type: ignore[misc]


if __name__ == "__main__":
    main(*sys.argv[1:])
