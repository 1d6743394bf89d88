"""A published file is written whole or not at all."""

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from ombudsman_kpi.errors import OptionError
from ombudsman_kpi.publish.files import written_whole

EARLIER = b"earlier \x00\xff bytes"


def halfway(file: BinaryIO) -> None:
    file.write(b"half of it")
    raise RuntimeError("it went wrong")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_new_file_and_one_in_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "out.bin"
    written_whole(path, lambda file: file.write(EARLIER))
    assert path.read_bytes() == EARLIER
    written_whole(str(path), lambda file: file.write(b"later"))
    assert path.read_bytes() == b"later"
    assert names(tmp_path) == {"out.bin"}


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OptionError])
def test_a_failure_leaves_the_earlier_file_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "out.bin"
    path.write_bytes(EARLIER)

    def fail(file: BinaryIO) -> None:
        file.write(b"half of it")
        file.flush()
        raise error("it went wrong")

    with pytest.raises(error, match="it went wrong"):
        written_whole(path, fail)
    assert path.read_bytes() == EARLIER
    assert names(tmp_path) == {"out.bin"}


def test_a_failure_leaves_no_file_where_there_was_none(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="it went wrong"):
        written_whole(tmp_path / "out.bin", halfway)
    assert names(tmp_path) == set()


def test_a_full_disk_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "out.bin"
    path.write_bytes(EARLIER)

    def full(file: BinaryIO) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OptionError, match=r"out\.bin can't be written: No space left on device\."):
        written_whole(path, full)
    assert path.read_bytes() == EARLIER
    assert names(tmp_path) == {"out.bin"}


def test_paths_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(EARLIER)
    wrong: list[tuple[str | Path, str]] = [
        (tmp_path, "is a folder"),
        (tmp_path / "none" / "out.html", "there is no folder .*none. Make it first"),
        (tmp_path / "file" / "out.html", "there is no folder .*file. Make it first"),
        (tmp_path / ("x" * 300), "can't be written: File name too long"),
        ("", "is empty"),
        ("a\0b", "no path can have"),
    ]
    for path, says in wrong:
        with pytest.raises(OptionError, match=says):
            written_whole(path, halfway)
    assert names(tmp_path) == {"file"}
    with pytest.raises(OptionError, match=r"text, such as 'report\.html', or a Path; not a value of the kind int"):
        written_whole(3, halfway)  # type: ignore[arg-type]


AS_NOBODY = """
import os, sys
from ombudsman_kpi.publish.files import written_whole
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    written_whole(sys.argv[1], lambda file: file.write(b"later"))
except ValueError as error:
    print(error)
"""


@pytest.mark.parametrize("protected", ["folder", "file"])
def test_what_is_protected(tmp_path: Path, protected: str) -> None:
    """A process of its own, since nothing is protected from the superuser."""
    for folder in (tmp_path, *tmp_path.parents):  # those of pytest, whichever of its workers this is
        folder.chmod(0o755)
        if folder.name.startswith("pytest-of-"):
            break
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o777)
    path = folder / "out.html"
    path.write_bytes(EARLIER)
    path.chmod(0o444 if protected == "file" else 0o666)
    folder.chmod(0o555 if protected == "folder" else 0o777)
    source = Path(__file__).parents[2] / "src"
    environment = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(path)],
        capture_output=True, text=True, check=True, env=environment,
    )  # fmt: skip
    folder.chmod(0o755)
    wanted = {"folder": "Permission denied. If it is open in another program", "file": "the file is protected"}
    assert wanted[protected] in ran.stdout
    assert path.read_bytes() == EARLIER
    assert names(folder) == {"out.html"}


def test_permissions_are_those_of_a_plain_open(tmp_path: Path) -> None:
    def mode(name: str) -> int:
        return stat.S_IMODE((tmp_path / name).stat().st_mode)

    for mask in (0o022, 0o027, 0o077, 0o002):
        before = os.umask(mask)
        try:
            (tmp_path / "plain").write_bytes(b"")
            written_whole(tmp_path / "whole", lambda file: file.write(b""))
        finally:
            os.umask(before)
        assert mode("whole") == mode("plain") == 0o666 & ~mask
        (tmp_path / "plain").unlink()
        (tmp_path / "whole").unlink()
    (tmp_path / "kept").write_bytes(b"")
    (tmp_path / "kept").chmod(0o640)
    written_whole(tmp_path / "kept", lambda file: file.write(b"later"))
    assert mode("kept") == 0o640


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target, link, dangling = tmp_path / "there" / "out.html", tmp_path / "link", tmp_path / "dangling"
    target.write_bytes(EARLIER)
    link.symlink_to(target)
    dangling.symlink_to(tmp_path / "there" / "new.html")
    written_whole(link, lambda file: file.write(b"later"))
    written_whole(dangling, lambda file: file.write(b"new"))
    assert link.is_symlink()
    assert dangling.is_symlink()
    assert (target.read_bytes(), (tmp_path / "there" / "new.html").read_bytes()) == (b"later", b"new")
    assert names(tmp_path / "there") == {"out.html", "new.html"}


def test_a_device_is_written_straight_into() -> None:
    written_whole(os.devnull, lambda file: file.write(b"nothing"))
    assert not Path(os.devnull).is_file()
