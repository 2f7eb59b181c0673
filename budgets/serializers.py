"""Shape of minutes and money in the API: pseudonyms only, no case text."""

from __future__ import annotations

from rest_framework import serializers

from budgets.models import ApportionmentRow, ApportionmentRun, WorkEntry


class WorkEntrySerializer(serializers.ModelSerializer):
    staff = serializers.CharField(source="staff.username", read_only=True)
    category = serializers.CharField(source="category.code", read_only=True)
    starts_at = serializers.DateTimeField(source="during.lower", read_only=True)
    ends_at = serializers.DateTimeField(source="during.upper", read_only=True)

    case_number = serializers.CharField(source="shown_number", read_only=True)
    table_category = serializers.CharField(
        source="derived_category.code", default=None, allow_null=True, read_only=True,
        help_text="職員が区分を直したとき、区分の表による区分。reason は表の行の説明",
    )  # fmt: skip

    class Meta:
        model = WorkEntry
        fields = (
            "id",
            "staff",
            "category",
            "starts_at",
            "ends_at",
            "minutes",
            "source_type",
            "case_number",
            "reason",
            "table_category",
        )
        read_only_fields = fields


class RowSerializer(serializers.ModelSerializer):
    staff = serializers.CharField(source="staff.username", read_only=True)
    stream = serializers.CharField(source="stream.code", read_only=True)

    class Meta:
        model = ApportionmentRow
        fields = ("staff", "stream", "minutes", "direct_minutes", "shared_minutes", "yen")
        read_only_fields = fields


class RunSerializer(serializers.ModelSerializer):
    month = serializers.DateField(source="month.month", read_only=True)

    class Meta:
        model = ApportionmentRun
        fields = (
            "id",
            "month",
            "method",
            "remainder_rule",
            "ran_at",
            "total_yen",
            "input_hash",
            "code_version",
            "is_final",
        )
        read_only_fields = fields
