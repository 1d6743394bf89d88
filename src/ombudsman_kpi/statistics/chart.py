"""One control chart, and those of many groups: frames, sentences, JSON."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from ombudsman_kpi.arrays.types import RowNumbers
from ombudsman_kpi.errors import OptionError, RecordsError, one_of
from ombudsman_kpi.rounding import many
from ombudsman_kpi.statistics.chart_words import latest_in_words, plain, target_in_words
from ombudsman_kpi.statistics.charted import VARIATIONS, Assurance, Charted, Variation
from ombudsman_kpi.statistics.series import Series, is_missing
from ombudsman_kpi.statistics.special_causes import CAUSES, ChartRules

if TYPE_CHECKING:
    import pandas as pd

_NAMED: dict[str, tuple[str, ...]] = {"special_cause": CAUSES, "point_type": VARIATIONS}
SHOWN = (
    "points",
    "date",
    "value",
    "mean",
    "lower",
    "upper",
    "special_cause",
    "point_type",
    "variation",
    "assurance",
    "rules",
    "note",
)  # columns of points and summary, beside those of groups
_FIRST_CONCERN: tuple[Variation, ...] = ("concern", "improvement", "neutral")


def _frame_of(charted: Charted, points: slice | RowNumbers) -> "pd.DataFrame":
    """Return some points as a frame. Names are taken as a whole, since a text for each point would be slow."""
    import pandas as pd

    columns = charted.columns(points)
    named = {name: pd.Series(names).take(columns[name]).array for name, names in _NAMED.items()}
    return pd.DataFrame(columns | named)


class ControlChart:
    """A series by date with its mean, its limits, and what is a special cause, from ``xmr`` or ``p_chart``.

    ``points`` is a frame with the columns ``date, value, mean, lower, upper, special_cause, point_type``.
    ``variation`` is of the latest point: "common_cause", "improvement", "concern", or "neutral", a special cause where
    neither direction is better. ``assurance`` compares the target with the latest limits: "consistent_pass",
    "consistent_fail", "inconsistent", or "none". ``says`` is one sentence about both, ``notes`` are on gaps and limits,
    ``rules`` is the set that was applied.
    """

    def __init__(self, charted: Charted, place: int) -> None:
        self._charted, self._place = charted, place
        self._points = slice(*charted.series.bounds[place : place + 2].tolist())
        self._last = self._points.stop - 1
        self.kind, self.rules = charted.asked.kind, charted.asked.rules
        self.improvement, self.target = charted.asked.improvement, charted.asked.target
        self.variation: Variation = VARIATIONS[charted.point_types[self._last]]
        self.assurance: Assurance = charted.assurances(np.array([self._last]))[0]

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known about gaps in the series, and about what the limits rest on."""
        return self._charted.notes[self._place]

    def latest(self, on: str | None = None) -> str:
        """Return what the latest point shows, in words, in which ``on`` names its date."""
        charted, last, rates = self._charted, self._last, self.kind != "XmR"
        when = charted.series.on(int(charted.series.when[last]))
        on = on or (f"On {when}" if charted.series.dated else f"In {when}")
        cause, numbers = CAUSES[charted.causes[last]], self._numbers()
        return latest_in_words(on, cause, self.variation, numbers, self.rules, rates=rates)

    def _numbers(self) -> tuple[float, float, float, float]:
        """Return the value, the mean, the lower and the upper limit of the latest point."""
        charted, at = self._charted, self._last
        return float(charted.values[at]), float(charted.mean[at]), float(charted.lower[at]), float(charted.upper[at])

    @property
    def says(self) -> str:
        """One sentence on the latest point and the target, with the name of the rules."""
        rates, numbers = self.kind != "XmR", self._numbers()
        target = "" if self.target is None else target_in_words(self.assurance, self.target, *numbers[2:], rates=rates)
        return f"{self.latest()}{target} ({self.kind} chart, rules {self.rules})."

    @property
    def points(self) -> "pd.DataFrame":
        """A frame with a row for each point; its ``attrs`` have ``says``, ``rules`` and ``notes``."""
        frame = _frame_of(self._charted, self._points)
        frame.attrs = {"says": self.says, "rules": str(self.rules), "notes": list(self.notes)}
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain lists, texts and numbers. What has no number is None, and ``notes`` say why."""
        charted, asked = self._charted, self._charted.asked
        columns = {name: column.tolist() for name, column in charted.columns(self._points).items()}
        columns["date"] = [str(day) if charted.series.dated else day for day in columns["date"]]
        columns |= {name: [names[place] for place in columns[name]] for name, names in _NAMED.items()}
        days, dated = asked.rebase
        return {
            "chart": self.kind,
            "rules": asdict(self.rules),
            "improvement": self.improvement,
            "target": self.target,
            "screen": asked.screen,
            "fix_after": asked.fix_after,
            "rebase": [str(day) for day in days.view("M8[D]")] if dated else days.tolist(),
            "variation": self.variation,
            "assurance": self.assurance,
            "says": self.says,
            "notes": list(self.notes),
            "points": [
                dict(zip(columns, map(plain, row), strict=True)) for row in zip(*columns.values(), strict=True)
            ],
        }  # fmt: skip

    def to_json(self) -> str:
        """Return all of it as JSON: what ``to_dict`` gives."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2, allow_nan=False)

    def __len__(self) -> int:
        return int(self._points.stop - self._points.start)

    def __repr__(self) -> str:
        series, last = self._charted.series, self._last
        first, end = (series.on(int(series.when[at])) for at in (self._points.start, last))
        head = f"{self.kind} chart by the rules {self.rules}: {many(len(self), 'point')}, {first} to {end}"
        return "\n".join([head, f"variation {self.variation}, assurance {self.assurance}", self.says, *self.notes])


class ControlCharts:
    """The charts of several groups, from ``xmr_of_groups``: ``charts["Investigations"]`` is one of them.

    ``points`` has a row for each point, with the columns of the groups before those of a chart. ``summary`` has a row
    for each group: its latest point, variation, assurance, and a note.
    """

    def __init__(self, charted: Charted, groups: "pd.DataFrame") -> None:
        self._charted, self._groups = charted, groups
        rows = groups.itertuples(index=False, name=None)
        self._places = {_key(row): place for place, row in enumerate(rows)}

    @property
    def kind(self) -> str:
        """What charts they are: XmR, p or p′."""
        return self._charted.asked.kind

    @property
    def rules(self) -> ChartRules:
        """The rules that were applied."""
        return self._charted.asked.rules

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._places)

    def __getitem__(self, group: Any) -> ControlChart:
        try:
            place = self._places[_key(group if isinstance(group, tuple) else (group,))]
        except (KeyError, TypeError):  # a list has no hash
            raise OptionError(f"There is no group {group!r}. {one_of(group, map(str, self._places))}") from None
        check_any(self._charted.series, place)
        return ControlChart(self._charted, place)

    @property
    def points(self) -> "pd.DataFrame":
        """A frame with a row for each point of each group."""
        import pandas as pd

        groups = self._groups.take(self._charted.series.owner).reset_index(drop=True)
        frame = pd.concat([groups, _frame_of(self._charted, slice(None))], axis=1)
        frame.attrs = {"says": self.says, "rules": str(self.rules)}
        return frame

    @property
    def summary(self) -> "pd.DataFrame":
        """A frame with a row for each group; where it has no value, variation is "no data", and the note says so."""
        import pandas as pd

        charted, bounds = self._charted, self._charted.series.bounds
        there = np.flatnonzero(np.diff(bounds))
        last = bounds[there + 1] - 1
        found = _frame_of(charted, last).rename(columns={"point_type": "variation"}).set_index(there)
        found.insert(0, "points", np.diff(bounds)[there])
        found["assurance"] = pd.Series(charted.assurances(last), found.index, found["variation"].dtype)
        frame = pd.concat([self._groups, found.reindex(range(len(self)))], axis=1)
        absent = {"points": 0, "special_cause": "none", "variation": "no data", "assurance": "none"}
        frame = frame.fillna(absent).astype({"points": np.int64})
        frame["rules"] = str(self.rules)
        frame["note"] = [" ".join(notes) for notes in charted.notes]
        frame.attrs = {"says": self.says, "rules": str(self.rules)}
        return frame

    @property
    def says(self) -> str:
        """One sentence: how many groups have a special cause in their latest point."""
        bounds = self._charted.series.bounds
        latest = self._charted.point_types[bounds[1:][np.diff(bounds) > 0] - 1]
        counts = {name: int((latest == VARIATIONS.index(name)).sum()) for name in _FIRST_CONCERN}
        shown = ", ".join(f"{number} of {name}" for name, number in counts.items() if number) or "none"
        return (
            f"Of {many(len(self), 'group')}, those whose latest point has a special cause: {shown} "
            f"({self._charted.asked.kind} chart, rules {self.rules})."
        )

    def __repr__(self) -> str:
        return f"{self.says}\n{self.summary}"


def _key(group: tuple[Any, ...]) -> Any:
    """Return what a group is found by: its values, or its one value; None where that is missing."""
    values = tuple(None if is_missing(value) else value for value in group)
    return values if len(values) > 1 else values[0]


def check_any(series: Series, place: int) -> None:
    """Raise ``RecordsError`` for a series with no value."""
    if series.bounds[place] == series.bounds[place + 1]:
        raise RecordsError("No data: there is no value in this series, so there is no chart of it.")
