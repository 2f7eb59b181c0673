"""An agency that the coordination setting bars from leading is not shown a button that would only be refused."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from cases.coordination import Model
from cases.models import CoordinationSetting
from tests import factories as f
from tests.referrals.helpers import send


@pytest.fixture
def barred(center_worker, admin):
    """The centre went on in the duties of the promoters, who only call conferences (坂井 現在)."""
    CoordinationSetting.objects.create(
        starts_on=date(2026, 4, 1), model=Model.PROMOTER_CONVENES, center=center_worker.agency,
        coordinator_may_lead=False, reason="推進員の役割を見直す", set_at=f.NOW, set_by=admin.staff,
    )  # fmt: skip
    return center_worker


def pages(who, referral):
    detail = reverse("referrals:detail", args=[referral.pk])
    return [
        who.client.get(url).content.decode() for url in (detail, f"{reverse('referrals:list')}?tab=waiting")
    ]


def test_the_lead_is_not_offered_and_the_reason_stands_there(barred, worker):
    referral = send(worker.actor, f.make_case(worker.actor), barred.agency)
    for page in pages(barred, referral):
        assert reverse("referrals:answer", args=[referral.pk, "join"]) in page
        assert reverse("referrals:answer", args=[referral.pk, "take_lead"]) not in page
        assert "いまの連携の型で調整役のため、主担当では受けられません" in page
    answer = barred.client.post(reverse("referrals:answer", args=[referral.pk, "take_lead"]), {"note": ""})
    assert answer.status_code == 422
    assert barred.client.get(reverse("referrals:answer", args=[referral.pk, "join"])).status_code == 200


def test_others_are_offered_it_as_before(barred, worker, disability_worker):
    referral = send(worker.actor, f.make_case(worker.actor), disability_worker.agency)
    for page in pages(disability_worker, referral):
        assert reverse("referrals:answer", args=[referral.pk, "take_lead"]) in page
        assert "主担当では受けられません" not in page
    assert "主担当では受けられません" not in worker.client.get(reverse("referrals:list")).content.decode()
