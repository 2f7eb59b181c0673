"""Where the embedded servers keep their data, and with which settings each profile runs."""

import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
SOCKET_ROOT = Path("/tmp")  # noqa: S108 - a socket path is limited to 107 bytes, so it cannot lie under the project

_SAFE = {"shared_buffers": "256MB", "max_connections": "200"}
_UNSAFE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
POSTGRES_OPTIONS: dict[str, dict[str, str]] = {
    "run": {**_SAFE, "synchronous_commit": "on"},
    "test": {**_SAFE, **_UNSAFE},
    "bench": {
        **_SAFE,
        **_UNSAFE,
        "shared_buffers": "1GB",
        "maintenance_work_mem": "512MB",
        "max_wal_size": "8GB",
    },
}


class EmbeddedError(RuntimeError):
    """An embedded server cannot be started; the message says what to do."""


@dataclass(frozen=True)
class Layout:
    """The directories of one profile. `var` is the whole program's, `home` the profile's."""

    profile: str
    var: Path
    home: Path

    @property
    def redis(self) -> Path:
        return self.home / "redis"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's home, unless its user cannot reach it (see `postgres.owner`)."""
        return self.home / "postgres"

    @property
    def tag(self) -> str:
        """A short name for this profile of this directory, the same at every start."""
        return "kyosei-" + hashlib.sha256(str(self.home).encode()).hexdigest()[:10]

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold the profile's lock `name`: one process at a time starts or stops a server."""
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            handle = (self.home / f"{name}.lock").open("a")
        except PermissionError as error:
            raise EmbeddedError(
                f"{self.home} cannot be written ({error.strerror}): it was made by another user. "
                "Run as that user, or set KYOSEI_VAR to a directory of your own."
            ) from None
        with handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def layout_for(profile: str = "run") -> Layout:
    """The layout of a profile under KYOSEI_VAR, or `var/` in the project."""
    if profile not in POSTGRES_OPTIONS:
        raise EmbeddedError(f"unknown profile {profile!r}: one of {', '.join(POSTGRES_OPTIONS)}")
    var = Path(os.environ.get("KYOSEI_VAR") or PROJECT / "var").absolute().resolve()
    return Layout(profile, var, var if profile == "run" else var / profile)


def socket_directory(name: str, uid: int, gid: int) -> Path:
    """A directory for sockets that only `uid` may enter. Refuses one that somebody else put there."""
    path = SOCKET_ROOT / name
    try:
        path.mkdir(mode=0o700)
        os.chown(path, uid, gid)
    except FileExistsError:
        pass
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {uid, os.geteuid()}:
        raise EmbeddedError(
            f"{path} belongs to somebody else: remove it, or set KYOSEI_VAR to another directory."
        )
    if found.st_uid != uid or stat.S_IMODE(found.st_mode) != 0o700:
        os.chown(path, uid, gid)
        path.chmod(0o700)
    return path
