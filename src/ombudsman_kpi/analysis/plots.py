"""The data of each plot as a frame, with one sentence that says what it shows. No picture is drawn here."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ombudsman_kpi.analysis.outlooks import Outlook
from ombudsman_kpi.analysis.views import VIEWS, ThreeViews
from ombudsman_kpi.errors import OptionError, kind_of
from ombudsman_kpi.statistics.chart import ControlChart, ControlCharts
from ombudsman_kpi.statistics.funnels import Funnel
from ombudsman_kpi.statistics.survival_curves import COLUMNS

if TYPE_CHECKING:
    import pandas as pd

_SHARE, _RECORDS, _DATE = "share from 0 to 1", "records", "date"


def plot_data(of: Any) -> "pd.DataFrame":
    """Return the data of a plot as a frame; its ``attrs`` have ``plot`` (what it is), ``says``, ``units``, ``notes``.

    - Of the frame of ``survival``, a curve: ``elapsed, share, low, high, at_risk`` at each step, from 0 on.
    - Of what ``xmr`` and ``p_chart`` return, a control chart: a row for each point, with its icon; of groups, too.
    - Of what ``funnel`` returns, a funnel: the rates in the order of n, with their limits and the ``pooled`` rate.
    - Of what ``three_views`` returns: for each period and ``view`` its ``share, low, high``, and what is ``open`` and
      ``over_limit``.
    - Of what ``outlook`` returns, the backlog: for each clock and week ``arriving, deciding, withdrawn, open``.

    ``units`` says of each column of numbers what it is in; ``says`` is one sentence on what the plot shows. A control
    chart has the icons of its latest point in ``attrs["icons"]``. Where a number is missing, ``note`` or ``notes`` say
    why.

    >>> from ombudsman_kpi.statistics import funnel
    >>> frame = plot_data(funnel([50, 30, 12], [100, 60, 40], ["A", "B", "C"]))
    >>> frame[["name", "n", "outside"]].values.tolist()
    [['C', 40, 'within'], ['B', 60, 'within'], ['A', 100, 'within']]
    >>> frame.attrs["units"]["rate"]
    'share from 0 to 1'

    Raises ``OptionError`` for anything else.
    """
    import pandas as pd

    if isinstance(of, ControlChart | ControlCharts):
        return _control_chart(of)
    if isinstance(of, Funnel):
        return _funnel(of)
    if isinstance(of, ThreeViews):
        return _three_views(of)
    if isinstance(of, Outlook):
        units = dict.fromkeys(["before", "arriving", "deciding", "withdrawn", "open"], _RECORDS)
        return _said(of.weeks.copy(), "backlog", of.says, {"week_start": _DATE, "week_end": _DATE} | units, of.notes)
    if isinstance(of, pd.DataFrame) and tuple(of.columns) == COLUMNS and "says" in of.attrs:
        return _curve(of)
    raise OptionError(
        f"There is no plot of {kind_of(of)}. Give the frame of survival(…), or what xmr(…), p_chart(…), funnel(…), "
        "three_views(…) or outlook(…) returns."
    )


def _said(frame: "pd.DataFrame", plot: str, says: str, units: dict[str, str], notes: Any = ()) -> "pd.DataFrame":
    frame.attrs = {"plot": plot, "says": says, "units": units, "notes": list(notes)}
    return frame


def _curve(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return a curve that begins at 0, where nothing is finished. After its last row nothing is known."""
    import pandas as pd

    found = frame[["elapsed", "share", "low", "high", "at_risk"]]
    if len(found) and found["elapsed"].iloc[0] > 0:
        first = pd.DataFrame([(0, 0.0, 0.0, 0.0, found["at_risk"].iloc[0])], columns=found.columns)
        found = pd.concat([first.astype(found.dtypes.to_dict()), found], ignore_index=True)
    elapsed = frame.attrs.get("unit") or "the unit of the target's clock"
    units = {"elapsed": elapsed, "share": _SHARE, "low": _SHARE, "high": _SHARE, "at_risk": _RECORDS}
    return _said(found.copy(), "curve", frame.attrs["says"], units)


def _control_chart(chart: ControlChart | ControlCharts) -> "pd.DataFrame":
    """Return the points of a chart, with the target where there is one."""
    frame = chart.points
    unit = "the unit of the values given" if chart.kind == "XmR" else _SHARE
    units = {"date": _DATE} | dict.fromkeys(["value", "mean", "lower", "upper"], unit)
    if isinstance(chart, ControlCharts):
        _said(frame, "control chart", chart.says, units, filter(None, chart.summary["note"]))
    else:
        if chart.target is not None:
            frame["target"], units["target"] = float(chart.target), unit
        _said(frame, "control chart", chart.says, units, chart.notes)
        frame.attrs["icons"] = {"variation": chart.variation, "assurance": chart.assurance}
    frame.attrs["rules"] = str(chart.rules)
    return frame


def _funnel(funnel: Funnel) -> "pd.DataFrame":
    """Return the rates of a funnel by their n, so that the limits beside them are lines."""
    frame = funnel.points.sort_values("n", kind="stable", ignore_index=True)
    frame.insert(4, "pooled", funnel.pooled)
    shares = [name for name in frame if name in {"rate", "pooled"} or str(name).startswith(("low_", "high_"))]
    units = {"met": _RECORDS, "n": _RECORDS} | dict.fromkeys(map(str, shares), _SHARE)
    notes = [f"{name}: {note}" for name, note in zip(frame["name"], frame["note"], strict=True) if note]
    return _said(frame, "funnel", funnel.says, units, notes)


def _three_views(views: ThreeViews) -> "pd.DataFrame":
    """Return a row for each period and view: three curves above the stock that is open."""
    import pandas as pd

    parts = []
    for view in VIEWS:
        own = views.periods[["period", "period_start", "period_end", "complete"]].copy()
        own["view"] = view
        for name in ("met", "counted", "share", "low", "high"):
            own[name] = views.periods[f"{view}_{name}"]
        own["pending"] = views.periods.get(f"{view}_pending", 0)
        own[["open", "over_limit"]] = views.periods[["open", "over_limit"]]
        own["note"] = np.where(own["counted"] == 0, f"no data: nothing {view} is counted yet", "").astype(object)
        parts.append(own)
    frame = pd.concat(parts, ignore_index=True).sort_values("period_start", kind="stable", ignore_index=True)
    units = dict.fromkeys(["met", "counted", "pending", "open", "over_limit"], _RECORDS)
    units |= dict.fromkeys(["share", "low", "high"], _SHARE) | {"period_start": _DATE, "period_end": _DATE}
    return _said(frame, "three views", views.says, units, views.warnings)
