"""Questions about room: lists of both ends, and what they tell of what is missing (不足) by theme and area."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

from django.db.models import (
    BooleanField,
    Case,
    Exists,
    ExpressionWrapper,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Value,
    When,
)
from django.utils import timezone

from accounts.actor import Actor
from accounts.roles import Permission
from cases.models import Case as SupportCase
from cases.models.case import sees_case
from common.japan.fiscal import fiscal_year_first, fiscal_year_last
from common.keyset import Sort
from referrals.enums_outside import POSITIVE, CapacityReply
from referrals.models import CapacityAnswer, CapacityQuestion

SORTS = {"asked": Sort("問い合わせ", ["asked_at"]), "deadline": Sort("期限", ["deadline_at"])}
FEW = 5  # a number below is not shown on a page for everybody
NO_AREA = "市内のどこでも"


def for_list(actor: Actor) -> QuerySet[CapacityQuestion]:
    """Both ends' questions with the answers that the reader may know; two queries. ``sees_case``: whether the case that
    it came from may be named.
    """
    answers = (
        CapacityAnswer.objects.visible_to(actor)
        .select_related("agency", "answered_by", "referral")
        .order_by("pk")
    )
    return (
        CapacityQuestion.objects.visible_to(actor)
        .select_related("theme", "area", "from_agency", "asked_by", "case__household")
        .prefetch_related(Prefetch("answers", queryset=answers, to_attr="known"))
        .annotate(
            sees_case=Case(
                When(sees_case(actor, "case_id"), then=Value(True)),
                default=Value(False),
                output_field=BooleanField(),
            )
        )
    )


def state_word(question: CapacityQuestion, known: Sequence[CapacityAnswer], at: datetime) -> str:
    """Where a question stands, as who asked reads it."""
    if question.withdrawn_at is not None:
        return "取り下げ"
    said = [answer.reply for answer in known]
    if any(reply in POSITIVE for reply in said):
        return "受け入れ先あり"
    if all(reply == CapacityReply.NO for reply in said):
        return "空きなし（不足）"
    return "返事なし（不足）" if question.deadline_at <= at else "返事待ち"


# ── 不足 ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Gap:
    """One theme in one area. None: fewer than five, and the reader is everybody."""

    theme: str
    area: str
    gaps: int | None
    asked: int | None = None
    refused: int | None = None
    unanswered: int | None = None


def sees_exact(actor: Actor) -> bool:
    """An area director plans what is missing and reads the whole table; everybody else reads rounded rows."""
    return actor.has(Permission.SECTOR_VIEW)


def gaps(actor: Actor, year: int, at: datetime) -> list[Gap]:
    """Of the questions of a fiscal year: those that all answered with no, and those that nobody answered in time with a yes.

    A question is one gap, however many agencies were asked; one taken back is none. Numbers only: neither case nor
    words. For everybody there is the one number of a row, none under five, and no sum from which one could be reckoned.
    One query.
    """
    if not actor.has(Permission.COUNT_VIEW):
        return []
    first, last = fiscal_year_first(year), fiscal_year_last(year)
    asked = CapacityQuestion.objects.standing().filter(
        asked_at__gte=timezone.make_aware(datetime.combine(first, time.min)),
        asked_at__lte=timezone.make_aware(datetime.combine(last, time.max)),
    )
    rows = asked.annotate(
        is_unmet=_is_in(CapacityQuestion.objects.unmet(at)),
        is_refused=_is_in(CapacityQuestion.objects.refused()),
    ).values_list("theme__position", "theme__label", "area__name", "is_unmet", "is_refused")
    total: Counter[tuple[int, str, str]] = Counter()
    unmet: Counter[tuple[int, str, str]] = Counter()
    refused: Counter[tuple[int, str, str]] = Counter()
    for position, theme, area, is_unmet, is_refused in rows:
        key = (position, theme, area or NO_AREA)
        total[key] += 1
        unmet[key] += is_unmet
        refused[key] += is_refused
    exact = sees_exact(actor)
    found = []
    for key in sorted(total):
        if not exact:
            if unmet[key]:
                found.append(Gap(key[1], key[2], unmet[key] if unmet[key] >= FEW else None))
            continue
        found.append(Gap(key[1], key[2], unmet[key], total[key], refused[key], unmet[key] - refused[key]))
    return found


def _is_in(rows: QuerySet[CapacityQuestion]) -> ExpressionWrapper:
    return ExpressionWrapper(Q(Exists(rows.filter(pk=OuterRef("pk")))), output_field=BooleanField())


def gap_table(rows: Sequence[Gap], *, exact: bool) -> list[list[str | int]]:
    """The same as lines of a CSV file, head first; a number that is held back says so."""
    table: list[list[str | int]] = []
    if exact:
        table.append(["テーマ", "地区", "問い合わせ", "不足", "うち空きなし", "うち返事なし"])
        for g in rows:
            table.append([g.theme, g.area, g.asked or 0, g.gaps or 0, g.refused or 0, g.unanswered or 0])
        return table
    table.append(["テーマ", "地区", "不足"])
    for g in rows:
        table.append([g.theme, g.area, f"{FEW}未満" if g.gaps is None else g.gaps])
    return table


def case_questions(case: SupportCase, actor: Actor, at: datetime) -> list[tuple[CapacityQuestion, str]]:
    """What was asked for one visible case, by the reader's own agency, with where it stands; two queries."""
    mine = for_list(actor).filter(case=case, from_agency=actor.agency_id).order_by("-asked_at", "-pk")
    return [(question, state_word(question, question.known, at)) for question in mine]  # type: ignore[attr-defined]
