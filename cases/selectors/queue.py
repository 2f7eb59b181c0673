"""What casework puts on the home page."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models import Case as CaseExpr
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.roles import Permission
from cases.enums import RiskKind
from cases.models import Case, Draft
from cases.selectors.drafts import shown_title
from cases.selectors.outreach import home_heads, home_row
from cases.selectors.watch import home_rows as watch_rows
from cases.selectors.worries import SHORT, mine
from cases.workflow import CaseState
from common.japan.wareki import format_wareki_short
from common.kept_sql import kept
from common.queue import QueueGroup, QueueRow
from households.contact import hidden_home

AHEAD = timedelta(days=7)
LIMIT = 30
TOP = 5  # cases with worries on the home page; the rest stand in the queue


def home_rows(actor: Actor, at: datetime) -> list[QueueRow]:
    """Follow-ups and next dates within a week or overdue, my most urgent worries, outreach, my drafts. Three queries."""
    if not actor.has(Permission.CASE_VIEW) or actor.agency is None:
        return []
    return [*watch_rows(actor, at), *_cases(actor, at), *_begun(actor, at)]


def _cases(actor: Actor, at: datetime) -> list[QueueRow]:
    """My own next dates, then the cases of my most urgent worries with how many there are, in one query: a case can be
    both.
    """
    today = timezone.localdate(at)
    found: list[Any] = kept(_shown, actor, today, today + AHEAD, on=timezone.localdate())
    worried = sorted((row for row in found if row.worries), key=_weight)[:TOP]
    return [*(_next_date(row) for row in found if row.is_due), *_worried(worried)]


def _shown(actor: Actor, today: date, soon: date) -> QuerySet[Any]:
    due = Q(lead_staff=actor.staff_id, next_on__lte=soon)
    waiting = mine(actor, today).filter(case__state=CaseState.OPEN)
    coming = Case.objects.open().filter(due).order_by("next_on", "pk").values("pk")[:LIMIT]
    first = waiting.order_by("urgency", "due_on", "pk").values("case")[:TOP]
    own = waiting.filter(case=OuterRef("pk")).order_by("urgency", "due_on", "pk")
    return (
        Case.objects.visible_to(actor)
        .filter(Q(pk__in=coming.union(first)))
        .annotate(
            hides=hidden_home(actor, "household_id"),
            is_due=CaseExpr(When(due, then=True), default=False, output_field=BooleanField()),
            worries=ArraySubquery(own.values(said=JSONObject(kind="kind", due="due_on", urgency="urgency"))),
            total=Subquery(
                waiting.order_by().annotate(one=Value(1)).values("one").annotate(n=Count("pk")).values("n"),
                output_field=IntegerField(),
            ),
        )
        .select_related("household")
        .order_by("-is_due", "next_on", "pk")
    )


def _weight(row: Any) -> tuple[int, str, int]:
    first = row.worries[0]
    return first["urgency"], first["due"], row.pk


def _next_date(row: Case) -> QueueRow:
    return QueueRow(
        group=QueueGroup.TODAY, kind="次の予定", title=row.household.name,
        url=reverse("cases:detail", args=[row.number]), due_on=row.next_on,
        detail="" if getattr(row, "hides", False) else row.next_text,
    )  # fmt: skip


def _worried(rows: list[Any]) -> list[QueueRow]:
    """A line a case with all that is the matter, and the way to the rest."""
    said = [
        QueueRow(
            group=QueueGroup.WORRY, kind="気がかり", title=row.household.name,
            url=reverse("cases:detail", args=[row.number]),
            detail="・".join(dict.fromkeys(SHORT[RiskKind(worry["kind"])] for worry in row.worries)),
        )
        for row in rows
    ]  # fmt: skip
    if rows:
        said.append(
            QueueRow(
                group=QueueGroup.WORRY, kind="一覧", title=f"自分の気がかりをすべて見る（{rows[0].total}件）",
                url=f"{reverse('worries:list')}?whose=own",
            )
        )  # fmt: skip
    return said


def _begun(actor: Actor, at: datetime) -> list[QueueRow]:
    """Where we go unasked, and what I began to write: two tables in one query."""
    soon = timezone.localdate(at) + AHEAD
    rows: list[Any] = kept(_heads, actor, soon, on=timezone.localdate())
    return [home_row(said) if head == "outreach" else _draft(said) for head, said in rows]


def _heads(actor: Actor, soon: date) -> QuerySet[Any, Any]:
    drafts: QuerySet[Any, Any] = (
        Draft.objects.visible_to(actor)
        .with_hides(actor)
        .annotate(
            head=Value("draft"),
            said=JSONObject(pk="pk", title="title", key="key", url="url", at="updated_at", hides="hides"),
        )
        .order_by("-updated_at", "-pk")
        .values_list("head", "said")[:10]
    )
    return drafts.union(home_heads(actor, soon), all=True) if actor.has(Permission.CASE_WRITE) else drafts


def _draft(said: dict[str, Any]) -> QueueRow:
    at = timezone.localtime(datetime.fromisoformat(said["at"]))
    return QueueRow(
        group=QueueGroup.DRAFT, kind="書きかけ", title=shown_title(said["key"], said["title"], hides=said["hides"]),
        url=f"{said['url']}{'&' if '?' in said['url'] else '?'}draft={said['pk']}",
        detail=f"{format_wareki_short(at.date())} {at:%H:%M}",
        drop_url=reverse("consultations:draft_delete", args=[said["pk"]]),
    )  # fmt: skip
