"""The main pages, as the people who use them, with different objects at every request."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, Final
from urllib.parse import quote

from django.db.models import Count
from django.urls import NoReverseMatch, reverse
from django.utils.dateformat import format as format_date

from accounts.actor import Actor, build_actor
from accounts.models import Staff
from budgets.actions.run_apportionment import run_apportionment
from budgets.attribution import TABLE
from budgets.enums import RemainderRule
from budgets.models import WorkEntry
from budgets.rule_tables import moves
from cases.models import Case, Consultation, ProgressNote, SupportPlan
from common.japan.fiscal import add_months, month_first
from households.models import Household
from kyosei.bench.meter import measure, signed_in
from kyosei.bench.report import Line, line, missing
from kyosei.bench.scales import Scale
from referrals.models import Conference, Referral
from referrals.workflow import ConferenceState

MANY: Final = 60  # objects of a kind to choose from
DESK, SECTION, DIRECTOR, FINANCE = "desk1-1", "center1-1", "director-elderly-1", "finance-1"
SURNAMES: Final = (
    "佐藤",
    "鈴木",
    "高橋",
    "田中",
    "伊藤",
    "山本",
    "中村",
    "小林",
    "加藤",
    "吉田",
    "林",
    "森",
    "滝本",
    "亀井",
    "奥田",
)
FULL: Final = (
    "佐藤 和子",
    "たなか きよし",
    "鈴木 健一",
    "やまもと ゆうこ",
    "高橋 結衣",
    "いとう まこと",
    "渡辺 洋子",
    "亀井 悠真",
)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of one role. ``urls`` are the requests; ``limit``: milliseconds that its p95 may take at city scale."""

    name: str
    who: str
    urls: Callable[[World], list[str]]
    limit: float = 100
    headers: tuple[tuple[str, str], ...] = ()


class World:
    """Objects that a role can open, found through its own scope."""

    def __init__(self, who: str, now: datetime) -> None:
        self.now = now
        self.staff = Staff.objects.get(username=who)
        self.actor: Actor = build_actor(self.staff, on=now.date())

    @cached_property
    def cases(self) -> list[Case]:
        return list(Case.objects.visible_to(self.actor).order_by("-opened_at")[:MANY])

    @cached_property
    def long_cases(self) -> list[Case]:
        """Those with the most notes."""
        notes = ProgressNote.objects.filter(case__in=Case.objects.visible_to(self.actor))
        most = (
            notes.values("case").annotate(n=Count("pk")).order_by("-n").values_list("case", flat=True)[:MANY]
        )
        return list(Case.objects.filter(pk__in=list(most)).order_by("pk"))

    @cached_property
    def plans(self) -> list[SupportPlan]:
        return list(SupportPlan.objects.visible_to(self.actor).order_by("-pk")[:MANY])

    @cached_property
    def conferences(self) -> list[Conference]:
        return list(Conference.objects.visible_to(self.actor).order_by("-starts_at")[:MANY])

    @property
    def months(self) -> list[date]:
        return [add_months(month_first(self.now.date()), -n) for n in range(1, 13)]


def _plain(name: str, *queries: str) -> Callable[[World], list[str]]:
    return lambda world: [reverse(name) + query for query in (queries or ("",))]


def _each(
    name: str, objects: Callable[[World], list[Any]], key: Callable[[Any], Any] = lambda row: row.pk
) -> Callable[[World], list[str]]:
    return lambda world: [reverse(name, args=[key(row)]) for row in objects(world)]


def _find(*words: str) -> Callable[[World], list[str]]:
    return lambda world: [f"{reverse('consultations:person_find')}?q={quote(word)}" for word in words]


def _consultations(world: World) -> list[Consultation]:
    return list(Consultation.objects.visible_to(world.actor).order_by("-started_at")[:MANY])


def _households(world: World) -> list[Household]:
    return list(Household.objects.visible_to(world.actor).order_by("-created_at")[:MANY])


def _referrals(world: World) -> list[Referral]:
    return list(Referral.objects.visible_to(world.actor).order_by("-sent_at")[:MANY])


def _held(world: World) -> list[Conference]:
    """Conferences that the role's own agency called: it prints their papers."""
    own = Conference.objects.visible_to(world.actor).filter(convener=world.actor.agency_id)
    return list(own.exclude(state=ConferenceState.RUNNING).order_by("-starts_at")[:MANY])


def _weeks(world: World) -> list[str]:
    return [
        f"{reverse('work:week')}?day={format_date(world.now.date() - timedelta(days=7 * n), 'Y-m-d')}"
        for n in range(12)
    ]


def _months(world: World) -> list[str]:
    return [reverse("apportionment:month", args=[month.strftime("%Y%m")]) for month in world.months[:1]]


HTMX: Final = (("HX-Request", "true"),)


def _compare(world: World) -> list[str]:
    return [reverse("apportionment:compare", args=[month.strftime("%Y%m")]) for month in world.months[:3]]


PAGES: Final = (
    Page("home desk", DESK, _plain("home")),
    Page("home section", SECTION, _plain("home")),
    Page("home director", DIRECTOR, _plain("home")),
    Page("home finance", FINANCE, _plain("home")),
    Page("search", DESK, lambda world: [f"{reverse('search')}?q={quote(word)}" for word in SURNAMES]),
    Page("consultations list", DESK, _plain("consultations:list")),
    Page("consultations detail", DESK, _each("consultations:detail", _consultations, lambda row: row.receipt_no)),
    Page("consultations new", DESK, _plain("consultations:new")),
    Page("person find 2 characters", DESK, _find(*SURNAMES), headers=HTMX),
    Page("person find full name", DESK, _find(*FULL), headers=HTMX),
    Page("households list", DESK, _plain("households:list")),
    Page("households detail", DESK, _each("households:detail", _households)),
    Page("cases list", DESK, _plain("cases:list")),
    Page("cases list director", DIRECTOR, _plain("cases:list")),
    Page("cases detail", DESK, _each("cases:detail", lambda world: world.cases, lambda row: row.number)),
    Page("cases detail many notes", DESK, _each("cases:detail", lambda world: world.long_cases, lambda row: row.number)),
    Page("cases tabs", DESK, lambda world: [
        f"{reverse('cases:detail', args=[case.number])}?tab={tab}"
        for case in world.long_cases[:10] for tab in ("family", "assessment", "plan")]),
    Page("cases tab referrals", DESK, _each("referrals:case_fragment", lambda world: world.cases, lambda row: row.number),
         headers=HTMX),
    Page("cases tab conferences", DESK,
         _each("conferences:case_fragment", lambda world: world.cases, lambda row: row.number), headers=HTMX),
    Page("plan", DESK, _each("cases:plan", lambda world: world.plans)),
    Page("referrals list", SECTION, _plain("referrals:list")),
    Page("referrals list director", DIRECTOR, _plain("referrals:list")),
    Page("referrals detail", SECTION, _each("referrals:detail", _referrals)),
    Page("referrals new", DESK, lambda world: [
        f"{reverse('referrals:new')}?case={case.number}" for case in world.cases if case.is_open][:MANY]),
    Page("conferences list", DIRECTOR, _plain("conferences:list")),
    Page("conferences detail", DIRECTOR, _each("conferences:detail", lambda world: world.conferences)),
    Page("work week", DESK, _weeks),
    Page("apportionment list", FINANCE, _plain("apportionment:list")),
    Page("apportionment month", FINANCE, _months),
    Page("apportionment compare", FINANCE, _compare),
    Page("findings of the money", FINANCE, _plain("apportionment:review")),
    Page("attribution table", FINANCE, _plain("apportionment:rules")),
    Page("streams of a year", FINANCE, _plain("apportionment:streams")),
    Page("apportionment costs", FINANCE, lambda world: [
        reverse("apportionment:costs", args=[month.strftime("%Y%m")]) for month in world.months]),
    Page("handout pdf", DIRECTOR, _each("conferences:handout_pdf", _held), limit=2000),
)  # fmt: skip


def measure_pages(scale: Scale, *, now: datetime, requests: int) -> list[Line]:
    """Every page of the list, and the month's apportionment; what cannot be measured is a line too."""
    lines = measure_apportionment(scale, now)
    worlds = {who: World(who, now) for who in (DESK, SECTION, DIRECTOR, FINANCE)}
    clients = {who: signed_in(world.staff) for who, world in worlds.items()}
    for page in PAGES:
        name = f"{scale.name}: {page.name}"
        try:
            urls = page.urls(worlds[page.who])
        except NoReverseMatch:
            lines.append(missing(name, "no such page"))
            continue
        if not urls:
            lines.append(missing(name, "nothing to open"))
            continue
        count = requests if page.limit <= 1000 else min(requests, 6)
        try:
            figures = measure(clients[page.who], urls, requests=count, headers=dict(page.headers))
        except Exception as error:  # a page that fails must not hide the figures of the others
            lines.append(missing(name, f"{type(error).__name__}: {error}"[:200]))
            continue
        limit = page.limit if scale.has_bars else None
        # a paper of several cases is no page: it reads each case's chosen parts, and has its own bar in seconds
        most = 15 if page.limit <= 1000 else None
        lines += [
            line(f"{name} queries", figures.queries, "queries", at_most=most),
            line(f"{name} p50", figures.p50, "ms"),
            line(f"{name} p95", figures.p95, "ms", at_most=limit),
            line(f"{name} page/bare SQL", figures.ratio, "x"),
        ]
    return lines


def measure_apportionment(scale: Scale, now: datetime) -> list[Line]:
    """The last full month's run, three times: inputs from the database, yen, rows written."""
    actor = World(FINANCE, now).actor
    month = add_months(month_first(now.date()), -1)
    times = []
    for _ in range(3):
        began = time.perf_counter()
        run = run_apportionment(month=month, rule=RemainderRule.LARGEST_REMAINDER, actor=actor, at=now)
        times.append(time.perf_counter() - began)
    workers = run.rows.values("staff").distinct().count()
    return [
        line(
            f"{scale.name}: apportionment of {workers} workers", statistics.median(times), "s",
            below=1 if scale.has_bars else None,
        ),
        *_measure_table(scale, month),
    ]  # fmt: skip


def _measure_table(scale: Scale, month: date) -> list[Line]:
    """The decision table over every derived entry of the open months, against the bare GROUP BY over the same rows."""
    first, until = add_months(month, -11), add_months(month, 2)
    rows = WorkEntry.objects.filter(worked_on__gte=first, worked_on__lt=until)
    began = time.perf_counter()
    entries = sum(n for *_, n in rows.values_list("staff", "category").annotate(n=Count("pk")).order_by())
    bare = time.perf_counter() - began
    began = time.perf_counter()
    moves(TABLE, first, until)
    took = time.perf_counter() - began
    return [
        line(f"{scale.name}: decision table over {entries} entries", took, "s", below=10 if scale.has_bars else None),
        line(f"{scale.name}: decision table / bare GROUP BY", took / bare if bare else 0, "x"),
    ]  # fmt: skip
