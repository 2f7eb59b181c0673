"""Turns of the watch, and the stream of a household in the API."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.api_views import (
    IDEMPOTENCY,
    IF_MATCH,
    ScopedViewSet,
    TaggedRetrieveMixin,
    actor_of,
    done_once,
    if_match_tag,
    sent_once,
    tagged,
)
from accounts.enums import Sector
from accounts.roles import Permission
from cases.actions.follow_up import Tried, record_follow_up
from cases.actions.watch import hand_back
from cases.api_filters import FollowUpFilter
from cases.models import FollowUp
from cases.serializers import TimelineSerializer
from cases.serializers_watch import FollowUpSerializer, ResultSerializer
from cases.stream.read import Wanted, place_of, read
from cases.stream.registry import GROUPS, reader_for
from households.contact import shield_for
from households.models import Household
from households.serializers import ReasonSerializer


class FollowUpViewSet(mixins.ListModelMixin, TaggedRetrieveMixin, ScopedViewSet):
    """終結後の見守り: turns, those due first, and what came of them. A turn that was dropped says so."""

    permission = Permission.CASE_VIEW
    queryset = FollowUp.objects.none()
    serializer_class = FollowUpSerializer
    filterset_class = FollowUpFilter
    cursor_order = ("due_on", "pk")

    def scope(self, actor: Actor) -> Any:
        return FollowUp.objects.visible_to(actor).select_related("case", "agency")

    @extend_schema(parameters=[IF_MATCH, IDEMPOTENCY], request=ResultSerializer, responses=FollowUpSerializer)
    @action(detail=True, methods=["post"])
    def result(self, request: Request, pk: str) -> Response:
        turn, tag, at = self.get_object(), if_match_tag(request), timezone.now()
        form = ResultSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data = dict(form.validated_data)
        with sent_once(request, at) as key:
            tried = Tried(data.pop("started_at"), data.pop("minutes"), data.pop("way"), key)
            turn = record_follow_up(
                follow_up=turn, tried=tried, actor=actor_of(request), at=at, tag=tag, **data
            )
        return tagged(self.get_serializer(turn).data, turn)

    @extend_schema(parameters=[IF_MATCH, IDEMPOTENCY], request=ReasonSerializer, responses=FollowUpSerializer)
    @action(detail=True, methods=["post"])
    def back(self, request: Request, pk: str) -> Response:
        """The agency that was asked cannot look: cycle and turn go back to the lead, who hears why."""
        turn, tag, at = self.get_object(), if_match_tag(request), timezone.now()
        form = ReasonSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data = self.get_serializer(turn).data
        with done_once(request, at) as is_new:
            if is_new:
                turn = hand_back(
                    follow_up=turn, actor=actor_of(request), at=at, tag=tag, **form.validated_data
                )
                data = self.get_serializer(turn).data
        return tagged(data, turn)


class TimelineViewSet(ScopedViewSet):
    """経過: everything of a household in one stream, by the household's id."""

    permission = Permission.HOUSEHOLD_VIEW
    queryset = Household.objects.none()
    serializer_class = TimelineSerializer
    pagination_class = None
    query_parameters = ("kind", "sector", "agency", "person", "since", "until", "milestones")

    def scope(self, actor: Actor) -> Any:
        return Household.objects.visible_to(actor)

    @extend_schema(
        parameters=[
            OpenApiParameter("kind", str, enum=sorted(GROUPS), description="種類"),
            OpenApiParameter("sector", str, enum=list(Sector.values), description="分野"),
            OpenApiParameter("agency", int, description="機関"), OpenApiParameter("person", int, description="人"),
            OpenApiParameter("since", str, description="いつから（2026-11-23）"),
            OpenApiParameter("until", str, description="いつまで"),
            OpenApiParameter("milestones", bool, description="節目だけ"),
            OpenApiParameter("cursor", str, description="次のページ（前の答えの next）"),
        ]
    )  # fmt: skip
    def retrieve(self, request: Request, pk: str) -> Response:
        home, actor = self.get_object(), actor_of(request)
        cursor = request.query_params.get("cursor", "")
        if cursor and place_of(cursor) is None:
            raise ValidationError({"cursor": ["前の答えの next をそのまま送ってください。"]})
        lines, after = read(reader_for(actor, shield_for(actor), home.pk), _wanted(request), cursor=cursor)
        return Response(TimelineSerializer({"next": after, "results": lines}).data)


def _wanted(request: Request) -> Wanted:
    """The filters; what makes no sense is said (400), not passed over."""
    said, wrong, found = request.query_params, {}, {}
    for name, choices in (("kind", set(GROUPS)), ("sector", set(Sector.values))):
        if value := said.get(name, ""):
            found[name] = value
            if value not in choices:
                wrong[name] = ["選択肢にありません。"]
    for name in ("agency", "person"):
        if value := said.get(name, ""):
            if value.isascii() and value.isdecimal() and len(value) < 18:
                found[name] = int(value)  # type: ignore[assignment]
            else:
                wrong[name] = ["番号で送ってください。"]
    for name in ("since", "until"):
        if value := said.get(name, ""):
            try:
                found[name] = date.fromisoformat(value)  # type: ignore[assignment]
            except ValueError:
                wrong[name] = ["日付は 2026-11-23 のように送ってください。"]
    if wrong:
        raise ValidationError(wrong)
    if "kind" in found:
        found["group"] = found.pop("kind")
    return Wanted(**found, is_marks_only=said.get("milestones") in ("1", "true"))  # type: ignore[arg-type]
