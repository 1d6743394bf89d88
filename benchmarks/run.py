"""Run every benchmark and write docs/benchmarks.md: ``python benchmarks/run.py``."""

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import cases
import event_log
import one_case
import startup
import units
import working_days
from timing import machine


def main() -> None:
    libraries = ", ".join(
        f"{name} {version(name)}" for name in ("numpy", "pandas", "polars", "pyarrow", "holidays", "pydantic")
    )
    lines = [
        "# Benchmarks", "",
        "Medians of several runs, the same for all libraries. Compare the ratios, since machines differ.", "",
        f"Measured on {datetime.now(UTC):%d %B %Y} on {machine()}; {libraries}.",
        "To repeat: `python benchmarks/run.py`.", "",
    ]  # fmt: skip
    for part in (working_days, cases, units, event_log, one_case, startup):
        lines += [*part.main(), ""]
    Path(__file__).parents[1].joinpath("docs", "benchmarks.md").write_text("\n".join(lines), "utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
