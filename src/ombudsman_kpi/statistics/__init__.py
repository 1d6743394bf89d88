"""What a figure can and can't say: intervals of plain numbers. Each function works alone, without records or schemes.

The public names are those of ``__init__.pyi``. Each is loaded when it is first used.
"""

from ombudsman_kpi.public_names import public_names

__all__, __getattr__, __dir__ = public_names(__spec__)
