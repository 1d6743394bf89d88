"""Service-level figures for ombudsmen and complaint teams: from casework records to published KPIs."""

from ombudsman_kpi.api import assess, compare_schemes, history, measure, settled, tally, worklist
from ombudsman_kpi.calendars.working_calendar import WorkingCalendar
from ombudsman_kpi.cases.deadline import Deadline, Deadlines, Finding
from ombudsman_kpi.cases.moved import moved
from ombudsman_kpi.cases.one_case import deadlines
from ombudsman_kpi.checks.checking import check
from ombudsman_kpi.checks.finding import CheckFinding
from ombudsman_kpi.checks.findings import Findings
from ombudsman_kpi.checks.gates import assert_met
from ombudsman_kpi.clocks.limits import CalendarDays, DueField, Hours, Months, Seconds, Weeks, WorkingDays, WorkingHours
from ombudsman_kpi.errors import (
    CoverageError,
    KpiError,
    MechanicsWarning,
    MissingLibraryError,
    OptionError,
    RecordsError,
    SchemeError,
)
from ombudsman_kpi.events.log import History
from ombudsman_kpi.records.vocabulary import (
    Activity,
    Call,
    Case,
    CaseEvent,
    Order,
    Population,
    Request,
    Review,
    WrittenContact,
)
from ombudsman_kpi.results.compare import Comparison
from ombudsman_kpi.results.results import Results
from ombudsman_kpi.results.tally import Settled, Tally
from ombudsman_kpi.schemes.scheme import Scheme
from ombudsman_kpi.schemes.toml import list_schemes, load_scheme

__version__ = "0.1.0"

__all__ = [
    "Activity",
    "CalendarDays",
    "Call",
    "Case",
    "CaseEvent",
    "CheckFinding",
    "Comparison",
    "CoverageError",
    "Deadline",
    "Deadlines",
    "DueField",
    "Finding",
    "Findings",
    "History",
    "Hours",
    "KpiError",
    "MechanicsWarning",
    "MissingLibraryError",
    "Months",
    "OptionError",
    "Order",
    "Population",
    "RecordsError",
    "Request",
    "Results",
    "Review",
    "Scheme",
    "SchemeError",
    "Seconds",
    "Settled",
    "Tally",
    "Weeks",
    "WorkingCalendar",
    "WorkingDays",
    "WorkingHours",
    "WrittenContact",
    "__version__",
    "assert_met",
    "assess",
    "check",
    "compare_schemes",
    "deadlines",
    "history",
    "list_schemes",
    "load_scheme",
    "measure",
    "moved",
    "settled",
    "tally",
    "worklist",
]
