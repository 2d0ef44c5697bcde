"""PostgreSQL and Redis servers of a test's own, which it may stop, restart, fill and starve."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

import pytest

OWNER = "postgres"  # PostgreSQL refuses to run as root, which tests do where they are run in a container
START_SECONDS = 60
STOP_SECONDS = 60
PAUSE_SECONDS = 0.02


class Shutdown(Enum):
    """How a PostgreSQL server is told to end, by the signal that says so."""

    FAST = signal.SIGINT  # transactions are rolled back, what is in memory is written
    IMMEDIATE = signal.SIGQUIT  # it ends at once and recovers when it starts, as after a crash
    KILLED = signal.SIGKILL


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


class PrivatePostgres:
    """A PostgreSQL cluster in *folder*, which belongs to whoever the server runs as.

    settings: lines of postgresql.conf.
    """

    def __init__(self, programs: Path, folder: Path, settings: Mapping[str, str]) -> None:
        self._programs = programs
        self._folder = folder
        self._data = folder / "data"
        self._settings = {
            "listen_addresses": "'127.0.0.1'",
            "unix_socket_directories": f"'{folder}'",
            "fsync": "off",  # it is processes that end here, and never the machine
            "shared_buffers": "'16MB'",
            "max_connections": "50",
            **settings,
        }
        self._server: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        """Its maintenance database, as Paceline takes it."""
        return self.database("postgres")

    @property
    def data(self) -> Path:
        """Where the cluster lies."""
        return self._data

    def database(self, name: str) -> str:
        """The URL of a database of that name."""
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{name}"

    def create(self) -> None:
        """Makes the cluster; the server is not started."""
        # A locale that every machine has; nothing is waited for, since a machine that loses power loses the test too.
        words = (
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        )
        subprocess.run(
            self._as_owner(self._programs / "initdb", *words, "-D", self._data),
            check=True,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
        )

    def follow(self, primary: "PrivatePostgres") -> None:
        """Makes the cluster a copy of another, of which it is a hot standby once it is started."""
        words = (
            "--host=127.0.0.1",
            f"--port={primary.port}",
            "--username=postgres",
            "--write-recovery-conf",
            "--wal-method=stream",
            "--checkpoint=fast",
            "--no-sync",
        )
        subprocess.run(
            self._as_owner(self._programs / "pg_basebackup", *words, "-D", self._data), check=True, cwd=self._folder
        )

    def start(self, **settings: str) -> None:
        """Starts the server and waits until it takes connections. settings: for this time, before all others."""
        options = [f"--{name}={value.strip(chr(39))}" for name, value in {**self._settings, **settings}.items()]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                self._as_owner(self._programs / "postgres", "-D", self._data, f"--port={self.port}", *options),
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )
        ready: list[str | Path] = [self._programs / "pg_isready", "--quiet", "--host=127.0.0.1", f"--port={self.port}"]
        _wait_for(self._server, lambda: subprocess.run(ready, check=False).returncode == 0, self.log)

    def stop(self, how: Shutdown = Shutdown.FAST) -> None:
        """Ends the server, if it runs, and waits for its end."""
        server, self._server = self._server, None
        if server is not None:
            if server.poll() is None:
                server.send_signal(how.value)
            server.wait(STOP_SECONDS)

    def restart(self, how: Shutdown = Shutdown.FAST, **settings: str) -> None:
        """Ends the server and starts it anew."""
        self.stop(how)
        self.start(**settings)

    def is_running(self) -> bool:
        """Whether the server has been started and has not ended."""
        return self._server is not None and self._server.poll() is None

    def log(self) -> str:
        """What the server has written since it was made."""
        return (self._folder / "log").read_text(encoding="utf-8", errors="replace")

    def _as_owner(self, *command: str | Path) -> Sequence[str | Path]:
        if os.geteuid() != 0:
            return command
        return ("setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--init-groups", *command)


class PrivateRedis:
    """A Redis server that keeps nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Starts the server and waits until it takes connections."""
        words = ("--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no")
        self._server = subprocess.Popen(
            ["redis-server", *words], cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _wait_for(self._server, self._answers, lambda: "redis-server ended")

    def stop(self) -> None:
        """Kills the server, if it runs: whoever talks to it finds the connection gone."""
        server, self._server = self._server, None
        if server is not None:
            server.kill()
            server.wait(STOP_SECONDS)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _wait_for(server: subprocess.Popen[bytes], ready: Callable[[], bool], log: Callable[[], str]) -> None:
    until = time.monotonic() + START_SECONDS
    while not ready():
        if server.poll() is not None or time.monotonic() > until:
            server.kill()
            raise RuntimeError(f"the server did not start:\n{log()}")
        time.sleep(PAUSE_SECONDS)


def postgres_programs() -> Path | None:
    """Where PostgreSQL's own programs lie, the newest version's; None where there are none."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: float(path.parts[-3]), default=None)
    return None if newest is None else newest.parent


@contextmanager
def private_folder() -> Iterator[Path]:
    """A new folder whose path is short enough for a socket's."""
    folder = Path(tempfile.mkdtemp(prefix="paceline-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def private_postgres(folder: Path | None = None, **settings: str) -> Iterator[PrivatePostgres]:
    """A running cluster of the test's own, in *folder* if one is given; skips the test where there is no PostgreSQL."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL's programs (initdb, postgres) are not installed")
    if folder is None:
        with private_folder() as made, private_postgres(made, **settings) as cluster:
            yield cluster
        return
    if os.geteuid() == 0:
        shutil.chown(folder, OWNER)
    cluster = PrivatePostgres(programs, folder, settings)
    cluster.create()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop(Shutdown.IMMEDIATE)


@contextmanager
def private_standby(primary: PrivatePostgres, **settings: str) -> Iterator[PrivatePostgres]:
    """A running hot standby of another cluster."""
    programs = postgres_programs()
    assert programs is not None, "the primary was made by them"
    with private_folder() as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, OWNER)
        cluster = PrivatePostgres(programs, folder, settings)
        cluster.follow(primary)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop(Shutdown.KILLED)


@contextmanager
def private_redis() -> Iterator[PrivateRedis]:
    """A running Redis of the test's own; skips the test where there is none."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with private_folder() as folder:
        server = PrivateRedis(folder)
        try:
            server.start()
            yield server
        finally:
            server.stop()
