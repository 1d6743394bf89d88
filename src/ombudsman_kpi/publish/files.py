"""Files that are published: written whole, or not at all."""

import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from ombudsman_kpi.errors import OptionError, kind_of

AnyPath = str | os.PathLike[str]


def path_of(path: AnyPath) -> Path:
    """Return what was given as a path. Raises ``OptionError`` where it is none, or names no file that could be.

    >>> path_of("report.html").name
    'report.html'
    """
    if not isinstance(path, str | os.PathLike):
        raise OptionError(f"The path of a file is text, such as 'report.html', or a Path; not {kind_of(path)}.")
    text = os.fsdecode(path)
    if not text.strip() or "\0" in text:
        raise OptionError("The path of the file is empty, or has a character that no path can have.")
    return Path(text)


def written_whole(path: AnyPath, make: Callable[[BinaryIO], object]) -> None:
    """Write a file by ``make``, which is given the open file; what goes wrong leaves an earlier file as it was.

    It is written beside the earlier one, under another name, and takes its place when it is whole. Its permissions are
    those that writing without this detour would give. A link is followed; a device or a pipe is written straight into.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written_whole(f"{folder}/report.html", lambda file: file.write("<p>90%".encode()))
    ...     Path(f"{folder}/report.html").read_text("utf-8")
    '<p>90%'

    Raises ``OptionError`` for a folder that isn't there or can't be written to, for a path that is a folder, and for a
    file that is protected, or open in another program.
    """
    named = path_of(path)
    try:
        target = Path(os.path.realpath(named))
        if not _is_file_or_new(named, target):
            with named.open("wb") as straight:
                make(straight)
            return
        beside = target.with_name(f".ombudsman-kpi-{secrets.token_hex(8)}.tmp")
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
        number = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    except OSError as error:
        raise _not_written(named, error) from error
    try:
        with open(number, "wb") as file:  # noqa: PTH123
            make(file)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            beside.chmod(mode)
        beside.replace(target)
    except BaseException as error:
        with suppress(OSError):
            beside.unlink()
        if isinstance(error, OSError):
            raise _not_written(named, error) from error
        raise


def _is_file_or_new(named: Path, target: Path) -> bool:
    """Return whether a path names a file, or nothing yet; False for a device or a pipe. Raises for what can't be."""
    if target.is_dir():
        raise OptionError(f"{named} is a folder. Name a file, such as {named / 'report'}.")
    if named.exists() and not target.is_file():
        return False
    if not target.parent.is_dir():
        raise OptionError(f"{named} can't be written: there is no folder {target.parent}. Make it first.")
    if target.exists() and not os.access(target, os.W_OK):
        raise OptionError(f"{named} can't be written: the file is protected. Lift that, or choose another name.")
    return True


def _not_written(path: Path, error: OSError) -> OptionError:
    hint = " If it is open in another program, close it there." if isinstance(error, PermissionError) else ""
    return OptionError(f"{path} can't be written: {error.strerror or error}.{hint}")
