"""Community issues: shapes of input. Rules stand in the actions."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.actor import Actor
from accounts.models import Area
from common.forms import KyoseiForm, MinutesField, VersionField
from referrals.enums import Decides, IssueTheme
from referrals.models import CommunityIssue, Conference
from referrals.selectors_issues import conferences_for
from referrals.workflow import IssueState


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class IssueForm(KyoseiForm):
    title = forms.CharField(
        label="地域課題",
        max_length=120,
        help_text="一文で。例：駅から遠い団地に、買い物の足がない。人の名前は書きません。",
    )
    theme = forms.ChoiceField(label="テーマ", choices=[("", "選ぶ"), *IssueTheme.choices])
    area = forms.ModelChoiceField(
        label="圏域", queryset=Area.objects.none(), required=False, empty_label="市全体"
    )
    description = forms.CharField(
        label="どんなことが起きているか", required=False, max_length=4000, widget=_area(5)
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].queryset = Area.objects.visible_to(None).order_by("code")  # type: ignore[attr-defined]


class IssueEditForm(IssueForm):
    version = VersionField()


class IssueFilterForm(KyoseiForm):
    state = forms.ChoiceField(label="段階", required=False, choices=[("", "すべて"), *IssueState.choices])
    theme = forms.ChoiceField(label="テーマ", required=False, choices=[("", "すべて"), *IssueTheme.choices])
    area = forms.ModelChoiceField(
        label="圏域", queryset=Area.objects.none(), required=False, empty_label="すべて"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["area"].queryset = Area.objects.visible_to(None).order_by("code")  # type: ignore[attr-defined]


class IssueStepForm(KyoseiForm):
    note = forms.CharField(
        label="したこと・わかったこと", max_length=4000, widget=_area(3), required=False,
        help_text="もとのケースの経過にも載ります。人の名前は書きません。",
    )  # fmt: skip


class TakeUpForm(KyoseiForm):
    """Which conference takes an issue up."""

    conference = forms.ModelChoiceField(
        label="会議", queryset=Conference.objects.none(), empty_label="会議を選ぶ"
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = conferences_for(actor)
        self.fields["conference"].queryset = rows  # type: ignore[attr-defined]
        self.has_choices = any(Decides.ISSUE in row.rule.decides for row in rows)
        self.fields["conference"].choices = [  # type: ignore[attr-defined]
            ("", "会議を選ぶ"),
            *((row.pk, row.shown_title) for row in rows if Decides.ISSUE in row.rule.decides),  # type: ignore[attr-defined]
        ]


class IssueItemForm(KyoseiForm):
    """An issue onto the agenda of a conference."""

    issue = forms.ModelChoiceField(
        label="地域課題", queryset=CommunityIssue.objects.none(), empty_label="地域課題を選ぶ"
    )
    topic = forms.CharField(label="協議すること", max_length=200, required=False)
    minutes = MinutesField(label="時間", initial=15)

    def __init__(self, *args: Any, actor: Actor, conference: Conference, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = CommunityIssue.objects.visible_to(actor).exclude(items__conference=conference)
        self.fields["issue"].queryset = rows.order_by("-moved_at", "-pk")  # type: ignore[attr-defined]


class IssueConclusionForm(KyoseiForm):
    version = VersionField()
    conclusion = forms.CharField(label="結論", required=False, max_length=4000, widget=_area(4))
