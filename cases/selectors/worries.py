"""Reads of the 気がかり: the list, its counts, the part of a case and of the home page, and the way out of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.roles import Permission
from cases.actions.silent_risks import can_put_off
from cases.enums import RiskKind, RiskOwner, Urgency
from cases.models import Case, RiskPutOff, SilentRisk
from cases.models.silent_risk import OWN_KINDS
from common.japan.wareki import format_wareki_short
from households.contact import Shield
from households.models import Person

BIRTHDAYS: Final = {RiskKind.TURNS_15: 15, RiskKind.TURNS_18: 18, RiskKind.TURNS_65: 65}
SHORT: Final = {
    RiskKind.NOBODY: "だれも動いていない", RiskKind.OWNER_LEFT: "担当者が異動・退職",
    RiskKind.OWNER_AWAY: "担当者が不在", RiskKind.QUIET: "対応がない", RiskKind.NO_NEXT: "次の予定がない",
    RiskKind.PROTECTION: "支援措置の終わり", RiskKind.CONSENT: "同意の期限", RiskKind.PLAN: "モニタリング",
    RiskKind.WATCH_LATE: "見守りの遅れ", RiskKind.WATCH_NOBODY: "見守りの担当者なし", RiskKind.TURNS_15: "15歳",
    RiskKind.TURNS_18: "18歳", RiskKind.TURNS_65: "65歳",
}  # fmt: skip
MANY: Final = 5_000  # of so many the first page is soon found along the order of urgency


def worries(
    actor: Actor, on: date, shield: Shield, *, whose: str = "", kind: str = "", sector: str = "",
    agency: int | None = None, is_put_off: bool = False, are_many: bool = False,
) -> QuerySet[SilentRisk]:  # fmt: skip
    """What stands and is not put off (or what is), narrowed. ``are_many``: they were counted, and the first are wanted."""
    rows = SilentRisk.objects.visible_to(actor, few=are_many)
    rows = rows.standing().filter(put_off_until__gt=on) if is_put_off else rows.waiting(on)
    if whose == "own":
        rows = rows.filter(own(actor))
    elif whose == "agency":
        rows = rows.filter(owner_agency=actor.agency_id)
    if kind:
        rows = rows.filter(kind=kind)
    if sector:
        rows = rows.filter(case__sectors__contains=[sector])
    if agency is not None:
        rows = rows.filter(owner_agency=agency)
        if agency != actor.agency_id:  # which desk owns it would tell where a protected household lives
            rows = rows.exclude(case__household__in=shield.households)
    return rows


def counts(rows: QuerySet[SilentRisk]) -> dict[str, int]:
    """How many of each kind; one query."""
    found = rows.order_by().values("kind").annotate(n=Count("pk"))
    return {row["kind"]: row["n"] for row in found}


def shown(rows: QuerySet[SilentRisk]) -> QuerySet[SilentRisk]:
    """With what a line shows, and none of the long columns."""
    return rows.select_related("case__household", "case__lead_agency", "owner_agency", "owner_staff").only(
        *(field.name for field in SilentRisk._meta.concrete_fields), "case__number", "case__household__name",
        "case__last_contact_at", "case__opened_at", "case__lead_staff", "case__lead_agency__short_name",
        "case__lead_agency__kind", "owner_agency__short_name", "owner_agency__kind",
        "owner_staff__name",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Worry:
    """A line: what, since (or until) when, who, and where it is mended."""

    risk: SilentRisk
    title: str
    words: str
    way: str
    url: str
    may_put_off: bool
    seen: bool  # whether the reader may open the case
    risen: bool = False  # it lies with the reader's office since nobody of the case's agency is there

    @property
    def kind(self) -> str:
        return SHORT[RiskKind(self.risk.kind)]

    @property
    def badge(self) -> str:
        return {Urgency.NOW: "error", Urgency.SOON: "warn"}.get(Urgency(self.risk.urgency), "")

    @property
    def owner_note(self) -> str:
        return "" if self.risk.owner_as == RiskOwner.LEAD else self.risk.get_owner_as_display()


def lines(rows: list[SilentRisk], actor: Actor, on: date) -> list[Worry]:
    """Rows of ``shown`` in words: one query for the cases that the actor may open, one more where people are named.

    Asked of the rows of a page, not with them: the list would be joined to every case that a director sees.
    """
    wanted = {row.case_id for row in rows}
    seen = (
        set(Case.objects.visible_to(actor).filter(pk__in=wanted).values_list("pk", flat=True))
        if rows
        else set()
    )
    named = {row.about_id for row in rows if row.about_id and row.case_id in seen}
    people = (
        {p.pk: p.display_name for p in Person.objects.visible_to(actor).filter(pk__in=named)} if named else {}
    )
    return [
        _line(row, actor, on, people.get(row.about_id or 0, ""), is_seen=row.case_id in seen) for row in rows
    ]


def _line(row: SilentRisk, actor: Actor, on: date, name: str, *, is_seen: bool) -> Worry:
    is_risen = not is_seen and RiskKind(row.kind) not in OWN_KINDS
    way, url = ("不在と代理を見る", reverse("accounts:absences")) if is_risen else way_out(row, actor)
    title = row.case.household.name if is_seen else f"ケース {row.case.number}"
    return Worry(row, title, words(row, on, name), way, url, can_put_off(actor, row), is_seen, is_risen)


def words(row: SilentRisk, on: date, name: str = "") -> str:
    """One sentence that says what is the matter, in days counted from ``on``."""
    days, day = (on - row.due_on).days, format_wareki_short(row.due_on)
    who = f"{name}さん" if name else "世帯の人"
    kind = RiskKind(row.kind)
    if kind in BIRTHDAYS:
        age = BIRTHDAYS[kind]
        when = f"あと{-days}日で{age}歳になります" if days < 0 else f"{age}歳になりました"
        more = "。制度と財源が変わります" if age == 65 else ""
        return f"{who}が{when}（{day}に達する）{more}"
    said = {
        RiskKind.NOBODY: f"つなぎがすべて終わってから{days + 7}日、どの機関も動いていません",
        RiskKind.OWNER_LEFT: "主担当者がこの機関にいません",
        RiskKind.OWNER_AWAY: f"主担当者が{day}から不在です",
        RiskKind.QUIET: _quiet(row.case, on),
        RiskKind.NO_NEXT: "次の予定が決まっていません",
        RiskKind.PROTECTION: _until(f"{who}の支援措置", days, day),
        RiskKind.CONSENT: _until(f"{who}の同意", days, day),
        RiskKind.PLAN: f"プランのモニタリングの時期（{day}）を{days}日過ぎました",
        RiskKind.WATCH_LATE: f"終結後の見守りの予定日（{day}）を{days}日過ぎました",
        RiskKind.WATCH_NOBODY: "見守りの担当者がこの機関にいません",
    }
    return said[kind]


def _quiet(case: Case, on: date) -> str:
    last = case.last_contact_at or case.opened_at
    since = "最後の対応" if case.last_contact_at else "受理"
    day = timezone.localdate(last)
    return f"{since}（{format_wareki_short(day)}）から{(on - day).days}日、対応の記録がありません"


def _until(what: str, days: int, day: str) -> str:
    if days > 0:
        return f"{what}の期限（{day}）を{days}日過ぎました"
    return f"{what}が今日で終わります" if days == 0 else f"{what}があと{-days}日（{day}）で終わります"


def way_out(row: SilentRisk, actor: Actor) -> tuple[str, str]:
    """The button, and the page on which the cause is mended."""
    number, kind = row.case.number, RiskKind(row.kind)
    case = reverse("cases:detail", args=[number])
    if kind in (RiskKind.OWNER_AWAY, RiskKind.OWNER_LEFT):
        if actor.has(Permission.HAND_OVER) and row.owner_agency_id == actor.agency_id:
            return "引き継ぐ", reverse("handover:staff", args=[row.case.lead_staff_id])
        return "ケースを開く", case
    if kind in (RiskKind.WATCH_LATE, RiskKind.WATCH_NOBODY):
        return "見守りを記録する", reverse("cases:follow_up", args=[row.subject_id])
    if kind in BIRTHDAYS:
        return "プランを見直す", f"{case}?tab=plan"
    return {
        RiskKind.NOBODY: ("つなぎ直す", f"{reverse('referrals:new')}?case={number}"),
        RiskKind.QUIET: ("経過を書く", f"{case}#composer"),
        RiskKind.NO_NEXT: ("次の予定を書く", f"{case}#composer"),
        RiskKind.PROTECTION: ("更新・終了を記録", reverse("households:protection", args=[row.case.household_id])),
        RiskKind.CONSENT: ("同意を確かめる", reverse("cases:consent", args=[number])),
        RiskKind.PLAN: ("プランを開く", reverse("cases:plan", args=[row.subject_id])),
    }[kind]  # fmt: skip


def of_case(case: Case, actor: Actor, on: date) -> list[Worry]:
    """What stands of one case, put off or not. At most three queries."""
    rows = SilentRisk.objects.visible_to(actor).standing().filter(case=case)
    return lines(list(shown(rows).order_by("urgency", "due_on", "pk")[:30]), actor, on)


def put_offs(risk: SilentRisk, actor: Actor) -> list[RiskPutOff]:
    """Who looked before, newest first."""
    rows = RiskPutOff.objects.visible_to(actor).filter(risk=risk).select_related("put_off_by")
    return list(rows.order_by("-put_off_at", "-pk")[:20])


def mine(actor: Actor, on: date) -> QuerySet[SilentRisk]:
    """What the actor owns and has not put off, most urgent first: for the home page."""
    return SilentRisk.objects.visible_to(actor).waiting(on).filter(own(actor))


def own(actor: Actor) -> Q:
    """One's own, and what lies with one's agency without a name."""
    return Q(owner_staff=actor.staff_id) | Q(owner_staff__isnull=True, owner_agency=actor.agency_id)
