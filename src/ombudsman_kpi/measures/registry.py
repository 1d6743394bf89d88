"""All measures: one line for each. Everything else that lists them derives from here."""

from typing import Literal, get_args, get_origin

from ombudsman_kpi.measures.abandoned import Abandoned
from ombudsman_kpi.measures.average import Average
from ombudsman_kpi.measures.base.target import MEASURES, Target
from ombudsman_kpi.measures.caseload import Caseload
from ombudsman_kpi.measures.centile import Centile
from ombudsman_kpi.measures.count import Count
from ombudsman_kpi.measures.delays_explained import DelaysExplained
from ombudsman_kpi.measures.distribution import Distribution
from ombudsman_kpi.measures.done_by import DoneBy
from ombudsman_kpi.measures.keep_in_touch import KeepInTouch
from ombudsman_kpi.measures.median import Median
from ombudsman_kpi.measures.not_measured import NotMeasured
from ombudsman_kpi.measures.rank import Rank
from ombudsman_kpi.measures.rate import Rate
from ombudsman_kpi.measures.score import Score
from ombudsman_kpi.measures.share_of_kinds import ShareOfKinds
from ombudsman_kpi.measures.share_within import ShareWithin
from ombudsman_kpi.measures.stock import Stock
from ombudsman_kpi.measures.trend import Trend
from ombudsman_kpi.measures.volume import Volume

__all__ = ["MEASURES", "name_of", "registered"]


def registered(*measures: type[Target]) -> dict[str, type[Target]]:
    """Return some measures by their names.

    Raises ``TypeError``, which names the class and the part, where one lacks a part.
    """
    names: dict[str, type[Target]] = {}
    for measure in measures:
        _check_parts(measure)
        if name_of(measure) in names:
            raise TypeError(f"{measure.__name__}: another measure is called {name_of(measure)!r}")
        names[name_of(measure)] = measure
    return names


def name_of(measure: type[Target]) -> str:
    """Return what a measure is called in a scheme file. Raises ``TypeError`` where that isn't one literal text."""
    field = measure.model_fields.get("measure")
    names = get_args(field.annotation) if field is not None and get_origin(field.annotation) is Literal else ()
    if len(names) != 1 or not isinstance(names[0], str):
        raise TypeError(f"{measure.__name__} lacks measure: a Literal of its name in a scheme file")
    return names[0]


def _check_parts(measure: type[Target]) -> None:
    """Raise ``TypeError`` for a class that lacks a part."""
    if not vars(measure).get("__doc__"):
        raise TypeError(f"{measure.__name__} lacks a docstring: what the measure is, in one sentence")
    name_of(measure)
    if not isinstance(vars(measure).get("example"), str):
        raise TypeError(f"{measure.__name__} lacks example: its keys in a scheme file, as TOML")
    if not isinstance(getattr(measure, "rule_types", None), tuple):
        raise TypeError(f"{measure.__name__} lacks rule_types: the classes of the rules that it makes")
    for kind in (measure, *measure.rule_types):
        lacking: frozenset[str] = getattr(kind, "__abstractmethods__", frozenset())
        if lacking:
            raise TypeError(f"{kind.__name__} lacks {', '.join(sorted(lacking))}")


MEASURES.update(
    registered(
        ShareWithin,
        ShareOfKinds,
        Rank,
        Average,
        Median,
        Centile,
        Distribution,
        Abandoned,
        Stock,
        Caseload,
        Count,
        Volume,
        Rate,
        Score,
        Trend,
        DoneBy,
        KeepInTouch,
        DelaysExplained,
        NotMeasured,
    )
)
