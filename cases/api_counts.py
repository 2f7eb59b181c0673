"""Counts of a fiscal year in the API: what came of looking again, and the months of the outreach programme."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.api_views import ScopedViewSet, actor_of
from accounts.roles import Permission
from cases.enums import FollowUpResult
from cases.models import FollowUp, Outreach
from cases.selectors import outreach, watch
from cases.selectors.watch import CountRow
from common.japan.fiscal import fiscal_year
from households.contact import shield_for

YEAR = OpenApiParameter("year", int, description="年度（始まる年。ないと今年度）")


class ResultCountsSerializer(serializers.Serializer):
    """Of a month, an agency or the year."""

    name = serializers.SerializerMethodField(help_text="月（2026-04）、機関の名前、年度")
    results = serializers.SerializerMethodField(help_text="結果のコード → 件数")
    total = serializers.SerializerMethodField()

    @extend_schema_field(str)
    def get_name(self, row: CountRow) -> str:
        return f"{row.label:%Y-%m}" if hasattr(row.label, "month") else str(row.label)

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_results(self, row: CountRow) -> dict[str, int]:
        return {value: cell.count for value, cell in zip(FollowUpResult.values, row.cells, strict=True)}

    @extend_schema_field(int)
    def get_total(self, row: CountRow) -> int:
        return row.total.count


class WatchResultsSerializer(serializers.Serializer):
    """終結後の見守りの結果."""

    months = ResultCountsSerializer(many=True)
    agencies = ResultCountsSerializer(many=True)
    total = ResultCountsSerializer()
    hides = serializers.BooleanField(help_text="機関ごとの数から、秘匿されている世帯を除いている")


class OutreachMonthSerializer(serializers.Serializer):
    """A month of the programme, of one's own agency."""

    month = serializers.DateField()
    begun = serializers.IntegerField(help_text="関わり始めた人")
    tries = serializers.IntegerField(help_text="訪問・電話などの回数")
    reached = serializers.IntegerField(help_text="うち応答のあった回数")
    agreed = serializers.IntegerField(help_text="相談につながった人")


def _number(request: Request, name: str, low: int, high: int) -> int | None:
    text = request.query_params.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 19 and low <= int(text) <= high):
        raise ValidationError({name: ["数で送ってください。"]})
    return int(text)


def _year(request: Request) -> int:
    return _number(request, "year", 2000, 2100) or fiscal_year(timezone.localdate())


class WatchResultViewSet(ScopedViewSet):
    """見守りの結果の件数: as the page counts them, by month and by agency."""

    permission = Permission.CASE_VIEW
    queryset = FollowUp.objects.none()
    serializer_class = WatchResultsSerializer
    pagination_class = None
    query_parameters = ("year", "agency")

    def scope(self, actor: Actor) -> Any:
        return FollowUp.objects.visible_to(actor)

    @extend_schema(
        parameters=[YEAR, OpenApiParameter("agency", int, description="見守る機関の id")],
        responses=WatchResultsSerializer, filters=False,
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        actor, agency = actor_of(request), _number(request, "agency", 1, 2**62)
        found = watch.results(actor, timezone.now(), shield_for(actor), _year(request), agency)
        return Response(WatchResultsSerializer(found).data)


class OutreachCountViewSet(ScopedViewSet):
    """アウトリーチの月ごとの件数."""

    permission = Permission.CASE_VIEW
    queryset = Outreach.objects.none()
    serializer_class = OutreachMonthSerializer
    pagination_class = None
    query_parameters = ("year",)

    def scope(self, actor: Actor) -> Any:
        return Outreach.objects.visible_to(actor)

    @extend_schema(parameters=[YEAR], responses=OutreachMonthSerializer(many=True), filters=False)
    def list(self, request: Request) -> Response:
        rows = outreach.month_counts(actor_of(request), _year(request))
        return Response(OutreachMonthSerializer(rows, many=True).data)
