"""Run the benchmarks, and write what they show into docs/benchmarks.md: ``python benchmarks/run.py [PART ...]``.

Without names all parts run, for an hour or so on two cores, with 5 GB of disk and 12 GB of memory (most of it for
pandas). A part that isn't run keeps what it showed before, and the day and the libraries that it was measured with.
"""

import sys
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from timing import machine

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
PARTS = (  # each a module beside this one, whose `main` returns the lines of its section
    "startup", "one_case", "working_days", "cases", "groups", "scaling", "csv_files", "event_log", "units", "check",
    "spark", "control_charts", "page", "published",
)  # fmt: skip
LIBRARIES = ("numpy", "pyarrow", "pandas", "polars", "duckdb", "holidays", "pydantic")
HEAD = """# Benchmarks

Medians of several runs; what stands side by side was measured in turn. Compare the ratios, since machines differ.
To repeat: `python benchmarks/run.py`, or some parts alone, such as `python benchmarks/run.py cases units`.
"""
MARK = "<!-- {} -->"


def sections(page: str) -> dict[str, str]:
    """Return the section of each part that a page has."""
    found = {}
    for part in PARTS:
        _, mark, rest = page.partition(MARK.format(part))
        if mark:
            found[part] = rest.partition("\n<!-- ")[0].strip()
    return found


def section(part: str) -> str:
    """Run a part, and return its section, with the day and what it was measured on below its title."""
    title, *lines = import_module(part).main()
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    measured = f"Measured on {datetime.now(UTC):%d %B %Y} on {machine()}; {libraries}."
    return "\n".join([title, "", measured, *lines]).strip()


def main(*parts: str) -> None:
    """Run some parts, or all, and write the page after each one."""
    if unknown := [part for part in parts if part not in PARTS]:
        raise SystemExit(f"There is no part {unknown[0]!r}. There are: {', '.join(PARTS)}.")
    for part in parts or PARTS:
        found = sections(PAGE.read_text("utf-8")) if PAGE.exists() else {}
        found[part] = section(part)
        print(found[part], flush=True)
        there = [f"{MARK.format(name)}\n{found[name]}\n" for name in PARTS if name in found]
        PAGE.write_text("\n".join([HEAD, *there]), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
