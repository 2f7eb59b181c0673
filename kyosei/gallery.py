"""Examples for the gallery page of components (debug only). Invented people, no query."""

from __future__ import annotations

from typing import Any

from django import forms

CONCERNS = (
    "病気や健康、障害のこと", "住まいのこと", "収入・生活費のこと", "家賃やローンの支払いのこと",
    "税金や公共料金等の支払いのこと", "債務のこと", "仕事探し、就職のこと", "仕事上の不安やトラブル",
    "地域との関係のこと", "家族関係・人間関係", "子育て・介護のこと", "ひきこもり・不登校",
    "DV・虐待", "食べるものがない", "その他", "わからない・整理できない",
)  # fmt: skip


class ExampleForm(forms.Form):
    """One field of each kind, bound to wrong values so that errors show."""

    said = forms.CharField(label="話されたこと", widget=forms.Textarea(attrs={"rows": 4}))
    on = forms.CharField(label="日付", help_text="例：R8.11.23、令和8年11月23日、2026-11-23")
    minutes = forms.IntegerField(label="対応時間", min_value=1, max_value=1440, required=False)
    agency = forms.ChoiceField(
        label="つなぎ先",
        choices=[("", "選んでください"), ("1", "地域包括支援センター"), ("2", "社会福祉協議会")],
    )
    channel = forms.ChoiceField(
        label="方法",
        choices=[("tel", "電話"), ("visit", "来所"), ("home", "訪問"), ("mail", "メール")],
        widget=forms.RadioSelect,
    )
    parts = forms.MultipleChoiceField(
        label="渡す記録の範囲",
        choices=[("a", "相談受付"), ("b", "支援経過"), ("c", "見立て")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    consent = forms.BooleanField(label="本人から同意をもらった", required=False)


def examples() -> dict[str, Any]:
    """The context of gallery.html."""
    return {
        "form": ExampleForm(initial={"channel": "tel", "minutes": 20}),
        "wrong_form": ExampleForm({"said": "", "on": "", "minutes": "1500", "agency": "", "channel": "tel"}),
        "crumbs": [
            {"label": "世帯", "url": "#"},
            {"label": "佐藤さんの世帯", "url": "#"},
            {"label": "経過", "url": ""},
        ],
        "tabs": [
            {"label": "経過", "url": "#timeline", "current": True, "count": None},
            {"label": "家族", "url": "#family", "current": False, "count": None},
            {"label": "つなぎ", "url": "#referrals", "current": False, "count": 2},
            {"label": "閲覧記録", "url": "#access", "current": False, "count": None},
        ],
        "facts": [
            {"label": "主担当", "value": "桔梗が丘まちの保健室　田中"},
            {"label": "開始", "value": "令和8年10月5日（月）"},
            {"label": "電話", "value": ""},
        ],
        "head": ["受付番号", "日付", "世帯", "内容", "分"],
        "rows": [
            ["R8-01234", "R8.11.23（月）", "佐藤さんの世帯", "家賃が払えない。長男が家から出ない。", "35"],
            ["R8-01233", "R8.11.20（金）", "匿名", "近所の一人暮らしの方が心配", "10"],
        ],
        "compare_rows": [
            {
                "label": "長期の目標",
                "theirs": "家族で話し合える",
                "mine": "家族で話し合える",
                "changed": False,
            },
            {
                "label": "短期の目標",
                "theirs": "月1回の訪問を続ける",
                "mine": "まず電話で近況を聞く",
                "changed": True,
            },
        ],
        "concerns": [
            {"code": f"{number:02}", "label": label, "checked": number in {3, 12}, "most": number == 12}
            for number, label in enumerate(CONCERNS, start=1)
        ],
    }
