"""Referrals and action items in the API: the same scopes, the same actions."""

from __future__ import annotations

from typing import Any, cast

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import scoped_get
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
from accounts.http import ActorRequest
from accounts.models import Agency
from accounts.roles import Permission
from cases.actions.team import default_last_day
from cases.models import Case
from cases.models.case import sees_case
from common.bodies import refuse_body
from common.errors import RuleViolation
from households.contact import shield_for
from referrals.actions.action_items import finish_action_item
from referrals.actions.answer_referral import answer_referral
from referrals.actions.follow_referral import finish_referral, start_referral
from referrals.actions.send_referral import send_to_several
from referrals.actions.withdraw_referral import withdraw_referral
from referrals.models import ActionItem, Referral
from referrals.serializers import (
    ActionItemSerializer,
    AnswerSerializer,
    NewReferralSerializer,
    OutcomeSerializer,
    ReferralResultSerializer,
    ReferralSerializer,
    ReferralWithdrawalSerializer,
)
from referrals.workflow import ReferralEvent


def _without_hidden_desks(rows: Any, actor: Actor, request: Request, *filters: str) -> Any:
    """A filter by another agency must not tell which desk it is that a row hides."""
    own = actor.agency.code if actor.agency else ""
    if {code for name in filters for code in request.query_params.getlist(name)} <= {own}:
        return rows
    return rows.exclude(case__household__in=shield_for(actor).households)


class ReferralViewSet(mixins.ListModelMixin, TaggedRetrieveMixin, ScopedViewSet):
    """つなぎ at either end of which the actor's agency stands. There is no way to decline."""

    permission = Permission.REFERRAL_VIEW
    queryset = Referral.objects.none()
    serializer_class = ReferralSerializer
    filterset_fields = ("state", "to_agency__code", "from_agency__code")
    cursor_order = ("-sent_at", "-pk")

    def scope(self, actor: Actor) -> Any:
        rows = Referral.objects.visible_to(actor).select_related(
            "case", "from_agency", "to_agency", "consent"
        )
        rows = rows.annotate(sees_case=sees_case(actor, "case_id"))
        return _without_hidden_desks(rows, actor, self.request, "to_agency__code", "from_agency__code")

    @extend_schema(
        parameters=[IDEMPOTENCY], request=NewReferralSerializer, responses={201: ReferralSerializer}
    )
    def create(self, request: Request) -> Response:
        form = NewReferralSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data, actor = dict(form.validated_data), actor_of(request)
        cases = Case.objects.visible_to(actor)
        case = scoped_get(cases, cast(ActorRequest, request._request), log=None, number=data.pop("case"))
        codes = [data.pop("to_agency"), *data.pop("also")]
        known = {a.code: a for a in Agency.objects.visible_to(actor).filter(code__in=codes)}
        for n, code in enumerate(codes):
            if code not in known:
                raise RuleViolation("つなぎ先の機関が見つかりません。", field="also" if n else "to_agency")
        at = timezone.now()
        with sent_once(request, at) as key:
            referral, *_ = send_to_several(
                case=case,
                agencies=[known[code] for code in codes],
                actor=actor,
                at=at,
                request_key=key,
                **data,
            )
        return tagged(self.get_serializer(referral).data, referral, status.HTTP_201_CREATED)

    @extend_schema(parameters=[IF_MATCH, IDEMPOTENCY], request=AnswerSerializer, responses=ReferralSerializer)
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, pk: str) -> Response:
        referral, tag, at = self.get_object(), if_match_tag(request), timezone.now()
        form = AnswerSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said = form.validated_data
        with done_once(request, at) as is_new:
            if is_new:
                referral = answer_referral(
                    referral=referral, event=ReferralEvent(said["event"]), actor=actor_of(request), at=at,
                    note=said["note"], former_until=said.get("former_until", default_last_day(at)), tag=tag,
                )  # fmt: skip
        return tagged(self.get_serializer(referral).data, referral)

    @extend_schema(parameters=[IF_MATCH, IDEMPOTENCY], request=None, responses=ReferralSerializer)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        referral, tag, at = self.get_object(), if_match_tag(request), timezone.now()
        refuse_body(request)
        with done_once(request, at) as is_new:
            if is_new:
                referral = start_referral(referral=referral, actor=actor_of(request), at=at, tag=tag)
        return tagged(self.get_serializer(referral).data, referral)

    @extend_schema(
        parameters=[IF_MATCH, IDEMPOTENCY], request=ReferralResultSerializer, responses=ReferralSerializer
    )
    @action(detail=True, methods=["post"])
    def finish(self, request: Request, pk: str) -> Response:
        referral, tag, at = self.get_object(), if_match_tag(request), timezone.now()
        form = ReferralResultSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with done_once(request, at) as is_new:
            if is_new:
                referral = finish_referral(
                    referral=referral, actor=actor_of(request), at=at, tag=tag, **form.validated_data
                )
        return tagged(self.get_serializer(referral).data, referral)

    @extend_schema(
        parameters=[IF_MATCH, IDEMPOTENCY], request=ReferralWithdrawalSerializer, responses=ReferralSerializer
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """The sender takes the request back; the receiver no longer sees what was shown with it."""
        referral, tag, at = self.get_object(), if_match_tag(request), timezone.now()
        form = ReferralWithdrawalSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with done_once(request, at) as is_new:
            if is_new:
                referral = withdraw_referral(
                    referral=referral, actor=actor_of(request), at=at, tag=tag, **form.validated_data
                )
        return tagged(self.get_serializer(referral).data, referral)


class ActionItemViewSet(mixins.ListModelMixin, TaggedRetrieveMixin, ScopedViewSet):
    """決定事項 of the actor's agency and of conferences and cases that it sees."""

    permission = Permission.ACTION_ITEM_DO
    queryset = ActionItem.objects.none()
    serializer_class = ActionItemSerializer
    filterset_fields = ("state", "agency__code")
    cursor_order = ("due_on", "pk")

    def scope(self, actor: Actor) -> Any:
        rows = ActionItem.objects.visible_to(actor).select_related("case", "agency", "staff")
        return _without_hidden_desks(rows, actor, self.request, "agency__code")

    @extend_schema(
        parameters=[IF_MATCH, IDEMPOTENCY], request=OutcomeSerializer, responses=ActionItemSerializer
    )
    @action(detail=True, methods=["post"])
    def finish(self, request: Request, pk: str) -> Response:
        item, tag, at = self.get_object(), if_match_tag(request), timezone.now()
        form = OutcomeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with done_once(request, at) as is_new:
            if is_new:
                item = finish_action_item(
                    item=item, outcome=form.validated_data["outcome"], actor=actor_of(request), at=at, tag=tag
                )
        return tagged(self.get_serializer(item).data, item)
