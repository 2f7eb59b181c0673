"""世帯員 in the API: who belongs on a day, a new one, what was wrong, and leaving."""

from __future__ import annotations

from datetime import date, datetime

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.api_views import (
    IDEMPOTENCY,
    IF_MATCH,
    ListPages,
    ScopedViewSet,
    actor_of,
    done_once,
    if_match_tag,
    tagged,
)
from common.errors import RuleViolation
from common.japan.age import age_on
from households.actions.members import MemberDays, add_member, edit_member, end_membership, member_days
from households.actions.movements import PROTECTED
from households.contact import shield_for
from households.models import Household, HouseholdMember, Person
from households.selectors_history import DayRow, household_on
from households.serializers import (
    MemberChangeSerializer,
    MemberEndSerializer,
    MemberSerializer,
    NewMemberSerializer,
)

_MEMBER = OpenApiParameter("member", int, OpenApiParameter.PATH, description="世帯員の id")


class MemberActions(ScopedViewSet):
    """What the view set of households has of its members."""

    @extend_schema(
        methods=["GET"], parameters=[OpenApiParameter("on", date, description="この日の世帯（ないと今日）")],
        responses=MemberSerializer(many=True), filters=False,
    )  # fmt: skip
    @extend_schema(
        methods=["POST"], parameters=[IDEMPOTENCY], request=NewMemberSerializer,
        responses={201: MemberSerializer(many=True)},
    )  # fmt: skip
    @action(detail=True, methods=["get", "post"], pagination_class=ListPages)
    def members(self, request: Request, pk: str) -> Response:
        """Who belongs to the household on a day. The same person again is 422: nobody is a member twice."""
        home, actor, at = self.get_object(), actor_of(request), timezone.now()
        code: int = status.HTTP_200_OK
        on = timezone.localdate(at)
        if request.method == "POST":
            form = NewMemberSerializer(data=request.data)
            form.is_valid(raise_exception=True)
            data = dict(form.validated_data)
            person = other_person(actor, data.pop("person"), "person")
            with done_once(request, at) as is_new:
                if is_new:
                    add_member(household=home, person=person, data=None, actor=actor, at=at, **data)
            code = status.HTTP_201_CREATED
        elif asked := request.query_params.get("on"):
            try:
                on = date.fromisoformat(asked)
            except ValueError:
                raise ValidationError({"on": ["日付は 2026-11-23 のように送ってください。"]}) from None
        rows = household_on(home, on, shield_for(actor))
        answer = self.paged(rows, MemberSerializer)
        answer.status_code = code
        return answer

    @extend_schema(parameters=[_MEMBER, IF_MATCH], request=MemberChangeSerializer, responses=MemberSerializer)
    @action(detail=True, methods=["patch"], url_path=r"members/(?P<member>[0-9]{1,18})")
    def member(self, request: Request, pk: str, member: str) -> Response:
        """What was wrong of a membership: not what changed one day (that is a movement)."""
        home, actor, at = self.get_object(), actor_of(request), timezone.now()
        row, tag = _member(home, int(member), actor), if_match_tag(request)
        form = MemberChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        said = dict(form.validated_data)
        shown = member_days(row)
        days = None
        if said.keys() & {"first_on", "last_on"}:
            days = MemberDays(said.pop("first_on", shown[0]), said.pop("last_on", shown[1]), shown)
        stands = {name: getattr(row, name) for name in ("relation", "lives_together", "is_key_person")}
        row = edit_member(member=row, **(stands | said), days=days, actor=actor, at=at, tag=tag)
        return _told(row, at)

    @extend_schema(
        parameters=[_MEMBER, IF_MATCH, IDEMPOTENCY], request=MemberEndSerializer, responses=MemberSerializer
    )
    @action(detail=True, methods=["post"], url_path=r"members/(?P<member>[0-9]{1,18})/end")
    def member_end(self, request: Request, pk: str, member: str) -> Response:
        """世帯を離れる: the past stays answerable."""
        home, actor, at = self.get_object(), actor_of(request), timezone.now()
        row, tag = _member(home, int(member), actor), if_match_tag(request)
        form = MemberEndSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with done_once(request, at) as is_new:
            if is_new:
                row = end_membership(member=row, actor=actor, at=at, tag=tag, **form.validated_data)
        return _told(row, at)


def other_person(actor: Actor, pk: int, field: str) -> Person:
    """Somebody found by identity."""
    person = Person.objects.findable_by(actor).filter(pk=pk).first()
    if person is None:
        raise RuleViolation("その人は見つかりません。", field=field)
    return person


def _member(home: Household, pk: int, actor: Actor) -> HouseholdMember:
    """A membership of the household. When a protected person came or left is nobody's to change who may not know it."""
    row = home.members.select_related("household", "person").filter(pk=pk).first()
    if row is None:
        raise Http404
    if row.person_id in shield_for(actor).people:
        raise RuleViolation(PROTECTED)
    return row


def _told(row: HouseholdMember, at: datetime) -> Response:
    """The membership as it stands, with the age of today."""
    born = row.person.birth_on
    age = age_on(born, timezone.localdate(at)) if born else None
    return tagged(MemberSerializer(DayRow(row, age, is_hidden=False)).data, row)
