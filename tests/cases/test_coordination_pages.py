"""管理・連携の型: who may see and change it, what the page says, and wrong input beside its cause."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.enums import AgencyKind
from cases.coordination import Model, Project
from cases.models import CoordinationSetting
from tests import factories as f
from tests.conftest import persona

NEW = "/manage/coordination/new/"


@pytest.fixture
def promoter(db):
    return persona(f.make_agency("推進室", kind=AgencyKind.DIRECTOR_OFFICE), name="増田 順")


def form(**over) -> dict[str, object]:
    return {
        "request_key": uuid4(), "model": Model.PROMOTER_CONVENES, "starts_on": "令和9年4月1日", "center": "",
        "conference_days": "", "reason": "任せきりになるため", **over,
    }  # fmt: skip


def test_the_default_is_named_until_something_is_chosen(worker, admin):
    page = worker.client.get("/manage/coordination/").content.decode()
    assert "分野ごとのエリアディレクター" in page and "既定の型" in page
    assert NEW not in page
    assert NEW in admin.client.get("/manage/coordination/").content.decode()


def test_a_change_for_a_day_to_come_stands_in_the_history_and_can_be_taken_back(admin, promoter, worker):
    data = form(center=promoter.agency.pk, **{Project.OUTREACH: [worker.agency.pk, promoter.agency.pk]})
    answer = admin.client.post(NEW, data)
    assert (answer.status_code, answer["Location"]) == (302, "/manage/coordination/")
    assert admin.client.post(NEW, data).status_code == 302  # sent twice, made once
    setting = CoordinationSetting.objects.get()
    page = admin.client.get("/manage/coordination/").content.decode()
    for words in (
        "令和9年4月1日（木）",
        "これから",
        "任せきりになるため",
        "アウトリーチ等を通じた継続的支援",
        "既定の型",
    ):
        assert words in page
    withdraw = reverse("manage:coordination_withdraw", args=[setting.pk])
    assert withdraw in page and withdraw not in worker.client.get("/manage/coordination/").content.decode()
    assert worker.client.post(withdraw).status_code == 403
    admin.client.post(withdraw)
    assert "取り消し" in admin.client.get("/manage/coordination/").content.decode()
    setting.refresh_from_db()
    assert setting.withdrawn_by == admin.staff


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"starts_on": "令和8年11月23日"}, "開始日は明日以降にしてください"),
        ({"starts_on": "きのう"}, "id_starts_on_error"),
        ({"center": ""}, "相談支援包括化推進員のいる機関を選んでください"),
        ({"center": "999999"}, "id_center_error"),
        ({"reason": ""}, "id_reason_error"),
        ({"model": "all"}, 'class="field field--invalid"'),
        ({"conference_days": "90"}, "1日から60日まで"),
    ],
)
def test_wrong_input_is_answered_beside_its_cause(admin, promoter, wrong, words):
    answer = admin.client.post(NEW, form(**{"center": promoter.agency.pk, **wrong}))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not CoordinationSetting.objects.exists()


def test_only_the_administrator_opens_the_form(worker, elderly_director, manager):
    for who in (worker, elderly_director, manager):
        assert who.client.get(NEW).status_code == 403
        assert who.client.post(NEW, form()).status_code == 403
