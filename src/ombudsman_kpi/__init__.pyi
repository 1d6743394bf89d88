"""The public names, and the modules that have them: ``ombudsman_kpi`` loads each when it is first used."""

from .analysis.convention_table import Choice as Choice
from .analysis.convention_table import Conventions as Conventions
from .analysis.conventions import conventions as conventions
from .api import assess as assess
from .api import compare_schemes as compare_schemes
from .api import history as history
from .api import measure as measure
from .api import settled as settled
from .api import tally as tally
from .api import worklist as worklist
from .calendars.working_calendar import WorkingCalendar as WorkingCalendar
from .cases.deadline import Deadline as Deadline
from .cases.deadline import Deadlines as Deadlines
from .cases.deadline import Finding as Finding
from .cases.moved import moved as moved
from .cases.one_case import deadlines as deadlines
from .checks.checking import check as check
from .checks.finding import CheckFinding as CheckFinding
from .checks.findings import Findings as Findings
from .checks.gates import assert_met as assert_met
from .clocks.limits import CalendarDays as CalendarDays
from .clocks.limits import DueField as DueField
from .clocks.limits import Hours as Hours
from .clocks.limits import Months as Months
from .clocks.limits import Seconds as Seconds
from .clocks.limits import Weeks as Weeks
from .clocks.limits import WorkingDays as WorkingDays
from .clocks.limits import WorkingHours as WorkingHours
from .errors import CoverageError as CoverageError
from .errors import KpiError as KpiError
from .errors import MechanicsWarning as MechanicsWarning
from .errors import MissingLibraryError as MissingLibraryError
from .errors import OptionError as OptionError
from .errors import RecordsError as RecordsError
from .errors import SchemeError as SchemeError
from .events.log import History as History
from .records.vocabulary import Activity as Activity
from .records.vocabulary import Call as Call
from .records.vocabulary import Case as Case
from .records.vocabulary import CaseEvent as CaseEvent
from .records.vocabulary import Order as Order
from .records.vocabulary import Population as Population
from .records.vocabulary import Request as Request
from .records.vocabulary import Review as Review
from .records.vocabulary import WrittenContact as WrittenContact
from .results.compare import Comparison as Comparison
from .results.results import Results as Results
from .results.tally import Settled as Settled
from .results.tally import Tally as Tally
from .schemes.scheme import Scheme as Scheme
from .schemes.toml import list_schemes as list_schemes
from .schemes.toml import load_scheme as load_scheme

__all__: list[str]
__version__: str
