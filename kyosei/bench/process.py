"""The first thing that a process of the generator does; imports no models, which need Django to be ready."""

from __future__ import annotations

import os

import django


def start_process() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyosei.settings")
    django.setup()
