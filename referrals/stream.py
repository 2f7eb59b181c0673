"""What lies between agencies, in the stream of a household: つなぎ, 会議, 決定事項."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Case as CaseExpr
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.urls import reverse

from accounts.models import Agency
from accounts.roles import Permission
from cases.stream.registry import Data, Reader, Source, Words, has_agency, sees_all_cases
from common.japan.wareki import format_wareki_short
from referrals.enums import kind_label
from referrals.enums_outside import OutsideKind, OutsideOutcome
from referrals.models import ActionItem, AgendaItem, IssueReport, OutsideRequest, Referral
from referrals.models.conference import named_before
from referrals.models.referral import answers_for_itself, on_standing_ground
from referrals.selectors import CLOSED_WORDS
from referrals.workflow import ConferenceState, IssueState, ReferralState
from referrals.workflow_outside import OutsideState


def _referrals(reader: Reader) -> QuerySet[Referral]:
    """Seeing the case is enough, but for requests that the reader's agency has still to answer beside others."""
    rows: QuerySet[Referral] = reader.scoped(Referral.objects)
    return rows.filter(answers_for_itself(reader.agency_id)) if reader.agency_id is not None else rows.none()


def _asked(reader: Reader) -> QuerySet[Referral]:
    """``asked``: what was asked; of a case that the reader does not see, as its page says it (``asked_words``)."""
    rows = _referrals(reader)
    if not reader.closed_ids:
        return rows.annotate(asked=F("purpose"))
    own = Q(case__in=reader.case_ids) | Q(from_agency=reader.agency_id)
    stands = on_standing_ground() & ~Q(state=ReferralState.WITHDRAWN)
    return rows.annotate(asked=CaseExpr(When(own | stands, then=F("purpose")), default=Value(CLOSED_WORDS)))


def _answers(reader: Reader) -> QuerySet[Referral]:
    """The words of an answer are for the receiver and for who sees the case."""
    rows = _referrals(reader).filter(answered_at__isnull=False)
    if not reader.closed_ids:
        return rows
    return rows.filter(Q(case__in=reader.case_ids) | Q(to_agency=reader.agency_id))


def _asks_no_scope(reader: Reader) -> bool:
    return sees_all_cases(reader) and has_agency(reader)


def _has_outside() -> Exists:
    return Exists(OutsideRequest.objects.filter(case=OuterRef("pk")))


def _outside(reader: Reader) -> QuerySet[OutsideRequest]:
    rows: QuerySet[OutsideRequest] = reader.scoped(OutsideRequest.objects)
    return rows


def _asked_outside(reader: Reader, pk: int, data: Data) -> Words:
    return Words(
        title=f"{_partner(data)}に協力をお願いした",
        text=data["text"],
        url=reverse("outside:detail", args=[pk]),
    )


def _heard_outside(reader: Reader, pk: int, data: Data) -> Words:
    """The answer while it stands alone; the result once there is one, above the answer."""
    state = OutsideState(data["state"])
    said = [data["text"]]
    if data["outcome"]:
        said.insert(0, f"{OutsideOutcome(data['outcome']).label}　{data['told']}".strip())
    return Words(
        title=f"{_partner(data)}：{state.label}", text="\n".join(filter(None, said)),
        url=reverse("outside:detail", args=[pk]),
    )  # fmt: skip


def _partner(data: Data) -> str:
    return f"{data['partner']}（{OutsideKind(data['partner_kind']).label}）"


def _has_papers() -> Exists:
    return Exists(AgendaItem.objects.filter(case=OuterRef("pk")))


def _has_decisions() -> Exists:
    return Exists(ActionItem.objects.filter(case=OuterRef("pk")))


def _here(reader: Reader) -> Q:
    """Papers and decisions have scopes of their own, narrower than the case and wider."""
    return Q(case__household=reader.household_id) if reader.is_whole else Q(case__in=reader.case_ids)


def _papers(reader: Reader) -> list[int]:
    """Ids of the papers that the reader may open."""
    return reader.asked_ids("papers")


def _other(reader: Reader, data: Data) -> str:
    agency = Agency(short_name=data["other"], kind=data["other_kind"])
    return reader.shield.desk(agency, reader.household_id)


def _sent(reader: Reader, pk: int, data: Data) -> Words:
    return Words(
        title=f"{_other(reader, data)}へつなぎを送付", text=data["text"],
        url=reverse("referrals:detail", args=[pk]),
    )  # fmt: skip


def _answered(reader: Reader, pk: int, data: Data) -> Words:
    state = ReferralState(data["state"])
    return Words(
        title=f"つなぎの返事：{state.label}", text=data["text"], url=reverse("referrals:detail", args=[pk])
    )


def _named(rows: QuerySet[AgendaItem], reader: Reader) -> QuerySet[AgendaItem]:
    """``named``: the name of the sitting, left out where another household on its agenda denies the reader."""
    hidden = Exists(named_before(reader.actor.staff_id).filter(conference=OuterRef("conference_id")))
    return rows.annotate(named=CaseExpr(When(hidden, then=Value("")), default=F("conference__title")))


def _sat(reader: Reader, pk: int, data: Data) -> Words:
    said = (data["topic"], f"結論：{data['conclusion']}" if data["conclusion"] else "")
    return Words(
        title=f"{data['kind_name'] or kind_label(data['conference_kind'])} {data['title']}".strip(), text="\n".join(filter(None, said)),
        url=reverse("conferences:detail", args=[data["conference_id"]]),
    )  # fmt: skip


def _decided(reader: Reader, pk: int, data: Data) -> Words:
    due = f"{format_wareki_short(date.fromisoformat(data['due_on']))}まで" if not data["done"] else ""
    return Words(
        title="決定事項（実施済）" if data["done"] else "決定事項", text=data["text"], next=due,
        url=reverse("conferences:action_done", args=[pk]),
    )  # fmt: skip


def _issue_told(reader: Reader, pk: int, data: Data) -> Words:
    state = IssueState(data["state"])
    return Words(
        title=f"地域課題「{data['title']}」：{state.label}",
        text=data["note"],
        url=reverse("issues:detail", args=[data["issue_id"]]),
    )


def _has_reports() -> Exists:
    return Exists(IssueReport.objects.filter(case=OuterRef("pk")))


def _of_either_end(pk: int) -> Q:
    return Q(from_agency=pk) | Q(to_agency=pk)


def _sector_of_case(path: str) -> Any:
    return lambda reader, sector: Q(**{f"{path}__sectors__contains": [sector]})


SOURCES = (
    Source(
        "r", "r", _asked, may=Permission.REFERRAL_VIEW, is_plain=_asks_no_scope, at="sent_at", words=_sent, agency="from_agency", staff="sent_by", by_agency=_of_either_end,
        by_sector=_sector_of_case("case"),
        data={"text": "asked", "other": "to_agency__short_name", "other_kind": "to_agency__kind", "case_id": "case_id"},
    ),
    Source(
        "ra", "r", _answers, may=Permission.REFERRAL_VIEW,
        is_plain=_asks_no_scope, at="answered_at", words=_answered,
        agency="to_agency", staff="answered_by", by_agency=_of_either_end, by_sector=_sector_of_case("case"),
        data={"text": "answer_note", "state": "state", "case_id": "case_id"},
    ),
    Source(
        "e", "r", _outside, may=Permission.REFERRAL_VIEW, is_plain=_asks_no_scope, probe=_has_outside, at="sent_at",
        words=_asked_outside, agency="from_agency", staff="sent_by", by_sector=_sector_of_case("case"),
        data={"text": "purpose", "partner": "partner__name", "partner_kind": "partner__kind", "case_id": "case_id"},
    ),
    Source(
        "ea", "r", lambda r: _outside(r).filter(answered_at__isnull=False), may=Permission.REFERRAL_VIEW,
        is_plain=_asks_no_scope, probe=_has_outside, at=Coalesce("finished_at", "answered_at"), words=_heard_outside,
        by_sector=_sector_of_case("case"),
        data={"text": "answer_note", "state": "state", "outcome": "outcome", "told": "outcome_note",
              "partner": "partner__name", "partner_kind": "partner__kind", "case_id": "case_id"},
    ),
    Source(
        "g", "g",
        lambda r: _named(AgendaItem.objects.filter(pk__in=_papers(r)).exclude(conference__state=ConferenceState.PLANNED), r),
        probe=_has_papers, at="conference__starts_at", words=_sat, agency="conference__convener", by_sector=_sector_of_case("case"),
        data={"topic": "topic", "conclusion": "conclusion", "title": "named",
              "conference_kind": "conference__kind", "kind_name": "conference__kind_name", "conference_id": "conference_id", "case_id": "case_id"},
    ),
    Source(
        "gd", "g", lambda r: ActionItem.objects.visible_to(r.actor, _papers(r)).filter(_here(r)), probe=_has_decisions, at="decided_at", words=_decided,
        agency="agency", staff="staff", by_sector=_sector_of_case("case"),
        data={"text": "text", "due_on": "due_on", "done": "done_at", "case_id": "case_id"},
    ),
    Source(
        "gi", "g", lambda r: r.scoped(IssueReport.objects), probe=_has_reports, is_plain=sees_all_cases, at="step__at", words=_issue_told,
        staff="step__by", by_sector=_sector_of_case("case"), may=Permission.ISSUE_VIEW,
        data={"title": "step__issue__title", "state": "step__state", "note": "step__note",
              "issue_id": "step__issue_id", "case_id": "case_id"},
    ),
)  # fmt: skip
