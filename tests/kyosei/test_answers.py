"""Answers around the views: a page instead of an empty 405, and the word that a form has arrived."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Notice
from kyosei.middleware import owning_page
from tests import factories as f

pytestmark = pytest.mark.django_db


def test_an_address_that_only_takes_forms_shows_the_way_back(worker):
    case = f.make_case(worker.actor)
    answer = worker.client.get(f"/cases/{case.number}/notes/")
    page = answer.content.decode()
    assert answer.status_code == 405
    assert "POST" in answer["Allow"]
    assert f'href="/cases/{case.number}/"' in page
    assert "このアドレスは開けません" in page


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("/households/3/members/", "/households/3/"),
        ("/work/add/", "/work/"),
        ("/apportionment/202610/costs/import/", "/apportionment/202610/costs/"),
        ("/nowhere/", "/"),
    ],
)
def test_the_owning_page_is_the_nearest_one_above(path, owner):
    assert owning_page(path) == owner


def test_the_api_keeps_its_own_405(worker):
    assert worker.client.delete("/api/v1/cases/").status_code == 405


def test_a_saved_form_is_named_in_a_cookie(worker, time_machine):
    from cases.masters import load_codes

    time_machine.move_to(f.NOW)
    load_codes()
    f.make_streams()
    post = {
        "request_key": "7c1c1f8e-6a0f-4f0e-9f8e-0d8f2f8f0a01", "started_at_0": "令和8年11月23日", "started_at_1": "9:30",
        "minutes": "25", "way": "phone", "caller": "self", "text": "", "draft_key": "consultation:7c1c",
    }  # fmt: skip
    client = worker.client
    refused = client.post("/consultations/new/", post)
    assert refused.status_code == 422
    assert "kyosei_arrived" not in refused.cookies
    saved = client.post("/consultations/new/", post | {"text": "眠れない。"})
    assert saved.cookies["kyosei_arrived"].value == "consultation%3A7c1c"


def test_a_notice_is_neither_a_request_nor_late(worker, time_machine):
    time_machine.move_to(f.NOW)
    Notice.objects.create(
        staff=worker.staff,
        text="K08-00001のつなぎに返事がありました。",
        url="/",
        created_at=f.NOW - timedelta(days=9),
    )
    answer = worker.client.get("/")
    groups = {group.key: group.rows for group in answer.context["groups"]}
    assert [row.row.title for row in groups["notice"]] == ["K08-00001のつなぎに返事がありました。"]
    assert "answer" not in groups
    assert "件の返事" not in answer.context["sentence"]
    assert [(row.hours, row.days) for row in groups["notice"]] == [(None, None)]
