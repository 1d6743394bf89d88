"""The compiled mechanics as a file: what it is called, and how it is built of ``mechanics.c``.

``hatch_build.py`` runs this before anything is installed, so it imports nothing but Python's own library.
"""

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

SOURCE = Path(__file__).with_name("mechanics.c")
_SUFFIXES = {"win32": ".dll", "darwin": ".dylib"}


def library_name(platform: str = sys.platform) -> str:
    """Return the name of the compiled file on a platform, named as ``sys.platform`` does.

    >>> library_name("win32"), library_name("linux")
    ('libmechanics.dll', 'libmechanics.so')
    """
    return f"libmechanics{_SUFFIXES.get(platform, '.so')}"


def sums_of(library: Path) -> Path:
    """Return the file beside a compiled one that says what its bytes add up to, as ``sha256sum`` writes it."""
    return library.with_name(f"{library.name}.sha256")


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits. Raises ``OSError`` where it can't be read."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def compiler() -> list[str] | None:
    """Return the command of a C compiler: what the variable CC says, else Python's own, or a usual one; or None."""
    named = [os.environ.get("CC"), sysconfig.get_config_var("CC"), "cc", "gcc", "clang"]
    commands = [shlex.split(name) for name in named if name]
    return next((command for command in commands if command and shutil.which(command[0])), None)


def compile_into(folder: Path, command: list[str], platform: str = sys.platform) -> tuple[Path, Path]:
    """Return the compiled file, and the one with its sum, both written into a folder.

    Raises ``OSError`` where the command can't be run, ``subprocess.CalledProcessError`` where it fails.
    """
    library = folder / library_name(platform)
    fresh = library.with_name(f"{library.name}.new")  # a process may still use the old one
    flags = ["-std=c99", "-O3", "-shared", *([] if platform == "win32" else ["-fPIC"])]
    digest = f'-DSOURCE_DIGEST="{digest_of(SOURCE)}"'
    subprocess.run([*command, *flags, digest, "-o", str(fresh), str(SOURCE)], check=True, capture_output=True)  # noqa: S603  (the compiler)
    fresh.replace(library)
    sums_of(library).write_text(f"{digest_of(library)}  {library.name}\n", "ascii")
    return library, sums_of(library)
