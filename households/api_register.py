"""住民異動の取り込み in the API: a file is shown first, then what was shown is taken in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.api_views import IDEMPOTENCY, ScopedViewSet, actor_of, done_once
from accounts.roles import Permission
from common.errors import RuleViolation
from common.tabular import MAX_ERRORS_SHOWN, BrokenTable, RowError
from households.actions.register_import import NEW, Plan, plan_import, take_in
from households.contact import shield_for
from households.models import HouseholdMovement
from households.register_file import RegisterRow, read_register_file
from households.register_preview import HOURS, seal, unseal
from households.serializers_register import (
    BrokenFileSerializer,
    RegisterFileSerializer,
    RegisterPreviewSerializer,
    RegisterTakenSerializer,
    ShownRowsSerializer,
)

OLD = "確認の答えが古くなりました。もう一度ファイルを送ってください。何も取り込んでいません。"


class RegisterViewSet(ScopedViewSet):
    """住民異動の取り込み. What of a file is about people whom the sender does not see is counted, and kept nowhere."""

    permission = Permission.HOUSEHOLD_EDIT
    queryset = HouseholdMovement.objects.none()
    pagination_class = None

    @extend_schema(
        request={"multipart/form-data": RegisterFileSerializer},
        responses={200: RegisterPreviewSerializer, 422: BrokenFileSerializer},
    )  # fmt: skip
    @action(detail=False, methods=["post"], parser_classes=[MultiPartParser])
    def preview(self, request: Request) -> Response:
        """What a month's file would change, and which rows cannot be read. Nothing is written."""
        form = RegisterFileSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        month, file = date.fromisoformat(f"{form.validated_data['month']}-01"), form.validated_data["file"]
        try:
            rows, errors = read_register_file(file.read(), month)
        except BrokenTable as broken:
            said = {
                "detail": broken.message,
                "field": broken.field,
                "errors": broken.errors[:MAX_ERRORS_SHOWN],
            }
            return Response(BrokenFileSerializer(said).data, status=status.HTTP_422_UNPROCESSABLE_ENTITY)
        actor = actor_of(request)
        plan = plan_import(rows=rows, actor=actor, shield=shield_for(actor), at=timezone.now())
        return Response(
            RegisterPreviewSerializer(_told(plan, rows, errors, actor), context=_shielded(actor)).data
        )

    @extend_schema(parameters=[IDEMPOTENCY], request=ShownRowsSerializer, responses=RegisterTakenSerializer)
    @action(detail=False, methods=["post"])
    def apply(self, request: Request) -> Response:
        """Take in what ``preview`` has shown to the sender; what a rule forbids by now is left, with its sentence."""
        actor, at = actor_of(request), timezone.now()
        form = ShownRowsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        picks = {one["line"]: one["person"] for one in form.validated_data["picks"]}
        with done_once(request, at) as is_new:
            # a write that was done is answered however old its preview is by now
            rows = unseal(form.validated_data["payload"], actor, max_age=HOURS if is_new else None)
            if rows is None:
                raise RuleViolation(OLD, field="payload")
            plan = _taken(rows, picks, actor, at, is_new=is_new)
        done = sum(step.state == NEW for step in plan.steps)
        answer = {"taken": done, "steps": plan.steps}
        return Response(RegisterTakenSerializer(answer, context=_shielded(actor)).data)


def _taken(
    rows: list[RegisterRow], picks: Mapping[int, int], actor: Actor, at: datetime, *, is_new: bool
) -> Plan:
    """Sent again under its key, nothing is written: the plan says what stands by now."""
    write = take_in if is_new else plan_import
    return write(rows=rows, actor=actor, shield=shield_for(actor), at=at, picks=picks)


def _told(plan: Plan, rows: list[RegisterRow], errors: list[RowError], actor: Actor) -> dict[str, Any]:
    return {
        "count": len(rows) + len({error.line for error in errors}), "others": plan.others, "steps": plan.steps,
        "errors": errors[:MAX_ERRORS_SHOWN], "payload": seal(plan, actor),
    }  # fmt: skip


def _shielded(actor: Actor) -> dict[str, Any]:
    return {"shield": shield_for(actor)}
