"""A Spark cluster for tests: a master and workers, each a process of its own on this machine, and gone after."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

REQUIRED = "OMBUDSMAN_KPI_REQUIRE_SPARK"


def do_without(what: str) -> NoReturn:
    """Skip what needs a cluster; or fail, where there has to be one."""
    if os.environ.get(REQUIRED):
        pytest.fail(f"{what}, and {REQUIRED} is set.")
    pytest.skip(f"{what}.", allow_module_level=True)


def lacking() -> str | None:
    """Say what a cluster lacks on this machine; None where it can be had."""
    if sys.platform == "win32":
        return "A cluster for these tests is started on Unix only"
    if find_spec("pyspark") is None:
        return "There is no pyspark"
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        return "There is no Java on this machine"
    return None


def wait_until(there: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Wait a minute for something."""
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, f"{what} doesn't come."
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Cluster:
    """A standalone master and some workers. A worker with all that it has started can be killed, and another begun."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder, self.port, self.page = folder, free_port(), free_port()
        self.url = f"spark://127.0.0.1:{self.port}"
        self.environment = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_NO_DAEMONIZE": "1", **environment}
        self.processes: list[subprocess.Popen[bytes]] = []
        self.workers: list[subprocess.Popen[bytes]] = []

    def start(self, workers: int, cores: int, memory: str = "2g") -> None:
        """Start the master, then its workers, and wait until it knows them."""
        self._begin("master.Master", "--host", "127.0.0.1", "--port", self.port, "--webui-port", self.page)
        for _ in range(workers):
            self.add_worker(cores, memory)
        wait_until(lambda: self.alive() == workers, "The cluster")

    def add_worker(self, cores: int, memory: str = "2g") -> None:
        """Start another worker."""
        place = self.folder / f"worker-{len(self.workers)}"
        options = ["--host", "127.0.0.1", "--cores", cores, "--memory", memory, "--webui-port", 0, "--work-dir", place]
        self.workers.append(self._begin("worker.Worker", *options, self.url))

    def _begin(self, name: str, *arguments: object) -> subprocess.Popen[bytes]:
        import pyspark

        home = Path(pyspark.__file__).parent
        java = Path(os.environ["JAVA_HOME"]) / "bin" / "java" if "JAVA_HOME" in os.environ else "java"
        command = [
            java,
            "-Xmx512m",
            "-cp",
            f"{home / 'jars'}/*",
            f"org.apache.spark.deploy.{name}",
            *map(str, arguments),
        ]
        scala = next((home / "jars").glob("spark-core_*.jar")).name.split("_")[1].split("-")[0]
        own = {"SPARK_HOME": str(home), "SPARK_SCALA_VERSION": scala}
        log = self.folder / f"{name}-{len(self.processes)}.log"
        with log.open("ab") as out:
            process = subprocess.Popen(
                command, cwd=self.folder, env={**self.environment, **own}, stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def alive(self) -> int:
        """Give the number of workers that the master believes in."""
        import json

        with suppress(OSError, ValueError), urllib.request.urlopen(f"http://127.0.0.1:{self.page}/json/") as answer:
            found: int = json.load(answer)["aliveworkers"]
            return found
        return -1

    def kill_worker(self, place: int) -> None:
        """End a worker, and the executors that it has started, as if the machine had lost its power."""
        process = self.workers[place]
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def stop(self) -> None:
        for process in reversed(self.processes):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)


@contextmanager
def running_cluster(workers: int = 2, cores: int = 1, memory: str = "2g", **environment: str) -> Iterator[Cluster]:
    """Run a cluster while this lasts; where it can't be had, do without."""
    if (what := lacking()) is not None:
        do_without(what)
    folder = Path(tempfile.mkdtemp(prefix="kpi-spark-"))
    cluster = Cluster(folder, {"PYTHONPATH": os.pathsep.join(sys.path), **environment})
    try:
        cluster.start(workers, cores, memory)
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def session_on(cluster: Cluster, **settings: Any) -> Iterator["SparkSession"]:
    """Give a session on a cluster."""
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(cluster.url)
    plain = {
        "spark.app.name": "tests", "spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1", "spark.executor.memory": "1g", "spark.sql.shuffle.partitions": "3",
        "spark.pyspark.python": sys.executable, "spark.local.dir": str(cluster.folder),
        "spark.sql.warehouse.dir": str(cluster.folder / "warehouse"), "spark.log.level": "ERROR",
    }  # fmt: skip
    for name, value in {**plain, **settings}.items():
        builder = builder.config(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what pyspark says of newer libraries and of this machine's name
        session = builder.getOrCreate()
    try:
        yield session
    finally:
        session.stop()
