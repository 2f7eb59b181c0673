"""People in the API: found, read, corrected, and two of them judged or made one."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.bodies import Body, PhoneField, TagField
from common.tags import tag_of
from households.contact import (
    safe_contacts,
)
from households.enums import LinkState, Sex
from households.models import (
    Person,
    PersonLink,
    PersonMerge,
)
from households.serializers import ShieldedSerializer


class AlikePersonSerializer(serializers.Serializer):
    """Identity only."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField(source="display_name")
    kana = serializers.CharField(source="display_kana")
    birth_on = serializers.DateField(allow_null=True)


class FoundLinkSerializer(serializers.Serializer):
    """A judgement about the person found and another: the id of that other, and whether they may be the same."""

    other = serializers.IntegerField()
    state = serializers.ChoiceField(choices=LinkState.choices)
    etag = serializers.CharField(help_text="判断し直すとき、引用符で囲んで If-Match に付ける")


class FoundPersonSerializer(serializers.Serializer):
    """Somebody found: who it is, why, and what was judged of them beside others; never how to reach them."""

    id = serializers.IntegerField(source="person.pk")
    name = serializers.CharField(source="person.display_name")
    kana = serializers.CharField(source="person.display_kana")
    birth_on = serializers.DateField(source="person.birth_on", allow_null=True)
    reason = serializers.CharField()
    former = serializers.CharField()
    links = serializers.SerializerMethodField()

    @extend_schema_field(FoundLinkSerializer(many=True))
    def get_links(self, row: Any) -> list[dict[str, Any]]:
        found: dict[int, list[PersonLink]] = self.context.get("links", {})
        pk = row.person.pk
        return [
            {
                "other": link.other_id if link.person_id == pk else link.person_id,
                "state": link.state,
                "etag": tag_of(link),
            }
            for link in found.get(pk, [])
        ]


class PersonSerializer(ShieldedSerializer):
    """本人・家族. What is protected from the reader is （秘匿）."""

    text_fields = ("note",)
    phone = serializers.SerializerMethodField()
    workplace = serializers.SerializerMethodField()
    safe_contact = serializers.SerializerMethodField()

    def household_of(self, row: Person) -> int | None:
        return None

    def get_phone(self, row: Person) -> str:
        contact = self.shield.person(row)
        return contact.phone

    def get_safe_contact(self, row: Person) -> list[str]:
        """How, when and by whom the person may be called or written to."""
        request = self.context.get("request")
        rule = safe_contacts([row.pk], request.actor).get(row.pk) if request is not None else None
        return [self.shield.of_person(line, row.pk) for line in rule.lines] if rule else []

    def get_workplace(self, row: Person) -> str:
        contact = self.shield.person(row)
        return contact.workplace

    def to_representation(self, instance: Any) -> dict[str, Any]:
        data = super().to_representation(instance)
        for name in ("alias", "birth_note", "note"):
            data[name] = self.shield.of_person(data[name], instance.pk)
        return data

    class Meta:
        model = Person
        fields = (
            "id", "family_name", "given_name", "family_kana", "given_kana", "alias", "birth_on", "birth_note", "died_on",
            "sex", "phone", "workplace", "safe_contact", "note", "merged_into", "version",
        )  # fmt: skip
        read_only_fields = fields


class NewPersonSerializer(Body):
    """Somebody who is not registered yet, as far as was said."""

    family_name = serializers.CharField(max_length=60, default="", allow_blank=True)
    given_name = serializers.CharField(max_length=60, default="", allow_blank=True)
    family_kana = serializers.CharField(max_length=60, default="", allow_blank=True)
    given_kana = serializers.CharField(max_length=60, default="", allow_blank=True)
    alias = serializers.CharField(max_length=60, default="", allow_blank=True)
    birth_on = serializers.DateField(allow_null=True, default=None)
    sex = serializers.ChoiceField(choices=Sex.choices, default="", allow_blank=True)
    phone = PhoneField(max_length=30, default="", allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not any(attrs.values()):
            raise serializers.ValidationError(
                "氏名・ふりがな・通称・生年月日・電話のどれかを送ってください。"
            )
        return attrs


class PersonChangeSerializer(Body):
    """What of a person may be corrected; a field that is not sent stays."""

    family_name = serializers.CharField(max_length=60, allow_blank=True, required=False)
    given_name = serializers.CharField(max_length=60, allow_blank=True, required=False)
    family_kana = serializers.CharField(max_length=60, allow_blank=True, required=False)
    given_kana = serializers.CharField(max_length=60, allow_blank=True, required=False)
    alias = serializers.CharField(max_length=60, allow_blank=True, required=False)
    birth_on = serializers.DateField(allow_null=True, required=False)
    birth_note = serializers.CharField(max_length=60, allow_blank=True, required=False)
    died_on = serializers.DateField(allow_null=True, required=False)
    sex = serializers.ChoiceField(choices=Sex.choices, allow_blank=True, required=False)
    phone = serializers.CharField(max_length=30, allow_blank=True, required=False)
    workplace = serializers.CharField(max_length=100, allow_blank=True, required=False)
    note = serializers.CharField(max_length=100_000, allow_blank=True, required=False)


class LinkChangeSerializer(Body):
    """同一人の確認."""

    other = serializers.IntegerField(min_value=1, max_value=2**62)
    state = serializers.ChoiceField(choices=LinkState.choices)
    reason = serializers.CharField(max_length=300)


class _OfTwoSerializer(ShieldedSerializer):
    """What was judged of two records: its words pass the shield of both people, in whichever record they are read."""

    text_fields = ("reason", "basis")

    def to_representation(self, instance: PersonLink | PersonMerge) -> dict[str, Any]:
        data = serializers.ModelSerializer.to_representation(self, instance)
        two = (
            (instance.person_id, instance.other_id)
            if isinstance(instance, PersonLink)
            else (instance.kept_id, instance.absorbed_id)
        )
        for name in self.text_fields:
            if data.get(name):
                data[name] = self.shield.of_people(data[name], two)
        return data


class LinkSerializer(_OfTwoSerializer):
    etag = TagField()

    class Meta:
        model = PersonLink
        fields = ("id", "person", "other", "state", "reason", "judged_at", "etag")
        read_only_fields = fields


class MergeChangeSerializer(Body):
    """``version`` is the absorbed record's; the kept one's comes by If-Match."""

    absorbed = serializers.IntegerField(min_value=1, max_value=2**62)
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    basis = serializers.CharField(max_length=300)
    choices = serializers.DictField(
        child=serializers.ChoiceField(choices=["kept", "absorbed", "both"]), default=dict
    )
    home = serializers.IntegerField(
        min_value=1, max_value=2**62, allow_null=True, default=None,
        help_text="二人が別の世帯に同居しているとき、いま同居している世帯の id",
    )  # fmt: skip
    rule = serializers.ChoiceField(
        choices=["kept", "absorbed"], allow_null=True, default=None,
        help_text="二人とも安全な連絡の決まりを持つとき、残す決まり",
    )  # fmt: skip


class MergeSerializer(_OfTwoSerializer):
    etag = TagField()

    class Meta:
        model = PersonMerge
        fields = ("id", "kept", "absorbed", "basis", "merged_at", "undone_at", "etag")
        read_only_fields = fields
