"""Pytest plugin: starts the real PostgreSQL and Redis of the tests before the settings are read."""

import os

os.environ["KYOSEI_ENV"] = "test"
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

from common.embedded import ensure_services

ensure_services(profile="test")
