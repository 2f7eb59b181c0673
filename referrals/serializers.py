"""Shape of referrals and action items in the API. A receiver reads the shared parts on the page, not here."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from accounts.enums import Ground
from common.bodies import Body, TagField
from households.serializers import ShieldedSerializer
from referrals.enums import ReferralOutcome, SharedPart
from referrals.models import ActionItem, Referral
from referrals.selectors import CLOSED_WORDS, asked_words
from referrals.workflow import ReferralEvent, Stage


class ReferralSerializer(ShieldedSerializer):
    """つなぎ."""

    text_fields = ("purpose",)
    desk_fields = {"from_agency": ("from_agency",), "to_agency": ("to_agency",)}

    def household_of(self, row: Referral) -> int | None:
        return row.case.household_id

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """What was asked only as far as the page says it; an answer without a reader says nothing of it."""
        data = super().to_representation(instance)
        request, sees = self.context.get("request"), bool(getattr(instance, "sees_case", False))
        words = CLOSED_WORDS
        if request is not None:
            words = asked_words(instance, request.actor, timezone.localdate(), sees_case=sees)
        return data if words == instance.purpose else data | {"purpose": words}

    from_agency = serializers.CharField(source="from_agency.code", read_only=True)
    to_agency = serializers.CharField(source="to_agency.code", read_only=True)

    stage = serializers.ChoiceField(choices=Stage.choices, read_only=True)

    class Meta:
        model = Referral
        fields = (
            "id", "from_agency", "to_agency", "sent_at", "purpose", "ground", "deadline_at", "state", "answered_at",
            "escalated_at", "stage", "batch", "seen_at", "started_at", "finished_at", "outcome", "version",
        )  # fmt: skip
        read_only_fields = fields


class NewReferralSerializer(Body):
    case = serializers.CharField(max_length=20)
    to_agency = serializers.CharField(max_length=30)
    purpose = serializers.CharField(max_length=200)
    message = serializers.CharField(default="", allow_blank=True, max_length=5000)
    ground = serializers.ChoiceField(choices=Ground.choices)
    need_text = serializers.CharField(default="", allow_blank=True, max_length=500)
    also = serializers.ListField(child=serializers.CharField(max_length=30), default=list, max_length=9)
    parts = serializers.ListField(child=serializers.ChoiceField(choices=SharedPart.choices), default=list)
    deadline_at = serializers.DateTimeField()


class AnswerSerializer(Body):
    event = serializers.ChoiceField(
        choices=[
            (e.value, e.value)
            for e in (ReferralEvent.TAKE_LEAD, ReferralEvent.JOIN, ReferralEvent.TO_CONFERENCE)
        ]
    )
    note = serializers.CharField(default="", allow_blank=True, max_length=4000)
    former_until = serializers.DateField(required=False, allow_null=True)


class ReferralResultSerializer(Body):
    outcome = serializers.ChoiceField(
        choices=[(o.value, o.label) for o in ReferralOutcome if o is not ReferralOutcome.CASE_CLOSED]
    )
    note = serializers.CharField(default="", allow_blank=True, max_length=2000)


class ReferralWithdrawalSerializer(Body):
    note = serializers.CharField(default="", allow_blank=True, max_length=4000)


class ActionItemSerializer(ShieldedSerializer):
    """決定事項."""

    text_fields = ("text",)
    desk_fields = {"agency": ("agency", "staff")}

    def household_of(self, row: ActionItem) -> int | None:
        return row.household_id

    agency = serializers.CharField(source="agency.code", read_only=True)
    staff = serializers.CharField(source="staff.name", read_only=True)
    etag = TagField()

    class Meta:
        model = ActionItem
        fields = ("id", "text", "agency", "staff", "due_on", "state", "decided_at", "done_at", "etag")
        read_only_fields = fields


class OutcomeSerializer(Body):
    outcome = serializers.CharField(default="", allow_blank=True, max_length=4000)
