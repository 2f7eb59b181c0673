"""Minutes and money in the API, read only."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.api_views import ScopedViewSet, actor_of
from accounts.roles import Permission
from budgets.models import ApportionmentRow, ApportionmentRun, WorkEntry
from budgets.serializers import RowSerializer, RunSerializer, WorkEntrySerializer


class WorkEntryViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """One's own 業務実績."""

    permission = (Permission.WORK_RECORD, Permission.APPORTION_VIEW)
    queryset = WorkEntry.objects.none()
    serializer_class = WorkEntrySerializer
    filterset_fields = ("category__code", "source_type")
    cursor_order = ("-worked_on", "-pk")

    def scope(self, actor: Actor) -> Any:
        return (
            WorkEntry.objects.visible_to(actor)
            .with_shown_number(actor)
            .select_related("staff", "category", "derived_category")
        )


class ApportionmentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """按分の計算, for finance and audit; ``rows`` are the yen of one."""

    permission = Permission.APPORTION_VIEW
    queryset = ApportionmentRun.objects.none()
    serializer_class = RunSerializer
    filterset_fields = ("is_final", "month__month")
    cursor_order = ("-ran_at", "-pk")

    def scope(self, actor: Actor) -> Any:
        return ApportionmentRun.objects.visible_to(actor).select_related("month")

    @extend_schema(responses=RowSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], filterset_fields=())
    def rows(self, request: Request, pk: str) -> Response:
        run = self.get_object()
        rows = ApportionmentRow.objects.visible_to(actor_of(request)).filter(run=run)
        self.cursor_order = ("staff_id", "pk")
        page = self.paginate_queryset(rows.select_related("staff", "stream"))
        return self.get_paginated_response(RowSerializer(page, many=True).data)
