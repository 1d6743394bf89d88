"""Service-level figures for ombudsmen and complaint teams: from casework records to published KPIs.

The public names are those of ``__init__.pyi``. Each is loaded when it is first used.
"""

import lazy_loader

__getattr__, __dir__, _names = lazy_loader.attach_stub(__name__, __file__)

__version__ = "0.1.0"
__all__ = sorted([*_names, "__version__"])  # noqa: PLE0605
