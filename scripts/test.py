#!/usr/bin/env python3
"""The linters side by side, then all tests in parallel. Everything runs, whatever failed before it.

Results go to var/test-results.xml (JUnit). Arguments after `--` go to pytest.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
BIN = PROJECT / ".venv/bin"
sys.path.insert(0, str(PROJECT))

LINTERS = {
    "ruff check": ["ruff", "check", "--quiet", "."],
    "ruff format": ["ruff", "format", "--check", "--quiet", "."],
    "imports": ["lint-imports"],
    "mypy": ["mypy", "."],
    "djlint": ["djlint", "--lint", "--quiet", "templates"],
}


def main() -> int:
    from common.embedded import layout_for, postgres, redis_server, stop_services

    os.chdir(PROJECT)
    if "--linters" in sys.argv:
        return 1 if run_linters() else 0
    layout = layout_for("test")
    ran_before = postgres.is_running(layout) or redis_server.is_running(layout)
    environment = test_environment()
    try:
        database = subprocess.Popen(  # the other core migrates while mypy reads
            [str(BIN / "python"), "-m", "tests.template_database"], env=environment, stdin=subprocess.DEVNULL
        )
        failed = run_linters()
        database.wait()  # the tests say what it could not do
        code = run_tests(sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else [], environment)
    except KeyboardInterrupt:
        return 130
    finally:
        if not ran_before:
            stop_services("test")
    return code or (1 if failed else 0)


def run_linters() -> list[str]:
    """Run all linters at once; prints what they found and returns the names of those that failed."""
    failed = []
    with ThreadPoolExecutor() as pool:
        jobs = {pool.submit(run_linter, command): name for name, command in LINTERS.items()}
        for job in as_completed(jobs):
            code, output, seconds = job.result()
            print(f"{'FAILED' if code else 'ok':6} {jobs[job]} ({seconds:.1f} s)", flush=True)
            if code:
                failed.append(jobs[job])
                print(output.rstrip(), flush=True)
    if failed:
        print(f"linters that failed: {', '.join(failed)}", flush=True)
    return failed


def run_linter(command: list[str]) -> tuple[int, str, float]:
    started = time.monotonic()
    environment = {**os.environ, "KYOSEI_ENV": "test"}
    result = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout, time.monotonic() - started


def run_tests(arguments: list[str], environment: dict[str, str]) -> int:
    """Run pytest on a database of its own; `main` stops its servers unless they ran before."""
    workers = len(os.sched_getaffinity(0))
    command = [
        str(BIN / "python"),
        "-m",
        "pytest",
        "-n",
        str(workers),
        "--junitxml=var/test-results.xml",
        *arguments,
    ]
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False).returncode


def test_environment() -> dict[str, str]:
    """Says to the tests what this machine lacks: KYOSEI_NO_BROWSER, KYOSEI_NO_PDF."""
    environment = {**os.environ, "KYOSEI_ENV": "test"}
    if not (shutil.which("chromium") and importlib.util.find_spec("playwright")):
        print("Chromium is missing: browser tests are skipped. Install: sudo apt-get install -y chromium")
        environment["KYOSEI_NO_BROWSER"] = "1"
    try:
        import weasyprint  # noqa: F401
    except OSError:
        print(
            "WeasyPrint's libraries are missing: PDF tests are skipped. "
            "Install: sudo apt-get install -y libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
        )
        environment["KYOSEI_NO_PDF"] = "1"
    if not (shutil.which("soffice") or shutil.which("libreoffice")):
        print(
            "LibreOffice is missing: its recomputation of the workbook is skipped. It is large, so it is left to you: "
            "sudo apt-get install -y --no-install-recommends libreoffice-calc"
        )
    sys.stdout.flush()
    return environment


if __name__ == "__main__":
    sys.exit(main())
