"""Shape of closing and of the watch after it in the API."""

from __future__ import annotations

from datetime import date
from typing import Any

from rest_framework import serializers

from cases.actions.follow_up import proposes_reopening
from cases.enums import Every, FollowUpResult, Judgement, WatchWay
from cases.models import FollowUp, WatchChange, WatchCycle
from cases.selectors.watch import waiting_turn
from common.bodies import Body, TagField
from households.contact import HIDDEN_DESK
from households.serializers import ShieldedSerializer


class AgreementSerializer(Body):
    """見守りの取り決め: how often somebody looks again, how, who does it, and what a missed contact leads to."""

    follow_up_on = serializers.DateField(allow_null=True, default=None)
    every = serializers.ChoiceField(choices=Every.choices, default=Every.ONCE)
    every_days = serializers.IntegerField(min_value=1, max_value=1_100, allow_null=True, default=None)
    until_on = serializers.DateField(allow_null=True, default=None)
    turns = serializers.IntegerField(min_value=1, max_value=200, allow_null=True, default=None)
    follow_up_way = serializers.ChoiceField(choices=WatchWay.choices, default=WatchWay.PHONE)
    follow_up_agency = serializers.CharField(
        max_length=30, allow_null=True, default=None,
        help_text="見守る機関のコード（主担当か、協働している機関。null は主担当）",
    )  # fmt: skip
    follow_up_staff = serializers.IntegerField(
        min_value=1, max_value=2**62, allow_null=True, default=None,
        help_text="自機関の職員の id（colleagues/）。null は、主担当機関なら主担当者、ほかは機関のだれか",
    )  # fmt: skip
    ask = serializers.CharField(max_length=300, default="", allow_blank=True, help_text="見てほしいこと")
    visit_after = serializers.IntegerField(
        min_value=1, max_value=20, default=2, help_text="連絡なし何回で訪問"
    )
    tell_after = serializers.IntegerField(min_value=1, max_value=20, default=3, help_text="何回で所属長に")
    reopen_after = serializers.IntegerField(
        min_value=1, max_value=20, default=4, help_text="何回で再開を検討"
    )


class ClosingSerializer(AgreementSerializer):
    """終結. ``reason`` is a code of the list; ``follow_up_on`` or ``no_follow_up_reason`` must stand."""

    kind = serializers.ChoiceField(
        choices=[(j.value, j.label) for j in (Judgement.CLOSE, Judgement.DISCONTINUE)]
    )
    reason = serializers.CharField(max_length=30)
    note = serializers.CharField(max_length=10_000)
    no_follow_up_reason = serializers.CharField(max_length=200, default="", allow_blank=True)


class NewWatchSerializer(AgreementSerializer):
    """見守りを始める, for a closed case that nobody looks at any more."""

    case = serializers.CharField(max_length=20)
    follow_up_on = serializers.DateField()


class WatchChangeSerializer(AgreementSerializer):
    """What of the agreement changes, and why; a field that is not sent stays."""

    reason = serializers.CharField(max_length=300)

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        for name, field in fields.items():
            if name != "reason":
                field.required, field.default = False, serializers.empty
        fields["follow_up_on"].allow_null = False
        return fields


class WatchCycleSerializer(ShieldedSerializer):
    """見守りサイクル as it is agreed; ``follow_up_on`` is the day of the turn that waits."""

    text_fields = ("ask", "end_note")
    desk_fields = {"agency": ("follow_up_agency", "follow_up_staff_name")}
    case = serializers.CharField(source="case.number", read_only=True)
    follow_up_on = serializers.SerializerMethodField()
    follow_up_way = serializers.ChoiceField(source="way", choices=WatchWay.choices, read_only=True)
    follow_up_agency = serializers.CharField(source="agency.code", read_only=True)
    follow_up_staff = serializers.IntegerField(source="staff_id", read_only=True, allow_null=True)
    follow_up_staff_name = serializers.CharField(
        source="staff.name", read_only=True, allow_null=True, default=None
    )

    def household_of(self, row: WatchCycle) -> int | None:
        return row.case.household_id

    def get_follow_up_on(self, row: WatchCycle) -> date | None:
        turn = waiting_turn(row)
        return turn.look_on if turn else None

    def to_representation(self, instance: WatchCycle) -> dict[str, Any]:
        data = super().to_representation(instance)
        return data | {"follow_up_staff": None} if data["follow_up_agency"] == HIDDEN_DESK else data

    class Meta:
        model = WatchCycle
        fields = (
            "id", "case", "state", "every", "every_days", "follow_up_on", "until_on", "turns", "follow_up_way",
            "follow_up_agency", "follow_up_staff", "follow_up_staff_name", "ask", "visit_after", "tell_after",
            "reopen_after", "started_at", "ended_at", "end_reason", "end_note", "version",
        )  # fmt: skip
        read_only_fields = fields


class WatchHistorySerializer(ShieldedSerializer):
    """見守りの変更: what was agreed before and after, and why it changed."""

    text_fields = ("before", "after", "reason")
    changed_by = serializers.CharField(source="changed_by.name", read_only=True)

    def household_of(self, row: WatchChange) -> int | None:
        return row.cycle.case.household_id

    class Meta:
        model = WatchChange
        fields = ("id", "changed_at", "changed_by", "before", "after", "reason")
        read_only_fields = fields


class FollowUpSerializer(ShieldedSerializer):
    """終結後の見守り: one turn of a cycle."""

    text_fields = ("note",)
    desk_fields = {"agency": ("agency",)}
    case = serializers.CharField(source="case.number", read_only=True)
    agency = serializers.CharField(source="agency.code", read_only=True)
    proposes_reopening = serializers.SerializerMethodField(help_text="支援を再開するか考える結果")
    etag = TagField()

    def get_proposes_reopening(self, row: FollowUp) -> bool:
        return proposes_reopening(row)

    def household_of(self, row: FollowUp) -> int | None:
        return row.case.household_id

    class Meta:
        model = FollowUp
        fields = (
            "id",
            "case",
            "ordinal",
            "due_on",
            "try_on",
            "way",
            "agency",
            "done_at",
            "result",
            "proposes_reopening",
            "note",
            "dropped_at",
            "etag",
        )
        read_only_fields = fields


class ResultSerializer(Body):
    """What somebody found on looking again."""

    result = serializers.ChoiceField(choices=FollowUpResult.choices)
    note = serializers.CharField(max_length=10_000, default="", allow_blank=True)
    next_on = serializers.DateField(allow_null=True, default=None)
    stop_reason = serializers.CharField(max_length=200, default="", allow_blank=True)
    started_at = serializers.DateTimeField(allow_null=True, default=None)
    minutes = serializers.IntegerField(min_value=1, max_value=1_440, allow_null=True, default=None)
    way = serializers.ChoiceField(choices=WatchWay.choices, default="", allow_blank=True)
