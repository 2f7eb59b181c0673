"""親族関係 in the API: read, recorded and taken back from the household, as on its page."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
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
from common.bodies import refuse_body
from common.errors import RuleViolation
from households.actions.kinship import add_kinship, kinship_of, remove_kinship
from households.contact import shield_for
from households.models import Household, Kinship, Person
from households.selectors import find_relative, kinship_rows, member_rows
from households.serializers_movements import KinshipSerializer, NewKinshipSerializer


class KinshipActions(ScopedViewSet):
    """What the view set of households has of kinship."""

    @extend_schema(methods=["GET"], responses=KinshipSerializer(many=True), filters=False)
    @extend_schema(
        methods=["POST"], parameters=[IDEMPOTENCY], request=NewKinshipSerializer, responses={201: KinshipSerializer}
    )  # fmt: skip
    @action(detail=True, methods=["get", "post"], pagination_class=ListPages)
    def kinships(self, request: Request, pk: str) -> Response:
        """親族関係 among and around the people of the household. Those who are kin already stand once."""
        home, actor, at = self.get_object(), actor_of(request), timezone.now()
        people = [row.member.person for row in member_rows(home, timezone.localdate(at), shield_for(actor))]
        context = {**self.get_serializer_context(), "household": home.pk}
        if request.method != "POST":
            return self.paged(kinship_rows(actor, people), KinshipSerializer, **context)
        form = NewKinshipSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data = dict(form.validated_data)
        by_id = {person.pk: person for person in people}
        person = by_id.get(data.pop("person"))
        if person is None:
            raise RuleViolation("この世帯の人ではありません。", field="person")
        other = data.pop("relative")
        relative = by_id.get(other) or find_relative(actor, other)
        with done_once(request, at) as is_new:
            if is_new:
                row = add_kinship(
                    household=home, person=person, relative=relative, actor=actor, at=at, **data
                )
            else:
                row = _standing(person, relative, data["kind"])
        return tagged(KinshipSerializer(row, context=context).data, row, status.HTTP_201_CREATED)

    @extend_schema(
        parameters=[OpenApiParameter("kinship", int, OpenApiParameter.PATH), IF_MATCH, IDEMPOTENCY],
        request=None, responses={204: None},
    )  # fmt: skip
    @action(detail=True, methods=["post"], url_path=r"kinships/(?P<kinship>[0-9]{1,18})/remove")
    def kinship_remove(self, request: Request, pk: str, kinship: str) -> Response:
        """A kinship that was recorded by mistake; the history keeps it. Sent again under its key it stays removed."""
        home, actor, at = self.get_object(), actor_of(request), timezone.now()
        with done_once(request, at) as is_new:
            if is_new:
                row = _of_household(home, actor).filter(pk=int(kinship)).first()
                if row is None:
                    raise Http404
                tag = if_match_tag(request)
                refuse_body(request)
                remove_kinship(household=home, kinship=row, actor=actor, at=at, tag=tag)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _of_household(home: Household, actor: Actor) -> Any:
    people = Person.objects.visible_to(actor).filter(memberships__household=home).values("pk")
    return Kinship.objects.visible_to(actor).filter(Q(person__in=people) | Q(relative__in=people))


def _standing(person: Person, relative: Person, kind: str) -> Kinship:
    """What the key recorded, as it stands; one that was taken back since is told."""
    row = kinship_of(person, relative, kind)
    if row is None:
        raise RuleViolation("この関係は、記録したあとで取り消されています。")
    return row
