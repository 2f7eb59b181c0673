"""見守りサイクル in the API: what was agreed about looking again after closing, and who does it."""

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
    if_match_tag,
    made_at,
    tagged,
)
from accounts.http import ActorRequest
from accounts.models import Agency
from accounts.roles import Permission
from cases.actions.watch import CycleData, begin_watch, change_watch, stop_watch
from cases.api_filters import WatchFilter
from cases.models import Case, WatchChange, WatchCycle
from cases.selectors.watch import partner_agencies, waiting_turn, with_waiting_turns
from cases.serializers_watch import (
    NewWatchSerializer,
    WatchChangeSerializer,
    WatchCycleSerializer,
    WatchHistorySerializer,
)
from common.errors import RuleViolation
from households.contact import HIDDEN_DESK, shield_for
from households.serializers import ReasonSerializer

# the names of the agreement in the API, and in ``CycleData``
_NAMES = {
    "follow_up_on": "first_on", "follow_up_way": "way", "follow_up_agency": "agency", "follow_up_staff": "staff",
}  # fmt: skip


def named(case: Case, data: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """The agency and the worker that an agreement names by code and id, as the forms of the pages offer them."""
    found = dict(data)
    if "follow_up_agency" in data:
        found["follow_up_agency"] = _agency(case, data["follow_up_agency"], actor)
    if (pk := data.get("follow_up_staff")) is not None:
        found["follow_up_staff"] = colleague(actor, pk, "follow_up_staff")
    return found


def _agency(case: Case, code: str | None, actor: Actor) -> Agency | None:
    """None: the lead. Which desk works with a protected household is not found by trying codes."""
    if code is None or code == case.lead_agency.code:
        return None
    agency = partner_agencies(case, actor).filter(code=code).first()
    if agency is None or shield_for(actor).desk(agency, case.household_id) == HIDDEN_DESK:
        raise RuleViolation(
            "見守りを頼めるのは、主担当機関と、つなぎを受けて協働している機関です。", field="follow_up_agency"
        )
    return agency


def _cycle_data(said: dict[str, Any]) -> CycleData:
    return CycleData(**{_NAMES.get(name, name): value for name, value in said.items()})


def _stands(cycle: WatchCycle, case: Case) -> dict[str, Any]:
    """The agreement under the names of the API. The next day is that of the turn that waits."""
    turn = waiting_turn(cycle)
    return {
        "follow_up_on": turn.look_on if turn else cycle.first_on, "every": cycle.every, "every_days": cycle.every_days,
        "until_on": cycle.until_on, "turns": cycle.turns, "follow_up_way": cycle.way,
        "follow_up_agency": cycle.agency if cycle.agency_id != case.lead_agency_id else None,
        "follow_up_staff": cycle.staff, "ask": cycle.ask, "visit_after": cycle.visit_after,
        "tell_after": cycle.tell_after, "reopen_after": cycle.reopen_after,
    }  # fmt: skip


class WatchCycleViewSet(mixins.ListModelMixin, TaggedRetrieveMixin, ScopedViewSet):
    """見守りサイクル of the cases that the actor sees; ``changes`` tells what was agreed before, and why it changed."""

    permission = Permission.CASE_VIEW
    queryset = WatchCycle.objects.none()
    serializer_class = WatchCycleSerializer
    filterset_class = WatchFilter
    cursor_order = ("-started_at", "-pk")

    def scope(self, actor: Actor) -> Any:
        rows = WatchCycle.objects.visible_to(actor).select_related("case__lead_agency", "agency", "staff")
        return with_waiting_turns(rows)

    def _one(self, cycle: WatchCycle, code: int = status.HTTP_200_OK) -> Response:
        read = self.scope(actor_of(self.request)).get(pk=cycle.pk)
        return tagged(self.get_serializer(read).data, read, code)

    @extend_schema(
        parameters=[IDEMPOTENCY], request=NewWatchSerializer, responses={201: WatchCycleSerializer}
    )
    def create(self, request: Request) -> Response:
        """見守りを始める: a closed case that nobody looks at any more is looked at again."""
        form = NewWatchSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data, actor, at = dict(form.validated_data), actor_of(request), timezone.now()
        cases = Case.objects.visible_to(actor).select_related("lead_agency", "lead_staff")
        case = scoped_get(cases, cast(ActorRequest, request._request), log=None, number=data.pop("case"))
        with done_once(request, at) as is_new:
            if is_new:
                said = named(case, data, actor)
                cycle = begin_watch(case=case, data=_cycle_data(said), actor=actor, at=at)
            else:
                cycle = self.scope(actor).get(case=case, started_by=actor.staff, started_at=made_at(request))
        return self._one(cycle, status.HTTP_201_CREATED)

    @extend_schema(parameters=[IF_MATCH], request=WatchChangeSerializer, responses=WatchCycleSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """見守りを変える, with the reason; another agency is asked without a name, unless one is sent."""
        cycle, version, actor = self.get_object(), if_match(request), actor_of(request)
        form = WatchChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        case = cycle.case
        said = named(case, dict(form.validated_data), actor)
        reason, stands = said.pop("reason"), _stands(cycle, case)
        if said.get("follow_up_agency", stands["follow_up_agency"]) != stands["follow_up_agency"]:
            stands["follow_up_staff"] = None
        cycle = change_watch(
            cycle=cycle, data=_cycle_data(stands | said), reason=reason, version=version, actor=actor,
            at=timezone.now(),
        )  # fmt: skip
        return self._one(cycle)

    @extend_schema(
        parameters=[IF_MATCH, IDEMPOTENCY], request=ReasonSerializer, responses=WatchCycleSerializer
    )
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """見守りをやめる: nobody looks again, for a reason that stays with the case."""
        cycle, tag, at = self.get_object(), if_match_tag(request), timezone.now()
        form = ReasonSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        with done_once(request, at) as is_new:
            if is_new:
                stop_watch(cycle=cycle, actor=actor_of(request), at=at, tag=tag, **form.validated_data)
        return self._one(cycle)

    @extend_schema(responses=WatchHistorySerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], filterset_class=None, pagination_class=ListPages)
    def changes(self, request: Request, pk: str) -> Response:
        """What was agreed before and after each change, newest first."""
        cycle = self.get_object()
        rows: Any = WatchChange.objects.visible_to(actor_of(request)).filter(cycle=cycle)
        rows = rows.select_related("changed_by", "cycle__case").order_by("-changed_at", "-pk")
        return self.paged(rows, WatchHistorySerializer, **self.get_serializer_context())
