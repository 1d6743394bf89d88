"""Simulate how often estimators are right, for docs/statistics.md: ``python benchmarks/coverage.py [TABLE ...]``.

Each table stands between marks. The seeds are fixed, so that a run gives the same again.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ombudsman_kpi.statistics import Curve, ElapsedCounts, Forecast, forecast_share

PAGE = Path(__file__).parents[1] / "docs" / "statistics.md"
RUNS = 2_000

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


TABLES: dict[str, Callable[[], list[str]]] = {"curves": curves, "forecasts": forecasts}


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
