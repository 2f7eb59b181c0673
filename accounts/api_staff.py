"""Who can be named as the one who does it: the colleagues of one's own agency."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import mixins, serializers

from accounts.actor import Actor
from accounts.api_views import ScopedViewSet
from accounts.models import Staff
from accounts.roles import Permission
from common.errors import RuleViolation


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


def colleague(actor: Actor, pk: int, field: str) -> Staff:
    """The worker of the actor's own agency whom a body names by id, as the forms of the pages offer them."""
    found = None
    if actor.agency is not None:
        own = Staff.objects.visible_to(actor).of_agency(actor.agency, on=timezone.localdate())
        found = own.filter(pk=pk).first()
    if found is None:
        raise RuleViolation("自分の機関の職員から選んでください。", field=field)
    return found
