"""Shape of casework in the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.enums import ConsentState, Sector
from cases.enums import (
    Caller,
    Closeness,
    Outcome,
    OutreachAnswer,
    OutreachEnd,
    OutreachWay,
    Way,
    WorrySource,
)
from cases.models import (
    Case,
    Consultation,
    ConsultationConcern,
    ConsultationPerson,
    Outreach,
    OutreachAttempt,
    ProgressNote,
    SilentRisk,
)
from common.bodies import Body, PhoneField, TagField
from households.contact import HIDDEN, HIDDEN_DESK
from households.enums import Relation
from households.serializers import ShieldedSerializer
from households.serializers_people import NewPersonSerializer


class CaseSerializer(ShieldedSerializer):
    """ケース: who leads and how it stands."""

    text_fields = ("household", "next_text")
    desk_fields = {"lead_agency": ("lead_agency", "lead_staff")}
    household = serializers.CharField(source="household.name", read_only=True)
    household_id = serializers.IntegerField(read_only=True)
    lead_agency = serializers.CharField(source="lead_agency.code", read_only=True)
    lead_staff = serializers.CharField(source="lead_staff.name", read_only=True)

    class Meta:
        model = Case
        fields = (
            "number", "household", "household_id", "state", "lead_agency", "lead_staff", "sectors", "consent", "opened_at",
            "last_contact_at", "next_on", "next_text", "closed_at", "follow_up_on", "version",
        )  # fmt: skip
        read_only_fields = fields


class CaseChangeSerializer(Body):
    """What of a case is changed by itself: its sectors. The rest follows from notes, referrals and consents."""

    sectors = serializers.ListField(child=serializers.ChoiceField(choices=Sector.choices), max_length=20)


class RiskSerializer(ShieldedSerializer):
    """気がかり: what is the matter with a case, since when, and who owns it."""

    desk_fields = {"owner_agency": ("owner_agency", "owner_staff")}
    case = serializers.CharField(source="case.number", read_only=True)
    owner_agency = serializers.CharField(source="owner_agency.code", read_only=True)
    owner_staff = serializers.CharField(source="owner_staff.name", read_only=True, allow_null=True)
    etag = TagField()

    def household_of(self, row: SilentRisk) -> int | None:
        return row.case.household_id

    class Meta:
        model = SilentRisk
        fields = (
            "id", "case", "kind", "due_on", "urgency", "owner_agency", "owner_staff", "owner_as", "found_at",
            "put_off_until", "etag",
        )  # fmt: skip
        read_only_fields = fields


class ConcernSerializer(serializers.ModelSerializer):
    """One ticked concern."""

    code = serializers.CharField(source="code.code", read_only=True)

    class Meta:
        model = ConsultationConcern
        fields = ("code", "is_most_pressing")
        read_only_fields = fields


class OtherSerializer(serializers.ModelSerializer):
    """いっしょに来た人・話に出た人."""

    name = serializers.CharField(source="person.display_name", read_only=True)

    class Meta:
        model = ConsultationPerson
        fields = ("person", "name", "relation")
        read_only_fields = fields


class ConsultationSerializer(ShieldedSerializer):
    """相談受付. Who called is told as on the page, their number to the agency alone that was called; ``household`` is the
    id where the reader may open it.
    """

    text_fields = ("text", "caller_name", "caller_relation")
    person_name = serializers.CharField(
        source="person.display_name", read_only=True, allow_null=True, default=None
    )
    household = serializers.SerializerMethodField()
    concerns = ConcernSerializer(many=True, read_only=True)
    others = OtherSerializer(many=True, read_only=True)
    desk_fields = {"agency": ("agency", "staff")}
    agency = serializers.CharField(source="agency.code", read_only=True)
    staff = serializers.CharField(source="staff.name", read_only=True)
    case = serializers.CharField(source="case.number", read_only=True, allow_null=True)

    class Meta:
        model = Consultation
        fields = (
            "receipt_no", "agency", "staff", "started_at", "minutes", "way", "caller", "caller_name", "caller_phone",
            "caller_relation", "person", "person_name", "is_anonymous", "others", "household", "concerns", "text", "sectors",
            "consent", "outcome", "case", "version",
        )  # fmt: skip
        read_only_fields = fields

    def get_household(self, row: Consultation) -> int | None:
        return row.household_id if getattr(row, "sees_home", False) else None

    def to_representation(self, instance: Consultation) -> dict[str, Any]:
        data = super().to_representation(instance)
        request = self.context.get("request")
        is_own = request is not None and request._request.actor.agency_id == instance.agency_id
        if not is_own:
            data["caller_phone"] = ""
            if getattr(
                instance, "led_to_outreach", True
            ):  # who told of a worry stays with the agency that heard it
                data |= dict.fromkeys(("caller", "caller_name", "caller_relation"), "")
        elif data["caller_phone"] and self.shield.hides(instance.household_id):
            data["caller_phone"] = HIDDEN
        return data


class NewOtherSerializer(Body):
    """いっしょに来た人・話に出た人: a known person by id, or a new one."""

    person = serializers.IntegerField(allow_null=True, default=None, min_value=1, max_value=2**62)
    new_person = NewPersonSerializer(allow_null=True, default=None)
    relation = serializers.ChoiceField(choices=Relation.choices, default=Relation.UNKNOWN)
    lives_together = serializers.BooleanField(default=False)


class NewConsultationSerializer(Body):
    """相談を受ける: only way, time, minutes and text are needed."""

    started_at = serializers.DateTimeField()
    minutes = serializers.IntegerField(min_value=-100_000, max_value=100_000)
    way = serializers.ChoiceField(choices=Way.choices)
    text = serializers.CharField(max_length=100_000)
    caller = serializers.ChoiceField(choices=Caller.choices, default=Caller.SELF)
    caller_name = serializers.CharField(max_length=60, default="", allow_blank=True)
    caller_phone = PhoneField(max_length=30, default="", allow_blank=True)
    caller_relation = serializers.CharField(max_length=60, default="", allow_blank=True)
    person = serializers.IntegerField(allow_null=True, default=None, min_value=1, max_value=2**62)
    new_person = NewPersonSerializer(
        allow_null=True,
        default=None,
        help_text="登録のない人。同じ氏名の人がいれば、だれかを返して一度たずねる（422）",
    )
    is_another = serializers.BooleanField(default=False, help_text="同じ氏名の人とは別の人だと確かめた")
    others = serializers.ListField(child=NewOtherSerializer(), default=list, max_length=5)
    is_anonymous = serializers.BooleanField(default=False)
    concerns = serializers.ListField(child=serializers.CharField(max_length=30), default=list)
    most_pressing = serializers.CharField(max_length=30, default="", allow_blank=True)
    sectors = serializers.ListField(child=serializers.ChoiceField(choices=Sector.choices), default=list)
    consent = serializers.ChoiceField(choices=ConsentState.choices, default=ConsentState.UNKNOWN)
    outcome = serializers.ChoiceField(choices=Outcome.choices, default=Outcome.UNDECIDED)


class AskedAboutSerializer(serializers.Serializer):
    """Somebody of this name: who it is, why one asks, and what the search of people tells of the household."""

    id = serializers.IntegerField(source="person.pk")
    name = serializers.CharField(source="person.display_name")
    kana = serializers.CharField(source="person.display_kana")
    birth_on = serializers.DateField(source="person.birth_on", allow_null=True)
    reason = serializers.CharField(help_text="例：氏名の字の違い（髙/高）・生年月日が同じ")
    household = serializers.CharField(source="household_name", help_text="いまの世帯。見せられないときは空")
    lead = serializers.CharField(help_text="支援中のケースの主担当。なければ空")


class AlikeSerializer(serializers.Serializer):
    """The question before a name is registered twice: the people who already bear it."""

    detail = serializers.CharField()
    field = serializers.CharField()
    alike = AskedAboutSerializer(many=True)


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


class NewNoteSerializer(Body):
    """支援経過 of one case."""

    started_at = serializers.DateTimeField()
    minutes = serializers.IntegerField(min_value=-100_000, max_value=100_000)
    way = serializers.ChoiceField(choices=Way.choices)
    text = serializers.CharField(max_length=100_000)
    counterpart = serializers.CharField(max_length=100, default="", allow_blank=True)
    next_on = serializers.DateField(required=False, allow_null=True)
    next_text = serializers.CharField(max_length=200, default="", allow_blank=True)


class NoteChangeSerializer(Body):
    """What of a note may be corrected; a field that is not sent stays."""

    started_at = serializers.DateTimeField(required=False)
    minutes = serializers.IntegerField(min_value=-100_000, max_value=100_000, required=False)
    way = serializers.ChoiceField(choices=Way.choices, required=False)
    text = serializers.CharField(max_length=100_000, required=False)
    counterpart = serializers.CharField(max_length=100, required=False, allow_blank=True)
    next_on = serializers.DateField(required=False, allow_null=True)
    next_text = serializers.CharField(max_length=200, required=False, allow_blank=True)


class ConsultationChangeSerializer(Body):
    """What of a contact may be corrected; a field that is not sent stays."""

    started_at = serializers.DateTimeField(required=False)
    minutes = serializers.IntegerField(min_value=-100_000, max_value=100_000, required=False)
    way = serializers.ChoiceField(choices=Way.choices, required=False)
    text = serializers.CharField(max_length=100_000, required=False)
    caller = serializers.ChoiceField(choices=Caller.choices, required=False)
    caller_name = serializers.CharField(max_length=60, required=False, allow_blank=True)
    caller_phone = PhoneField(max_length=30, required=False, allow_blank=True)
    caller_relation = serializers.CharField(max_length=60, required=False, allow_blank=True)
    concerns = serializers.ListField(child=serializers.CharField(max_length=30), required=False)
    most_pressing = serializers.CharField(max_length=30, required=False, allow_blank=True)
    sectors = serializers.ListField(child=serializers.ChoiceField(choices=Sector.choices), required=False)
    consent = serializers.ChoiceField(choices=ConsentState.choices, required=False)


class PutOffSerializer(Body):
    until = serializers.DateField()
    reason = serializers.CharField(max_length=300)


class OutreachSerializer(ShieldedSerializer):
    """アウトリーチ. Who told of the worry stays with the agency that heard it."""

    text_fields = ("described", "worry", "next_text", "agreed_how", "end_note")
    desk_fields = {"agency": ("agency", "staff", "companion")}
    agency = serializers.CharField(source="agency.code", read_only=True)
    staff = serializers.CharField(source="staff.name", read_only=True)
    staff_id = serializers.IntegerField(read_only=True, allow_null=True)
    companion = serializers.CharField(source="companion.name", read_only=True, allow_null=True, default=None)
    companion_id = serializers.IntegerField(read_only=True, allow_null=True)
    case = serializers.CharField(source="case.number", read_only=True, allow_null=True, default=None)

    def to_representation(self, instance: Outreach) -> dict[str, object]:
        data = super().to_representation(instance)
        if data["agency"] == HIDDEN_DESK:
            data |= {"staff_id": None, "companion_id": None}
        request = self.context.get("request")
        if request is None or not instance.tells_source_to(request._request.actor):
            data |= dict.fromkeys(("worry", "source", "source_name", "source_contact"), "")
        return data

    class Meta:
        model = Outreach
        fields = (
            "id", "state", "described", "worry", "source", "source_name", "source_contact", "agency", "staff", "staff_id", "companion",
            "companion_id", "peer", "closeness",
            "next_on", "next_text", "heard_at", "agreed_on", "agreed_how", "case", "end_reason", "end_note", "version",
        )  # fmt: skip
        read_only_fields = fields


class WorrySerializer(Body):
    """A worry about somebody who has asked for nothing."""

    described = serializers.CharField(max_length=100)
    worry = serializers.CharField(max_length=20_000)
    source = serializers.ChoiceField(choices=WorrySource.choices)  # type: ignore[assignment]
    next_on = serializers.DateField()
    source_name = serializers.CharField(max_length=60, default="", allow_blank=True)
    source_contact = serializers.CharField(max_length=100, default="", allow_blank=True)
    next_text = serializers.CharField(max_length=200, default="", allow_blank=True)
    companion_id = serializers.IntegerField(
        min_value=1, max_value=2**62, allow_null=True, default=None, help_text="伴走者：自機関の職員の id（colleagues/）"
    )  # fmt: skip
    peer = serializers.CharField(
        max_length=60, default="", allow_blank=True, help_text="ピア（同じ経験のある人）"
    )


class NewWorrySerializer(WorrySerializer):
    person = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=2**62)
    consultation = serializers.CharField(
        max_length=20, allow_null=True, default=None, help_text="気がかりを聞いた自機関の相談の受付番号"
    )  # fmt: skip


class WorryChangeSerializer(WorrySerializer):
    """What of an outreach may be corrected, and who goes there; a field that is not sent stays."""

    staff_id = serializers.IntegerField(
        min_value=1, max_value=2**62, help_text="担当者：自機関の職員の id（colleagues/）"
    )  # fmt: skip


class AttemptSerializer(ShieldedSerializer):
    text_fields = ("note",)
    desk_fields = {"agency": ("agency", "staff")}
    agency = serializers.CharField(source="agency.code", read_only=True)
    staff = serializers.CharField(source="staff.name", read_only=True)

    def household_of(self, row: OutreachAttempt) -> int | None:
        return row.outreach.household_id

    class Meta:
        model = OutreachAttempt
        fields = ("id", "started_at", "minutes", "way", "answer", "note", "agency", "staff")
        read_only_fields = fields


class NewAttemptSerializer(Body):
    started_at = serializers.DateTimeField()
    way = serializers.ChoiceField(choices=OutreachWay.choices)
    answer = serializers.ChoiceField(choices=OutreachAnswer.choices)
    next_on = serializers.DateField()
    minutes = serializers.IntegerField(min_value=1, max_value=1_440, allow_null=True, default=None)
    note = serializers.CharField(max_length=100_000, default="", allow_blank=True)
    next_text = serializers.CharField(max_length=200, default="", allow_blank=True)
    closeness = serializers.ChoiceField(choices=Closeness.choices, default="", allow_blank=True)


class AgreeSerializer(Body):
    agreed_on = serializers.DateField()
    how = serializers.CharField(max_length=300)
    person = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=2**62)
    new_person = NewPersonSerializer(
        allow_null=True, default=None, help_text="登録のない人。わかったところまで（person とどちらか一方）"
    )  # fmt: skip
    sectors = serializers.ListField(child=serializers.ChoiceField(choices=Sector.choices), default=list)


class ResumeSerializer(Body):
    """もう一度関わる."""

    next_on = serializers.DateField()


class EndSerializer(Body):
    reason = serializers.ChoiceField(choices=OutreachEnd.choices)
    note = serializers.CharField(max_length=300)


class LineSerializer(serializers.Serializer):
    """One row of the stream of a household."""

    at = serializers.DateTimeField()
    kind = serializers.CharField()
    id = serializers.IntegerField(source="pk")
    title = serializers.CharField()
    text = serializers.CharField()
    who = serializers.CharField()
    about = serializers.CharField()
    case = serializers.CharField(source="number")
    next = serializers.CharField()
    is_milestone = serializers.BooleanField(source="is_mark")
    is_closed = serializers.BooleanField()


class TimelineSerializer(serializers.Serializer):
    """A page of the stream, newest first; ``next`` is the cursor of the next page ("" at the end)."""

    next = serializers.CharField(allow_blank=True)
    results = LineSerializer(many=True)
