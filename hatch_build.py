"""Builds the compiled mechanics when the library is built or installed; without a compiler, numpy does their work.

The variable CC says by which compiler. OMBUDSMAN_KPI_WHEEL says for which platform a wheel is, in the words of its
name (``manylinux_2_17_x86_64``), where that is another one than this: see ``.ci/wheels``.
"""

import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from packaging.tags import platform_tags

ARRAYS = Path("src", "ombudsman_kpi", "arrays")
SYSTEMS = {"win": "win32", "macosx": "darwin"}  # how names of wheels begin, and what Python calls it


class Mechanics(BuildHookInterface[Any]):
    """Compile, and put what was compiled into the wheel; of an editable install into the source."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile before the wheel is made. A compiler that fails stops it only where CC named it."""
        wheel = os.environ.get("OMBUDSMAN_KPI_WHEEL")
        system = next((name for begin, name in SYSTEMS.items() if (wheel or "").startswith(begin)), "linux")
        compiling = runpy.run_path(str(Path(self.root, ARRAYS, "compiling.py")))
        command = compiling["compiler"]()
        if command is None:
            self.app.display_warning("There is no C compiler: numpy will do the work of the compiled mechanics.")
            return
        editable = version == "editable"
        self.folder = tempfile.TemporaryDirectory()
        folder = Path(self.root, ARRAYS) if editable else Path(self.folder.name)
        try:
            files = compiling["compile_into"](folder, command, system if wheel else sys.platform)
        except (OSError, subprocess.CalledProcessError) as error:
            if "CC" in os.environ:
                raise
            said = getattr(error, "stderr", b"") or str(error).encode()
            self.app.display_warning(
                f"The mechanics weren't compiled, numpy will do their work: {said.decode()[-500:]}"
            )
            return
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{wheel or next(iter(platform_tags()))}"
        if not editable:
            build_data["force_include"] |= {str(file): f"ombudsman_kpi/arrays/{file.name}" for file in files}

    def finalize(self, *_: Any) -> None:
        """Remove what was compiled for a wheel."""
        if hasattr(self, "folder"):
            self.folder.cleanup()
