"""The form of 相談を受ける, its corrections, and the filters of the list."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.utils import timezone

from accounts.enums import ConsentState, Sector
from cases.actions.receive_consultation import ContactData, OtherPerson
from cases.enums import Caller, CodeList, Outcome, Way
from cases.models import Code
from common.forms import (
    KyoseiForm,
    MinutesField,
    PhoneField,
    RequestKeyField,
    RoughBirthField,
    VersionField,
    WarekiDateField,
    WarekiDateTimeField,
)
from common.japan.kana import is_kana
from common.japan.numbers import parse_phone
from common.japan.wareki import parse_wareki
from households.actions.persons import PersonData
from households.enums import Relation, Sex
from households.selectors_alike import Typed

OTHERS = 5


def split_name(text: str) -> tuple[str, str]:
    """「森下 和子」→ (森下, 和子); without a space the whole is the family name."""
    parts = text.replace("\u3000", " ").split(maxsplit=1)
    return (parts[0], parts[1]) if len(parts) == 2 else (text.strip(), "")


def typed_person(text: str) -> PersonData | None:
    """A new person from what was typed into the search field: a name, a kana name, a birth date or a phone."""
    text = text.strip()
    if not text:
        return None
    try:
        return PersonData(birth_on=parse_wareki(text))
    except ValueError:
        pass
    try:
        return PersonData(phone=parse_phone(text))
    except ValueError:
        pass
    family, given = split_name(text[:120])
    if is_kana(text):
        return PersonData(family_kana=family[:60], given_kana=given[:60], alias=text[:60])
    return PersonData(family_name=family[:60], given_name=given[:60])


class ContactFields(KyoseiForm):
    """What a consultation and its correction share."""

    started_at = WarekiDateTimeField(label="受付日時", help_text="")
    minutes = MinutesField(label="時間（分）", help_text="")
    way = forms.ChoiceField(label="対応方法", choices=Way.choices, widget=forms.RadioSelect)
    caller = forms.ChoiceField(
        label="だれから", choices=Caller.choices, initial=Caller.SELF, widget=forms.RadioSelect
    )
    caller_name = forms.CharField(label="連絡してきた人の氏名", max_length=60, required=False)
    caller_phone = PhoneField(label="連絡してきた人の電話", required=False)
    caller_relation = forms.CharField(label="本人との関係", max_length=60, required=False)
    text = forms.CharField(
        label="話されたこと", max_length=100_000, widget=forms.Textarea(attrs={"rows": 7}), strip=False
    )
    concerns = forms.MultipleChoiceField(label="相談内容", required=False)
    main_concern = forms.ChoiceField(label="最も困っていること（◎）", required=False)
    sectors = forms.MultipleChoiceField(
        label="分野", choices=Sector.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    consent = forms.ChoiceField(
        label="情報共有の同意", choices=ConsentState.choices, initial=ConsentState.UNKNOWN, required=False
    )

    def __init__(self, *args: Any, actor: Any, on: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.codes = list(Code.objects.visible_to(actor).of(CodeList.CONCERN, on))
        choices = [(code.code, code.label) for code in self.codes]
        for name in ("concerns", "main_concern"):
            field = self.fields[name]
            field.choices = choices  # type: ignore[attr-defined]
            field.error_messages["invalid_choice"] = "知らない相談内容のコードです。一覧から選んでください。"

    def concern_options(self) -> list[dict[str, Any]]:
        """For components/concerns.html."""
        ticked = set(self["concerns"].value() or [])
        most = self["main_concern"].value() or ""
        return [
            {"code": c.code, "label": c.label, "checked": c.code in ticked, "most": c.code == most}
            for c in self.codes
        ]

    def contact(self) -> ContactData:
        """The cleaned fields as the action wants them."""
        data = self.cleaned_data
        return ContactData(
            started_at=data["started_at"], minutes=data["minutes"], way=data["way"], text=data["text"],
            caller=data["caller"], caller_name=data["caller_name"], caller_phone=data["caller_phone"],
            caller_relation=data["caller_relation"], concerns=data["concerns"], most_pressing=data["main_concern"],
            sectors=data["sectors"], consent=data["consent"] or ConsentState.UNKNOWN,
            is_anonymous=data.get("is_anonymous", False), outcome=data.get("outcome") or Outcome.UNDECIDED,
        )  # fmt: skip


class ConsultationForm(ContactFields):
    """相談を受ける: only way, time, minutes and text are needed."""

    request_key = RequestKeyField()
    person = forms.IntegerField(required=False, widget=forms.HiddenInput, min_value=1)
    person_text = forms.CharField(label="だれのこと", max_length=120, required=False)
    another = forms.CharField(max_length=120, required=False, widget=forms.HiddenInput)  # this name is 別の人
    is_anonymous = forms.BooleanField(label="匿名・名前を聞いていない", required=False)
    new_kana = forms.CharField(label="ふりがな", max_length=120, required=False)
    new_birth_on = RoughBirthField(label="生年月日", required=False)
    new_phone = PhoneField(label="電話", required=False)
    new_sex = forms.ChoiceField(label="性別", choices=Sex.choices, required=False)
    outcome = forms.ChoiceField(
        label="対応の結果", choices=Outcome.choices, required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for n in range(OTHERS):
            self.fields[f"other_{n}"] = forms.IntegerField(
                required=False, widget=forms.HiddenInput, min_value=1
            )
            self.fields[f"other_{n}_text"] = forms.CharField(
                label=f"ほかの人 {n + 1}", max_length=120, required=False
            )
            self.fields[f"other_{n}_another"] = forms.CharField(
                max_length=120, required=False, widget=forms.HiddenInput
            )
            self.fields[f"other_{n}_relation"] = forms.ChoiceField(
                label="本人との続柄", choices=Relation.choices, required=False, initial=Relation.UNKNOWN
            )
            self.fields[f"other_{n}_together"] = forms.BooleanField(label="同居", required=False)
        self.fields["text"].widget.attrs["autofocus"] = True
        self.fields["minutes"].widget.attrs["data-timer"] = (
            ""  # counts from the opening of the page until edited
        )

    def others(self) -> list[OtherPerson]:
        """いっしょに来た人・話に出た人, of the rows that were filled."""
        data = self.cleaned_data
        rows = []
        for n in range(OTHERS):
            known, text = data[f"other_{n}"], data[f"other_{n}_text"].strip()
            if known or text:
                rows.append(
                    OtherPerson(
                        person_id=known, new=None if known else typed_person(text),
                        relation=data[f"other_{n}_relation"] or Relation.UNKNOWN,
                        lives_together=data[f"other_{n}_together"],
                    )
                )  # fmt: skip
        return rows

    def other_rows(self) -> list[dict[str, Any]]:
        """Bound fields of the rows, for the template."""
        names = {
            "value": "", "text": "_text", "relation": "_relation", "together": "_together", "another": "_another"
        }  # fmt: skip
        return [{key: self[f"other_{n}{end}"] for key, end in names.items()} for n in range(OTHERS)]

    def has_others(self) -> bool:
        return any(self[f"other_{n}_text"].value() or self[f"other_{n}"].value() for n in range(OTHERS))

    def names_to_ask(self) -> list[str]:
        """The typed name and kana that may already be somebody's: nobody chosen, 「別の人」 not said of this name."""
        data = self.cleaned_data
        if data["is_anonymous"] or data["person"] or not data["person_text"].strip():
            return []
        if data["another"] == data["person_text"]:
            return []
        base = typed_person(data["person_text"])
        named = base is not None and not (base.birth_on or base.phone)
        return [text for text in (data["person_text"] if named else "", data["new_kana"]) if text.strip()]

    def questions(self) -> list[tuple[str, Typed]]:
        """Of whom it is to be asked whether they are registered: the field that an answer fills, and what was typed."""
        data = self.cleaned_data
        born, _ = self._birth()
        typed = Typed(names=tuple(self.names_to_ask()), born=born, phone=data["new_phone"])
        asked = [("person", typed)]
        for n in range(OTHERS):
            text = data[f"other_{n}_text"]
            if data[f"other_{n}"] or data[f"other_{n}_another"] == text:
                continue
            base = typed_person(text)
            if base is not None and not (base.birth_on or base.phone):
                asked.append((f"other_{n}", Typed(names=(text,))))
        return asked

    def _birth(self) -> tuple[date | None, str]:
        """The day of birth, or else what was said of it."""
        said = self.cleaned_data["new_birth_on"]
        return (None, said) if isinstance(said, str) else (said, "")

    def new_person(self) -> PersonData | None:
        """A person made of what was typed; None when nothing was or somebody was chosen."""
        data = self.cleaned_data
        if data["is_anonymous"] or data["person"]:
            return None
        base = typed_person(data["person_text"])
        born, words = self._birth()
        if base is None and not any((born, words, data["new_phone"], data["new_sex"], data["new_kana"])):
            return None
        base = base or PersonData()
        family, given = (
            split_name(data["new_kana"]) if data["new_kana"] else (base.family_kana, base.given_kana)
        )
        return PersonData(
            family_name=base.family_name, given_name=base.given_name, family_kana=family[:60], given_kana=given[:60],
            alias=base.alias, birth_on=born or base.birth_on, birth_note=words, phone=data["new_phone"] or base.phone,
            sex=data["new_sex"],
        )  # fmt: skip


class CorrectionForm(ContactFields):
    """``ticks_before``: the ticks of the page as it was opened (``ticks_of``); they stand in a table of their own, whose
    history has no version of the record.
    """

    version = VersionField()
    ticks_before = forms.CharField(max_length=500, required=False, widget=forms.HiddenInput)


def ticks_of(codes: Iterable[str], main: str) -> str:
    """``c01,c04|c04``: concerns that are ticked, and the most pressing one."""
    return f"{','.join(sorted({*codes, *([main] if main else [])}))}|{main}"


class ConsultationFilter(KyoseiForm):
    """Filters of the list; anything that makes no sense is left out of the query."""

    q = forms.CharField(label="受付番号・氏名", max_length=60, required=False)
    mine = forms.ChoiceField(label="受付者", choices=[("", "自分の機関"), ("me", "自分だけ")], required=False)
    way = forms.ChoiceField(label="方法", choices=[("", "すべて"), *Way.choices], required=False)
    outcome = forms.ChoiceField(label="結果", choices=[("", "すべて"), *Outcome.choices], required=False)
    since = WarekiDateField(label="いつから", required=False, help_text="")
    until = WarekiDateField(label="いつまで", required=False, help_text="")


def initial_now(started: Any = None) -> dict[str, Any]:
    """A new form begins now."""
    return {"started_at": started or timezone.localtime(), "way": Way.VISIT_DESK, "caller": Caller.SELF}
