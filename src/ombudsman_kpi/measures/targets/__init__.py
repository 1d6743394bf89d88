"""Targets as data: of which records, which clock, which limit, which standard. Each kind of measure is one class."""

from ombudsman_kpi.measures.targets.clocked import Average, KeepInTouch, Limited, OnClock, ShareWithin, Stock
from ombudsman_kpi.measures.targets.dated import Count, Dated, DoneBy, Rank, Score, ShareOfKinds, Volume
from ombudsman_kpi.measures.targets.declared import InForce, NotMeasured, Party, Records, Some, Target
from ombudsman_kpi.measures.targets.derived import DelaysExplained, Trend

__all__ = [
    "MEASURES",
    "AnyTarget",
    "Average",
    "Count",
    "Dated",
    "DelaysExplained",
    "DoneBy",
    "InForce",
    "KeepInTouch",
    "Limited",
    "NotMeasured",
    "OnClock",
    "Party",
    "Rank",
    "Records",
    "Score",
    "ShareOfKinds",
    "ShareWithin",
    "Some",
    "Stock",
    "Target",
    "Trend",
    "Volume",
]

AnyTarget = (
    ShareWithin | ShareOfKinds | Average | Stock | Count | Volume | Score | Trend | Rank | DoneBy
    | KeepInTouch | DelaysExplained | NotMeasured
)  # fmt: skip

MEASURES: dict[str, type[AnyTarget]] = {
    "share within": ShareWithin,
    "share of kinds": ShareOfKinds,
    "rank": Rank,
    "average": Average,
    "stock": Stock,
    "count": Count,
    "volume": Volume,
    "score": Score,
    "trend": Trend,
    "done by": DoneBy,
    "keep in touch": KeepInTouch,
    "delays explained": DelaysExplained,
    "not measured": NotMeasured,
}
