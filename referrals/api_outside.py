"""Capacity questions and requests to partners without an account in the API: the same scopes, the same actions."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import Prefetch
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import scoped_get
from accounts.actor import Actor
from accounts.api_views import IDEMPOTENCY, ScopedViewSet, TaggedRetrieveMixin, actor_of, done_once, sent_once
from accounts.http import ActorRequest
from accounts.models import Agency, Area
from accounts.roles import Permission
from cases.enums import CodeList
from cases.models import Case, Code
from common.bodies import refuse_body
from common.errors import RuleViolation
from referrals.actions.capacity import answer_capacity, ask_capacity, withdraw_capacity
from referrals.actions.outside_requests import ask_partner, withdraw_request
from referrals.models import CapacityAnswer, CapacityQuestion, OutsidePartner, OutsideRequest
from referrals.outside_mail import mail_page, page_url
from referrals.serializers_outside import (
    CapacityQuestionSerializer,
    CapacityReplySerializer,
    IssuedSerializer,
    NewCapacityQuestionSerializer,
    NewOutsideRequestSerializer,
    OutsidePartnerSerializer,
    OutsideRequestSerializer,
)


def _case(request: Request, number: str) -> Case:
    cases = Case.objects.visible_to(actor_of(request))
    found: Case = scoped_get(cases, cast(ActorRequest, request._request), log=None, number=number)
    return found


class CapacityViewSet(TaggedRetrieveMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """受け入れの問い合わせ that the actor's agency asked or was asked. Whom it is about is not told."""

    permission = Permission.REFERRAL_VIEW
    queryset = CapacityQuestion.objects.none()
    serializer_class = CapacityQuestionSerializer
    filterset_fields = ("theme__code", "area__code")
    cursor_order = ("-asked_at", "-pk")

    def scope(self, actor: Actor) -> Any:
        seen = (
            CapacityAnswer.objects.visible_to(actor).select_related("agency").order_by("agency__code", "pk")
        )
        return (
            CapacityQuestion.objects.visible_to(actor)
            .select_related("from_agency", "theme", "area", "case")
            .prefetch_related(Prefetch("answers", queryset=seen, to_attr="seen"))
        )

    def _one(self, question: CapacityQuestion) -> Any:
        return self.get_serializer(self.scope(actor_of(self.request)).get(pk=question.pk)).data

    @extend_schema(
        parameters=[IDEMPOTENCY],
        request=NewCapacityQuestionSerializer,
        responses={201: CapacityQuestionSerializer},
    )
    def create(self, request: Request) -> Response:
        form = NewCapacityQuestionSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data, actor, at = dict(form.validated_data), actor_of(request), timezone.now()
        number, codes, area = data.pop("case"), data.pop("agencies"), data.pop("area")
        case = _case(request, number) if number else None
        known = {a.code: a for a in Agency.objects.visible_to(actor).filter(code__in=codes)}
        if set(codes) - set(known):
            raise RuleViolation("問い合わせ先の機関が見つかりません。", field="agencies")
        themes = Code.objects.visible_to(actor).of(CodeList.CONCERN, timezone.localdate(at))
        theme = themes.filter(code=data.pop("theme")).first()
        if theme is None:
            raise RuleViolation("テーマを一覧から選んでください。", field="theme")
        place = Area.objects.visible_to(actor).filter(code=area).first() if area else None
        if area and place is None:
            raise RuleViolation("圏域が見つかりません。", field="area")
        with sent_once(request, at) as key:
            question = ask_capacity(
                case=case, agencies=[known[code] for code in codes], theme=theme, area=place, actor=actor, at=at,
                request_key=key, **data,
            )  # fmt: skip
        return Response(self._one(question), status=status.HTTP_201_CREATED)

    @extend_schema(
        parameters=[IDEMPOTENCY], request=CapacityReplySerializer, responses=CapacityQuestionSerializer
    )
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, pk: str) -> Response:
        """The answer of the actor's own agency."""
        actor, question, at = actor_of(request), self.get_object(), timezone.now()
        form = CapacityReplySerializer(data=request.data)
        form.is_valid(raise_exception=True)
        own = next((a for a in question.seen if a.agency_id == actor.agency_id), None)
        if own is None:
            raise RuleViolation("この問い合わせは、あなたの機関あてではありません。")
        with done_once(request, at) as is_new:
            if is_new:
                answer_capacity(answer=own, actor=actor, at=at, **form.validated_data)
        return Response(self._one(question))

    @extend_schema(parameters=[IDEMPOTENCY], request=None, responses=CapacityQuestionSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        question, at = self.get_object(), timezone.now()
        refuse_body(request)
        with done_once(request, at) as is_new:
            if is_new:
                withdraw_capacity(question=question, actor=actor_of(request), at=at)
        return Response(self._one(question))


class OutsidePartnerViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """協力者 of the directory: who can be asked, without telephone and mail."""

    permission = Permission.REFERRAL_VIEW
    queryset = OutsidePartner.objects.none()
    serializer_class = OutsidePartnerSerializer
    filterset_fields = ("kind", "area__code", "is_current")
    cursor_order = ("name", "pk")

    def scope(self, actor: Actor) -> Any:
        return OutsidePartner.objects.visible_to(actor).select_related("area")


class OutsideRequestViewSet(
    TaggedRetrieveMixin, mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet
):
    """協力者へのお願い of the actor's agency, and of the cases that it sees."""

    permission = Permission.REFERRAL_VIEW
    queryset = OutsideRequest.objects.none()
    serializer_class = OutsideRequestSerializer
    filterset_fields = ("state", "partner__kind")
    cursor_order = ("-sent_at", "-pk")

    def scope(self, actor: Actor) -> Any:
        return OutsideRequest.objects.visible_to(actor).select_related("case", "partner", "from_agency")

    @extend_schema(
        parameters=[IDEMPOTENCY], request=NewOutsideRequestSerializer, responses={201: IssuedSerializer}
    )
    def create(self, request: Request) -> Response:
        """The address of the page is told once, to whoever made the request, or goes by mail to the partner."""
        form = NewOutsideRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data, actor, at = dict(form.validated_data), actor_of(request), timezone.now()
        case = _case(request, data.pop("case"))
        partner = OutsidePartner.objects.visible_to(actor).filter(pk=data.pop("partner")).first()
        if partner is None:
            raise RuleViolation("協力者が見つかりません。", field="partner")
        with sent_once(request, at) as key:
            issued = ask_partner(case=case, partner=partner, actor=actor, at=at, request_key=key, **data)
        mailed = bool(issued.token) and issued.link.is_mailed and mail_page(issued.link, issued.token)
        shown = issued.token and not issued.link.is_mailed
        body = {
            "request": self.get_serializer(self.scope(actor).get(pk=issued.request.pk)).data,
            "page": page_url(issued.token) if shown else "",
            "is_mailed": mailed,
        }
        headers = {"Cache-Control": "no-store"}
        return Response(body, status=status.HTTP_201_CREATED, headers=headers)

    @extend_schema(parameters=[IDEMPOTENCY], request=None, responses=OutsideRequestSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        actor, asked, at = actor_of(request), self.get_object(), timezone.now()
        refuse_body(request)
        with done_once(request, at) as is_new:
            if is_new:
                asked = withdraw_request(request=asked, actor=actor, at=at)
        return Response(self.get_serializer(self.scope(actor).get(pk=asked.pk)).data)
