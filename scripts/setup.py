#!/usr/bin/env python3
"""Make `.venv`, install the pinned dependencies into it, and the system packages that cannot come from PyPI.

`setup.py run|check|test`: what `make run`, `make check` and `make test` need. Needs nothing but Python's
standard library. What it may not install it names; only Python packages are indispensable.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
VENV = PROJECT / ".venv"
PYTHON = VENV / "bin/python"
STAMP = VENV / "kyosei-installed"

# Debian package -> what it is for
PDF = {
    "libpango-1.0-0": "PDF",
    "libpangoft2-1.0-0": "PDF",
    "libharfbuzz-subset0": "PDF",
    "fonts-ipaexfont-gothic": "Japanese in PDFs",
}
BROWSER = {
    "chromium": "browser tests",
    "fonts-noto-cjk": "Japanese in the browser tests' screenshots",
    "poppler-utils": "looking at PDFs in tests",
}


def main() -> None:
    what = sys.argv[1] if len(sys.argv) > 1 else "run"
    if sys.version_info < (3, 11):  # noqa: UP036 - said in words, before anything fails
        found = sys.version.split()[0]
        sys.exit(f"Python 3.11 is needed, this is {found}. Name one: make {what} PYTHON=python3.11")
    os.chdir(PROJECT)
    lock = PROJECT / "var/setup.lock"
    try:
        lock.parent.mkdir(exist_ok=True)
        handle = lock.open("a")
    except PermissionError:
        sys.exit(
            f"{lock.parent} cannot be written: it was made by another user. Run as that user, or clone anew."
        )
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        make_venv()
        install_python_packages("run" if what == "run" else "dev")
        if what != "check":
            install_system_packages(PDF if what == "run" else {**PDF, **BROWSER})


def make_venv() -> None:
    """A `.venv` whose Python runs and has pip; one that was moved or half made is made anew."""
    if PYTHON.exists() and succeeds(str(PYTHON), "-c", "import pip"):
        return
    say("making .venv")
    command = (sys.executable, "-m", "venv", "--clear", str(VENV))
    if succeeds(*command):
        return
    package = "python3-venv"
    if shutil.which("uv") and succeeds(
        "uv", "venv", "--quiet", "--clear", "--seed", "--python", sys.executable, str(VENV)
    ):
        return
    if not apt_install([package]) or not succeeds(*command):
        subprocess.run(command, check=False)
        sys.exit(
            f"\nPython cannot make a virtual environment. Install it:\n  sudo apt-get install -y {package}"
        )


def install_python_packages(kind: str) -> None:
    """Install requirements/<kind>.txt, unless what it names is installed already."""
    wanted = {name: f"{name} {digest(name)}" for name in ("run", "dev")}
    installed = STAMP.read_text().splitlines() if STAMP.exists() else []
    if wanted[kind] in installed:
        return
    say(f"installing requirements/{kind}.txt")
    file = f"requirements/{kind}.txt"
    uv = shutil.which("uv")
    done = bool(uv) and run(
        str(uv), "pip", "install", "--quiet", "--python", str(PYTHON), "--require-hashes", "-r", file
    )
    options = ("-qq", "--no-input", "--disable-pip-version-check", "--require-hashes")
    if not done and not run(str(PYTHON), "-m", "pip", "install", *options, "-r", file):
        sys.exit(f"\nThe packages of {file} could not be installed (see above).")
    STAMP.write_text("\n".join(wanted.values() if kind == "dev" else [wanted["run"]]) + "\n")


def digest(kind: str) -> str:
    """Changes with the pins and with the Python that they were installed for."""
    text = (PROJECT / f"requirements/{kind}.txt").read_bytes()
    return hashlib.sha256(text + os.path.realpath(PYTHON).encode()).hexdigest()


def install_system_packages(packages: dict[str, str]) -> None:
    missing = [name for name in packages if not is_installed(name)]
    if not missing:
        return
    say(f"installing {' '.join(missing)}")
    if not apt_install(missing):
        say("These Debian packages are missing and may not be installed from here:")
        for name in missing:
            say(f"  {name:24} {packages[name]}")
        say(f"Install them: sudo apt-get install -y {' '.join(missing)}\nGoing on without them.")


def is_installed(package: str) -> bool:
    """Whether Debian has it installed; elsewhere, whether its library or program is there."""
    if shutil.which("dpkg-query"):
        query = ["dpkg-query", "-W", "-f", "${Status}", package]
        return "ok installed" in subprocess.run(query, capture_output=True, text=True, check=False).stdout
    return package.startswith("lib") or shutil.which(package) is not None


def apt_install(packages: list[str]) -> bool:
    """Install by apt-get as root or with a sudo that asks for no password; False if that cannot be done."""
    if not shutil.which("apt-get"):
        return False
    if os.geteuid() == 0:
        prefix = []
    elif shutil.which("sudo") and succeeds("sudo", "-n", "true"):
        prefix = ["sudo", "-n"]
    else:
        return False
    apt = [
        *prefix,
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-qq",
        "-o",
        "DPkg::Lock::Timeout=120",
    ]
    install = [*apt, "install", "-y", "--no-install-recommends", *packages]
    if succeeds(*install):
        return True
    return succeeds(*apt, "update") and run(*install, quiet=True)


def succeeds(*command: str) -> bool:
    return run(*command, quiet=True, errors=False)


def run(*command: str, quiet: bool = False, errors: bool = True) -> bool:
    nothing = subprocess.DEVNULL
    result = subprocess.run(
        command,
        stdin=nothing,
        stdout=nothing if quiet else None,
        stderr=None if errors else nothing,
        check=False,
    )
    return result.returncode == 0


def say(text: str) -> None:
    print(f"setup: {text}" if not text.startswith("  ") else text, flush=True)


if __name__ == "__main__":
    main()
