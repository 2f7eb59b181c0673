"""Claims, actuals and the journal in the API: read only, for finance and audit."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.api_views import ScopedViewSet, actor_of
from accounts.roles import Permission
from budgets.models import ApportionmentRow, GrantClaim
from budgets.settlement.layouts import lines
from budgets.workflow_claims import LayoutKind

YEAR = OpenApiParameter("year", int, description="年度（西暦）", required=True)


class GrantClaimSerializer(serializers.ModelSerializer):
    stream = serializers.CharField(source="stream.code", read_only=True)
    claim_state = serializers.CharField(source="state", read_only=True)
    result = serializers.DictField(read_only=True)

    class Meta:
        model = GrantClaim
        fields = (
            "id", "stream", "fiscal_year", "revision", "claim_state", "other_yen", "ineligible_yen", "income_yen", "granted_yen",
            "unit_yen", "result", "input_hash", "filed_at", "corrected_at", "corrects",
        )  # fmt: skip
        read_only_fields = fields


class ActualSerializer(serializers.Serializer):
    fiscal_year = serializers.IntegerField()
    month = serializers.CharField()
    stream_code = serializers.CharField()
    stream = serializers.CharField()
    account = serializers.CharField()
    minutes = serializers.IntegerField()
    yen = serializers.IntegerField()


class JournalSerializer(serializers.Serializer):
    fiscal_year = serializers.IntegerField()
    date = serializers.DateField()
    number = serializers.CharField()
    debit = serializers.CharField()
    credit = serializers.CharField()
    stream_code = serializers.CharField()
    yen = serializers.IntegerField()
    text = serializers.CharField()


class GrantClaimViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """精算, as drafted, filed or corrected."""

    permission = Permission.APPORTION_VIEW
    queryset = GrantClaim.objects.none()
    serializer_class = GrantClaimSerializer
    filterset_fields = ("fiscal_year", "state", "stream__code")

    def scope(self, actor: Actor) -> Any:
        return GrantClaim.objects.visible_to(actor).select_related("stream")


class _YearLines(ScopedViewSet):
    """Lines that are made, not stored: the whole year at once."""

    permission = Permission.APPORTION_VIEW
    queryset = ApportionmentRow.objects.none()
    query_parameters = ("year",)
    kind: LayoutKind

    def scope(self, actor: Actor) -> Any:
        return ApportionmentRow.objects.visible_to(actor)

    def _lines(self, request: Request) -> Response:
        text = request.query_params.get("year", "")
        if not (text.isascii() and text.isdecimal() and 2000 <= int(text[:5]) <= 2100):
            raise ValidationError({"year": ["年度を西暦の4桁で指定してください。"]})
        found = list(lines(actor_of(request), self.kind, int(text)))
        return Response(self.get_serializer(found, many=True).data)


class ActualViewSet(_YearLines):
    """財源と月の実績 of a year's locked months."""

    serializer_class = ActualSerializer
    pagination_class = None
    kind = LayoutKind.ACTUALS

    @extend_schema(parameters=[YEAR], responses=ActualSerializer(many=True), filters=False)
    def list(self, request: Request) -> Response:
        return self._lines(request)


class JournalViewSet(_YearLines):
    """仕訳 of a year."""

    serializer_class = JournalSerializer
    pagination_class = None
    kind = LayoutKind.JOURNAL

    @extend_schema(parameters=[YEAR], responses=JournalSerializer(many=True), filters=False)
    def list(self, request: Request) -> Response:
        return self._lines(request)
