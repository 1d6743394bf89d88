"""Service-level figures for ombudsmen and complaint teams: from casework records to published KPIs.

The public names are those of ``__init__.pyi``. Each is loaded when it is first used.
"""

from ombudsman_kpi.public_names import public_names

__version__ = "0.1.0"

__all__, __getattr__, __dir__ = public_names(__spec__)
