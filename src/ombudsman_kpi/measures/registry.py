"""Which rule assesses a target, and which figure is worked out of it: one module for each kind of measure."""

from collections.abc import Iterator

from ombudsman_kpi.measures import average, count, done_by, paused, rank, score, trend, volume
from ombudsman_kpi.measures.average import AverageRule
from ombudsman_kpi.measures.delays_explained import DelaysRule
from ombudsman_kpi.measures.figures import Figure, Place, share_figure
from ombudsman_kpi.measures.keep_in_touch import KeepInTouchRule
from ombudsman_kpi.measures.paused import PausedRule
from ombudsman_kpi.measures.related import Files
from ombudsman_kpi.measures.rules import Rule
from ombudsman_kpi.measures.score import ScoreRule
from ombudsman_kpi.measures.share_of_kinds import FollowedRule, KindsRule, OthersRule
from ombudsman_kpi.measures.share_within import ShareWithinRule
from ombudsman_kpi.measures.stock import StockRule
from ombudsman_kpi.measures.targets import (
    AnyTarget,
    Average,
    Count,
    DelaysExplained,
    DoneBy,
    KeepInTouch,
    Rank,
    Records,
    Score,
    ShareOfKinds,
    ShareWithin,
    Stock,
    Trend,
    Volume,
)


def rules_of(target: AnyTarget, files: Files) -> Iterator[tuple[Records, Rule]]:  # noqa: C901  (one line each)
    """Give the rules by which a target is assessed, with the kind of records that each is for."""
    match target:
        case Trend():
            yield from rules_of(target.figure, files)
        case ShareWithin():
            yield target.of, PausedRule(target, files.pauses) if target.pauses else ShareWithinRule(target)
        case Average():
            yield target.of, AverageRule(target)
        case Stock():
            yield target.of, StockRule(target)
        case KeepInTouch():
            yield target.of, KeepInTouchRule(target, files)
        case DelaysExplained():
            missed = tuple(item for name in target.late_on if isinstance(item := files.scheme[name], ShareWithin))
            yield target.of, DelaysRule(target, missed, files)
        case Score():
            yield target.of, ScoreRule(target)
        case ShareOfKinds(followed_by=followed_by) if followed_by:
            yield target.of, FollowedRule(target, target.dated, target.where, *files.last_days(target.of, followed_by))
        case ShareOfKinds():
            yield target.of, KindsRule(target, target.dated, target.where, target.numerator)
            for records, dated in target.among.items():
                yield records, OthersRule(target, dated)
        case DoneBy():
            yield target.of, done_by.DoneByRule(target)
        case Count():
            yield target.of, count.rule_of(target, files)


def figure_of(target: AnyTarget, place: Place) -> Figure:
    """Work out the figure of a target in one place."""
    match target:
        case Trend():
            return trend.figure(target, place)
        case Average():
            return average.figure(target, place)
        case Rank():
            return rank.figure(target, place)
        case Volume():
            return volume.figure(target, place)
        case Count():
            return count.figure(target, place)
        case DoneBy():
            return done_by.figure(target, place)
        case Score():
            return score.figure(target, place)
        case ShareWithin(pauses=True):
            return paused.figure(target, place)
    return share_figure(target.standard, place)
