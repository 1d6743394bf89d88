"""By exception: which figures call for a question, and why. All others vary as they always do."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.measures.base.changing import Changing
from ombudsman_kpi.measures.base.places import Moments
from ombudsman_kpi.measures.base.standard import Direction
from ombudsman_kpi.publish.cells import title_of
from ombudsman_kpi.publish.published import PublishedTable, Section, TableColumn, plain
from ombudsman_kpi.results.results import Results
from ombudsman_kpi.rounding import half_up, many, percent
from ombudsman_kpi.schemes.scheme import Report as ReportEntry
from ombudsman_kpi.statistics.control_charts import p_chart_of_groups, xmr_of_groups
from ombudsman_kpi.statistics.special_causes import ChartRules, rules_of

if TYPE_CHECKING:
    import pandas as pd

_DIRECTIONS: tuple[Direction, ...] = ("increase", "decrease")
_CAUSE, _DROP = "special cause", "drop"


def exceptions(results: Results, *, rules: str | ChartRules = "nhs-mdc") -> "pd.DataFrame":
    """Return what calls for a question in the latest period of some results: a row for each, with the reason.

    The columns are ``target``, ``cohort``, those grouped by, ``period``, ``exception``, ``value`` and ``reason``. An
    exception is one of two:

    - "special cause": the chart of the figure's periods has a special cause of concern in the latest one. Shares of
      records have a p′ chart, since each period has its own number; all others an XmR chart.
    - "drop": a quality score is lower than in the period before by more than chance: the 95% interval of the
      difference lies below 0.

    Periods that aren't complete are left out. Which direction is better is said by the standard of a target, or by its
    measure; targets of which neither says it are named in ``attrs["notes"]``. ``attrs["says"]`` is one sentence.

    >>> import ombudsman_kpi as kpi
    >>> scheme, cases = kpi.load_scheme("lgsco"), "examples/data/cases.csv"
    >>> results = kpi.measure(scheme, cases=cases, as_of="2024-03-31", every="month", targets="investigation-26w")
    >>> print(exceptions(results).attrs["says"])
    0 special causes of concern and 0 significant drops in quality in the latest period (rules nhs-mdc 1; intervals at
    95%).

    Raises ``OptionError`` where no period is complete, and for an unknown set of rules.
    """
    import pandas as pd

    if not isinstance(results, Results):
        raise OptionError("Results are wanted, such as measure(…, every='month') gives.")
    by, called = list(results.basis.by), rules_of(rules)
    frame = results.to_pandas()
    frame = frame[frame["period_start"].notna() & frame["complete"].astype(bool)]
    if frame.empty:
        raise OptionError("These results have no complete period to compare. Measure with every='month', for example.")
    periods = frame.groupby(["target", "cohort", "every"])["period_start"]
    frame = frame.assign(latest=frame["period_start"] == periods.transform("max"))[frame["value"].notna()]
    of_one = frame.groupby(["target", "cohort", "every", *by], dropna=False, sort=False)
    frame = frame.assign(series=of_one.ngroup()).sort_values(["series", "period_start"])
    found = [*_special_causes(frame, results, called), *_drops(frame, results)]
    listed = pd.DataFrame(found, columns=["target", "cohort", *by, "period", "exception", "value", "reason"])
    causes, drops = (int((listed["exception"] == name).sum()) for name in (_CAUSE, _DROP))
    listed.attrs["says"] = (
        f"{many(causes, 'special cause')} of concern and {many(drops, 'significant drop')} in quality in the latest "
        f"period (rules {called}; intervals at 95%)."
    )
    neither = [target.id for target in results.scheme.targets if target.improves is None]
    neither = [name for name in neither if (frame["target"] == name).any()]
    listed.attrs["notes"] = [f"Left out, since neither direction is better: {', '.join(neither)}."] if neither else []
    return listed


def _records(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    records: Any = frame.to_dict("records")
    return list(records)


def _special_causes(frame: "pd.DataFrame", results: Results, rules: ChartRules) -> Iterator[dict[str, Any]]:
    """Yield the series whose latest point has a special cause of concern."""
    counted = frame["met"] + frame["missed"]
    shares = ((frame["unit"] == "share") & (frame["met"] / counted == frame["value"])).fillna(value=False).astype(bool)
    of_counts = shares.groupby(frame["series"]).transform("all")
    frame = frame.assign(counted=counted, of_counts=of_counts, pending=frame["pending"].fillna(0))
    for direction, counts in product(_DIRECTIONS, (True, False)):
        ids = [target.id for target in results.scheme.targets if target.improves == direction]
        part = frame[frame["target"].isin(ids) & (frame["of_counts"] == counts)]
        if part.empty:
            continue
        options: dict[str, Any] = {"by": "series", "date": "period_start", "improvement": direction, "rules": rules}
        charts = (
            p_chart_of_groups(part, met="met", n="counted", prime=True, **options)
            if counts
            else xmr_of_groups(part, value="value", **options)
        )
        for row in _records(part[part["latest"]]):
            chart = charts[row["series"]]
            if chart.variation == "concern":
                waiting = f"{many(row['pending'], 'record')} of {row['period']} are pending." if row["pending"] else ""
                reason = [f"{chart.latest('In ' + row['period'])} ({chart.kind} chart).", *chart.notes, waiting]
                yield {**row, "exception": _CAUSE, "reason": " ".join(filter(None, reason))}


def _drops(frame: "pd.DataFrame", results: Results) -> Iterator[dict[str, Any]]:
    """Yield the quality scores that are lower than in the period before by more than chance."""
    quality = {
        target.id: target for target in results.scheme.targets if isinstance(target, Changing) and target.is_quality
    }
    for _, series in frame[frame["target"].isin(list(quality))].groupby("series"):
        *_, before, now = [{}, *_records(series)]
        if not (before and now["latest"]):
            continue
        was, is_now = (Moments(row["met"], row["missed"]) for row in (before, now))
        interval = quality[now["target"]].chance(was, is_now)
        if interval is not None and interval.high < 0:
            least, most = (half_up(Fraction(-100 * bound)) for bound in (interval.high, interval.low))
            reason = (
                f"In {now['period']} the score is {_share(is_now)}, after {_share(was)} in {before['period']}: between "
                f"{least} and {most} points lower (95% interval), which is more than chance."
            )
            yield {**now, "exception": _DROP, "reason": reason}


def _share(of: Moments) -> str:
    return f"{percent(of.met, of.met + of.missed)} ({of.met:,} of {of.met + of.missed:,})"


def exceptions_section(results: Results, entry: ReportEntry, *, numbers: bool = True) -> Section:
    """Return what is reported by exception alone: what calls for a question, or that nothing does.

    ``results`` are those of the entry's targets, in periods. Without ``numbers`` the reasons, which have some, are left
    out.
    """
    promised = f"“{plain(entry.says).rstrip('.')}.” " if entry.says else ""
    named = "by-exception", "Reported by exception"
    if all(row.status == "not measured" for row in results):
        reasons = dict.fromkeys(plain(row.note) for row in results)
        return Section(*named, f"{promised}Not measured: {'; '.join(reasons)}.")
    try:
        found = exceptions(results)
    except OptionError:
        return Section(*named, f"{promised}No period is complete, so there is nothing to compare.")
    names = ("Commitment", "Period", "What was found", "Why")[: 4 if numbers else 3]
    rows = tuple(
        (title_of(results.scheme[row["target"]]), row["period"], row["exception"], plain(row["reason"]))[: len(names)]
        for row in _records(found)
    )
    columns = tuple(map(TableColumn, names))
    says = f"{promised}{found.attrs['says']}"
    return Section(*named, says, (PublishedTable(*named, found.attrs["says"], columns, rows),) if rows else ())
