"""The command line: ``run`` is what the command ``ombudsman-kpi`` calls.

Internal: the public names are those that ``ombudsman_kpi`` exports, and the commands.
"""

from ombudsman_kpi.cli import calendars as calendars
from ombudsman_kpi.cli import checking as checking
from ombudsman_kpi.cli import outlooks as outlooks
from ombudsman_kpi.cli import reporting as reporting
from ombudsman_kpi.cli import returns as returns
from ombudsman_kpi.cli import revising as revising
from ombudsman_kpi.cli import sampling as sampling
from ombudsman_kpi.cli.commands import Described as Described
from ombudsman_kpi.cli.commands import app as app
from ombudsman_kpi.cli.commands import run as run
from ombudsman_kpi.cli.conventions import conventions as conventions
