"""Who can be named as the one who does it: the colleagues of one's own agency."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import mixins, serializers

from accounts.actor import Actor
from accounts.api_views import ScopedViewSet
from accounts.models import Staff
from accounts.roles import Permission


class ColleagueSerializer(serializers.ModelSerializer):
    """職員: who it is, and nothing else of them."""

    class Meta:
        model = Staff
        fields = ("id", "name", "kana")
        read_only_fields = fields


class ColleagueViewSet(mixins.ListModelMixin, ScopedViewSet):
    """自機関の職員 of today, for 担当・伴走者 of a record."""

    permission = Permission.CASE_VIEW
    queryset = Staff.objects.none()
    serializer_class = ColleagueSerializer
    cursor_order = ("kana", "pk")

    def scope(self, actor: Actor) -> Any:
        rows = Staff.objects.visible_to(actor)
        return rows.of_agency(actor.agency, on=timezone.localdate()) if actor.agency else rows.none()
