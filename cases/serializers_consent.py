"""Shape of 同意 in the API."""

from __future__ import annotations

from rest_framework import serializers

from accounts.enums import ConsentState
from common.bodies import Body
from households.contact import HIDDEN_DESK
from households.enums import ConsentGiver, ConsentMethod, InformationKind
from households.models import Consent
from households.serializers import ShieldedSerializer

ANSWERS = [(s.value, s.label) for s in (ConsentState.YES, ConsentState.NO, ConsentState.REFUSED)]


class ConsentSerializer(ShieldedSerializer):
    """One answer of one person, with what it covers. A desk that would tell where a protected person lives is hidden."""

    text_fields = ("purpose", "giver_name", "witness", "paper_place", "note", "withdrawal_note")
    person_name = serializers.CharField(source="person.display_name", read_only=True)
    agencies = serializers.SerializerMethodField(help_text="伝えてよい機関のコード")
    explained_by = serializers.CharField(source="explained_by.name", read_only=True)

    def get_agencies(self, row: Consent) -> list[str]:
        desk = self.shield.desk
        shown = [(agency.code, desk(agency, row.household_id)) for agency in row.agencies.all()]
        return sorted({code if name != HIDDEN_DESK else HIDDEN_DESK for code, name in shown})

    class Meta:
        model = Consent
        fields = (
            "id", "household", "person", "person_name", "state", "giver", "giver_name", "kinds", "agencies", "purpose",
            "given_on", "ends_on", "method", "explained_by", "witness", "paper_place", "note", "withdrawn_on",
            "withdrawal_note", "version",
        )  # fmt: skip
        read_only_fields = fields


class NewConsentSerializer(Body):
    """The answer of the case's person. Scope and purpose are asked of a yes; the picture of a paper is kept by the page."""

    case = serializers.CharField(max_length=20)
    state = serializers.ChoiceField(choices=ANSWERS)
    given_on = serializers.DateField()
    method = serializers.ChoiceField(choices=ConsentMethod.choices)
    kinds = serializers.ListField(
        child=serializers.ChoiceField(choices=InformationKind.choices), default=list, max_length=20
    )
    agencies = serializers.ListField(
        child=serializers.CharField(max_length=30), default=list, max_length=100, help_text="伝えてよい機関のコード"
    )  # fmt: skip
    purpose = serializers.CharField(max_length=200, default="", allow_blank=True)
    ends_on = serializers.DateField(allow_null=True, default=None)
    giver = serializers.ChoiceField(choices=ConsentGiver.choices, default=ConsentGiver.SELF)
    giver_name = serializers.CharField(max_length=60, default="", allow_blank=True)
    witness = serializers.CharField(max_length=60, default="", allow_blank=True, help_text="口頭のときは必須")
    paper_place = serializers.CharField(
        max_length=100, default="", allow_blank=True, help_text="署名した書面の保管場所"
    )
    note = serializers.CharField(max_length=500, default="", allow_blank=True)


class ConsentWithdrawalSerializer(Body):
    withdrawn_on = serializers.DateField()
    note = serializers.CharField(max_length=300, default="", allow_blank=True)
