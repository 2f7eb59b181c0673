"""The sign-in page speaks of 職員番号 everywhere."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.django_db


def test_one_word_for_who_one_is(client):
    page = client.get("/accounts/login/").content.decode()
    empty = client.post("/accounts/login/", {}).content.decode()
    wrong = client.post("/accounts/login/", {"login": "nobody", "password": "x"}).content.decode()
    assert "職員番号" in page
    assert "職員番号を入力してください。" in empty
    assert "職員番号かパスワードが違います。" in wrong
    for text in (page, empty, wrong):
        assert "ユーザ名" not in text
        assert "ユーザー名" not in text
