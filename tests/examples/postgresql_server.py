"""A PostgreSQL server for tests, out of the machine's own binaries: started in a folder of its own, and gone after."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import psycopg
import pytest
from psycopg.rows import dict_row

if sys.platform == "win32":
    pytest.skip("A server for these tests is started on Unix only.", allow_module_level=True)

import pwd

REQUIRED = "OMBUDSMAN_KPI_REQUIRE_POSTGRESQL"

Row = dict[str, Any]


class Binaries(NamedTuple):
    initdb: Path
    postgres: Path


def find_binaries() -> Binaries | None:
    """Give the programs of a server on this machine: those on the path, else the newest of Debian's folders."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    for folder in folders:
        found = Binaries(folder / "initdb", folder / "postgres")
        if all(path.is_file() for path in found):
            return found
    return None


def _version(folder: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", folder.parent.name)]


def do_without(what: str) -> NoReturn:
    """Skip what needs a server; or fail, where there has to be one."""
    if os.environ.get(REQUIRED):
        pytest.fail(f"{what}, and {REQUIRED} is set.")
    pytest.skip(f"{what}.")


def wait_until(there: Callable[[], object], what: str) -> None:
    """Wait half a minute for something."""
    end = time.monotonic() + 30
    while not there():
        assert time.monotonic() < end, f"{what} doesn't come."
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Server:
    """A server that listens on a port of this machine, and on a socket in its folder."""

    def __init__(self, binaries: Binaries, folder: Path) -> None:
        self.binaries, self.folder, self.log = binaries, folder, folder / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self.port, self.names = 0, count(1)

    def start(self) -> None:
        """Make the files, as somebody who isn't root, and start the server; with another port if this one is taken."""
        user = _unprivileged_user()
        if user is not None:
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        made = self._begin(
            user, self.binaries.initdb, "-D", "data", "--username=casework", "--auth=trust", "--encoding=UTF8",
            "--locale=C", "--no-sync",
        )  # fmt: skip
        assert made.wait(120) == 0, self.log.read_text("utf-8")
        for _ in range(3):
            self.port = free_port()
            settings = {
                "port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder,
                "fsync": "off", "shared_buffers": "16MB", "timezone": "Pacific/Kiritimati",
                "log_statement": "all", "log_line_prefix": "<%d> ", "log_parameter_max_length": 0,
            }  # fmt: skip
            self.process = self._begin(
                user, self.binaries.postgres, "-D", "data", *(f"--{name}={value}" for name, value in settings.items())
            )
            wait_until(self._answers_or_has_ended, "The server")
            if self.process.poll() is None:
                return
        pytest.fail(f"The server doesn't start: {self.log.read_text('utf-8')}")

    def _begin(self, user: pwd.struct_passwd | None, program: Path, *arguments: str) -> subprocess.Popen[bytes]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [program, *arguments], cwd=self.folder, env=clean, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                user=user and user.pw_uid, group=user and user.pw_gid, extra_groups=None if user is None else [],
            )  # fmt: skip

    def _answers_or_has_ended(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            return True
        with suppress(psycopg.OperationalError):
            self.connect("postgres").close()
            return True
        return False

    def stop(self) -> None:
        """Stop it at once, for nobody wants its data; with force, if it must be."""
        for how in (signal.SIGQUIT, signal.SIGKILL):
            if self.process is not None and self.process.poll() is None:
                self.process.send_signal(how)
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(10)

    def connect(self, database: str) -> psycopg.Connection[Row]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="casework", dbname=database, autocommit=True,
            options="-c timezone=Europe/London", row_factory=dict_row,
        )  # fmt: skip

    @contextmanager
    def database(self) -> Iterator["Database"]:
        """Give an empty database."""
        name = f"casework_{next(self.names)}"
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        with self.connect(name) as connection:
            yield Database(self, name, connection)


@contextmanager
def running_server() -> Iterator[Server]:
    """Run a server while this lasts; where there are no binaries, do without."""
    binaries = find_binaries()
    if binaries is None:
        do_without("There is no PostgreSQL server on this machine (no initdb and postgres)")
    folder = Path(tempfile.mkdtemp(prefix="kpi-", dir="/tmp"))  # a socket's path has to be short
    server = Server(binaries, folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Give whom to run a server as, which refuses to run as root; None: as whoever runs this."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


class Database:
    """A database, as somebody sees it who looks on from outside."""

    def __init__(self, server: Server, name: str, connection: psycopg.Connection[Row]) -> None:
        self.server, self.name, self.connection = server, name, connection
        self.url = f"postgresql+psycopg://casework@127.0.0.1:{server.port}/{name}"
        self.url_of_socket = f"postgresql:///{name}?host={server.folder}&port={server.port}&user=casework"

    def do(self, statement: str) -> None:
        self.connection.execute(statement.encode())

    def rows(self, query: str) -> list[Row]:
        return self.connection.execute(query.encode()).fetchall()

    def load(self, table: str, rows: list[Row]) -> None:
        """Put rows into a table."""
        names = list(rows[0])
        copying = f"COPY {table} ({', '.join(names)}) FROM STDIN".encode()
        with self.connection.cursor() as cursor, cursor.copy(copying) as copy:
            for row in rows:
                copy.write_row([row[name] for name in names])

    def log(self) -> str:
        """Give what the server was told in this database."""
        text = self.server.log.read_text("utf-8")
        return "".join(re.findall(rf"^<{self.name}> .*\n(?:\t.*\n)*", text, re.MULTILINE))
