"""What processes of the benchmark begin with; imports no models, which need Django to be ready."""

from __future__ import annotations

import os
from pathlib import Path

import django


def start_process() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyosei.settings")
    django.setup()


def peak_mb() -> float:
    """The most memory that this process has held, in MB. Not ``ru_maxrss``: that begins with what the parent held when it
    forked."""
    for row in Path("/proc/self/status").read_text().splitlines():
        if row.startswith("VmHWM:"):
            return int(row.split()[1]) / 1024
    raise OSError("/proc/self/status has no VmHWM")


def make_reports() -> None:
    """A worker of its own: makes the reports that wait, as Celery's task does, and ends."""
    start_process()
    from budgets.tasks import make_reports as task

    task()
