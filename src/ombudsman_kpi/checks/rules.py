"""The registry of rules, in the order in which their findings are shown; the table of docs/checks.md follows it."""

from ombudsman_kpi.checks import against, cells, contradictions, days, gates, identity, log, names, published
from ombudsman_kpi.checks.finding import AnyRule, CheckRule, Mark, Spot
from ombudsman_kpi.checks.look import Look
from ombudsman_kpi.checks.survey import Survey

# Looked for batch by batch.
OF_BATCHES: tuple[CheckRule[Look, Mark], ...] = (
    cells.UNREADABLE_TIME,
    cells.UNREAL_DATE,
    published.UNREADABLE_NUMBER,
    published.UNREADABLE_PERIOD,
    published.PART_EXCEEDS,
    cells.UNKNOWN_WORD,
    contradictions.CONTRADICTION,
    contradictions.OUT_OF_ORDER,
    log.STRAY_EVENT,
    log.SIMILAR_ID,
    log.UNKNOWN_PARTY,
    log.UNKNOWN_DIRECTION,
    log.UNKNOWN_EVENT,
    days.FUTURE_DATE,
    names.UNUSED_KIND,
)
# Looked for in all that was seen.
OF_ALL: tuple[CheckRule[Survey, Spot], ...] = (
    cells.UNREADABLE_COLUMN,
    contradictions.UNMEASURABLE,
    published.SUM_EXCEEDS,
    identity.RECORD_TWICE,
    identity.ID_SHARED,
    identity.FILES_OVERLAP,
    identity.ROW_TWICE,
    log.LOG_DIFFERS,
    log.UNPAUSED,
    days.MISTYPED_YEAR,
    days.EMPTY_WEEK,
    days.SUDDEN_FALL,
    days.TOO_FEW,
    names.SIMILAR_COLUMN,
    gates.TARGET_LOST,
    gates.TOO_MANY_INVALID,
    against.FIGURE_CHANGED,
)
_EVERY: tuple[AnyRule, ...] = (*OF_BATCHES, *OF_ALL)
RULES = {rule.id: rule for rule in _EVERY}
