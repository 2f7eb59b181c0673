"""The program's own PostgreSQL and Redis, for every start that names none.

``ensure_services()`` is called by ``manage.py``, the WSGI and worker entries and the test set-up *before*
settings are read. Importing this package (or the settings) starts nothing.
"""

import os
import threading
from pathlib import Path

import environ

from common.embedded import postgres, redis_server
from common.embedded.layout import PROJECT, EmbeddedError, Layout, layout_for

__all__ = [
    "EmbeddedError",
    "Layout",
    "ensure_services",
    "layout_for",
    "program",
    "read_dotenv",
    "stop_services",
]

_lock = threading.Lock()


def read_dotenv(path: Path | None = None) -> None:
    """Take what `.env` names into the environment; what is set there already wins."""
    path = path or PROJECT / ".env"
    if path.is_file():
        environ.Env.read_env(path)


def ensure_services(*, database: bool = True, redis: bool = True, profile: str | None = None) -> None:
    """Set DATABASE_URL and REDIS_URL, starting an embedded server for each that is not set.

    Safe to call from many processes at once: the first starts, the others wait and use it. The servers
    outlive their caller; ``python -m common.embedded stop`` ends them.

    Profiles (KYOSEI_PROFILE, else ``run``): ``run`` loses nothing; ``test`` and ``bench`` keep their own data
    and give up durability.
    Raises EmbeddedError when KYOSEI_ENV is ``production``, or when a server cannot be started.
    """
    with _lock:
        read_dotenv()
        missing = [
            name
            for name, wanted in (("DATABASE_URL", database), ("REDIS_URL", redis))
            if wanted and not os.environ.get(name)
        ]
        if not missing:
            return
        if os.environ.get("KYOSEI_ENV") == "production":
            raise EmbeddedError(
                f"KYOSEI_ENV=production needs {' and '.join(missing)}: "
                "the embedded servers are not for production."
            )
        layout = layout_for(profile or os.environ.get("KYOSEI_PROFILE") or "run")
        if "DATABASE_URL" in missing:
            os.environ["DATABASE_URL"] = postgres.ensure(layout)
        if "REDIS_URL" in missing:
            os.environ["REDIS_URL"] = redis_server.ensure(layout)


def stop_services(profile: str = "run") -> list[str]:
    """Stop the embedded servers of a profile; returns the names of those that ran."""
    layout = layout_for(profile)
    ran = []
    if redis_server.stop(layout):
        ran.append("redis")
    if postgres.stop(layout):
        ran.append("postgresql")
    return ran


def program(name: str) -> str:
    """The path of one of PostgreSQL's own programs (``pg_dump``), of the version that the embedded server has."""
    return postgres.program(layout_for(os.environ.get("KYOSEI_PROFILE") or "run"), name)
