"""業務従事実績: one page per worker and month, to be signed. Written page by page; memory does not grow with the workers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db.models import Sum

from accounts.actor import Actor
from accounts.models import Staff
from budgets.enums import CategoryKind
from budgets.models import FundingStream, WorkEntry
from budgets.pack.build import Tick
from budgets.readers import reads_names
from common.japan.fiscal import month_last
from common.japan.wareki import format_wareki, format_wareki_month
from common.pdf_grid import Face, GridPdf, Page, characters

LEFT, TOP, WIDTH, ROW = 42.0, 150.0, 511.0, 16.5
MOST_COLUMNS: Final = 7
KINDS: Final = {CategoryKind.SHARED: "共通", CategoryKind.LEAVE: "休暇"}
WORDS: Final = (
    "業務従事実績", "機関", "職員", "日", "計", "合計", "分", "その他", "上記のとおり業務に従事しました。", "本人", "所属長", "年月日", "署名", "作成",
    "取扱注意", "月火水木金土日（）", "令和平成元年度分時間…0123456789:/・，,.-〜 ", "直接", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """Minutes of one worker on one day in one column."""

    staff_id: int
    month: date
    day: date
    kind: str
    stream_id: int | None
    minutes: int


def write_sheets(path: Path, *, actor: Actor, months: list[date], at: datetime, tick: Tick) -> int:
    """All workers with entries of the months. Returns how many pages."""
    streams = {s.pk: s.short_name for s in FundingStream.objects.visible_to(actor)}
    people = _people(actor, months)
    face = Face(
        characters(
            *WORDS,
            *KINDS.values(),
            *streams.values(),
            settings.MUNICIPALITY_NAME,
            *(x for p in people.values() for x in p),
        )
    )
    pages, whole = 0, max(len(people) * len(months), 1)
    with GridPdf(path, face, "業務従事実績") as pdf:
        for first in months:
            for staff_id, lines in groupby(_lines(actor, first), key=lambda line: line.staff_id):
                page = Page(face)
                _draw(page, first, people[staff_id], list(lines), streams, at)
                pdf.add(page)
                pages += 1
                tick(f"{first.month}月分", min(pages, whole), whole)
    return pages


def _people(actor: Actor, months: list[date]) -> dict[int, tuple[str, str, str]]:
    """Number, name and agency of everybody with entries; for who reads numbers only, without the name."""
    rows = WorkEntry.objects.visible_to(actor).filter(worked_on__range=(min(months), month_last(max(months))))
    agencies = dict(
        rows.order_by("staff_id", "-worked_on").distinct("staff_id").values_list("staff_id", "agency__name")
    )
    staff = Staff.objects.filter(pk__in=agencies).values_list("pk", "username", "name")
    has_names = reads_names(actor)
    return {pk: (username, name if has_names else "", agencies[pk]) for pk, username, name in staff}


def _lines(actor: Actor, month: date) -> Iterator[Line]:
    rows = (
        WorkEntry.objects.visible_to(actor)
        .of_month(month)
        .values_list("staff_id", "worked_on", "category__kind", "category__stream_id")
        .annotate(n=Sum("minutes"))
        .order_by("staff_id", "worked_on")
    )
    for staff_id, day, kind, stream_id, minutes in rows.iterator(chunk_size=5000):
        yield Line(staff_id, month, day, kind, stream_id, minutes)


def _columns(lines: list[Line], streams: dict[int, str]) -> list[tuple[Any, str]]:
    """Streams with the most minutes first (the rest together), then 共通 and 休暇."""
    direct: dict[int, int] = defaultdict(int)
    for line in lines:
        if line.kind == CategoryKind.DIRECT and line.stream_id is not None:
            direct[line.stream_id] += line.minutes
    order = sorted(direct, key=lambda pk: (-direct[pk], pk))
    shown: list[tuple[Any, str]] = [(pk, streams[pk]) for pk in order[:MOST_COLUMNS]]
    if len(order) > MOST_COLUMNS:
        shown.append(("rest", "その他"))
    return [*shown, *((kind, label) for kind, label in KINDS.items())]


def _key(line: Line, columns: set[Any]) -> Any:
    if line.kind != CategoryKind.DIRECT:
        return line.kind
    return line.stream_id if line.stream_id in columns else "rest"


def _draw(
    page: Page, month: date, who: tuple[str, str, str], lines: list[Line], streams: dict[int, str], at: datetime
) -> None:  # fmt: skip
    username, name, agency = who
    page.text(LEFT, 50, settings.MUNICIPALITY_NAME, 9)
    page.text(LEFT + WIDTH, 50, "取扱注意", 9, right=True)
    page.text(LEFT, 80, f"業務従事実績　{format_wareki_month(month)}", 15)
    page.fitted(LEFT, 108, f"機関　{agency}", WIDTH)
    page.fitted(LEFT, 126, f"職員　{username}　{name}", WIDTH)
    columns = _columns(lines, streams)
    keys = {key for key, _ in columns}
    table: dict[date, dict[Any, int]] = defaultdict(lambda: defaultdict(int))
    for line in lines:
        table[line.day][_key(line, keys)] += line.minutes
    edges = [
        LEFT,
        LEFT + 70,
        *(LEFT + 70 + (WIDTH - 70) * (n + 1) / (len(columns) + 1) for n in range(len(columns) + 1)),
    ]
    page.text(LEFT + 4, TOP + 11, "日", 8)
    for n, (_, label) in enumerate(columns):
        page.fitted(edges[n + 1] + 3, TOP + 11, label, edges[n + 2] - edges[n + 1] - 6, 7.5)
    page.text(edges[-1] - 4, TOP + 11, "計（分）", 7.5, right=True)
    y = TOP + ROW
    for day in sorted(table):
        _row(page, y, f"{day.day}日（{'月火水木金土日'[day.weekday()]}）", table[day], columns, edges)
        y += ROW
    sums: dict[Any, int] = defaultdict(int)
    for cells in table.values():
        for key, n in cells.items():
            sums[key] += n
    _row(page, y, "合計", sums, columns, edges)
    y += ROW
    page.box(LEFT, TOP, WIDTH, y - TOP)
    for k in range(1, len(table) + 2):
        page.line(LEFT, TOP + k * ROW, LEFT + WIDTH, TOP + k * ROW)
    for x in edges[1:-1]:
        page.line(x, TOP, x, y)
    _signatures(page, at)


def _row(
    page: Page,
    y: float,
    label: str,
    cells: dict[Any, int],
    columns: list[tuple[Any, str]],
    edges: list[float],
) -> None:
    page.text(LEFT + 4, y + 11.5, label, 8)
    for n, (key, _) in enumerate(columns):
        if cells.get(key):
            page.text(edges[n + 2] - 4, y + 11.5, f"{cells[key]:,}", 8, right=True)
    page.text(edges[-1] - 4, y + 11.5, f"{sum(cells.values()):,}", 8, right=True)


def _signatures(page: Page, at: datetime) -> None:
    y = 738.0
    page.text(LEFT, y, "上記のとおり業務に従事しました。", 9)
    for n, label in enumerate(("本人", "所属長")):
        x = LEFT + n * 262
        page.box(x, y + 10, 249, 42)
        page.text(x + 6, y + 23, f"{label}　署名", 8)
        page.text(x + 6, y + 45, "令和　　年　　月　　日", 8)
    page.text(LEFT + WIDTH, y + 72, f"作成 {format_wareki(at.date())}", 7.5, right=True)
