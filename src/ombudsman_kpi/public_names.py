"""Public names: a stub lists them once, for type checkers and for its package, which loads each when first used."""

import ast
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any


def public_names(spec: ModuleSpec) -> tuple[list[str], Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__all__``, ``__getattr__`` and ``__dir__`` of a package, whose stub stands beside its ``__init__``.

    In the stub, ``from .module import name as name`` is a name of a module, be it one of another package,
    ``from . import package as package`` is a package whose names are public too, and ``name: type`` is a name that the
    package has itself.
    """
    loader: Any = spec.loader  # that of a folder or of an archive
    stub = ast.parse(loader.get_data(str(Path(spec.origin or "").with_suffix(".pyi"))))
    lines = [line for line in stub.body if isinstance(line, ast.ImportFrom)]
    modules = {alias.name: "." * line.level + (line.module or alias.name) for line in lines for alias in line.names}
    packages = {alias.name for line in lines if line.module is None for alias in line.names}
    its_own = [ast.unparse(line.target) for line in stub.body if isinstance(line, ast.AnnAssign)]
    names = sorted({*modules, *its_own} - {"__all__"})
    package = sys.modules[spec.name]

    def get(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {spec.name!r} has no attribute {name!r}")
        module = import_module(modules[name], spec.name)
        thing = module if name in packages else getattr(module, name)
        setattr(package, name, thing)
        return thing

    def listed() -> list[str]:
        return sorted({*names, *(name for name in vars(package) if name.startswith("__"))})

    return names, get, listed
