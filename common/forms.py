"""Form fields that read what a Japanese office types, and forms that say in Japanese what is wrong.

Every form derives from ``KyoseiForm`` or ``KyoseiModelForm``: a field's control then carries
``aria-invalid`` and an ``aria-describedby`` that names ``<id>_hint`` and ``<id>_error``, which
``components/field.html`` prints.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.utils import timezone

from common import refusals
from common.errors import RuleViolation
from common.japan.births import rough_birth
from common.japan.clock import parse_minutes, parse_time
from common.japan.numbers import parse_phone, to_ascii_digits
from common.japan.wareki import format_wareki, parse_month, parse_wareki

DATE_HINT = "例：令和8年11月23日、R8.11.23、2026-11-23"
WORDS_OF_BIRTH = 60  # as long as 生年月日の補足 is
BIRTH_HINT = "例：昭和25年4月1日、S25.4.1、1950-04-01"


# ── Widgets ─────────────────────────────────────────────────────────────────────────────────────────────────


class WarekiDateInput(forms.TextInput):
    """One text input for a date; a date it is given is shown in 和暦, what was typed is shown as typed."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"autocomplete": "off", "inputmode": "text", "data-wareki": "date", **(attrs or {})})

    def format_value(self, value: Any) -> str | None:
        if isinstance(value, datetime):
            value = value.date()
        if isinstance(value, date):
            return format_wareki(value, weekday=False)
        return super().format_value(value)


class WarekiMonthInput(forms.TextInput):
    """One text input for a month: 令和8年11月."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(
            {"autocomplete": "off", "inputmode": "text", "data-wareki": "month", **(attrs or {})}
        )

    def format_value(self, value: Any) -> str | None:
        if isinstance(value, date):
            return format_wareki(value, weekday=False).split("月")[0] + "月"
        return super().format_value(value)


class ClockInput(forms.TextInput):
    """One text input for a time of day: 10:30."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"autocomplete": "off", "inputmode": "text", "data-clock": "", **(attrs or {})})

    def format_value(self, value: Any) -> str | None:
        if isinstance(value, time):
            return f"{value.hour}:{value.minute:02}"
        return super().format_value(value)


class WarekiDateTimeInput(forms.MultiWidget):
    """Date and time side by side: ``<name>_0`` the date, ``<name>_1`` the time."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(
            [WarekiDateInput({"aria-label": "日付"}), ClockInput({"aria-label": "時刻"})], attrs=attrs
        )

    def decompress(self, value: Any) -> list[Any]:
        if isinstance(value, datetime):
            local = timezone.localtime(value) if timezone.is_aware(value) else value
            return [local.date(), local.time()]
        return [None, None]


# ── Fields ──────────────────────────────────────────────────────────────────────────────────────────────────


class _ParsedField(forms.Field):
    """A text input read by one function that raises ``ValueError`` with a Japanese sentence."""

    hint = ""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", self.hint)
        super().__init__(**kwargs)

    def parse(self, text: str) -> Any:
        raise NotImplementedError

    def to_python(self, value: Any) -> Any:
        if value is None or isinstance(value, date | time | int):
            return value
        text = str(value).strip()
        if not text:
            return None
        try:
            return self.parse(text)
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != self.to_python(initial))
        except ValidationError:
            return True


class WarekiDateField(_ParsedField):
    """A date in 和暦 or 西暦 (``common.japan.wareki.parse_wareki``); cleans to ``date`` or ``None``.

    ``min_value`` / ``max_value`` bound it; the errors name the bound in 和暦.
    """

    widget = WarekiDateInput
    hint = DATE_HINT
    bare_year = True  # 8/11/23 is a day of the era that runs

    def __init__(
        self, *, min_value: date | None = None, max_value: date | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.min_value, self.max_value = min_value, max_value

    def to_python(self, value: Any) -> Any:
        return super().to_python(timezone.localtime(value).date() if isinstance(value, datetime) else value)

    def parse(self, text: str) -> date:
        return parse_wareki(text, bare_year=self.bare_year)

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value and self.min_value and value < self.min_value:
            raise ValidationError(
                f"{format_wareki(self.min_value)}以後の日付を入力してください。", "min_value"
            )
        if value and self.max_value and value > self.max_value:
            raise ValidationError(
                f"{format_wareki(self.max_value)}以前の日付を入力してください。", "max_value"
            )


class BirthDateField(WarekiDateField):
    """A date of birth: its era or its full year has to stand there."""

    hint = BIRTH_HINT
    bare_year = False


class RoughBirthField(BirthDateField):
    """A date of birth, or what is said of it when nobody knows the day; cleans to ``date``, to the words as they were
    typed (they belong into 生年月日の補足) or to ``None``.
    """

    hint = (
        "例：昭和25年4月1日、S25.4.1。日がわからなければ「昭和51年ごろ」「50歳くらい」でも（補足に残します）"
    )

    def parse(self, text: str) -> date | str:  # type: ignore[override]
        words = rough_birth(text, today=timezone.localdate())
        if len(words) > WORDS_OF_BIRTH:
            raise ValueError(f"日がわからないときの言葉は、{WORDS_OF_BIRTH}文字まで入ります。")
        return words or super().parse(text)

    def validate(self, value: Any) -> None:
        super().validate(value if isinstance(value, date) else None)


class WarekiMonthField(_ParsedField):
    """A month; cleans to its first day."""

    widget = WarekiMonthInput
    hint = "例：令和8年11月、R8.11、2026-11"

    def parse(self, text: str) -> date:
        return parse_month(text)


class ClockField(_ParsedField):
    """A time of day; cleans to ``time`` or ``None``."""

    widget = ClockInput
    hint = "例：10:30"

    def parse(self, text: str) -> time:
        return parse_time(text)


class WarekiDateTimeField(forms.MultiValueField):
    """A date and a time in two inputs; cleans to an aware ``datetime`` of the office's time zone, or
    ``None``.
    """

    widget = WarekiDateTimeInput
    default_error_messages = {"incomplete": "日付と時刻の両方を入力してください。"}

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("help_text", f"{DATE_HINT}　時刻は 10:30")
        fields = (
            WarekiDateField(error_messages={"incomplete": "日付を入力してください。"}),
            ClockField(error_messages={"incomplete": "時刻を入力してください。"}),
        )
        super().__init__(fields, require_all_fields=False, **kwargs)

    def compress(self, data_list: Sequence[Any]) -> datetime | None:
        if not data_list or not (data_list[0] or data_list[1]):
            return None
        if data_list[0] is None or data_list[1] is None:
            raise ValidationError(self.error_messages["incomplete"], code="incomplete")
        return timezone.make_aware(datetime.combine(data_list[0], data_list[1]))


class MinutesField(_ParsedField):
    """A duration of 1 to 1,440 minutes: "90", "1:30", "1時間30分"; cleans to ``int`` or ``None``."""

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "data-minutes": ""})
    hint = "分で入力します。例：90、1:30、1時間30分"

    def parse(self, text: str) -> int:
        return parse_minutes(text)

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is not None and not 1 <= value <= 1440:
            raise ValidationError("時間は1分以上、24時間（1440分）以下で入力してください。", "range")


class PhoneField(_ParsedField):
    """A telephone number; cleans to its digits, "" if left empty."""

    widget = forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"})

    def parse(self, text: str) -> str:
        return parse_phone(text)

    def to_python(self, value: Any) -> str:
        return super().to_python(value) or ""


class YenField(_ParsedField):
    """Whole yen: "412,345", "４１２，３４５円"; cleans to ``int`` or ``None``. A fraction of a yen is
    refused.
    """

    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "data-yen": ""})

    def __init__(
        self, *, min_value: int | None = 0, max_value: int | None = 999_999_999_999, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.min_value, self.max_value = min_value, max_value

    def parse(self, text: str) -> int:
        return parse_yen(text)

    def prepare_value(self, value: Any) -> Any:
        """Stored yen as they stand everywhere else, "4,876,543"; what was typed stays as it was typed."""
        return f"{value:,}" if isinstance(value, int) else value

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is not None and self.min_value is not None and value < self.min_value:
            raise ValidationError(f"{self.min_value:,}円以上で入力してください。", "min_value")
        if value is not None and self.max_value is not None and value > self.max_value:
            raise ValidationError(f"{self.max_value:,}円以下で入力してください。", "max_value")


def parse_yen(text: str) -> int:
    """Whole yen from text with or without commas, ¥ and 円; raises ``ValueError`` with a Japanese
    sentence.
    """
    plain = re.sub(r"\s+", "", to_ascii_digits(text)).replace("△", "-").replace("▲", "-")
    match = re.fullmatch(r"(-?)[¥\\]?(\d{1,3}(?:,\d{3})+|\d{1,15})(\.\d*)?円?", plain)
    if match is None:
        raise ValueError("金額として読めません。「412,345」のように、円単位の数字で入力してください。")
    if match[3] and match[3].strip(".0"):
        raise ValueError("円未満は入力できません。")
    return int(match[1] + match[2].replace(",", ""))


class RequestKeyField(forms.UUIDField):
    """The hidden key of one opening of a form: sent twice, it makes one record."""

    widget = forms.HiddenInput
    default_error_messages = {
        "required": "画面を開き直してから、もう一度送信してください。",
        "invalid": "画面を開き直してから、もう一度送信してください。",
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("initial", uuid.uuid4)
        kwargs.setdefault("label", "送信キー")
        super().__init__(**kwargs)


class VersionField(forms.IntegerField):
    """The hidden version of the record that the form was opened on (``common.models.check_version``)."""

    widget = forms.HiddenInput
    default_error_messages = {
        "required": "画面を開き直してから、もう一度保存してください。",
        "invalid": "画面を開き直してから、もう一度保存してください。",
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", "版")
        super().__init__(min_value=1, max_value=2_147_483_647, **kwargs)


# ── Forms ───────────────────────────────────────────────────────────────────────────────────────────────────


class KyoseiBoundField(BoundField):
    """A bound field whose control names its hint and its error by id."""

    @property
    def hint_id(self) -> str:
        return f"{self.auto_id}_hint" if self.help_text and self.auto_id else ""

    @property
    def error_id(self) -> str:
        return f"{self.auto_id}_error" if self.errors and self.auto_id else ""

    @property
    def aria_describedby(self) -> str | None:
        """The ids of hint and error: Django puts them on the control, the template on the fieldset of a
        group.
        """
        if self.is_hidden or self.field.widget.attrs.get("aria-describedby"):
            return None
        return " ".join(filter(None, (self.hint_id, self.error_id))) or None


class AccessibleForm(forms.BaseForm):
    """Japanese messages, accessible controls, and rule violations beside the field they are about."""

    bound_field_class = KyoseiBoundField
    use_required_attribute = False  # our own sentence beside the field, not the browser's bubble

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            _speak_japanese(field, str(field.label or name))

    def add_error(self, field: str | None, error: Any) -> None:
        """As Django does, and the log of refused acts knows of it."""
        refusals.note(field, error)
        super().add_error(field, error)

    def add_violation(self, violation: RuleViolation) -> None:
        """Show a rule violation beside its field, or on top of the form if it names none of this form's
        fields.
        """
        self.add_error(violation.field if violation.field in self.fields else None, violation.message)


_KIND_WORDS = {
    "max_length": "%(limit_value)d文字まで入ります。いま%(show_value)d文字あるので、短くしてください。",
    "min_length": "%(limit_value)d文字以上で入力してください（いま%(show_value)d文字）。",
    "max_value": "%(limit_value)s以下で入力してください。",
    "min_value": "%(limit_value)s以上で入力してください。",
}


def _speak_japanese(field: forms.Field, label: str) -> None:
    """Name the field in the message for a missing value, unless the form has its own words."""
    if type(field.error_messages["required"]) is not str:
        verb = "選んでください" if isinstance(field, forms.ChoiceField) else "入力してください"
        if isinstance(field, forms.BooleanField):
            verb = "確かめて、チェックを入れてください"
        field.error_messages["required"] = f"{label}を{verb}。"
    for code, words in _KIND_WORDS.items():
        field.error_messages.setdefault(code, f"{label}は{words}")
    chooses = isinstance(field, forms.ChoiceField | forms.ModelChoiceField)
    if chooses and type(field.error_messages.get("invalid_choice")) is not str:
        field.error_messages["invalid_choice"] = f"{label}は、一覧にあるものから選んでください。"


class KyoseiForm(AccessibleForm, forms.Form):
    """The base of every plain form."""


class KyoseiModelForm(AccessibleForm, forms.ModelForm):
    """The base of every form on one model; the action still does the writing, never ``form.save()``."""
