"""Shape of 住民異動の取り込み in the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from common.bodies import Body
from households.actions.register_import import BROKEN, CHOOSE, NEW, STANDS, Step
from households.enums import MovementKind
from households.register_file import MAX_BYTES
from households.serializers_people import AlikePersonSerializer

STATES = [
    (NEW, "取り込む"), (STANDS, "すでに記録されている"), (BROKEN, "取り込めない"), (CHOOSE, "だれのことか選ぶ"),
]  # fmt: skip


class RegisterFileSerializer(Body):
    """The month of filing and its file (docs/register-import.md)."""

    month = serializers.RegexField(
        r"^(19|20)\d\d-(0[1-9]|1[0-2])$", help_text="届出の月（2026-10）。ほかの月の届出が1行でもあれば断る",
        error_messages={"invalid": "月は 2026-10 のように送ってください。"},
    )  # fmt: skip
    file = serializers.FileField(use_url=False, help_text="UTF-8かシフトJISのCSV（20MBまで）")

    def validate_file(self, file: Any) -> Any:
        if file.size > MAX_BYTES:
            raise serializers.ValidationError("ファイルが大きすぎます（20MBまで）。")
        return file


class RowErrorSerializer(serializers.Serializer):
    """One thing wrong with one line of the file; ``column`` is the header's word, "" for the whole line."""

    line = serializers.IntegerField()
    column = serializers.CharField()
    message = serializers.CharField()


class BrokenFileSerializer(serializers.Serializer):
    """Nothing of the file can be taken in."""

    detail = serializers.CharField()
    field = serializers.CharField(allow_null=True)
    errors = RowErrorSerializer(many=True)  # type: ignore[assignment]


class RegisterStepSerializer(serializers.Serializer):
    """One movement that rows of the file make: ``becomes`` what will be, ``said`` why it cannot be taken in."""

    lines = serializers.SerializerMethodField()
    state = serializers.ChoiceField(choices=STATES)
    kind = serializers.ChoiceField(choices=MovementKind.choices)
    on = serializers.DateField(source="row.on")
    names = serializers.CharField()
    people = serializers.SerializerMethodField()
    household = serializers.IntegerField(source="household.pk", allow_null=True, default=None)
    becomes = serializers.SerializerMethodField()
    said = serializers.CharField()
    candidates = AlikePersonSerializer(many=True)

    def get_lines(self, step: Step) -> list[int]:
        return [row.line for row in step.rows]

    def get_people(self, step: Step) -> list[int]:
        return [person.pk for person in step.people]

    def get_becomes(self, step: Step) -> str:
        text: str = self.context["shield"].text(step.becomes, step.household)
        return text


class RegisterPreviewSerializer(serializers.Serializer):
    """What a file would change here. ``others``: rows about nobody whom the sender sees; ``payload`` goes to ``apply``."""

    count = serializers.IntegerField()
    others = serializers.IntegerField()
    steps = RegisterStepSerializer(many=True)
    errors = RowErrorSerializer(many=True)  # type: ignore[assignment]
    payload = serializers.CharField(help_text="apply/ にそのまま送る。4時間、見た人だけが使える")


class PickSerializer(Body):
    """Who is meant by a line that fits several people."""

    line = serializers.IntegerField(min_value=1, max_value=2**31 - 1)
    person = serializers.IntegerField(min_value=1, max_value=2**62)


class ShownRowsSerializer(Body):
    payload = serializers.CharField()
    picks = serializers.ListField(child=PickSerializer(), default=list, max_length=10_000)


class RegisterTakenSerializer(serializers.Serializer):
    """``taken``: movements that were written now; each step as it stands."""

    taken = serializers.IntegerField()
    steps = RegisterStepSerializer(many=True)
