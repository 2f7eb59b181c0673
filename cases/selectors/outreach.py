"""Whom we go to without having been asked: the list, the home page, and the counts by month."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import Count, DateTimeField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, JSONObject
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from cases.enums import Closeness, OutreachAnswer
from cases.models import Outreach, OutreachAttempt
from cases.workflow import OutreachState
from common.japan.fiscal import add_months, fiscal_year_first
from common.queue import QueueGroup, QueueRow
from households.contact import hidden_home
from households.models import Person

AHEAD = timedelta(days=7)
LIMIT = 20


def listed(actor: Actor, *, state: str = OutreachState.RUNNING, whose: str = "") -> QuerySet[Outreach]:
    """For the list: with how often and when somebody last tried. One query with its page."""
    tried = OutreachAttempt.objects.filter(outreach=OuterRef("pk")).order_by("-started_at", "-pk")
    rows = Outreach.objects.visible_to(actor).filter(state=state)
    if whose == "mine":
        rows = rows.filter(Q(staff=actor.staff_id) | Q(companion=actor.staff_id))
    return rows.select_related("person", "agency", "staff", "companion", "case").annotate(
        tries=Count("attempts"),
        last_at=Subquery(tried.values("started_at")[:1], output_field=DateTimeField()),
        last_answer=Subquery(tried.values("answer")[:1]),
    )


def attempts_of(outreach: Outreach) -> list[OutreachAttempt]:
    """Newest first; one query. The caller has scoped the outreach."""
    rows = OutreachAttempt.objects.filter(outreach=outreach).select_related("agency", "staff")
    return list(rows.order_by("-started_at", "-pk"))


def home_heads(actor: Actor, soon: date) -> QuerySet[Outreach, Any]:
    """Where my agency goes until a day, or should have gone: ("outreach", said), for the home page's one query."""
    return (
        Outreach.objects.visible_to(actor)
        .running()
        .filter(agency=actor.agency_id, next_on__lte=soon)
        .annotate(
            head=Value("outreach"),
            said=JSONObject(
                pk="pk", next_on="next_on", closeness="closeness", described="described",
                family_name="person__family_name", given_name="person__given_name", alias="person__alias",
                staff=Coalesce("companion__name", "staff__name"), hides=hidden_home(actor, "household_id"),
            ),
        )
        .order_by("next_on", "pk")
        .values_list("head", "said")[:LIMIT]
    )  # fmt: skip


def home_row(said: dict[str, Any]) -> QueueRow:
    """A row of ``home_heads``; a home that is hidden is not told by what its people are known by."""
    names = {name: said[name] or "" for name in ("family_name", "given_name", "alias")}
    unnamed = "名前のわからない人" if said["hides"] else said["described"]
    return QueueRow(
        group=QueueGroup.TODAY, kind="アウトリーチ",
        title=Person(**names).display_name if any(names.values()) else unnamed,
        url=reverse("outreach:detail", args=[said["pk"]]), due_on=date.fromisoformat(said["next_on"]),
        detail=f"{Closeness(said['closeness']).label}・担当 {said['staff']}",
    )  # fmt: skip


def month_counts(actor: Actor, year: int) -> list[dict[str, Any]]:
    """The year's months: people whom we began to go to, attempts, how many answered, and how many agreed. Two queries.

    対象者数（同意前・同意後）and 訪問・同行・電話 are what the programme's reports count (domain.md).
    """
    first = fiscal_year_first(year)
    months = [add_months(first, n) for n in range(12)]
    mine = Outreach.objects.visible_to(actor).filter(agency=actor.agency_id)
    rows: list[dict[str, Any]] = [
        {"month": month, "begun": 0, "tries": 0, "reached": 0, "agreed": 0} for month in months
    ]
    at = dict(zip(months, rows, strict=True))
    for heard, agreed in mine.values_list("heard_at", "agreed_on"):
        if (row := at.get(timezone.localtime(heard).date().replace(day=1))) is not None:
            row["begun"] += 1
        if agreed and (row := at.get(agreed.replace(day=1))) is not None:
            row["agreed"] += 1
    tried = OutreachAttempt.objects.visible_to(actor).filter(
        agency=actor.agency_id, started_at__date__gte=first, started_at__date__lt=add_months(first, 12)
    )
    for started, answer in tried.values_list("started_at", "answer"):
        row = at[timezone.localtime(started).date().replace(day=1)]
        row["tries"] += 1
        row["reached"] += answer in (OutreachAnswer.VOICE, OutreachAnswer.MET, OutreachAnswer.NOT_NOW)
    return rows
