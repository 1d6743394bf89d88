"""How often control charts and funnels are wrong. The seeds are fixed, so that a run gives the same again."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coverage_words import percent
from ombudsman_kpi.statistics import funnel, p_chart, xmr_of_groups

OUTSIDE = ("above_limit", "below_limit")


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


TABLES: dict[str, Callable[[], list[str]]] = {"false-alarms": false_alarms, "funnels": funnels, "ranks": ranks}
