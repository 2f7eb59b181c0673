#!/usr/bin/env python3
"""Start everything, say where it is, watch over it, and stop all of it on Ctrl-C.

Web server, Celery worker and beat run in sessions of their own; their numbers are kept in
var/run/children.json, so that after a `kill -9` of this program the next start ends what was left before it
starts anew.
"""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))
BIN = PROJECT / ".venv/bin"

from common.embedded import EmbeddedError, ensure_services, layout_for, processes, read_dotenv, stop_services  # noqa: E402

READY_WITHIN = 60.0
LARGE_LOG = 20_000_000
STOP_WITHIN = {"web": 5.0, "worker": 10.0, "beat": 5.0}


class Stop(Exception):
    """Somebody asked us to end."""


class Failure(Exception):
    """Something does not start; the message says what."""


@dataclass
class Supervisor:
    run: Path
    logs: Path
    port: int
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    started: dict[str, float] = field(default_factory=dict)

    def commands(self) -> dict[str, list[str]]:
        celery = [str(BIN / "celery"), "-A", "kyosei.celery:app"]
        workers = str(min(4, len(os.sched_getaffinity(0))))
        return {
            "web": [
                *(
                    str(BIN / "granian"),
                    "--interface",
                    "wsgi",
                    "--host",
                    "127.0.0.1",
                    "--port",
                    str(self.port),
                ),
                *("--workers", workers, "--blocking-threads", "1", "--no-ws", "kyosei.wsgi:application"),
            ],
            "worker": [*celery, "worker", "--loglevel", "INFO", "--concurrency", "2"],
            "beat": [*celery, "beat", "--loglevel", "INFO", "--pidfile="],
        }

    def start(self, name: str) -> None:
        with self.open_log(name) as log:
            self.children[name] = subprocess.Popen(
                self.commands()[name],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started[name] = time.monotonic()
        self.record()

    def open_log(self, name: str) -> IO[bytes]:
        path = self.logs / f"{name}.log"
        if path.exists() and path.stat().st_size > LARGE_LOG:
            path.rename(path.with_suffix(".log.1"))
        return path.open("ab")

    def record(self) -> None:
        children = {
            name: [child.pid, processes.start_time(child.pid)] for name, child in self.children.items()
        }
        unfinished = self.run / "children.json.new"
        unfinished.write_text(json.dumps(children))
        unfinished.rename(self.run / "children.json")

    def prepare(self) -> None:
        log = self.logs / "prepare.log"
        with log.open("wb") as output:
            child = subprocess.Popen(
                [sys.executable, str(PROJECT / "scripts/prepare.py"), str(self.run)],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self.children["prepare"] = child
            self.record()
            code = child.wait()
        del self.children["prepare"]
        if code:
            raise Failure(f"The database could not be prepared ({log}):\n{tail(log)}")

    def wait_until_ready(self) -> None:
        give_up = time.monotonic() + READY_WITHIN
        answer = "no answer"
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while time.monotonic() < give_up:
            self.check_children()
            try:
                direct.open(f"http://127.0.0.1:{self.port}/healthz", timeout=5).close()
            except urllib.error.HTTPError as error:
                answer = f"HTTP {error.code}"
            except OSError as error:
                answer = str(error)
            else:
                return
            time.sleep(0.1)
        log = self.logs / "web.log"
        raise Failure(f"/healthz was not ready in {READY_WITHIN:.0f} s ({answer}). {log}:\n{tail(log)}")

    def check_children(self) -> None:
        """Start a child anew that died; one that dies as soon as it starts ends the run."""
        for name, child in list(self.children.items()):
            if child.poll() is None:
                continue
            log = self.logs / f"{name}.log"
            if time.monotonic() - self.started[name] < 10:
                raise Failure(f"{name} ended with code {child.returncode} ({log}):\n{tail(log)}")
            say(f"{name} ended with code {child.returncode}; starting it again (see {log})")
            end_session(child.pid)
            self.start(name)

    def stop(self) -> None:
        for child in self.children.values():
            if child.poll() is None:
                child.terminate()
        for name, child in self.children.items():
            with suppress(subprocess.TimeoutExpired):
                child.wait(STOP_WITHIN.get(name, 5.0))
            end_session(child.pid)
            child.wait()
        self.children.clear()
        self.record()


def main() -> int:
    os.chdir(PROJECT)
    read_dotenv()
    port = read_port()
    layout = layout_for("run")
    run, logs = layout.home / "run", layout.home / "log"
    for directory in (run, logs):
        directory.mkdir(parents=True, exist_ok=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, ask_to_stop)
    supervisor = Supervisor(run, logs, port)
    with (run / "supervisor.lock").open("a") as lock:
        try:
            take_lock(lock, run)
            end_orphans(run)
            check_port(port)
        except (Failure, Stop) as error:
            return report(error)
        try:
            serve(supervisor)
        except (Failure, EmbeddedError, Stop) as error:
            (run / "stopping").touch()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            code = report(error)
        finally:
            supervisor.stop()
            stop_services("run")
            (run / "stopping").unlink(missing_ok=True)
    if not code:
        say("stopped.")
    return code


def serve(supervisor: Supervisor) -> None:
    """Start all, then watch until somebody stops us."""
    began = time.monotonic()
    say("starting PostgreSQL and Redis")
    ensure_services()
    say("preparing the database (the first time takes a little)")
    supervisor.prepare()
    for name in supervisor.commands():
        supervisor.start(name)
    supervisor.wait_until_ready()
    signins = (supervisor.run / "signins.txt").read_text().rstrip()
    print(f"\n  kyosei: http://127.0.0.1:{supervisor.port}/    (ready in {time.monotonic() - began:.1f} s)\n")
    if signins:
        print(signins + "\n")
    print(f"  Logs: {supervisor.logs}    Ctrl-C stops everything.", flush=True)
    parent = os.getppid()
    while True:
        time.sleep(0.5)
        supervisor.check_children()
        if "MAKELEVEL" in os.environ and os.getppid() != parent:
            raise Stop("make is gone")


def take_lock(lock: IO[str], run: Path) -> None:
    """Be the only supervisor of this directory; one that is just stopping is waited for."""
    began = time.monotonic()
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() - began > (60 if (run / "stopping").exists() else 3):
                raise Failure(
                    "kyosei already runs from this directory. Stop it with Ctrl-C where it was started."
                ) from None
            time.sleep(0.1)
        else:
            (run / "stopping").unlink(missing_ok=True)
            return


def end_orphans(run: Path) -> None:
    """End what a killed supervisor left running: the recorded processes, if they are still the same ones."""
    try:
        recorded = json.loads((run / "children.json").read_text())
    except (OSError, ValueError):
        return
    for name, (pid, start) in recorded.items():
        current = processes.start_time(pid)
        if start is None or (current is not None and current != start):
            continue  # the number has gone to a stranger
        if end_session(pid):
            say(f"ended the {name} process of an earlier start that was killed")


def end_session(leader: int) -> bool:
    """End every process of the session: politely, then by force. True if there was any."""
    found = session(leader)
    for number, seconds in ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)):
        give_up = time.monotonic() + seconds
        for pid in session(leader):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        while session(leader) and time.monotonic() < give_up:
            time.sleep(0.05)
    return bool(found)


def session(leader: int) -> list[int]:
    """The live processes of a session that run from this project's environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        pid = int(entry.name)
        try:
            if os.getsid(pid) != leader:
                continue
        except OSError:
            continue
        if processes.start_time(pid) and any(str(PROJECT) in part for part in processes.command_line(pid)):
            found.append(pid)
    return found


def check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise Failure(f"Port {port} needs root. Choose one above 1023: PORT=8001 make run") from None
        except OSError:
            raise Failure(
                f"Port {port} is taken by another program. Choose another: PORT={port + 1} make run"
            ) from None


def read_port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not text.isdigit() or not 0 < int(text) < 65536:
        sys.exit(f"PORT={text} is not a port: a number from 1 to 65535.")
    return int(text)


def ask_to_stop(number: int, _frame: object) -> None:
    raise Stop(signal.Signals(number).name)


def report(error: Exception) -> int:
    """Say why we end; the exit code."""
    if isinstance(error, Stop):
        say(f"stopping ({error})")
        return 0
    print(error, file=sys.stderr, flush=True)
    return 1


def tail(path: Path, lines: int = 15) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


def say(text: str) -> None:
    print(f"kyosei: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
