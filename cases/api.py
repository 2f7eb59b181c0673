"""Casework in the API: the same scopes, the same actions."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.api_views import ScopedViewSet, actor_of, request_key
from accounts.roles import Permission
from cases.actions.notes import NoteData, write_note
from cases.actions.receive_consultation import ContactData, receive_consultation
from cases.models import Case, Consultation, ProgressNote, SilentRisk
from cases.serializers import (
    CaseSerializer,
    ConsultationSerializer,
    NewConsultationSerializer,
    NewNoteSerializer,
    NoteSerializer,
    RiskSerializer,
)
from households.contact import shield_for


class CaseViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """Cases that the actor sees. ``notes`` reads and writes the 支援経過 of one."""

    permission = Permission.CASE_VIEW
    queryset = Case.objects.none()
    serializer_class = CaseSerializer
    lookup_field = "number"
    filterset_fields = ("state", "lead_agency__code", "consent")
    cursor_order = ("-opened_at", "-pk")

    def scope(self, actor: Actor) -> Any:
        rows = Case.objects.visible_to(actor).select_related("household", "lead_agency", "lead_staff")
        if "lead_agency__code" in self.request.query_params:
            rows = rows.exclude(household__in=shield_for(actor).households)
        return rows

    @extend_schema(methods=["GET"], responses=NoteSerializer(many=True), filters=False)
    @extend_schema(methods=["POST"], request=NewNoteSerializer, responses={201: NoteSerializer})
    @action(detail=True, methods=["get", "post"], filterset_fields=())
    def notes(self, request: Request, number: str) -> Response:
        case = self.get_object()
        if request.method == "POST":
            form = NewNoteSerializer(data=request.data)
            form.is_valid(raise_exception=True)
            note = write_note(
                case=case, data=NoteData(**form.validated_data), actor=actor_of(request), at=timezone.now(),
                request_key=request_key(request),
            )  # fmt: skip
            return Response(
                NoteSerializer(note, context=self.get_serializer_context()).data,
                status=status.HTTP_201_CREATED,
            )
        rows = ProgressNote.objects.visible_to(actor_of(request)).filter(case=case)
        self.cursor_order = ("-started_at", "-pk")
        page = self.paginate_queryset(rows.select_related("case", "agency", "staff"))
        return self.get_paginated_response(
            NoteSerializer(page, many=True, context=self.get_serializer_context()).data
        )


class RiskViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """気がかり that stand, the longest first."""

    permission = Permission.CASE_VIEW
    queryset = SilentRisk.objects.none()
    serializer_class = RiskSerializer
    filterset_fields = ("kind", "urgency")
    cursor_order = ("due_on", "pk")
    lookup_field = "pk"

    def scope(self, actor: Actor) -> Any:
        rows = SilentRisk.objects.visible_to(actor).standing()
        return rows.select_related("case", "owner_agency", "owner_staff")


class ConsultationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """相談受付: read, and receive one. The same ``Idempotency-Key`` twice makes one record."""

    permission = Permission.CONSULTATION_RECEIVE
    queryset = Consultation.objects.none()
    serializer_class = ConsultationSerializer
    lookup_field = "receipt_no"
    filterset_fields = ("way", "outcome")
    cursor_order = ("-started_at", "-pk")

    def scope(self, actor: Actor) -> Any:
        return Consultation.objects.visible_to(actor).select_related("agency", "staff", "case")

    @extend_schema(request=NewConsultationSerializer, responses={201: ConsultationSerializer})
    def create(self, request: Request) -> Response:
        form = NewConsultationSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data = dict(form.validated_data)
        person = data.pop("person", None)
        consultation = receive_consultation(
            data=ContactData(**data), actor=actor_of(request), at=timezone.now(), request_key=request_key(request),
            person_id=person,
        )  # fmt: skip
        return Response(
            ConsultationSerializer(consultation, context=self.get_serializer_context()).data,
            status=status.HTTP_201_CREATED,
        )
