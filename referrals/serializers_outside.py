"""Shape of capacity questions and of requests to partners without an account in the API."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.enums import Ground
from common.bodies import Body
from households.serializers import ShieldedSerializer
from referrals.enums import SharedPart
from referrals.enums_outside import CapacityReply, CodeWay
from referrals.models import CapacityAnswer, CapacityQuestion, OutsidePartner, OutsideRequest


class CapacityAnswerSerializer(serializers.ModelSerializer):
    """受け入れの返事: of the reader's agency, or of all where it asked."""

    agency = serializers.CharField(source="agency.code", read_only=True)
    reply = serializers.ChoiceField(choices=["", *CapacityReply.values], read_only=True)

    class Meta:
        model = CapacityAnswer
        fields = ("agency", "reply", "note", "answered_at", "referral", "version")
        read_only_fields = fields


class CapacityQuestionSerializer(ShieldedSerializer):
    """受け入れの問い合わせ. The case behind it is never told."""

    text_fields = ("text", "period")
    desk_fields = {"from_agency": ("from_agency",)}
    from_agency = serializers.CharField(source="from_agency.code", read_only=True)
    theme = serializers.CharField(source="theme.code", read_only=True)
    area = serializers.SerializerMethodField()
    answers = serializers.SerializerMethodField()

    class Meta:
        model = CapacityQuestion
        fields = (
            "id", "from_agency", "asked_at", "theme", "area", "text", "period", "deadline_at", "withdrawn_at", "answers",
            "version",
        )  # fmt: skip
        read_only_fields = fields

    def household_of(self, row: CapacityQuestion) -> int | None:
        return row.case.household_id if row.case else None

    def get_area(self, row: CapacityQuestion) -> str:
        return row.area.code if row.area else ""

    @extend_schema_field(CapacityAnswerSerializer(many=True))
    def get_answers(self, row: CapacityQuestion) -> Any:
        found = CapacityAnswerSerializer(row.seen, many=True).data  # type: ignore[attr-defined]
        for answer in found:
            answer["note"] = self.shield.text(answer["note"], self.household_of(row))
        return found


class NewCapacityQuestionSerializer(Body):
    case = serializers.CharField(max_length=20, default="", allow_blank=True)
    agencies = serializers.ListField(child=serializers.CharField(max_length=30), min_length=1, max_length=10)
    theme = serializers.CharField(max_length=40)
    area = serializers.CharField(max_length=30, default="", allow_blank=True)
    text = serializers.CharField(max_length=300)
    period = serializers.CharField(max_length=100, default="", allow_blank=True)
    deadline_at = serializers.DateTimeField()
    is_checked = serializers.BooleanField(default=False)


class CapacityReplySerializer(Body):
    reply = serializers.ChoiceField(choices=CapacityReply.choices)
    note = serializers.CharField(max_length=300, default="", allow_blank=True)


class OutsidePartnerSerializer(serializers.ModelSerializer):
    """協力者."""

    area = serializers.SerializerMethodField()

    class Meta:
        model = OutsidePartner
        fields = ("id", "name", "kind", "organisation", "area", "is_current", "version")
        read_only_fields = fields

    def get_area(self, row: OutsidePartner) -> str:
        return row.area.code if row.area else ""


class OutsideRequestSerializer(ShieldedSerializer):
    """協力者へのお願い. Neither the address of its page nor a code is ever read here."""

    text_fields = ("purpose", "answer_note", "outcome_note")
    desk_fields = {"from_agency": ("from_agency",)}
    from_agency = serializers.CharField(source="from_agency.code", read_only=True)
    case = serializers.CharField(source="case.number", read_only=True)
    partner = serializers.CharField(source="partner.name", read_only=True)
    partner_kind = serializers.CharField(source="partner.kind", read_only=True)
    parts = serializers.ListField(child=serializers.ChoiceField(choices=SharedPart.choices), read_only=True)

    class Meta:
        model = OutsideRequest
        fields = (
            "id", "case", "partner", "partner_kind", "from_agency", "sent_at", "purpose", "ground", "parts", "state",
            "answered_at", "answer_note", "finished_at", "outcome", "outcome_note", "version",
        )  # fmt: skip
        read_only_fields = fields

    def household_of(self, row: OutsideRequest) -> int | None:
        return row.case.household_id


class NewOutsideRequestSerializer(Body):
    case = serializers.CharField(max_length=20)
    partner = serializers.IntegerField(min_value=1, max_value=2**62)
    purpose = serializers.CharField(max_length=200)
    ground = serializers.ChoiceField(choices=Ground.choices)
    agreement = serializers.CharField(max_length=300, default="", allow_blank=True)
    parts = serializers.ListField(child=serializers.ChoiceField(choices=SharedPart.choices), default=list)
    code_way = serializers.ChoiceField(choices=CodeWay.choices, default=CodeWay.PHONE)
    is_mailed = serializers.BooleanField(default=False)
    is_checked = serializers.BooleanField(default=False)


class IssuedSerializer(serializers.Serializer):
    """A request as it was made. ``page``: the address, told this once; "" where it was mailed, or was made before."""

    request = OutsideRequestSerializer()
    page = serializers.CharField(allow_blank=True)
    is_mailed = serializers.BooleanField()
