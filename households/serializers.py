"""What every answer of the API that carries words about a household goes through."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from rest_framework import serializers

from households.contact import HIDDEN_DESK, Shield, shield_for, shield_for_everybody


class ShieldedSerializer(serializers.ModelSerializer):
    """Strikes protected contact details out of ``text_fields``, and out of ``desk_fields`` (name of an agency: the
    fields that tell it) an agency whose place would tell where a protected person lives.

    ``household_of(row)`` gives the household's id. Without a reader everything protected is hidden.
    """

    text_fields: ClassVar[tuple[str, ...]] = ()
    desk_fields: ClassVar[dict[str, tuple[str, ...]]] = {}

    def household_of(self, row: Any) -> int | None:
        found: int | None = row.household_id
        return found

    @property
    def shield(self) -> Shield:
        found: Shield | None = self.context.get("shield")
        if found is None:
            request = self.context.get("request")
            found = shield_for(request.actor) if request is not None else shield_for_everybody()
            cast("dict[str, Any]", self.context)["shield"] = found
        return found

    def to_representation(self, instance: Any) -> dict[str, Any]:
        data: dict[str, Any] = super().to_representation(instance)
        household = self.household_of(instance)
        for name in self.text_fields:
            if data.get(name):
                data[name] = self.shield.text(data[name], household)
        for agency, names in self.desk_fields.items():
            if self.shield.desk(getattr(instance, agency), household) == HIDDEN_DESK:
                data |= dict.fromkeys(names, HIDDEN_DESK)
        return data
