"""Service-level figures for ombudsmen and complaint teams: from casework records to published KPIs.

The public names are those of ``__init__.pyi``. Each is loaded when it is first used.
"""

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

__version__ = "0.1.0"

_STUB = __spec__.loader.get_data(str(Path(__file__).with_suffix(".pyi")))  # be the library in a folder or an archive
_MODULES = {
    name.name: f"{__name__}.{line.module}"
    for line in ast.parse(_STUB).body
    if isinstance(line, ast.ImportFrom)
    for name in line.names
}
__all__ = sorted([*_MODULES, "__version__"])  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = thing = getattr(import_module(_MODULES[name]), name)
    return thing


def __dir__() -> list[str]:
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
