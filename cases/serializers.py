"""Shape of casework in the API."""

from __future__ import annotations

from rest_framework import serializers

from accounts.enums import ConsentState
from cases.enums import Caller, Outcome, Way
from cases.models import Case, Consultation, ProgressNote, SilentRisk
from households.serializers import ShieldedSerializer


class CaseSerializer(ShieldedSerializer):
    """ケース: who leads and how it stands."""

    text_fields = ("next_text",)
    desk_fields = {"lead_agency": ("lead_agency", "lead_staff")}
    household = serializers.CharField(source="household.name", read_only=True)
    lead_agency = serializers.CharField(source="lead_agency.code", read_only=True)
    lead_staff = serializers.CharField(source="lead_staff.name", read_only=True)

    class Meta:
        model = Case
        fields = (
            "number", "household", "state", "lead_agency", "lead_staff", "sectors", "consent", "opened_at",
            "last_contact_at", "next_on", "next_text", "closed_at", "follow_up_on", "version",
        )  # fmt: skip
        read_only_fields = fields


class RiskSerializer(ShieldedSerializer):
    """気がかり: what is the matter with a case, since when, and who owns it."""

    desk_fields = {"owner_agency": ("owner_agency", "owner_staff")}
    case = serializers.CharField(source="case.number", read_only=True)
    owner_agency = serializers.CharField(source="owner_agency.code", read_only=True)
    owner_staff = serializers.CharField(source="owner_staff.name", read_only=True, allow_null=True)

    def household_of(self, row: SilentRisk) -> int | None:
        return row.case.household_id

    class Meta:
        model = SilentRisk
        fields = (
            "id", "case", "kind", "due_on", "urgency", "owner_agency", "owner_staff", "owner_as", "found_at",
            "put_off_until",
        )  # fmt: skip
        read_only_fields = fields


class ConsultationSerializer(ShieldedSerializer):
    """相談受付."""

    text_fields = ("text",)
    desk_fields = {"agency": ("agency", "staff")}
    agency = serializers.CharField(source="agency.code", read_only=True)
    staff = serializers.CharField(source="staff.name", read_only=True)
    case = serializers.CharField(source="case.number", read_only=True, allow_null=True)

    class Meta:
        model = Consultation
        fields = (
            "receipt_no", "agency", "staff", "started_at", "minutes", "way", "caller", "text", "sectors", "consent",
            "outcome", "case", "version",
        )  # fmt: skip
        read_only_fields = fields


class NewConsultationSerializer(serializers.Serializer):
    """相談を受ける: only way, time, minutes and text are needed."""

    started_at = serializers.DateTimeField()
    minutes = serializers.IntegerField(min_value=-100_000, max_value=100_000)
    way = serializers.ChoiceField(choices=Way.choices)
    text = serializers.CharField(max_length=100_000)
    caller = serializers.ChoiceField(choices=Caller.choices, default=Caller.SELF)
    person = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    is_anonymous = serializers.BooleanField(default=False)
    concerns = serializers.ListField(child=serializers.CharField(max_length=30), default=list)
    most_pressing = serializers.CharField(max_length=30, default="", allow_blank=True)
    consent = serializers.ChoiceField(choices=ConsentState.choices, default=ConsentState.UNKNOWN)
    outcome = serializers.ChoiceField(choices=Outcome.choices, default=Outcome.UNDECIDED)


class NoteSerializer(ShieldedSerializer):
    """支援経過."""

    text_fields = ("text", "counterpart", "next_text")
    desk_fields = {"agency": ("agency", "staff")}

    def household_of(self, row: ProgressNote) -> int | None:
        return row.case.household_id

    case = serializers.CharField(source="case.number", read_only=True)
    agency = serializers.CharField(source="agency.code", read_only=True)
    staff = serializers.CharField(source="staff.name", read_only=True)

    class Meta:
        model = ProgressNote
        fields = (
            "id", "case", "agency", "staff", "started_at", "minutes", "way", "counterpart", "text", "next_on",
            "next_text", "version",
        )  # fmt: skip
        read_only_fields = fields


class NewNoteSerializer(serializers.Serializer):
    """支援経過 of one case."""

    started_at = serializers.DateTimeField()
    minutes = serializers.IntegerField(min_value=-100_000, max_value=100_000)
    way = serializers.ChoiceField(choices=Way.choices)
    text = serializers.CharField(max_length=100_000)
    counterpart = serializers.CharField(max_length=100, default="", allow_blank=True)
    next_on = serializers.DateField(required=False, allow_null=True)
    next_text = serializers.CharField(max_length=200, default="", allow_blank=True)
