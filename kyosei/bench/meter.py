"""Measuring one page in this process: middleware, view, templates and queries, without the network."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.test import Client

from accounts.models import Staff

BACKEND: Final = "allauth.account.auth_backends.AuthenticationBackend"
WARM_UP: Final = 3
BARE_REPEATS: Final = 5
BARE_SAMPLES: Final = 8
# the p95 of 30 requests is the second longest of them, and tells of a pause of the machine; that of 200 is the tenth
ENOUGH: Final = 200
Query = tuple[str, Any]


@dataclass(slots=True)
class Figures:
    """Milliseconds of every request, the largest number of queries, and page time over bare query time."""

    times: list[float] = field(default_factory=list)
    queries: int = 0
    ratio: float = 0.0
    size: int = 0

    @property
    def p50(self) -> float:
        return statistics.median(self.times)

    @property
    def p95(self) -> float:
        ordered = sorted(self.times)
        return ordered[min(round(len(ordered) * 0.95), len(ordered) - 1)]


_YARDSTICK: Final = "SELECT count(*) FROM generate_series(1, 100000) a WHERE a % 7 = 3"
YARD_REPEATS: Final = 9


@dataclass(frozen=True, slots=True)
class Machine:
    """What the machine does meanwhile: its load, and the milliseconds of the same small piece of work every time. A figure
    that rises with them tells of the machine, one that rises alone of the program.
    """

    load: float
    query_ms: float
    python_ms: float


def look_at_machine() -> Machine:
    queries, loops = [], []
    with connection.cursor() as cursor:
        for _ in range(YARD_REPEATS):
            began = time.perf_counter()
            cursor.execute(_YARDSTICK)
            cursor.fetchone()
            queries.append((time.perf_counter() - began) * 1000)
            began = time.perf_counter()
            sum(n * n % 7 for n in range(100_000))
            loops.append((time.perf_counter() - began) * 1000)
    return Machine(os.getloadavg()[0], statistics.median(queries), statistics.median(loops))


def settle(cursor: CursorWrapper) -> None:
    """What autovacuum does after a million rows came or went; a trial in a transaction has to do without it."""
    cursor.execute("ANALYZE" if connection.in_atomic_block else "VACUUM (ANALYZE)")


def signed_in(staff: Staff) -> Client:
    client = Client()
    client.force_login(staff, backend=BACKEND)
    return client


def _get(client: Client, url: str, headers: dict[str, str]) -> int:
    response = client.get(url, headers=headers)
    if response.status_code != 200:
        raise RuntimeError(f"{url} answered {response.status_code}")
    return len(response.getvalue() if response.streaming else response.content)


def _captured(client: Client, url: str, headers: dict[str, str]) -> list[Query]:
    """Every statement of one request, with its parameters."""
    queries: list[Query] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        queries.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        _get(client, url, headers)
    return queries


def _bare_ms(queries: Sequence[Query]) -> float:
    """What the SELECTs of a request take when they are sent alone and their rows fetched."""
    selects = [
        (sql, params) for sql, params in queries if sql.lstrip(" (").upper().startswith(("SELECT", "WITH"))
    ]
    times = []
    with connection.cursor() as cursor:
        for _ in range(BARE_REPEATS):
            began = time.perf_counter()
            for sql, params in selects:
                cursor.execute(sql, params)
                cursor.fetchall()
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def measure(
    client: Client, urls: Sequence[str], *, requests: int, headers: dict[str, str] | None = None
) -> Figures:
    """``requests`` requests over ``urls`` in turn, after a warm-up; queries and bare SQL on a sample of them."""
    headers = headers or {}
    figures = Figures()
    for n in range(WARM_UP):
        _get(client, urls[n % len(urls)], headers)
    timed: dict[str, list[float]] = {}
    for n in range(requests):
        url = urls[n % len(urls)]
        began = time.perf_counter()
        figures.size = max(figures.size, _get(client, url, headers))
        figures.times.append((time.perf_counter() - began) * 1000)
        timed.setdefault(url, []).append(figures.times[-1])
    ratios = []
    for url in list(timed)[:BARE_SAMPLES]:
        queries = _captured(client, url, headers)
        figures.queries = max(figures.queries, len(queries))
        bare = _bare_ms(queries)
        if bare:
            ratios.append(statistics.median(timed[url]) / bare)
    figures.ratio = statistics.median(ratios) if ratios else 0.0
    return figures
