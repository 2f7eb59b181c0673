#!/usr/bin/env python3
"""Bring database and static files up to date before the servers start; quick when nothing has changed."""

import hashlib
import os
import sys
from io import StringIO
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyosei.settings")
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command, get_commands

    run_directory = Path(sys.argv[1])
    call_command("migrate", interactive=False, verbosity=1 if "-v" in sys.argv else 0)
    commands = get_commands()
    if settings.KYOSEI_ENV != "production" and "demo_data" in commands:
        call_command("demo_data", if_empty=True)
    signins = StringIO()
    if settings.KYOSEI_ENV != "production" and "demo_signins" in commands:
        call_command("demo_signins", stdout=signins)
    (run_directory / "signins.txt").write_text(signins.getvalue())

    stamp = run_directory / "static-stamp"
    current = static_digest()
    if not Path(settings.STATIC_ROOT).exists() or not stamp.exists() or stamp.read_text() != current:
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(current)


def static_digest() -> str:
    """Changes with any file under a static/ directory of ours, and with the packages that bring their own."""
    digest = hashlib.sha256((PROJECT / "requirements/run.txt").read_bytes())
    digest.update((PROJECT / "kyosei/settings.py").read_bytes())
    ours = (path for path in PROJECT.glob("*/static") if path.parent.name not in {"var", ".venv"})
    for directory in (PROJECT / "static", *ours):
        for path in sorted(directory.rglob("*")):
            state = path.stat()
            digest.update(f"{path} {state.st_size} {state.st_mtime_ns}\n".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    main()
