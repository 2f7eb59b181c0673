"""Pytest plugin: starts the real PostgreSQL and Redis of the tests before the settings are read."""

import os

os.environ["KYOSEI_ENV"] = "test"
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

from common.embedded import ensure_services

ensure_services(profile="test")


def pytest_terminal_summary(terminalreporter) -> None:
    """Figures that tests reach (``record_property("figure", "…")``), by their names."""
    figures = sorted(
        str(value)
        for report in terminalreporter.stats.get("passed", [])
        for name, value in report.user_properties
        if name == "figure"
    )
    if figures:
        terminalreporter.section("figures")
    for figure in figures:
        terminalreporter.write_line(figure)
