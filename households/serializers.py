"""What every answer of the API that carries words about a household goes through."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar, cast

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.bodies import Body, PhoneField, TagField
from common.tags import tag_of
from households.actions.members import member_days
from households.contact import (
    HIDDEN_DESK,
    Shield,
    safe_contacts,
    safe_contacts_of_homes,
    shield_for,
    shield_for_everybody,
)
from households.enums import KinshipKind, LinkState, MovementKind, Relation, Sex
from households.models import (
    Household,
    HouseholdMovement,
    Kinship,
    Person,
    PersonLink,
    PersonMerge,
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


class ReasonSerializer(Body):
    reason = serializers.CharField(max_length=300)


class MergeSerializer(_OfTwoSerializer):
    etag = TagField()

    class Meta:
        model = PersonMerge
        fields = ("id", "kept", "absorbed", "basis", "merged_at", "undone_at", "etag")
        read_only_fields = fields


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
