"""Casework in the API: the same scopes, the same actions."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import log_reads
from accounts.actor import Actor
from accounts.api_views import (
    IDEMPOTENCY,
    IF_MATCH,
    ScopedViewSet,
    TaggedRetrieveMixin,
    actor_of,
    done_once,
    if_match,
    if_match_tag,
    sent_once,
    tagged,
)
from accounts.http import ActorRequest
from accounts.roles import Permission
from audit.models import AccessKind
from cases.actions.closing import ClosingData, close_case, reopen_case
from cases.actions.edit_consultation import Correction, edit_consultation
from cases.actions.notes import NoteData, edit_note, write_note
from cases.actions.open_case import set_sectors
from cases.actions.receive_consultation import ContactData, OtherPerson, receive_consultation
from cases.actions.silent_risks import put_off
from cases.api_filters import CaseFilter, ConsultationFilter, RiskFilter
from cases.api_watch import named
from cases.enums import CodeList
from cases.models import Case, Code, Consultation, ConsultationPerson, ProgressNote, SilentRisk
from cases.selectors.intake import namesakes
from cases.serializers import (
    AlikeSerializer,
    CaseChangeSerializer,
    CaseSerializer,
    ConsultationChangeSerializer,
    ConsultationSerializer,
    NewConsultationSerializer,
    NewNoteSerializer,
    NoteChangeSerializer,
    NoteSerializer,
    PutOffSerializer,
    RiskSerializer,
)
from cases.serializers_watch import ClosingSerializer
from common.errors import RuleViolation
from common.models import check_version
from households.actions.persons import PersonData
from households.contact import shield_for
from households.models import Household, without_search
from households.selectors_alike import Typed
from households.serializers import ReasonSerializer


class CaseViewSet(mixins.ListModelMixin, TaggedRetrieveMixin, ScopedViewSet):
    """Cases that the actor sees. ``notes`` reads and writes the 支援経過 of one."""

    permission = Permission.CASE_VIEW
    queryset = Case.objects.none()
    serializer_class = CaseSerializer
    lookup_field = "number"
    filterset_class = CaseFilter
    cursor_order = ("-opened_at", "-pk")

    def scope(self, actor: Actor) -> Any:
        rows = Case.objects.visible_to(actor).select_related("household", "lead_agency", "lead_staff")
        if "lead_agency__code" in self.request.query_params:
            rows = rows.exclude(household__in=shield_for(actor).households)
        return rows

    @extend_schema(parameters=[IF_MATCH], request=CaseChangeSerializer, responses=CaseSerializer)
    def partial_update(self, request: Request, number: str) -> Response:
        """分野: whoever coordinates the case by them sees it from then on."""
        case, tag = self.get_object(), if_match_tag(request)
        form = CaseChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        case = set_sectors(
            case=case, actor=actor_of(request), at=timezone.now(), tag=tag, **form.validated_data
        )
        return tagged(self.get_serializer(case).data, case)

    @extend_schema(methods=["GET"], responses=NoteSerializer(many=True), filters=False)
    @extend_schema(
        methods=["POST"], parameters=[IDEMPOTENCY], request=NewNoteSerializer, responses={201: NoteSerializer}
    )
    @action(detail=True, methods=["get", "post"], filterset_class=None)
    def notes(self, request: Request, number: str) -> Response:
        case = self.get_object()
        if request.method == "POST":
            form = NewNoteSerializer(data=request.data)
            form.is_valid(raise_exception=True)
            at = timezone.now()
            with sent_once(request, at) as key:
                note = write_note(
                    case=case,
                    data=NoteData(**form.validated_data),
                    actor=actor_of(request),
                    at=at,
                    request_key=key,
                )
            said = NoteSerializer(note, context=self.get_serializer_context()).data
            return tagged(said, note, status.HTTP_201_CREATED)
        rows = ProgressNote.objects.visible_to(actor_of(request)).filter(case=case)
        self.cursor_order = ("-started_at", "-pk")
        page = self.paginate_queryset(rows.select_related("case", "agency", "staff"))
        return self.get_paginated_response(
            NoteSerializer(page, many=True, context=self.get_serializer_context()).data
        )

    @extend_schema(parameters=[IF_MATCH, IDEMPOTENCY], request=ClosingSerializer, responses=CaseSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, number: str) -> Response:
        """終結, with a reason and the day on which somebody looks again (or why nobody does)."""
        case, version, at = self.get_object(), if_match(request), timezone.now()
        form = ClosingSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data = dict(form.validated_data)
        codes = Code.objects.visible_to(actor_of(request)).of(CodeList.CLOSING_REASON, timezone.localdate(at))
        reason = codes.filter(code=data.pop("reason")).first()
        if reason is None:
            raise RuleViolation("終結理由を一覧から選んでください。", field="reason")
        with done_once(request, at) as is_new:
            if is_new:
                check_version(case, version)
                closing = ClosingData(reason=reason, **named(case, data, actor_of(request)))
                case = close_case(case=case, data=closing, actor=actor_of(request), at=at)
        return tagged(self.get_serializer(case).data, case)

    @extend_schema(parameters=[IF_MATCH, IDEMPOTENCY], request=ReasonSerializer, responses=CaseSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, number: str) -> Response:
        """再相談: the same case goes on."""
        case, version, at = self.get_object(), if_match(request), timezone.now()
        form = ReasonSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with done_once(request, at) as is_new:
            if is_new:
                check_version(case, version)
                case = reopen_case(case=case, actor=actor_of(request), at=at, **form.validated_data)
        return tagged(self.get_serializer(case).data, case)


class NoteViewSet(TaggedRetrieveMixin, ScopedViewSet):
    """支援経過, one at a time; corrected by the agency that wrote it."""

    permission = Permission.CASE_VIEW
    queryset = ProgressNote.objects.none()
    serializer_class = NoteSerializer

    def scope(self, actor: Actor) -> Any:
        return ProgressNote.objects.visible_to(actor).select_related("case", "agency", "staff")

    @extend_schema(parameters=[IF_MATCH], request=NoteChangeSerializer, responses=NoteSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        note, version = self.get_object(), if_match(request)
        form = NoteChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        stands = {name: getattr(note, name) for name in NoteData.__dataclass_fields__}
        note = edit_note(
            note=note, data=NoteData(**(stands | form.validated_data)), version=version, actor=actor_of(request),
            at=timezone.now(),
        )  # fmt: skip
        return tagged(self.get_serializer(note).data, note)


class RiskViewSet(mixins.ListModelMixin, TaggedRetrieveMixin, ScopedViewSet):
    """気がかり that stand, the longest first."""

    permission = Permission.CASE_VIEW
    queryset = SilentRisk.objects.none()
    serializer_class = RiskSerializer
    filterset_class = RiskFilter
    cursor_order = ("due_on", "pk")
    lookup_field = "pk"

    def scope(self, actor: Actor) -> Any:
        rows = SilentRisk.objects.visible_to(actor).standing()
        return rows.select_related("case", "owner_agency", "owner_staff")

    @extend_schema(parameters=[IF_MATCH, IDEMPOTENCY], request=PutOffSerializer, responses=RiskSerializer)
    @action(detail=True, methods=["post"], url_path="put-off")
    def put_off(self, request: Request, pk: str) -> Response:
        """「見た。〇日まで先送り」, with the reason."""
        risk, tag, at = self.get_object(), if_match_tag(request), timezone.now()
        form = PutOffSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with done_once(request, at) as is_new:
            if is_new:
                put_off(risk=risk, actor=actor_of(request), at=at, tag=tag, **form.validated_data)
        risk.refresh_from_db()
        return tagged(self.get_serializer(risk).data, risk)


class ConsultationViewSet(mixins.ListModelMixin, TaggedRetrieveMixin, ScopedViewSet):
    """相談受付: read, and receive one. The same ``Idempotency-Key`` twice makes one record."""

    permission = Permission.CONSULTATION_RECEIVE
    queryset = Consultation.objects.none()
    serializer_class = ConsultationSerializer
    lookup_field = "receipt_no"
    filterset_class = ConsultationFilter
    cursor_order = ("-started_at", "-pk")

    def scope(self, actor: Actor) -> Any:
        others = ConsultationPerson.objects.visible_to(actor).select_related("person")
        homes = Household.objects.visible_to(actor).filter(pk=OuterRef("household"))
        return (
            Consultation.objects.visible_to(actor)
            .select_related("agency", "staff", "case", "person")
            .defer(*without_search("person"))
            .annotate(sees_home=Exists(homes))
            .with_led_to_outreach()
            .prefetch_related(
                Prefetch("others", others.defer(*without_search("person")).order_by("pk")), "concerns__code"
            )
        )

    def _one(self, row: Consultation, code: int = status.HTTP_200_OK) -> Response:
        """The row as it is read, with what belongs to it."""
        read = self.scope(actor_of(self.request)).get(pk=row.pk)
        return tagged(self.get_serializer(read).data, read, code)

    @extend_schema(
        parameters=[IDEMPOTENCY], request=NewConsultationSerializer,
        responses={201: ConsultationSerializer, 422: AlikeSerializer},
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        form = NewConsultationSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data, actor, at = dict(form.validated_data), actor_of(request), timezone.now()
        person, new = data.pop("person"), data.pop("new_person")
        is_another, others = data.pop("is_another"), [_other(one) for one in data.pop("others")]
        if person and new:
            raise RuleViolation("person と new_person は、どちらか一方を送ってください。", field="new_person")
        try:
            with sent_once(request, at) as key:
                if new and not (is_another or data["is_anonymous"]):
                    _ask_about_namesakes(new, key, actor)
                consultation = receive_consultation(
                    data=ContactData(**data), actor=actor, at=at, request_key=key, person_id=person,
                    new_person=PersonData(**new) if new else None, others=others,
                )  # fmt: skip
        except RuleViolation as violation:
            if "alike" not in violation.context:
                raise
            found = violation.context["alike"]
            asked = " ".join(row.person.display_name for row in found)[:60]
            log_reads(cast(ActorRequest, request._request), AccessKind.SEARCH, "households.person", asked)
            said = {"detail": violation.message, "field": violation.field, "alike": found}
            return Response(AlikeSerializer(said).data, status=violation.status)
        return self._one(consultation, status.HTTP_201_CREATED)

    @extend_schema(
        parameters=[IF_MATCH], request=ConsultationChangeSerializer, responses=ConsultationSerializer
    )
    def partial_update(self, request: Request, receipt_no: str) -> Response:
        """Who received it corrects what was written; person, case and outcome stay."""
        row, version = self.get_object(), if_match(request)
        form = ConsultationChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        stands = {name: getattr(row, name) for name in _CORRECTED}
        ticked = list(row.concerns.order_by("pk").values_list("code__code", "is_most_pressing"))
        stands |= {
            "concerns": [code for code, _ in ticked],
            "most_pressing": next((c for c, most in ticked if most), ""),
        }
        row = edit_consultation(
            consultation=row, actor=actor_of(request), at=timezone.now(),
            correction=Correction(contact=ContactData(**(stands | form.validated_data)), version=version),
        )  # fmt: skip
        return self._one(row)


def _other(said: dict[str, Any]) -> OtherPerson:
    new = said["new_person"]
    return OtherPerson(
        said["person"], PersonData(**new) if new and not said["person"] else None, said["relation"],
        said["lives_together"],
    )  # fmt: skip


def _ask_about_namesakes(new: dict[str, Any], key: UUID, actor: Actor) -> None:
    """As the page asks, once: the sender chooses one of them, or says that this is somebody else."""
    if Consultation.objects.visible_to(actor).filter(request_key=key).exists():
        return  # the same contact again: its record stands
    names = [f"{new[f'family_{part}']} {new[f'given_{part}']}".strip() for part in ("name", "kana")]
    typed = Typed(
        names=tuple(name for name in (*names, new["alias"]) if name), born=new["birth_on"], phone=new["phone"]
    )
    if found := namesakes(actor=actor, typed=typed):
        raise RuleViolation(
            f"{found.said}の人が登録されています。その人なら person を、別の人なら is_another を送ってください。",
            field="new_person", alike=found.people,
        )  # fmt: skip


_CORRECTED = (
    "started_at", "minutes", "way", "text", "caller", "caller_name", "caller_phone", "caller_relation", "sectors", "consent",
    "is_anonymous", "outcome",
)  # fmt: skip
