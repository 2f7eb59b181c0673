"""書きかけ over the API: one's own only, by version, and the same sent twice is one."""

from __future__ import annotations

from uuid import uuid4

import pytest

from cases.masters import load_codes
from cases.models import Draft
from tests import factories as f
from tests.api.test_casework_api import sent
from tests.scope.test_attacks import deny

WORDS = {"text": ["電話した。"], "way": ["phone"]}


@pytest.fixture(autouse=True)
def masters(db, time_machine):
    time_machine.move_to(f.NOW)
    load_codes()
    f.make_streams()


@pytest.fixture
def case(worker):
    return f.make_case(worker.actor)


def begin(who, case, words=WORDS, **headers):
    body = {"key": f"note:{case.number}", "page": f"/cases/{case.number}/", "words": words}
    return sent(who, "post", "drafts/", body, **headers)


def test_begun_listed_read_and_found_on_the_page(worker, colleague, case):
    made = begin(worker, case)
    assert (made.status_code, made["ETag"]) == (201, '"1"')
    path = f"drafts/{made.json()['id']}/"
    listed = sent(worker, "get", "drafts/").json()["results"]
    assert [(row["key"], row["title"]) for row in listed] == [(f"note:{case.number}", "支援経過: 電話した。")]
    assert "words" not in listed[0]
    assert sent(worker, "get", path).json()["words"] == WORDS
    assert sent(worker, "get", path, If_None_Match='"1"').status_code == 304
    assert "電話した。</textarea>" in worker.client.get(f"/cases/{case.number}/").text
    for method in ("get", "put", "delete"):  # a draft is its writer's alone
        body = {"words": {"text": ["x"]}} if method == "put" else {}
        answer = sent(colleague, method, path, body, If_Match='"1"')
        assert answer.status_code == 404
    assert sent(colleague, "get", "drafts/").json()["results"] == []


def test_written_on_by_version(worker, case):
    path = f"drafts/{begin(worker, case).json()['id']}/"
    longer = {"words": {"text": ["電話した。出ない。"]}}
    assert sent(worker, "put", path, longer).status_code == 428
    done = sent(worker, "put", path, longer, If_Match='"1"')
    assert (done.status_code, done["ETag"]) == (200, '"2"')
    again = sent(worker, "put", path, longer, If_Match='"1"')  # the answer was lost: the same words once more
    assert (again.status_code, again["ETag"]) == (200, '"2"')
    stale = sent(worker, "put", path, {"words": {"text": ["ほかの言葉"]}}, If_Match='"1"')
    assert (stale.status_code, stale.json()["version"]) == (412, 2)
    assert Draft.objects.get().data == longer["words"]
    assert sent(worker, "delete", path).status_code == 428
    assert sent(worker, "delete", path, If_Match='"1"').status_code == 412
    assert sent(worker, "delete", path, If_Match='"2"').status_code == 204
    assert sent(worker, "delete", path, If_Match='"2"').status_code == 404
    assert not Draft.objects.exists()


def test_the_words_of_a_page_are_not_written_over(worker, case):
    page = {"draft_key": f"note:{case.number}", "draft_window": "a", "text": "訪問した。"}
    base = worker.client.post("/consultations/drafts/", page)["X-Draft-Base"]
    refused = begin(worker, case)
    assert (refused.status_code, refused["ETag"]) == (412, '"1"')
    path = f"drafts/{Draft.objects.get().pk}/"
    assert sent(worker, "put", path, {"words": WORDS}, If_Match=refused["ETag"]).status_code == 200
    told = worker.client.post(
        "/consultations/drafts/", page | {"text": "訪問した。不在。", "draft_base": base}
    )
    assert (told.status_code, told.json()["fields"]) == (409, WORDS)


def test_begun_twice_under_one_key_is_one(worker, case):
    key = str(uuid4())
    first, second = (begin(worker, case, Idempotency_Key=key) for _ in range(2))
    assert (first.json(), second.status_code) == (second.json(), 201)
    other = begin(worker, case, {"text": ["ほか"]}, Idempotency_Key=key)
    assert other.status_code == 422
    assert begin(worker, case).status_code == 201  # the same words without a key: the same draft
    assert Draft.objects.get().version == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"words": {"text": "電話"}}, "words"), ({"words": ["電話"]}, "words"), ({"words": {"text": [1]}}, "words"),
        ({"words": {"te\x00xt": ["x"]}}, "words"), ({"wrods": {}}, "wrods"), ({"key": ""}, "key"),
    ],
)  # fmt: skip
def test_a_body_of_another_shape_is_refused(worker, case, change, field):
    body = {"key": f"note:{case.number}", "page": "/", "words": WORDS}
    answer = sent(worker, "post", "drafts/", body | change)
    assert answer.status_code == 400
    assert field in answer.json()
    assert not Draft.objects.exists()


@pytest.mark.parametrize("page", ["//evil.example/", "https://evil.example/", "/\\evil.example"])
def test_a_page_elsewhere_is_refused(worker, case, page):
    body = {"key": f"note:{case.number}", "page": page, "words": WORDS}
    assert sent(worker, "post", "drafts/", body).status_code == 422


def test_a_draft_goes_with_the_right_to_its_case(worker, colleague, stranger, case):
    path = f"drafts/{begin(colleague, case).json()['id']}/"
    deny(case, colleague, worker)
    assert sent(colleague, "get", path).status_code == 404
    assert sent(colleague, "get", "drafts/").json()["results"] == []
    for who in (colleague, stranger):
        assert begin(who, case, {"text": ["ほか"]}).status_code in (404, 412)
    assert Draft.objects.count() == 1
