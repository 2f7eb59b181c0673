"""The one search of the pages in the API: people, households, cases, consultations and texts, each group by itself."""

from __future__ import annotations

from typing import Any, cast

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import log_reads
from accounts.actor import Actor
from accounts.api_views import ScopedViewSet, actor_of
from accounts.http import ActorRequest
from accounts.roles import Permission
from audit.models import AccessKind
from cases.selectors.texts import MOST as TEXTS
from cases.selectors.texts import TextHit, search_texts
from households.contact import HIDDEN_DESK, Shield, shield_for
from households.models import Household
from kyosei.search import SHOWN, Group, SearchResults, search_all

SHOWS = ("people", "households", "cases", "consultations", "texts")


class FoundIdentitySerializer(serializers.Serializer):
    """Who it is, why they were found, and what the page says beside the name; never how to reach them."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    kana = serializers.CharField()
    birth_on = serializers.DateField(allow_null=True)
    former = serializers.CharField()
    household = serializers.CharField()
    lead = serializers.CharField()
    reason = serializers.CharField()


class FoundHouseholdSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    reason = serializers.CharField()


class FoundCaseSerializer(serializers.Serializer):
    number = serializers.CharField()
    household = serializers.CharField()
    household_id = serializers.IntegerField()
    state = serializers.CharField()
    lead = serializers.CharField()
    reason = serializers.CharField()


class FoundConsultationSerializer(serializers.Serializer):
    receipt_no = serializers.CharField()
    started_at = serializers.DateTimeField()
    agency = serializers.CharField()
    person = serializers.CharField()
    reason = serializers.CharField()


class FoundTextSerializer(serializers.Serializer):
    """Words of a record: ``receipt_no`` of a consultation, ``outreach`` of a worry and its attempts, else the number of the
    case.
    """

    kind = serializers.CharField()
    receipt_no = serializers.CharField()
    case = serializers.CharField()
    outreach = serializers.IntegerField(allow_null=True)
    at = serializers.DateTimeField()
    agency = serializers.CharField()
    snippet = serializers.CharField()


def _group(rows: serializers.Serializer, name: str) -> type[serializers.Serializer]:
    fields = {
        "total": serializers.IntegerField(),
        "is_cut": serializers.BooleanField(help_text="ほかにもある"),
        "next_page": serializers.IntegerField(allow_null=True, help_text="show と page で続きを読む"),
        "rows": rows,
    }
    return type(name, (serializers.Serializer,), fields)


class SearchSerializer(serializers.Serializer):
    """The groups of one answer; an empty one stands too."""

    people = _group(FoundIdentitySerializer(many=True), "PeopleGroup")()
    households = _group(FoundHouseholdSerializer(many=True), "HouseholdsGroup")()
    cases = _group(FoundCaseSerializer(many=True), "CasesGroup")()
    consultations = _group(FoundConsultationSerializer(many=True), "ConsultationsGroup")()
    texts = _group(FoundTextSerializer(many=True), "TextsGroup")()
    has_weaker = serializers.BooleanField(help_text="似た名前もある（near=true で探す）")


class SearchViewSet(ScopedViewSet):
    """探す: what the search page finds, grouped as there; each kind through its own scope, each search logged."""

    permission = (Permission.PERSON_FIND, Permission.HOUSEHOLD_VIEW, Permission.CASE_VIEW)
    queryset = Household.objects.none()
    serializer_class = SearchSerializer
    pagination_class = None
    query_parameters = ("q", "show", "page", "near")

    def scope(self, actor: Actor) -> Any:
        return Household.objects.visible_to(actor)

    @extend_schema(
        parameters=[
            OpenApiParameter("q", str, required=True, description="氏名・カナ・生年月日・電話・番号・記録の言葉"),
            OpenApiParameter("show", str, enum=list(SHOWS), description="この種類だけ"),
            OpenApiParameter("page", int, description="show の何ページ目か（1〜9）"),
            OpenApiParameter("near", bool, description="似た名前も"),
        ],
        responses=SearchSerializer, filters=False,
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        actor, said = actor_of(request), request.query_params
        query = said.get("q", "").replace("\x00", "")[:100].strip()
        show, page = said.get("show", ""), said.get("page", "1")
        wrong: dict[str, Any] = {}
        if not query:
            wrong["q"] = ["探す言葉を送ってください。"]
        if show and show not in SHOWS:
            wrong["show"] = ["選択肢にありません。"]
        if page not in {str(n) for n in range(1, 10)}:
            wrong["page"] = ["1から9の数で送ってください。"]
        if wrong:
            raise ValidationError(wrong)
        log_reads(cast(ActorRequest, request._request), AccessKind.SEARCH, "search", query)
        shield = shield_for(actor)
        found = SearchResults()
        if show != "texts":
            weaker = said.get("near") in ("1", "true")
            found = search_all(actor, query, shield, show=show, page=int(page), weaker=weaker)
        body: dict[str, Any] = {kind: _said(found, kind, shield) for kind in SHOWS[:-1]}
        body |= {"texts": _texts(actor, query, show, shield), "has_weaker": found.has_weaker}
        return Response(SearchSerializer(body).data)


def _said(found: SearchResults, kind: str, shield: Shield) -> dict[str, Any]:
    group = next((one for one in found.groups if one.kind == kind), Group(kind, [], 0))
    rows = [_ROWS[kind](row, shield) for row in group.rows]
    is_cut = group.is_cut or group.next_page is not None
    return {"total": group.total, "is_cut": is_cut, "next_page": group.next_page, "rows": rows}


def _person(row: Any, shield: Shield) -> dict[str, Any]:
    who = row.person
    return {
        "id": who.pk, "name": who.display_name, "kana": who.display_kana, "birth_on": who.birth_on, "former": row.former,
        "household": row.household_name, "lead": row.lead, "reason": row.reason,
    }  # fmt: skip


def _household(hit: Any, shield: Shield) -> dict[str, Any]:
    home = hit.row
    return {
        "id": home.pk,
        "name": shield.text(home.name, home.pk),
        "reason": shield.text(hit.reason, home.pk),
    }


def _case(hit: Any, shield: Shield) -> dict[str, Any]:
    case = hit.row
    desk = shield.desk(case.lead_agency, case.household_id)
    lead = desk if desk == HIDDEN_DESK else f"{desk} {case.lead_staff.name}"
    name = shield.text(case.household.name, case.household_id)
    return {
        "number": case.number, "household": name, "household_id": case.household_id, "state": case.state, "lead": lead,
        "reason": shield.text(hit.reason, case.household_id),
    }  # fmt: skip


def _consultation(hit: Any, shield: Shield) -> dict[str, Any]:
    row = hit.row
    return {
        "receipt_no": row.receipt_no, "started_at": row.started_at, "agency": shield.desk(row.agency, row.household_id),
        "person": row.person.display_name if row.person else "", "reason": hit.reason,
    }  # fmt: skip


_ROWS = {"people": _person, "households": _household, "cases": _case, "consultations": _consultation}


def _texts(actor: Actor, query: str, show: str, shield: Shield) -> dict[str, Any]:
    """Newest first; its snippets have been through the shield."""
    nothing: dict[str, Any] = {"total": 0, "is_cut": False, "next_page": None, "rows": []}
    if show not in ("", "texts"):
        return nothing
    found = search_texts(actor, query, shield, most=TEXTS if show else SHOWN)
    rows = [_text(hit, shield) for hit in found.hits]
    return nothing | {"total": len(rows), "is_cut": found.is_cut, "rows": rows}


def _text(hit: TextHit, shield: Shield) -> dict[str, Any]:
    is_contact = hit.kind == "consultation"
    return {
        "kind": hit.kind, "receipt_no": hit.record.receipt_no if is_contact else "",
        "case": "" if is_contact or hit.case is None else hit.case.number,
        "outreach": hit.outreach.pk if hit.outreach else None, "at": timezone.localtime(hit.at),
        "agency": shield.desk(hit.agency, hit.home), "snippet": "".join(part for part, _ in hit.snippet.parts),
    }  # fmt: skip
