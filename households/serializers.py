"""What every answer of the API that carries words about a household goes through."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar, cast

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.bodies import Body
from common.tags import tag_of
from households.actions.members import member_days
from households.contact import (
    HIDDEN_DESK,
    Shield,
    safe_contacts_of_homes,
    shield_for,
    shield_for_everybody,
)
from households.enums import Relation
from households.models import (
    Household,
    SafeContact,
)
from households.selectors_history import DayRow


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


class ContactSerializer(serializers.Serializer):
    """Where a household can be found, as far as the reader may know it."""

    is_hidden = serializers.BooleanField()
    postal_code = serializers.CharField()
    address = serializers.CharField()
    phone = serializers.CharField()
    area = serializers.CharField()
    safe_contact = serializers.ListField(child=serializers.CharField())


class ReasonSerializer(Body):
    reason = serializers.CharField(max_length=300)


class HouseholdSerializer(ShieldedSerializer):
    """世帯, with its contact through the shield."""

    text_fields = ("name",)
    contact = serializers.SerializerMethodField()

    def household_of(self, row: Household) -> int | None:
        return row.pk

    @extend_schema_field(ContactSerializer)
    def get_contact(self, row: Household) -> dict[str, Any]:
        home = self.shield.household(row)
        said = [
            self.shield.of_person(line, rule.person_id)
            for rule in self._rules().get(row.pk, [])
            for line in rule.lines
        ]
        shown = {
            name: getattr(home, name) for name in ("is_hidden", "postal_code", "address", "phone", "area")
        }
        return shown | {"safe_contact": said}

    def _rules(self) -> dict[int, list[SafeContact]]:
        """The rules of safe contact of all households of the answer; asked once."""
        if "safe_contacts" not in self.context:
            rows = getattr(self.parent, "instance", None) or [self.instance]
            homes = [row.pk for row in rows if row is not None]
            cast("dict[str, Any]", self.context)["safe_contacts"] = safe_contacts_of_homes(homes)
        found: dict[int, list[SafeContact]] = self.context["safe_contacts"]
        return found

    class Meta:
        model = Household
        fields = ("id", "name", "contact", "created_at", "version")
        read_only_fields = fields


class HouseholdChangeSerializer(Body):
    name = serializers.CharField(max_length=120, required=False)
    postal_code = serializers.CharField(max_length=8, allow_blank=True, required=False)
    address = serializers.CharField(max_length=200, allow_blank=True, required=False)
    phone = serializers.CharField(max_length=30, allow_blank=True, required=False)


class MemberSerializer(serializers.Serializer):
    """世帯員 as they are on the day asked for. ``is_hidden``: where a protected person was on which day is not told, nor
    when that was written (no ``etag``).
    """

    id = serializers.IntegerField(source="member.pk")
    person = serializers.IntegerField(source="member.person_id")
    name = serializers.CharField(source="member.person.display_name")
    relation = serializers.CharField(source="member.relation")
    age = serializers.IntegerField(allow_null=True)
    living = serializers.CharField()
    is_key_person = serializers.BooleanField(source="member.is_key_person")
    first_on = serializers.SerializerMethodField()
    last_on = serializers.SerializerMethodField()
    is_hidden = serializers.BooleanField()
    etag = serializers.SerializerMethodField(help_text="この世帯員の版。引用符で囲んで If-Match に付ける")

    def get_first_on(self, row: DayRow) -> date | None:
        return None if row.is_hidden else member_days(row.member)[0]

    def get_last_on(self, row: DayRow) -> date | None:
        return None if row.is_hidden else member_days(row.member)[1]

    def get_etag(self, row: DayRow) -> str:
        return "" if row.is_hidden else tag_of(row.member)


class MemberChangeSerializer(Body):
    """What of a membership was wrong; a field that is not sent stays. ``last_on`` of somebody who has left."""

    relation = serializers.ChoiceField(choices=Relation.choices, required=False)
    lives_together = serializers.BooleanField(required=False)
    is_key_person = serializers.BooleanField(required=False)
    first_on = serializers.DateField(required=False, allow_null=True)
    last_on = serializers.DateField(required=False, allow_null=True)


class MemberEndSerializer(Body):
    """世帯を離れる."""

    last_on = serializers.DateField(help_text="世帯にいた最後の日")


class NewMemberSerializer(Body):
    person = serializers.IntegerField(min_value=1, max_value=2**62)
    relation = serializers.ChoiceField(choices=Relation.choices, default=Relation.UNKNOWN)
    lives_together = serializers.BooleanField(default=True)
    is_key_person = serializers.BooleanField(default=False)
    since = serializers.DateField(allow_null=True, default=None)
