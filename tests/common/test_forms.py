import uuid
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.template.loader import render_to_string

from common.errors import RuleViolation
from common.forms import (
    BirthDateField,
    ClockField,
    KyoseiForm,
    MinutesField,
    PhoneField,
    RequestKeyField,
    VersionField,
    WarekiDateField,
    WarekiDateTimeField,
    WarekiMonthField,
    YenField,
)


class VisitForm(KyoseiForm):
    request_key = RequestKeyField()
    version = VersionField(required=False)
    visited_on = WarekiDateField(label="訪問日")
    met_at = WarekiDateTimeField(label="会った日時", required=False)
    starts = ClockField(label="開始", required=False)
    month = WarekiMonthField(label="月", required=False)
    minutes = MinutesField(label="時間", required=False)
    phone = PhoneField(label="電話", required=False)
    cost = YenField(label="費用", required=False)
    kind = forms.ChoiceField(label="方法", choices=[("phone", "電話")], required=False)


def filled(**data):
    return VisitForm({"request_key": str(uuid.uuid4()), "visited_on": "R8.11.23", **data})


def test_reads_what_an_office_types():
    form = filled(
        met_at_0="令和８年１１月２３日", met_at_1="１０：３０", starts="0930", month="令和8年11月", minutes="１時間３０分",
        phone="０５９５－６３－１２３４", cost="４１２，３４５円", version="3",
    )  # fmt: skip
    assert form.is_valid(), form.errors
    cleaned = form.cleaned_data
    assert cleaned["visited_on"] == date(2026, 11, 23)
    assert cleaned["met_at"] == datetime(2026, 11, 23, 10, 30, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert (cleaned["starts"], cleaned["month"]) == (time(9, 30), date(2026, 11, 1))
    assert (cleaned["minutes"], cleaned["phone"], cleaned["cost"]) == (90, "0595631234", 412_345)
    assert cleaned["version"] == 3
    assert isinstance(cleaned["request_key"], uuid.UUID)


def test_empty_optional_fields_are_none_and_phone_is_empty_text():
    form = filled()
    assert form.is_valid(), form.errors
    assert [form.cleaned_data[n] for n in ("met_at", "starts", "minutes", "cost", "phone")] == [None] * 4 + [
        ""
    ]


@pytest.mark.parametrize(
    ("name", "data", "part"),
    [
        ("visited_on", {"visited_on": "令和8年2月30日"}, "令和8年2月30日という日付はありません"),
        ("visited_on", {"visited_on": ""}, "訪問日を入力してください"),
        ("met_at", {"met_at_0": "R8.11.23", "met_at_1": ""}, "時刻を入力"),
        ("met_at", {"met_at_0": "R8.11.31", "met_at_1": "10:00"}, "11月31日"),
        ("minutes", {"minutes": "0"}, "1分以上"),
        ("minutes", {"minutes": "1441"}, "24時間"),
        ("cost", {"cost": "100.5"}, "円未満は入力できません"),
        ("cost", {"cost": "-1"}, "0円以上"),
        ("cost", {"cost": "1,23"}, "金額として読めません"),
        ("phone", {"phone": "119"}, "10桁または11桁"),
        ("kind", {"kind": "fax"}, "一覧にあるものから"),
        ("request_key", {"request_key": "x"}, "開き直して"),
        ("version", {"version": "x"}, "開き直して"),
    ],
)
def test_refuses_in_words_beside_the_field(name, data, part):
    form = filled(**data)
    assert not form.is_valid()
    assert part in " ".join(form.errors[name])


def test_what_was_typed_comes_back_and_what_was_stored_is_shown_in_wareki():
    assert 'value="2026-2-30"' in str(filled(visited_on="2026-2-30")["visited_on"])
    form = VisitForm(
        initial={
            "visited_on": date(2019, 5, 1),
            "met_at": datetime(2026, 11, 23, 1, 5, tzinfo=ZoneInfo("UTC")),
        }
    )
    assert 'value="令和元年5月1日"' in str(form["visited_on"])
    assert 'value="10:05"' in str(form["met_at"])


def test_stored_yen_have_commas_and_typed_yen_stay_as_typed():
    assert 'value="4,876,543"' in str(VisitForm(initial={"cost": 4_876_543})["cost"])
    assert 'value="0"' in str(VisitForm(initial={"cost": 0})["cost"])
    assert "value=" not in str(VisitForm(initial={"cost": None})["cost"])
    assert 'value="4876543.5"' in str(filled(cost="4876543.5")["cost"])
    unchanged = VisitForm({"cost": "4,876,543"}, initial={"cost": 4_876_543})
    assert "cost" not in unchanged.changed_data


def test_each_opening_of_a_form_has_its_own_key():
    assert VisitForm()["request_key"].value() != VisitForm()["request_key"].value()
    form = VisitForm()
    assert str(form["request_key"].value()) in str(form["request_key"])


def test_control_names_its_hint_and_its_error():
    html = render_to_string("components/field.html", {"field": filled(visited_on="?")["visited_on"]})
    assert 'aria-describedby="id_visited_on_hint id_visited_on_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_visited_on_hint"' in html
    assert 'id="id_visited_on_error" role="alert"' in html
    group = render_to_string("components/field.html", {"field": filled()["met_at"]})
    assert 'aria-describedby="id_met_at_hint"' in group
    assert 'aria-label="時刻"' in group


def test_changed_compares_days_not_spellings():
    same = VisitForm(
        {"visited_on": "2026-11-23", "cost": "1,000"},
        initial={"visited_on": date(2026, 11, 23), "cost": 1000},
    )
    assert not {"visited_on", "cost"} & set(same.changed_data)


def test_violation_stands_beside_its_field_or_on_top():
    form = filled()
    assert form.is_valid()
    form.add_violation(RuleViolation("この日は締め切られています。", "visited_on"))
    form.add_violation(RuleViolation("つなぎ先が自機関です。", "to_agency"))
    assert form.errors["visited_on"] == ["この日は締め切られています。"]
    assert form.non_field_errors() == ["つなぎ先が自機関です。"]


def test_bounds_are_named_in_wareki():
    field = WarekiDateField(max_value=date(2026, 11, 23))
    with pytest.raises(forms.ValidationError, match="令和8年11月23日"):
        field.clean("R8.11.24")


class NoteForm(KyoseiForm):
    purpose = forms.CharField(label="お願い", max_length=5)
    on = WarekiDateField(label="期限", required=False)
    born = BirthDateField(label="生年月日", required=False)
    count = forms.IntegerField(label="人数", max_value=3, required=False)


def test_limits_are_told_with_the_name_of_the_field():
    form = NoteForm({"purpose": "あいうえおかき", "count": "5"})
    assert form.errors["purpose"] == ["お願いは5文字まで入ります。いま7文字あるので、短くしてください。"]
    assert form.errors["count"] == ["人数は3以下で入力してください。"]


def test_a_bare_year_is_read_in_a_date_but_not_in_a_date_of_birth():
    form = NoteForm({"purpose": "x", "on": "８／１１／２０", "born": "25/4/1"})
    assert "on" not in form.errors
    assert form.cleaned_data["on"] == date(2026, 11, 20)
    assert "元号か西暦" in form.errors["born"][0]
    assert "S25.4.1" in form["born"].help_text
