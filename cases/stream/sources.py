"""The kinds of rows that casework itself gives to the stream."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Case as CaseExpr
from django.db.models import Exists, OuterRef, Q, QuerySet, TextField, Value, When
from django.urls import reverse

from accounts.roles import Permission
from audit.models import ChangeRecord
from cases.enums import (
    Achievement,
    FollowUpResult,
    ItemKind,
    Judgement,
    OutreachAnswer,
    OutreachWay,
    WatchWay,
    Way,
)
from cases.models import (
    AssessmentItem,
    Case,
    Consultation,
    Evaluation,
    FollowUp,
    OutreachAttempt,
    ProgressNote,
    SupportPlan,
    WatchAttempt,
)
from cases.stream.registry import Data, Reader, Source, Words, always, has_agency, sees_all_cases
from cases.workflow import CaseState
from common.japan.wareki import format_wareki_short

MILESTONES = {
    "case.open": "ケースを開始",
    "case.take_lead": "主担当が交代",
    "case.join": "協働機関が参加",
    "case.reopen": "再相談（再開）",
}


def _day(value: str | None) -> str:
    return format_wareki_short(date.fromisoformat(value)) if value else ""


def _next(data: Data) -> str:
    return " ".join(filter(None, (_day(data["next_on"]), data["next_text"])))


def _consultation(reader: Reader, pk: int, data: Data) -> Words:
    return Words(
        title=f"相談受付 {data['receipt_no']}",
        text=data["text"],
        url=reverse("consultations:detail", args=[data["receipt_no"]]),
    )


def _note(reader: Reader, pk: int, data: Data) -> Words:
    said = [f"相手 {data['counterpart']}"] if data["counterpart"] else []
    if data["companion"] and not reader.shield.hides(reader.household_id):
        said.append(f"同行 {data['companion']}")
    other = f"（{'、'.join(said)}）" if said else ""
    mine = data["agency_id"] == reader.actor.agency_id
    return Words(
        title=f"{Way(data['way']).label}{other}", text=data["text"], next=_next(data),
        url=reverse("cases:note_edit", args=[pk]) if mine else "",
    )  # fmt: skip


def _item(reader: Reader, pk: int, data: Data) -> Words:
    said = "・".join(filter(None, ("見立て", ItemKind(data["item_kind"]).label, data["label"] or "")))
    return Words(title=said, text=data["text"])


def _item_ended(reader: Reader, pk: int, data: Data) -> Words:
    return Words(title="見立てから外した", text=data["text"])


def _plan_url(pk: int) -> str:
    return reverse("cases:plan", args=[pk])


def _plan(reader: Reader, pk: int, data: Data) -> Words:
    goals = (("目指す姿", data["hope"]), ("長期目標", data["long_goal"]), ("達成目標", data["short_goal"]))
    where = f"（{data['where']}）" if data["where"] else ""
    return Words(
        title=f"プランを決定（{data['ordinal']}回目）{where}", url=_plan_url(pk),
        text="\n".join(f"{label}：{said}" for label, said in goals if said),
    )  # fmt: skip


def _evaluation(reader: Reader, pk: int, data: Data) -> Words:
    result = f"{Achievement(data['achievement']).label}・{Judgement(data['judgement']).label}"
    said = (data["note"], f"残された課題：{data['remaining']}" if data["remaining"] else "")
    return Words(
        title=f"プランを評価（{data['ordinal']}回目）：{result}", text="\n".join(filter(None, said)),
        url=_plan_url(data["plan_id"]),
    )  # fmt: skip


def _turn(reader: Reader, pk: int, data: Data) -> Words:
    result = FollowUpResult(data["result"])
    return Words(
        title=f"見守り {data['ordinal']}回目の結果：{result.label}", text=data["text"],
        is_mark=result in (FollowUpResult.MOVED, FollowUpResult.DIED),
    )  # fmt: skip


def _attempt(reader: Reader, pk: int, data: Data) -> Words:
    reached = "連絡がついた" if data["reached"] else "連絡がつかなかった"
    return Words(title=f"見守り（{WatchWay(data['way']).label}）{reached}", text=data["text"])


def _milestone(reader: Reader, pk: int, data: Data) -> Words:
    hidden = reader.shield.hides(reader.household_id)
    said = data["detail"] or {}
    title = MILESTONES[data["action"]]
    case = next((c.number for c in reader.cases if str(c.pk) == data["target"]), "")
    return Words(
        title=f"{title}（{case}）" if len(reader.cases) > 1 else title, text=str(said.get("reason", "")) if data["action"] == "case.reopen" else "",
        who="" if hidden else data["label"],
    )  # fmt: skip


def _closing(reader: Reader, pk: int, data: Data) -> Words:
    title = Judgement(data["closing"]).label if data["closing"] in Judgement.values else "終結"
    case = next((c.number for c in reader.cases if c.pk == data["case_id"]), "")
    return Words(
        title=f"{title}（{case}）" if len(reader.cases) > 1 else title,
        text="：".join(filter(None, (data["reason"], data["note"]))),
    )  # fmt: skip


def _closings(reader: Reader) -> QuerySet[Any]:
    """Each closing as it was written then: the case itself holds only the last one, and none once it is open again."""
    events = Case.pgh_event_model.objects.filter(state=CaseState.CLOSED)  # type: ignore[attr-defined]
    earlier = events.filter(
        pgh_obj=OuterRef("pgh_obj"), closed_at=OuterRef("closed_at"), pgh_id__lt=OuterRef("pgh_id")
    )
    return events.filter(~Exists(earlier), pgh_obj__in=reader.case_ids)


def _consultations(reader: Reader) -> QuerySet[Consultation]:
    """What ``visible_to`` gives of a visible household: its cases' contacts, and those that one's agency received."""
    if not reader.is_whole:
        return Consultation.objects.filter(case__in=reader.case_ids)
    return Consultation.objects.filter(
        Q(case__in=reader.case_ids) | Q(agency=reader.agency_id), household=reader.household_id
    )


def _outreach_attempts(reader: Reader) -> QuerySet[OutreachAttempt]:
    """Before there is a case, what was tried is its agency's; from then on it is the case's too."""
    rows = OutreachAttempt.objects.all()
    if reader.is_whole:
        return rows.filter(
            Q(outreach__case__in=reader.case_ids) | Q(outreach__agency=reader.agency_id),
            outreach__household=reader.household_id,
        )
    return rows.filter(outreach__case__in=reader.case_ids)


def _outreach(reader: Reader, pk: int, data: Data) -> Words:
    answer, way = OutreachAnswer(data["answer"]).label, OutreachWay(data["way"]).label
    return Words(
        f"アウトリーチ（{way}）：{answer}",
        data["text"],
        url=reverse("outreach:detail", args=[data["outreach"]]),
    )


def _changes(reader: Reader) -> QuerySet[ChangeRecord]:
    return ChangeRecord.objects.filter(
        target_type="cases.case", target_id__in=[str(pk) for pk in reader.case_ids], action__in=MILESTONES
    )


def _of_cases(model: Any) -> Any:
    return lambda reader: model.objects.filter(case__in=reader.case_ids)


def _cases_of_sector(reader: Reader, sector: str) -> Q:
    return Q(target_id__in=[str(pk) for pk in reader.ids_of_sector(sector)])


def _consultations_of_sector(reader: Reader, sector: str) -> Q:
    """Its own sectors, or those of its case where none were named."""
    return Q(sectors__contains=[sector]) | Q(sectors=[], case_id__in=reader.ids_of_sector(sector))


def _items_of_sector(reader: Reader, sector: str) -> Q:
    """Its own sector, or those of its case where it has none."""
    return Q(sector=sector) | Q(sector="", case_id__in=reader.ids_of_sector(sector))


# a turn's note is told by the contact that ended it, where there is one
_TURN_NOTE = CaseExpr(
    When(
        Exists(WatchAttempt.objects.filter(follow_up=OuterRef("pk"), note=OuterRef("note"))),
        then=Value("", output_field=TextField()),
    ),
    default="note",
)
SOURCES = (
    Source(
        "c", "c", _consultations,
        may=Permission.CASE_VIEW, is_plain=has_agency, at="started_at", words=_consultation, person="person", agency="agency", staff="staff",
        data={"receipt_no": "receipt_no", "text": "text", "minutes": "minutes", "case_id": "case_id"},
        by_sector=_consultations_of_sector,
    ),
    Source(
        "n", "n", _of_cases(ProgressNote), is_plain=always, at="started_at", words=_note, person="person", agency="agency", staff="staff",
        data={"text": "text", "minutes": "minutes", "way": "way", "counterpart": "counterpart", "companion": "companion__name", "next_on": "next_on",
              "next_text": "next_text", "case_id": "case_id"},
    ),
    Source(
        "a", "a", _of_cases(AssessmentItem), is_plain=always, at="written_at", words=_item, person="person", agency="agency", staff="staff",
        data={"item_kind": "kind", "label": "code__label", "text": "text", "case_id": "case_id"},
        by_sector=_items_of_sector,
    ),
    Source(
        "ae", "a", lambda r: AssessmentItem.objects.filter(case__in=r.case_ids, ended_at__isnull=False),
        is_plain=always, at="ended_at", words=_item_ended, person="person",
        data={"text": "text", "case_id": "case_id"}, by_sector=_items_of_sector,
    ),
    Source(
        "p", "p", lambda r: SupportPlan.objects.filter(case__in=r.case_ids, decided_at__isnull=False),
        is_plain=always, at="decided_at", words=_plan, agency="agency", staff="decided_by", is_milestone=True,
        data={"ordinal": "ordinal", "where": "decided_where", "hope": "hope", "long_goal": "long_goal",
              "short_goal": "short_goal", "case_id": "case_id"},
        by_sector=lambda r, sector: Q(case__sectors__contains=[sector]),
    ),
    Source(
        "pe", "p", lambda r: Evaluation.objects.filter(plan__case__in=r.case_ids),
        is_plain=always, at="evaluated_at", words=_evaluation, agency="plan__agency", staff="evaluated_by",
        data={"ordinal": "plan__ordinal", "achievement": "achievement", "judgement": "judgement", "note": "note",
              "remaining": "remaining", "plan_id": "plan_id", "case_id": "plan__case_id"},
        by_sector=lambda r, sector: Q(plan__case__sectors__contains=[sector]),
    ),
    Source(
        "w", "w", lambda r: r.scoped(FollowUp.objects).filter(done_at__isnull=False),
        is_plain=sees_all_cases, at="done_at", words=_turn, agency="agency", staff="done_by",
        milestones=Q(result__in=[FollowUpResult.MOVED, FollowUpResult.DIED]),
        data={"ordinal": "ordinal", "result": "result", "text": _TURN_NOTE, "case_id": "case_id"},
    ),
    Source(
        "wa", "w", lambda r: r.scoped(WatchAttempt.objects),
        is_plain=sees_all_cases, at="started_at", words=_attempt, agency="agency", staff="staff",
        data={"way": "way", "reached": "has_reached", "text": "note", "minutes": "minutes", "case_id": "case_id"},
    ),
    Source(
        "o", "o", _outreach_attempts,
        may=Permission.CASE_VIEW, is_plain=has_agency, at="started_at", words=_outreach, agency="agency", staff="staff", person="outreach__person",
        data={"way": "way", "answer": "answer", "text": "note", "minutes": "minutes", "outreach": "outreach_id",
              "case_id": "outreach__case_id"},
    ),
    Source(
        "z", "m", _closings, is_plain=always, at="closed_at", words=_closing, agency="lead_agency", staff="closed_by", is_milestone=True,
        data={"closing": "closing_kind", "reason": "closing_reason__label", "note": "closing_note", "case_id": "pgh_obj_id"},
        by_sector=lambda r, sector: Q(sectors__contains=[sector]),
    ),
    Source(
        "m", "m", _changes, is_plain=always, at="at", words=_milestone, is_milestone=True,
        data={"action": "action", "label": "actor_label", "detail": "detail", "target": "target_id"},
        by_agency=lambda pk: Q(agency_id_text=str(pk)), by_sector=_cases_of_sector,
    ),
)  # fmt: skip
