"""How long it takes to import the library, and the command line to answer."""

import statistics

from timing import process

BASE = "import pandas, numpy, holidays, pydantic"


def _imports() -> tuple[float, float]:
    """Time both imports in one process: what everybody imports anyway, and what the library adds."""
    program = (
        f"import time; a = time.perf_counter(); {BASE}; b = time.perf_counter(); import ombudsman_kpi; "
        "c = time.perf_counter(); print(b - a, c - b)"
    )
    _, _, printed = process(["-c", program])
    base, added = map(float, printed.split())
    return base, added


def main(runs: int = 9) -> list[str]:
    _imports()  # the first run may have to compile
    measured = [_imports() for _ in range(runs)]
    base, added = (statistics.median(column) for column in zip(*measured, strict=True))
    due = ["-m", "ombudsman_kpi", "due", "2024-03-28", "20", "--division", "england-and-wales"]
    answers = statistics.median(process(due)[0] for _ in range(runs))
    return [
        "## Starting", "", "| what | ms | aim, at most |", "|---|---:|---:|",
        f"| `{BASE}` | {base * 1000:.0f} | |",
        f"| `import ombudsman_kpi` after that | {added * 1000:.0f} | 150 |",
        f"| `ombudsman-kpi due`, the whole process | {answers * 1000:.0f} | 1000 |",
    ]  # fmt: skip


if __name__ == "__main__":
    print("\n".join(main()))
