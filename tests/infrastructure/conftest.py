"""Each test gets a `var/` of its own and a process environment without servers; what it starts is stopped."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from common.embedded import postgres, redis_server, stop_services
from common.embedded.layout import PROJECT, SOCKET_ROOT, Layout, layout_for

CONNECTION = ("DATABASE_URL", "REDIS_URL", "KYOSEI_ENV", "KYOSEI_PROFILE", "PG_OS_USER")

Python = Callable[..., subprocess.Popen]


@pytest.fixture
def reachable_directory() -> Iterator[Callable[[str], Path]]:
    """Makes temporary directories that any user can enter (those of tmp_path are the caller's alone)."""
    made = []

    def make(prefix: str) -> Path:
        made.append(Path(tempfile.mkdtemp(prefix=f"kyosei-{prefix}")))
        made[-1].chmod(0o755)
        return made[-1]

    yield make
    for path in made:
        shutil.rmtree(path)


@pytest.fixture
def var(monkeypatch: pytest.MonkeyPatch, reachable_directory: Callable[[str], Path]) -> Iterator[Path]:
    path = reachable_directory("var-")
    monkeypatch.setenv("KYOSEI_VAR", str(path))
    for name in CONNECTION:
        monkeypatch.delenv(name, raising=False)
    yield path
    stop_services()
    for record in ("postgres-outside", "postgres-programs"):  # written where the project lies under /root
        if (path / record).exists():
            shutil.rmtree((path / record).read_text().strip(), ignore_errors=True)
    for name in ("pg", "redis"):
        sockets = SOCKET_ROOT / f"{layout_for('run').tag}-{name}"
        if sockets.exists():
            sockets.rmdir()


@pytest.fixture
def layout(var: Path) -> Layout:
    return layout_for("run")


@pytest.fixture
def python(var: Path) -> Python:
    """Starts a Python process with this test's environment."""

    def start(code: str, **environment: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=PROJECT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture
def running(layout: Layout) -> tuple[str, str]:
    """The addresses of a running PostgreSQL and Redis."""
    return postgres.ensure(layout), redis_server.ensure(layout)
