"""断られた操作: acts that were refused and records that were asked for in vain, as the access log has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db.models import Count, Max, Q, QuerySet

from accounts.actor import Actor
from accounts.enums import Role
from accounts.models import Agency, Staff
from audit.models import NOT_READ, AccessKind, AccessRecord
from households.models import denied_households
from reports.selectors_trail import TYPES, in_days

MOST_WORKERS = 20
HIDDEN_ID = "…"
_AREAS: Final = {
    "accounts": "自分の設定", "api": "API", "apportionment": "按分", "break_glass": "緊急閲覧", "capacity": "空きの問い合わせ",
    "cases": "ケース", "conferences": "会議", "consultations": "相談受付", "handover": "引き継ぎ", "households": "世帯・人",
    "issues": "地域課題", "manage": "管理", "outreach": "アウトリーチ", "outside": "協力者へのお願い", "referrals": "つなぎ",
    "reports": "閲覧の記録", "work": "業務記録", "worries": "気がかり",
}  # fmt: skip
_WHY: Final = {
    "400": "読めない入力", "403": "権限がない", "409": "先に変わっていた", "412": "古い版への書き込み",
    "422": "入力か決まりに合わない", "428": "版の指定がない",
}  # fmt: skip
_CODES: Final = {
    "invalid_choice": "選べないもの", "invalid_pk_value": "選べないもの", "required": "入力なし", "rule": "決まりに合わない",
}  # fmt: skip
_SEGMENT: Final = re.compile(r"(?<=/)[^/]*\d[^/]*(?=/|$)")


@dataclass(frozen=True, slots=True)
class Refused:
    """One line of the page, in words; ``path`` is the address without what was typed."""

    at: datetime
    who: str
    agency: str
    role: str
    kind: str
    what: str
    why: str
    path: str
    address: str


@dataclass(frozen=True, slots=True)
class Worker:
    """How often one worker was refused in the period."""

    name: str
    agency: str
    refused: int
    missed: int
    last_at: datetime


def refused_acts(
    actor: Actor, *, since: date, until: date, agency: Agency | None = None, kind: str = ""
) -> QuerySet[AccessRecord]:
    """Lines of the period: all for the auditor, one's own agency's for its manager."""
    rows: QuerySet[AccessRecord] = AccessRecord.objects.visible_to(actor)
    rows = in_days(rows.filter(kind__in=[kind] if kind in NOT_READ else NOT_READ), since, until)
    return rows.filter(agency_id_text=str(agency.pk)) if agency else rows


def by_worker(rows: QuerySet[AccessRecord]) -> list[Worker]:
    """Who was refused most often, the first twenty. Three queries."""
    found = list(
        rows.order_by()
        .values_list("staff_id_text", "agency_id_text")
        .annotate(
            refused=Count("pk", filter=Q(kind=AccessKind.REFUSED)),
            missed=Count("pk", filter=Q(kind=AccessKind.DENIED)),
            last=Max("at"), label=Max("actor_label"), n=Count("pk"),
        )
        .order_by("-n", "staff_id_text", "agency_id_text")[:MOST_WORKERS]
    )  # fmt: skip
    staff, agencies = _names((row[0] for row in found), (row[1] for row in found))
    return [
        Worker(staff.get(pk) or label, agencies.get(at, ""), refused, missed, last)
        for pk, at, refused, missed, last, label, _ in found
    ]


def in_words(rows: Sequence[AccessRecord], actor: Actor) -> list[Refused]:
    """The lines of one page. A reader whom some deny list names reads no number of a record: it could be one of its."""
    staff, agencies = _names((r.staff_id_text for r in rows), (r.agency_id_text for r in rows))
    hides = denied_households(actor).exists()
    return [
        Refused(
            at=row.at, who=staff.get(row.staff_id_text) or row.actor_label, agency=agencies.get(row.agency_id_text, ""),
            role=Role(row.role).label if row.role in Role.values else "", kind=row.get_kind_display(), what=_what(row),
            why=_why(row, hides), path=_SEGMENT.sub(HIDDEN_ID, row.path) if hides else row.path, address=row.remote_addr,
        )
        for row in rows
    ]  # fmt: skip


def _names(staff: Iterable[str], agencies: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    people = Staff.objects.filter(pk__in={int(pk) for pk in staff if pk.isdigit()})
    offices = Agency.objects.filter(pk__in={int(pk) for pk in agencies if pk.isdigit()})
    return (
        {str(pk): name for pk, name in people.values_list("pk", "name")},
        {str(pk): name for pk, name in offices.values_list("pk", "short_name")},
    )


def _what(row: AccessRecord) -> str:
    if row.kind == AccessKind.DENIED:
        return TYPES.get(row.target_type, "ほかの記録")
    return _AREAS.get(row.target_type.split(":")[0], "ほかの画面")


def _why(row: AccessRecord, hides: bool) -> str:
    """The status and the fields in words; ``field:code=number`` names a forged id."""
    if row.kind == AccessKind.DENIED:
        return "見られないか、ない記録"
    status, *fields = row.target_id.split()
    said = [_WHY.get(status, status)]
    for field in fields:
        name, _, code = field.partition(":")
        code, _, number = code.partition("=")
        words = f"{name}：{_CODES.get(code, '値が合わない')}" if code else name
        said.append(f"{words}（番号 {HIDDEN_ID if hides else number}）" if number else words)
    return "、".join(said)
