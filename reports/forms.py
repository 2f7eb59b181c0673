"""Filters of the pages of the trail; all are sent by GET."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import AgencyKind
from accounts.models import Agency, Staff
from accounts.roles import Permission
from audit.models import NOT_READ, AccessKind
from common.forms import KyoseiForm, WarekiDateField
from reports.selectors_unusual import MANY, Kind

MOST_DAYS = 92


class PeriodForm(KyoseiForm):
    """A period, both days included."""

    since = WarekiDateField(label="いつから", required=False, help_text="例：R8.11.23")
    until = WarekiDateField(label="いつまで", required=False, help_text="この日を含む")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since and until and since > until:
            self.add_error("until", "「いつから」より前の日です。")
        return data


class TrailFilter(PeriodForm):
    kind = forms.ChoiceField(label="種類", choices=[("", "すべて"), *AccessKind.choices], required=False)
    agency = forms.ChoiceField(label="機関", required=False)
    who = forms.CharField(label="職員の氏名", max_length=60, required=False)
    field_order = ("agency", "who", "kind", "since", "until")

    def __init__(self, *args: Any, agencies: Iterable[Agency], hides_desks: bool, **kwargs: Any) -> None:
        """``hides_desks``: neither the choices nor a search may tell which desk looked (支援措置)."""
        super().__init__(*args, **kwargs)
        shown = [a for a in agencies if not (hides_desks and a.kind == AgencyKind.DESK)]
        self.fields["agency"].choices = [("", "すべて"), *((str(a.pk), a.name) for a in shown)]  # type: ignore[attr-defined]
        if hides_desks:
            del self.fields["who"]


class PaperForm(KyoseiForm):
    names = forms.BooleanField(required=False)


class LeakForm(PeriodForm):
    """Whose readings: a worker, an agency or an address, or several of them together."""

    staff = forms.CharField(label="職員", max_length=60, required=False, help_text="職員番号か氏名")
    agency = forms.ModelChoiceField(
        label="機関", queryset=Agency.objects.none(), required=False, empty_label="指定しない"
    )
    address = forms.GenericIPAddressField(label="接続元", required=False, help_text="端末のIPアドレス")
    field_order = ("staff", "agency", "address", "since", "until")

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        if actor.has(Permission.AUDIT_VIEW):
            self.fields["agency"].queryset = Agency.objects.visible_to(actor).order_by("code")  # type: ignore[attr-defined]
        else:
            del self.fields["agency"]  # one's own only

    def clean_staff(self) -> Staff | None:
        value = self.cleaned_data["staff"].strip()
        if not value:
            return None
        bare = "".join(value.split())
        rows = Staff.objects.visible_to(self.actor).filter(Q(username=value) | Q(name=value) | Q(name=bare))
        found = list(rows.order_by("pk")[:2])
        if not found:
            raise forms.ValidationError("この職員番号・氏名の職員は見つかりません。")
        if len(found) > 1:
            raise forms.ValidationError("同じ氏名の職員がほかにもいます。職員番号で指定してください。")
        return found[0]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.errors and not any(data.get(name) for name in ("staff", "agency", "address")):
            if self.actor.has(Permission.AUDIT_VIEW):
                raise forms.ValidationError("職員・機関・接続元のどれかを指定してください。")
            if not data.get("since"):
                raise forms.ValidationError("職員か接続元、または期間を指定してください。")
        return data


class UnusualFilter(PeriodForm):
    many = forms.IntegerField(
        label="1時間に何件を超えたら",
        min_value=5,
        max_value=1000,
        required=False,
        help_text=f"空欄なら{MANY}件",
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        until = data.get("until") or self.today
        since = data.get("since") or until - timedelta(days=29)
        if not self.errors and (until - since).days >= MOST_DAYS:
            self.add_error("since", f"{MOST_DAYS}日以内の期間にしてください。")
        return data | {"since": since, "until": until, "many": data.get("many") or MANY}


class RefusedFilter(PeriodForm):
    """Which refused acts: of a period (30 days where none is given), an agency, a kind."""

    agency = forms.ModelChoiceField(
        label="機関", queryset=Agency.objects.none(), required=False, empty_label="すべて"
    )
    kind = forms.ChoiceField(
        label="種類", choices=[("", "すべて"), *((k.value, k.label) for k in NOT_READ)], required=False
    )
    field_order = ("agency", "kind", "since", "until")

    def __init__(self, *args: Any, today: date, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        if actor.has(Permission.AUDIT_VIEW):
            self.fields["agency"].queryset = Agency.objects.visible_to(actor).order_by("code")  # type: ignore[attr-defined]
        else:
            del self.fields["agency"]  # one's own only

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        until = data.get("until") or self.today
        since = data.get("since") or until - timedelta(days=29)
        if not self.errors and (until - since).days >= MOST_DAYS:
            self.add_error("since", f"{MOST_DAYS}日以内の期間にしてください。")
        return data | {"since": since, "until": until}


class LinesForm(UnusualFilter):
    """What one line of 気になる閲覧 opens."""

    kind = forms.ChoiceField(choices=Kind.choices)
    staff = forms.ModelChoiceField(queryset=Staff.objects.none())
    hour = forms.CharField(required=False, max_length=10)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["staff"].queryset = Staff.objects.visible_to(actor)  # type: ignore[attr-defined]

    def clean_hour(self) -> datetime | None:
        value = self.cleaned_data["hour"]
        if not value:
            return None
        try:
            return timezone.make_aware(datetime.strptime(value, "%Y%m%d%H"))
        except ValueError:
            raise forms.ValidationError("時刻として読めません。") from None


class DayForm(KyoseiForm):
    day = WarekiDateField(label="日", required=False, help_text="例：R8.11.23")
