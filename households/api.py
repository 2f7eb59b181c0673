"""People and households in the API: the same scopes, shield and actions as on the pages."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import Q
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import log_reads
from accounts.actor import Actor
from accounts.api_views import (
    IDEMPOTENCY,
    IF_MATCH,
    ListPages,
    ScopedViewSet,
    TaggedRetrieveMixin,
    actor_of,
    done_once,
    if_match,
    if_match_tag,
    made_at,
    sent_once,
    tagged,
)
from accounts.http import ActorRequest
from accounts.roles import Permission
from audit.models import AccessKind
from common.errors import RuleViolation
from households.actions.link_people import link_people
from households.actions.merge_people import MergeData, merge_people
from households.actions.movements import withdraw_movement
from households.actions.persons import PersonData, register_household, update_household, update_person
from households.actions.undo_merge import undo_merge
from households.api_former_names import FormerNameActions
from households.api_kinship import KinshipActions
from households.api_members import MemberActions, other_person
from households.api_movements import write_movement
from households.contact import shield_for
from households.models import Household, Person, PersonLink, PersonMerge
from households.selectors_history import movement_rows
from households.selectors_people import search_people
from households.selectors_same import links_of, standing_rules, two_homes
from households.serializers import HouseholdChangeSerializer, HouseholdSerializer, ReasonSerializer
from households.serializers_movements import MovementSerializer, NewMovementSerializer
from households.serializers_people import (
    FoundPersonSerializer,
    LinkChangeSerializer,
    LinkSerializer,
    MergeChangeSerializer,
    MergeSerializer,
    NewPersonSerializer,
    PersonChangeSerializer,
    PersonSerializer,
)

IF_MATCH_AGAIN = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER,
    description="同じ二人を判断し直すときだけ、読んだときの版（etag）。ないと428、古いと412",
)  # fmt: skip


class PersonViewSet(FormerNameActions, TaggedRetrieveMixin, ScopedViewSet):
    """人. The list is the search of the pages: who it is and why they were found, for everybody who may search."""

    permission = Permission.PERSON_FIND
    queryset = Person.objects.none()
    serializer_class = PersonSerializer
    pagination_class = ListPages
    query_parameters = ("q", "near")

    def scope(self, actor: Actor) -> Any:
        return Person.objects.visible_to(actor)

    @extend_schema(
        parameters=[
            OpenApiParameter("q", str, required=True, description="氏名・カナ・生年月日・電話"),
            OpenApiParameter("near", bool, description="似た名前も"),
        ],
        responses=FoundPersonSerializer(many=True),
    )
    def list(self, request: Request) -> Response:
        text = request.query_params.get("q", "").replace("\x00", "")[:120]
        if not text.strip():
            raise ValidationError({"q": ["探す言葉を送ってください。"]})
        actor = actor_of(request)
        log_reads(cast(ActorRequest, request._request), AccessKind.SEARCH, "households.person", text)
        found = search_people(actor, text, weaker=request.query_params.get("near") in ("1", "true"))
        links = links_of([hit.person.pk for hit in found.hits], actor)
        return self.paged(found.hits, FoundPersonSerializer, links=links)

    @extend_schema(parameters=[IF_MATCH], request=PersonChangeSerializer, responses=PersonSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        person, version = self.get_object(), if_match(request)
        form = PersonChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        stands = {name: getattr(person, name) for name in PersonData.__dataclass_fields__}
        person = update_person(
            person=person, data=PersonData(**(stands | form.validated_data)), version=version, actor=actor_of(request),
            at=timezone.now(),
        )  # fmt: skip
        return tagged(self.get_serializer(person).data, person)

    @extend_schema(methods=["GET"], responses=LinkSerializer(many=True), filters=False)
    @extend_schema(
        methods=["POST"], parameters=[IF_MATCH_AGAIN, IDEMPOTENCY], request=LinkChangeSerializer,
        responses={201: LinkSerializer},
    )  # fmt: skip
    @action(detail=True, methods=["get", "post"], pagination_class=ListPages)
    def links(self, request: Request, pk: str) -> Response:
        """同じ人かもしれない／別の人と確認した. To judge the same two again the sender has read what was judged."""
        person, actor, at = self.get_object(), actor_of(request), timezone.now()
        if request.method != "POST":
            return self.paged(links_of([person.pk], actor).get(person.pk, []), LinkSerializer)
        form = LinkChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        other = other_person(actor, data.pop("other"), "other")
        standing = PersonLink.objects.visible_to(actor).of(person).filter(Q(person=other) | Q(other=other))
        with done_once(request, at) as is_new:
            if is_new:
                tag = if_match_tag(request) if "If-Match" in request.headers or standing.exists() else ""
                link = link_people(person=person, other=other, actor=actor, at=at, tag=tag, **data)
            else:
                link = standing.get()
        return tagged(
            LinkSerializer(link, context=self.get_serializer_context()).data, link, status.HTTP_201_CREATED
        )

    @extend_schema(
        parameters=[IF_MATCH, IDEMPOTENCY], request=MergeChangeSerializer, responses={201: MergeSerializer}
    )
    @action(detail=True, methods=["post"])
    def merge(self, request: Request, pk: str) -> Response:
        """統合: the person of the address is kept."""
        kept, version, actor = self.get_object(), if_match(request), actor_of(request)
        form = MergeChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data, at = form.validated_data, timezone.now()
        with sent_once(request, at) as key:
            merge = PersonMerge.objects.visible_to(actor).filter(kept=kept, request_key=key).first()
            if merge is None:
                absorbed = other_person(actor, data["absorbed"], "absorbed")
                merge = merge_people(
                    kept=kept, absorbed=absorbed, versions=(version, data["version"]),
                    data=_asked_merge(kept, absorbed, data, actor), request_key=key, actor=actor, at=at,
                )  # fmt: skip
        return tagged(
            MergeSerializer(merge, context=self.get_serializer_context()).data, merge, status.HTTP_201_CREATED
        )


def _asked_merge(kept: Person, absorbed: Person, data: dict[str, Any], actor: Actor) -> MergeData:
    """Where the two live in different homes, or both have a rule of safe contact, the sender says which stands."""
    homes = {row.household_id: row.pk for row in two_homes(kept, absorbed)}
    if homes and data["home"] not in homes:
        raise RuleViolation(
            "二人は別の世帯に同居しています。いま同居している世帯の id を送ってください。", field="home"
        )
    if data["rule"] is None and len(standing_rules([kept, absorbed], actor)) == 2:
        raise RuleViolation(
            "二人とも安全な連絡の決まりがあります。残す決まりを送ってください（kept・absorbed）。",
            field="rule",
        )
    return MergeData(
        basis=data["basis"],
        choices=data["choices"],
        home=homes.get(data["home"]),
        rule=data["rule"] or "kept",
    )


class MergeViewSet(TaggedRetrieveMixin, ScopedViewSet):
    """統合, and taking it back with nothing lost."""

    permission = Permission.PERSON_FIND
    queryset = PersonMerge.objects.none()
    serializer_class = MergeSerializer

    def scope(self, actor: Actor) -> Any:
        return PersonMerge.objects.visible_to(actor)

    @extend_schema(parameters=[IF_MATCH, IDEMPOTENCY], request=ReasonSerializer, responses=MergeSerializer)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: str) -> Response:
        merge, tag, at = self.get_object(), if_match_tag(request), timezone.now()
        form = ReasonSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with done_once(request, at) as is_new:
            if is_new:
                merge = undo_merge(
                    merge=merge, actor=actor_of(request), at=at, tag=tag, **form.validated_data
                )
        return tagged(self.get_serializer(merge).data, merge)


class HouseholdViewSet(
    MemberActions, KinshipActions, mixins.ListModelMixin, TaggedRetrieveMixin, ScopedViewSet
):
    """世帯. ``members`` on any day, ``movements``, ``kinships``, and corrections by If-Match."""

    permission = Permission.HOUSEHOLD_VIEW
    queryset = Household.objects.none()
    serializer_class = HouseholdSerializer
    cursor_order = ("-created_at", "-pk")
    query_parameters = ("on",)

    def scope(self, actor: Actor) -> Any:
        return Household.objects.visible_to(actor).select_related("area")

    @extend_schema(parameters=[IF_MATCH], request=HouseholdChangeSerializer, responses=HouseholdSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        home, version = self.get_object(), if_match(request)
        form = HouseholdChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        stands = {
            "name": home.name, "postal_code": home.postal_code, "address": home.address, "phone": home.phone, "area": home.area,
        }  # fmt: skip
        home = update_household(
            household=home,
            version=version,
            actor=actor_of(request),
            at=timezone.now(),
            **(stands | form.validated_data),
        )
        return tagged(self.get_serializer(home).data, home)

    @extend_schema(
        parameters=[IDEMPOTENCY], request=NewPersonSerializer, responses={201: HouseholdSerializer}
    )
    def create(self, request: Request) -> Response:
        """A new person and the household around them, outside a consultation."""
        form = NewPersonSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        actor, at = actor_of(request), timezone.now()
        with done_once(request, at) as is_new:
            if is_new:
                home = register_household(data=PersonData(**form.validated_data), actor=actor, at=at)
            else:
                home = self.scope(actor).get(created_at=made_at(request))
        return tagged(self.get_serializer(home).data, home, status.HTTP_201_CREATED)

    @extend_schema(methods=["GET"], responses=MovementSerializer(many=True), filters=False)
    @extend_schema(
        methods=["POST"],
        parameters=[IDEMPOTENCY],
        request=NewMovementSerializer,
        responses={201: MovementSerializer},
    )
    @action(detail=True, methods=["get", "post"], pagination_class=ListPages)
    def movements(self, request: Request, pk: str) -> Response:
        """世帯の異動, oldest first; what tells where a protected person is, is left out."""
        home, actor, at = self.get_object(), actor_of(request), timezone.now()
        context = self.get_serializer_context()
        if request.method != "POST":
            rows = [row.movement for row in movement_rows(home, actor, shield_for(actor))]
            return self.paged(rows, MovementSerializer, **context)
        form = NewMovementSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with sent_once(request, at) as key:
            movement = write_movement(home, form.validated_data, key, actor, at)
        said = MovementSerializer(movement, context=context).data
        return tagged(said, movement, status.HTTP_201_CREATED)

    @extend_schema(
        parameters=[OpenApiParameter("movement", int, OpenApiParameter.PATH), IF_MATCH, IDEMPOTENCY],
        request=ReasonSerializer, responses=MovementSerializer,
    )  # fmt: skip
    @action(detail=True, methods=["post"], url_path=r"movements/(?P<movement>[0-9]{1,18})/withdraw")
    def withdraw(self, request: Request, pk: str, movement: str) -> Response:
        """A movement that was recorded by mistake; what it changed is put back."""
        home, actor, at = self.get_object(), actor_of(request), timezone.now()
        told = {row.movement.pk: row.movement for row in movement_rows(home, actor, shield_for(actor))}
        row = told.get(int(movement))
        if row is None or row.household_id != home.pk:
            raise Http404
        tag = if_match_tag(request)
        form = ReasonSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with done_once(request, at) as is_new:
            if is_new:
                row = withdraw_movement(movement=row, actor=actor, at=at, tag=tag, **form.validated_data)
        return tagged(MovementSerializer(row, context=self.get_serializer_context()).data, row)
