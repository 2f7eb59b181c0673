"""支援措置 in the API: read by the units that are named in it; for everybody else it does not exist."""

from __future__ import annotations

from typing import Any

from rest_framework import mixins, serializers

from accounts.actor import Actor
from accounts.api_views import ScopedViewSet, TaggedRetrieveMixin
from accounts.roles import Permission
from households.models import AddressProtection, without_search


class ProtectionSerializer(serializers.ModelSerializer):
    """One protection: of whom, how long, and whose eyes are excepted. It lasts until its end is recorded."""

    person_name = serializers.CharField(source="person.display_name", read_only=True)
    first_on = serializers.DateField(source="during.lower", read_only=True)
    last_on = serializers.DateField(read_only=True, allow_null=True)
    units: Any = serializers.SlugRelatedField(slug_field="code", many=True, read_only=True)

    class Meta:
        model = AddressProtection
        fields = (
            "id",
            "person",
            "person_name",
            "first_on",
            "last_on",
            "units",
            "decided_where",
            "note",
            "ended_at",
            "version",
        )
        read_only_fields = fields


class ProtectionViewSet(mixins.ListModelMixin, TaggedRetrieveMixin, ScopedViewSet):
    """支援措置 that name the actor's agency, the newest first. The other side of it is told on the page alone."""

    permission = Permission.PROTECTION_EDIT
    queryset = AddressProtection.objects.none()
    serializer_class = ProtectionSerializer
    filterset_fields = ("person",)
    cursor_order = ("-given_at", "-pk")

    def scope(self, actor: Actor) -> Any:
        rows = AddressProtection.objects.visible_to(actor).select_related("person")
        return rows.defer(*without_search("person")).prefetch_related("units")
