"""Partners without an account: the directory, a request, and what the partner itself fills in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms

from accounts.actor import Actor
from accounts.enums import ConsentState
from accounts.models import Area
from cases.models import AssessmentItem, Case
from common.forms import KyoseiForm, PhoneField, RequestKeyField
from households.grounds import GROUND_RULES, REFERRAL_GROUNDS
from referrals.actions.outside_partners import PartnerData
from referrals.enums import SharedPart
from referrals.enums_outside import CodeWay, OutsideKind, OutsideOutcome
from referrals.forms.referral import default_ground, default_parts
from referrals.models import OutsidePartner
from referrals.selectors_needs import standing_needs
from referrals.workflow_outside import OutsideEvent

ANSWER_WORDS = (
    (OutsideEvent.ACCEPT.value, "引き受けます"),
    (OutsideEvent.ACCEPT_PARTLY.value, "一部なら引き受けます"),
    (OutsideEvent.CONFER.value, "話し合ってから決めたいです"),
)


class PartnerForm(KyoseiForm):
    """協力者."""

    name = forms.CharField(label="名前", max_length=60)
    kind = forms.ChoiceField(label="種別", choices=OutsideKind.choices)
    organisation = forms.CharField(
        label="所属", max_length=100, required=False, help_text="団体・学校・医院の名前など"
    )
    area = forms.ModelChoiceField(
        label="地区", queryset=Area.objects.none(), required=False, empty_label="市内全体"
    )
    phone = PhoneField(label="電話", required=False)
    email = forms.EmailField(label="メール", required=False)
    note = forms.CharField(
        label="連絡のしかた・できること",
        max_length=200,
        required=False,
        help_text="例：夕方以降に電話。見守り、買い物の付き添い",
    )
    is_current = forms.BooleanField(label="いま頼める", required=False, initial=True)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].queryset = Area.objects.visible_to(actor).order_by("code")  # type: ignore[attr-defined]

    def partner(self) -> PartnerData:
        data = self.cleaned_data
        return PartnerData(
            name=data["name"].strip(), kind=data["kind"], organisation=data["organisation"].strip(), area=data["area"],
            phone=data["phone"] or "", email=data["email"], note=data["note"].strip(), is_current=data["is_current"],
        )  # fmt: skip


class PartnerFilterForm(KyoseiForm):
    kind = forms.ChoiceField(label="種別", required=False, choices=[("", "すべて"), *OutsideKind.choices])
    area = forms.ModelChoiceField(
        label="地区", required=False, queryset=Area.objects.none(), empty_label="すべて"
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].queryset = Area.objects.visible_to(actor).order_by("code")  # type: ignore[attr-defined]


WAYS = (
    ("phone", "アドレスはこちらで渡す（紙・手渡し・SMS）。コードは電話で伝える"),
    ("mail_link", "アドレスをメールで送る。コードは電話で伝える"),
    ("mail_code", "アドレスはこちらで渡す。コードは、引き受けたときにメールで届く"),
)


def way_of(choice: str) -> tuple[str, bool]:
    """(how the code goes, whether the address goes by mail)."""
    return (CodeWay.MAIL if choice == "mail_code" else CodeWay.PHONE), choice == "mail_link"


class WayForm(KyoseiForm):
    """How the address and the code reach the partner: never both by the same way."""

    way = forms.ChoiceField(
        label="アドレスとコードの渡し方", choices=WAYS, widget=forms.RadioSelect, initial="phone"
    )


class OutsideRequestForm(WayForm):
    """協力者にお願いする."""

    request_key = RequestKeyField()
    partner = forms.ModelChoiceField(label="協力者", queryset=OutsidePartner.objects.none())
    need = forms.ModelChoiceField(
        label="どの困りごとについて",
        queryset=AssessmentItem.objects.none(),
        required=False,
        empty_label="選ばない",
    )
    purpose = forms.CharField(
        label="お願いしたいこと",
        max_length=200,
        help_text="引き受ける前に読まれます。だれのことか分かる言葉（氏名・電話・住所）は書きません。",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    is_checked = forms.BooleanField(label="本人を指す言葉ではないことを確かめた", required=False)
    ground = forms.ChoiceField(label="共有の根拠", widget=forms.RadioSelect)
    agreement = forms.CharField(
        label="本人の了承",
        max_length=300,
        required=False,
        help_text="本人の同意でお願いするとき：いつ、この協力者に伝えてよいと、どう答えたか。",
    )
    parts = forms.MultipleChoiceField(
        label="引き受けたあとに見せる記録",
        required=False,
        choices=SharedPart.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text="引き受けて、コードを入れたあとに、根拠の範囲だけが見えます。",
    )

    field_order = (
        "request_key",
        "partner",
        "need",
        "purpose",
        "is_checked",
        "ground",
        "agreement",
        "parts",
        "way",
    )

    def __init__(self, *args: Any, case: Case, actor: Actor, at: datetime, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "ground": default_ground(case), "parts": default_parts(case), **kwargs.get("initial", {}),
        }  # fmt: skip
        super().__init__(*args, **kwargs)
        partners = OutsidePartner.objects.visible_to(actor).current().select_related("area")
        self.fields["partner"].queryset = partners.order_by("kind", "name")  # type: ignore[attr-defined]
        self.fields["partner"].label_from_instance = partner_words  # type: ignore[attr-defined]
        self.fields["need"].queryset = standing_needs(case)  # type: ignore[attr-defined]
        has_consent = case.consent == ConsentState.YES
        state = "" if has_consent else f"（いまは「{ConsentState(case.consent).label}」）"
        self.fields["ground"].choices = [  # type: ignore[attr-defined]
            (g.value, f"{g.label}：{_hint(g)}{state if g.value == 'consent' else ''}")
            for g in REFERRAL_GROUNDS
        ]


def partner_words(partner: OutsidePartner) -> str:
    where = partner.area.name if partner.area else "市内全体"
    return f"{partner.name}（{partner.get_kind_display()}・{where}）"


def _hint(ground: Any) -> str:
    if ground.value == "consent":
        return "本人がこの協力者に伝えることに同意しているとき。同意の範囲だけを見せる"
    return GROUND_RULES[ground].hint


class PageAnswerForm(KyoseiForm):
    """On the partner's page: three answers, none of which is a refusal."""

    event = forms.ChoiceField(label="お返事", choices=ANSWER_WORDS, widget=forms.RadioSelect)
    note = forms.CharField(
        label="ひとこと", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="一部だけのときは「ここまでならできます」、迷うときは話し合いたいことを書いてください。",
    )  # fmt: skip


class PageCodeForm(KyoseiForm):
    code = forms.CharField(
        label="コード（数字6けた）",
        max_length=12,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "one-time-code"}),
    )
    keeps_secret = forms.BooleanField(label="このページで知ったことは、ほかの人に話しません", required=False)


class PageOutcomeForm(KyoseiForm):
    outcome = forms.ChoiceField(
        label="どうでしたか",
        choices=[(o.value, o.label) for o in OutsideOutcome if o is not OutsideOutcome.CASE_CLOSED],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label="様子・伝えたいこと", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )
