"""Movements and kinship in the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from common.bodies import Body, PhoneField, TagField
from households.enums import KinshipKind, MovementKind, Relation, Sex
from households.models import (
    HouseholdMovement,
    Kinship,
)
from households.serializers import ShieldedSerializer


class MovementSerializer(ShieldedSerializer):
    """世帯の異動."""

    text_fields = ("note",)
    etag = TagField()

    class Meta:
        model = HouseholdMovement
        fields = ("id", "kind", "on", "people", "note", "source", "withdrawn_at", "etag")
        read_only_fields = fields


class NewbornSerializer(Body):
    """The child of 出生, as far as it has a name; its birth date is the day of the movement."""

    family_name = serializers.CharField(max_length=60, default="", allow_blank=True)
    given_name = serializers.CharField(max_length=60, default="", allow_blank=True)
    family_kana = serializers.CharField(max_length=60, default="", allow_blank=True)
    given_kana = serializers.CharField(max_length=60, default="", allow_blank=True)
    sex = serializers.ChoiceField(choices=Sex.choices, default="", allow_blank=True)


_PLACE = frozenset({"postal_code", "address", "phone"})
# what a kind uses beside the day, the people and a note


_USED = {
    MovementKind.MOVE: _PLACE, MovementKind.MOVE_IN: _PLACE, MovementKind.MOVE_OUT: _PLACE,
    MovementKind.SPLIT: _PLACE | {"head"}, MovementKind.JOIN: frozenset({"into"}),
    MovementKind.BIRTH: frozenset({"child", "relation"}),
}  # fmt: skip


_PARTS = frozenset[str]().union(*_USED.values())


class NewMovementSerializer(Body):
    """A movement by hand. ``people``: whom it is about; of 出生 the parents (two at most). What a kind does not use is
    refused: it would otherwise look written.
    """

    kind = serializers.ChoiceField(
        choices=[
            (k.value, k.label)
            for k in (
                MovementKind.MOVE, MovementKind.MOVE_IN, MovementKind.MOVE_OUT, MovementKind.SPLIT, MovementKind.JOIN,
                MovementKind.BIRTH, MovementKind.DEATH, MovementKind.FACILITY_IN, MovementKind.FACILITY_OUT,
                MovementKind.APART, MovementKind.TOGETHER, MovementKind.MARRIAGE, MovementKind.DIVORCE,
            )
        ]
    )  # fmt: skip
    on = serializers.DateField()
    people = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**62), default=list, max_length=50
    )
    note = serializers.CharField(max_length=300, default="", allow_blank=True)
    postal_code = serializers.CharField(
        max_length=8, default="", allow_blank=True, help_text="転居・転入・転出・世帯分離"
    )
    address = serializers.CharField(
        max_length=200, default="", allow_blank=True, help_text="転居・転入・転出・世帯分離"
    )
    phone = PhoneField(max_length=30, default="", allow_blank=True, help_text="転居・転入・転出・世帯分離")
    head = serializers.IntegerField(
        min_value=1, max_value=2**62, allow_null=True, default=None,
        help_text="世帯分離：新しい世帯の本人（ないと people の最初の人）",
    )  # fmt: skip
    into = serializers.IntegerField(
        min_value=1, max_value=2**62, allow_null=True, default=None, help_text="世帯合併：移る先の世帯の id"
    )
    child = NewbornSerializer(allow_null=True, default=None, help_text="出生：生まれた子")
    relation = serializers.ChoiceField(
        choices=Relation.choices, default=Relation.CHILD, help_text="出生：本人から見た続柄"
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        kind = MovementKind(attrs["kind"])
        sent = {name for name in _PARTS if self.initial_data.get(name)}
        if unused := sorted(sent - _USED.get(kind, frozenset())):
            raise serializers.ValidationError(
                {name: [f"{kind.label}では使わない項目です。"] for name in unused}
            )
        return attrs


class KinshipSerializer(ShieldedSerializer):
    """親族関係: ``person`` is the ``kind`` of ``relative``; ``seen_from_relative`` says the same the other way."""

    text_fields = ("note",)
    person_name = serializers.CharField(source="person.display_name", read_only=True)
    relative_name = serializers.CharField(source="relative.display_name", read_only=True)
    seen_from_relative = serializers.CharField(read_only=True)
    etag = TagField()

    def household_of(self, row: Kinship) -> int | None:
        found: int | None = self.context.get("household")
        return found

    class Meta:
        model = Kinship
        fields = (
            "id",
            "person",
            "person_name",
            "relative",
            "relative_name",
            "kind",
            "seen_from_relative",
            "note",
            "etag",
        )
        read_only_fields = fields


class NewKinshipSerializer(Body):
    """``person`` belongs (or belonged) to the household; ``relative`` too, or is somebody whose record the sender sees."""

    person = serializers.IntegerField(min_value=1, max_value=2**62)
    relative = serializers.IntegerField(min_value=1, max_value=2**62)
    kind = serializers.ChoiceField(choices=KinshipKind.choices, help_text="person は relative の何か")
    note = serializers.CharField(max_length=100, default="", allow_blank=True)
    is_sure = serializers.BooleanField(
        default=False, help_text="親子の年の差が12歳未満か70歳を超えるとき、確かめたうえで true"
    )
