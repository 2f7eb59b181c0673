"""アウトリーチ in the API: people who have asked for nothing, everything that was tried, and who goes there."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.api_staff import colleague
from accounts.api_views import (
    IDEMPOTENCY,
    IF_MATCH,
    ListPages,
    ScopedViewSet,
    TaggedRetrieveMixin,
    actor_of,
    done_once,
    if_match,
    sent_once,
    tagged,
)
from accounts.roles import Permission
from cases.actions.outreach import (
    AttemptData,
    WorryData,
    agree_to_support,
    begin_outreach,
    edit_outreach,
    end_outreach,
    record_attempt,
    resume_outreach,
)
from cases.api_filters import OutreachFilter
from cases.models import Consultation, Outreach
from cases.selectors.outreach import attempts_of
from cases.serializers import (
    AgreeSerializer,
    AttemptSerializer,
    EndSerializer,
    NewAttemptSerializer,
    NewWorrySerializer,
    OutreachSerializer,
    ResumeSerializer,
    WorryChangeSerializer,
)
from common.errors import RuleViolation
from common.models import check_version
from households.actions.persons import PersonData


class OutreachViewSet(mixins.ListModelMixin, TaggedRetrieveMixin, ScopedViewSet):
    """アウトリーチ: people who have asked for nothing."""

    permission = Permission.CASE_VIEW
    queryset = Outreach.objects.none()
    serializer_class = OutreachSerializer
    filterset_class = OutreachFilter
    cursor_order = ("-heard_at", "-pk")

    def scope(self, actor: Actor) -> Any:
        return Outreach.objects.visible_to(actor).select_related("agency", "staff", "companion", "case")

    @extend_schema(parameters=[IDEMPOTENCY], request=NewWorrySerializer, responses={201: OutreachSerializer})
    def create(self, request: Request) -> Response:
        form = NewWorrySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data, at = dict(form.validated_data), timezone.now()
        actor, person, number = actor_of(request), data.pop("person", None), data.pop("consultation")
        told = _told_in(number, actor) if number else None
        with sent_once(request, at) as key:
            row = begin_outreach(
                data=_worry(data, actor), actor=actor, at=at, request_key=key, person_id=person, consultation=told
            )  # fmt: skip
        return tagged(self.get_serializer(row).data, row, status.HTTP_201_CREATED)

    @extend_schema(
        parameters=[IF_MATCH], request=WorryChangeSerializer(partial=True), responses=OutreachSerializer
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        """Correct what is known, and who goes there: 担当者・伴走者・ピア."""
        row, version, actor = self.get_object(), if_match(request), actor_of(request)
        form = WorryChangeSerializer(data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        said = dict(form.validated_data)
        named = said.pop("staff_id", None)
        staff = row.staff if named is None else colleague(actor, named, "staff_id")
        stands = {name: getattr(row, name) for name in WorryData.__dataclass_fields__}
        row = edit_outreach(
            outreach=row, data=_worry(said, actor, stands), staff=staff, version=version, actor=actor,
            at=timezone.now(),
        )  # fmt: skip
        return tagged(self.get_serializer(row).data, row)

    @extend_schema(methods=["GET"], responses=AttemptSerializer(many=True), filters=False)
    @extend_schema(
        methods=["POST"],
        parameters=[IDEMPOTENCY],
        request=NewAttemptSerializer,
        responses={201: AttemptSerializer},
    )
    @action(detail=True, methods=["get", "post"], filterset_class=None, pagination_class=ListPages)
    def attempts(self, request: Request, pk: str) -> Response:
        """関わり, newest first."""
        row, at = self.get_object(), timezone.now()
        context = self.get_serializer_context()
        if request.method != "POST":
            return self.paged(attempts_of(row), AttemptSerializer, **context)
        form = NewAttemptSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with sent_once(request, at) as key:
            attempt = record_attempt(
                outreach=row,
                data=AttemptData(**form.validated_data),
                actor=actor_of(request),
                at=at,
                request_key=key,
            )
        return Response(AttemptSerializer(attempt, context=context).data, status=status.HTTP_201_CREATED)

    @extend_schema(parameters=[IF_MATCH, IDEMPOTENCY], request=AgreeSerializer, responses=OutreachSerializer)
    @action(detail=True, methods=["post"])
    def agree(self, request: Request, pk: str) -> Response:
        """相談につながる: the case takes over what was tried."""
        row, version, at = self.get_object(), if_match(request), timezone.now()
        form = AgreeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data = dict(form.validated_data)
        new, person = data["new_person"], data.get("person")
        if person and new:
            raise RuleViolation("person と new_person は、どちらか一方を送ってください。", field="new_person")
        with done_once(request, at) as is_new:
            if is_new:
                check_version(row, version)
                row = agree_to_support(
                    outreach=row, actor=actor_of(request), at=at, agreed_on=data["agreed_on"], how=data["how"],
                    person_id=person, new_person=PersonData(**new) if new else None, sectors=tuple(data["sectors"]),
                )  # fmt: skip
        return tagged(self.get_serializer(row).data, row)

    @extend_schema(parameters=[IF_MATCH, IDEMPOTENCY], request=EndSerializer, responses=OutreachSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        row, version, at = self.get_object(), if_match(request), timezone.now()
        form = EndSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with done_once(request, at) as is_new:
            if is_new:
                check_version(row, version)
                row = end_outreach(outreach=row, actor=actor_of(request), at=at, **form.validated_data)
        return tagged(self.get_serializer(row).data, row)

    @extend_schema(parameters=[IF_MATCH, IDEMPOTENCY], request=ResumeSerializer, responses=OutreachSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """もう一度関わる: the worry is back, with all that was tried."""
        row, version, at = self.get_object(), if_match(request), timezone.now()
        form = ResumeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with done_once(request, at) as is_new:
            if is_new:
                check_version(row, version)
                row = resume_outreach(outreach=row, actor=actor_of(request), at=at, **form.validated_data)
        return tagged(self.get_serializer(row).data, row)


def _worry(said: dict[str, Any], actor: Actor, stands: dict[str, Any] | None = None) -> WorryData:
    """What was sent over what ``stands``; the companion is named by id."""
    told = (stands or {}) | {name: value for name, value in said.items() if name != "companion_id"}
    if "companion_id" in said:
        pk = said["companion_id"]
        told["companion"] = None if pk is None else colleague(actor, pk, "companion_id")
    return WorryData(**told)


def _told_in(number: str, actor: Actor) -> Consultation:
    """The contact in which somebody told of it: one that the actor's own agency received."""
    own = Consultation.objects.visible_to(actor).filter(receipt_no=number, agency=actor.agency_id)
    found = own.select_related("person").first()
    if found is None:
        raise RuleViolation("その相談は見つかりません。", field="consultation")
    return found
