"""書きかけ: versions, windows, late arrivals, and the end with the right to the record."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.actor import Actor
from cases.actions.assessment import ItemData, add_item
from cases.actions.closing import ClosingData, close_case
from cases.actions.drafts import Page, forget_draft, save_draft
from cases.actions.notes import NoteData, write_note
from cases.actions.receive_consultation import ContactData, receive_consultation
from cases.actions.team import join_case
from cases.masters import load_codes
from cases.models import AssessmentItem, Code, Draft, FollowUp, ProgressNote, SupportPlan
from cases.selectors.drafts import title_of
from common.errors import RuleViolation, StaleRecord
from tests import factories as f
from tests.households.test_shield_words import protect, she

__all__ = ["she"]

pytestmark = pytest.mark.django_db
SAVE = "/consultations/drafts/"


@pytest.fixture(autouse=True)
def masters(db, time_machine):
    time_machine.move_to(f.NOW)
    load_codes()
    f.make_streams()


@pytest.fixture
def case(worker):
    return f.make_case(worker.actor)


@pytest.fixture
def note(case, worker):
    data = NoteData(started_at=f.NOW - timedelta(hours=1), minutes=20, way="phone", text="電話した。")
    return write_note(case=case, data=data, actor=worker.actor, at=f.NOW, request_key=uuid4())


def keep(actor: Actor, key: str, window: str, base: str = "", **words: str) -> Draft | None:
    data = {name: [text] for name, text in words.items()}
    return save_draft(
        key=key, title=title_of(key, data), url="/", data=data, actor=actor, at=f.NOW,
        page=Page(base, (window,)),
    )  # fmt: skip


# ── Two windows ─────────────────────────────────────────────────────────────────────────────────────────────


def test_newer_words_of_another_window_are_never_written_over(worker, case):
    key = f"note:{case.number}"
    first = keep(worker.actor, key, "a", text="母と話した。")
    second = keep(worker.actor, key, "b", first.base, text="母と話した。眠れていない。")
    assert second.version == 2
    with pytest.raises(StaleRecord) as stale:
        keep(worker.actor, key, "a", first.base, text="母と話した。薬が切れている。")
    assert stale.value.current.data == {"text": ["母と話した。眠れていない。"]}
    assert Draft.objects.get().data == {"text": ["母と話した。眠れていない。"]}
    # somebody chose, with both before the eyes
    keep(worker.actor, key, "a", second.base, text="母と話した。眠れていない。薬が切れている。")
    assert Draft.objects.get().version == 3


def test_a_window_goes_on_when_the_answer_to_its_own_words_was_lost(worker, case):
    key = f"note:{case.number}"
    keep(worker.actor, key, "a", text="一")
    keep(worker.actor, key, "a", text="一二")  # the page never heard of the first
    assert Draft.objects.get().data == {"text": ["一二"]}
    gone_on = save_draft(
        key=key, title="", url="/", data={"text": ["一二三"]}, actor=worker.actor, at=f.NOW, page=Page("", ("b", "a"))
    )  # fmt: skip
    assert gone_on.window == "b"  # killed and opened again from the copy of window a


def test_the_same_save_sent_twice_and_the_same_words_elsewhere_are_no_conflict(worker, case):
    key = f"note:{case.number}"
    first = keep(worker.actor, key, "a", text="一", request_key=str(uuid4()))
    assert keep(worker.actor, key, "a", text="一", request_key=first.data["request_key"][0]).version == 1
    assert keep(worker.actor, key, "b", text="一", request_key=str(uuid4())).version == 2


def test_a_draft_that_was_thrown_away_never_lends_its_version(worker, case):
    key = f"note:{case.number}"
    old = keep(worker.actor, key, "a", text="一")
    forget_draft(key=key, actor=worker.actor)
    keep(worker.actor, key, "b", text="別の言葉")
    with pytest.raises(StaleRecord):
        keep(worker.actor, key, "a", old.base, text="一二")


def test_the_page_is_told_the_other_words(worker, case):
    url, key = f"/cases/{case.number}/", f"note:{case.number}"
    client = worker.client
    post = {"draft_key": key, "draft_window": "a", "text": "訪問した。"}
    told = client.post(SAVE, post, headers={"referer": f"http://t{url}"})
    base = told["X-Draft-Base"]
    assert f'data-draft-base="{base}"' in client.get(url).text
    client.post(SAVE, post | {"draft_window": "b", "draft_base": base, "text": "訪問した。不在だった。"})
    refused = client.post(SAVE, post | {"draft_base": base, "text": "訪問した。犬がいた。"})
    assert refused.status_code == 409
    said = refused.json()
    assert said["fields"]["text"] == ["訪問した。不在だった。"]
    assert said["base"] == Draft.objects.get().base
    assert "どちらも消えていません" in said["detail"]


def test_saving_the_form_leaves_the_words_of_another_window_in_the_list(worker, case):
    key, client = f"note:{case.number}", worker.client
    keep(worker.actor, key, "b", text="窓ガラスが割れている。")
    note = {
        "text": "訪問した。", "way": "home_visit", "minutes": "30", "started_at_0": "R8.11.22", "started_at_1": "10:00",
        "request_key": str(uuid4()), "draft_key": key, "draft_window": "a", "draft_base": "",
    }  # fmt: skip
    page = client.post(f"/cases/{case.number}/notes/", note, follow=True)
    assert ProgressNote.objects.count() == 1
    assert "別の画面で書いた書きかけは、この保存に入っていません" in page.text
    assert "窓ガラスが割れている。" in client.get("/").text
    # the window that wrote them saves: nothing is left
    more = note | {
        "text": "窓ガラスが割れている。",
        "started_at_1": "11:00",
        "request_key": str(uuid4()),
        "draft_window": "b",
    }
    assert client.post(f"/cases/{case.number}/notes/", more).status_code == 302
    assert not Draft.objects.exists()


def test_words_of_another_window_that_the_saved_form_has_too_go_with_it(worker, case):
    key = f"note:{case.number}"
    keep(worker.actor, key, "b", text="訪問した。")
    said = {"text": ["訪問した。犬がいた。"]}
    assert forget_draft(key=key, actor=worker.actor, page=Page("", ("a",)), said=said) is None
    assert not Draft.objects.exists()


def test_a_form_refused_goes_on_with_its_draft(worker, case):
    url = f"/cases/{case.number}/close/"
    begun = {"note": "納得した。", "draft_key": f"close:{case.number}", "draft_window": "a"}
    base = worker.client.post(SAVE, begun, headers={"referer": f"http://t{url}"})["X-Draft-Base"]
    refused = worker.client.post(url, begun | {"draft_base": base})
    assert refused.status_code == 422
    assert f'data-draft-base="{base}" data-draft-windows="a"' in refused.text


def test_every_field_of_a_note_comes_back(worker, case):
    person = case.person
    begun = {
        "text": "訪問した。", "way": "home_visit", "minutes": "45", "started_at_0": "R8.11.20", "started_at_1": "9:30",
        "person": str(person.pk), "next_on": "R8.12.", "next_text": "電話", "counterpart": "母",
        "draft_key": f"note:{case.number}", "draft_window": "a",
    }  # fmt: skip
    assert worker.client.post(SAVE, begun).status_code == 204
    form = worker.client.get(f"/cases/{case.number}/").context["note_form"]
    assert {name: form[name].value() for name in ("text", "minutes", "person", "next_on", "next_text", "counterpart")} == {
        name: begun[name] for name in ("text", "minutes", "person", "next_on", "next_text", "counterpart")
    }  # fmt: skip
    assert form["started_at"].value() == ["R8.11.20", "9:30"]


# ── Forms with a record of their own ────────────────────────────────────────────────────────────────────────


def corrections(worker, case, note) -> dict[str, tuple[str, str, dict[str, str]]]:
    """By form: its page, its draft's key, and what is sent to save it."""
    item = add_item(case=case, data=ItemData(kind="wish", text="畑に出たい"), actor=worker.actor, at=f.NOW)
    contact = receive_consultation(
        data=ContactData(started_at=f.NOW - timedelta(hours=3), minutes=20, way="phone", text="長男が", outcome="information"),
        actor=worker.actor, at=f.NOW, request_key=uuid4(),
    )  # fmt: skip
    started = {"started_at_0": "R8.11.22", "started_at_1": "10:00", "minutes": "20", "way": "phone"}
    return {
        "note_edit": (
            reverse("cases:note_edit", args=[note.pk]), f"note_edit:{case.number}:{note.pk}",
            started | {"text": "電話した。長女が出た。", "version": str(note.version)},
        ),
        "item_edit": (
            reverse("cases:item_edit", args=[item.pk]), f"item_edit:{case.number}:{item.pk}",
            {"kind": "wish", "text": "畑にまた出たい", "version": str(item.version)},
        ),
        "contact_edit": (
            reverse("consultations:edit", args=[contact.receipt_no]), f"contact_edit:{contact.receipt_no}:{contact.pk}",
            started | {"text": "長男が帰らない。", "caller": contact.caller, "consent": contact.consent,
                       "version": str(contact.version)},
        ),
        "item": (
            f"/cases/{case.number}/?tab=assessment", f"item:{case.number}", {"kind": "strength", "text": "料理がうまい"},
        ),
    }  # fmt: skip


@pytest.mark.parametrize("form", ["note_edit", "item_edit", "contact_edit", "item"])
def test_words_of_a_correction_outlive_the_browser(worker, colleague, case, note, form):
    """Kept, listed with a way back, found again, gone with the save; a draft that was on its way leaves no ghost."""
    url, key, post = corrections(worker, case, note)[form]
    client = worker.client
    assert f'data-draft-key="{key}"' in client.get(url).text
    draft = post | {"draft_key": key, "draft_window": "a"}
    saved = client.post(SAVE, draft, headers={"referer": f"http://t{url}"})
    assert saved.status_code == 204 and saved["X-Draft"]
    home = client.get("/").text
    back = f"{url.replace('&', '&amp;')}{'&amp;' if '?' in url else '?'}draft={saved['X-Draft']}"
    assert f'href="{back}"' in home
    if form != "item":
        assert post["text"] not in home  # a correction holds the record's own words
    again = client.get(url)
    assert f"{post['text']}</textarea>" in again.text or f'value="{post["text"]}"' in again.text
    assert "field__error" not in again.text
    assert f'data-draft-base="{saved["X-Draft-Base"]}"' in again.text
    assert post["text"] not in colleague.client.get(url).text
    target = f"/cases/{case.number}/items/" if form == "item" else url
    answer = client.post(target, draft | {"draft_base": saved["X-Draft-Base"]})
    assert answer.status_code == 302, answer.text
    assert not Draft.objects.exists()
    late = client.post(SAVE, draft)
    assert late.status_code == 204 and "X-Draft" not in late
    assert not Draft.objects.exists()
    more = client.post(SAVE, draft | {"text": "まったく別のことも書いた。"})
    assert more["X-Draft"]  # with other words it is a draft


def test_a_late_draft_of_a_plan_is_no_ghost(worker, case):
    client = worker.client
    client.post(f"/cases/{case.number}/plans/")
    plan = SupportPlan.objects.get()
    url, key = f"/cases/plans/{plan.pk}/edit/", f"plan:{case.number}:{plan.pk}"
    post = {
        "version": plan.version, "hope": "畑をまたやりたい", "long_goal": "家で暮らし続ける", "short_goal": "週一回通所する",
        "starts_on": "R8.12.1", "ends_on": "R9.5.31", "monitoring_on": "R9.2.1", "items-TOTAL_FORMS": "2",
        "items-INITIAL_FORMS": "0", "items-0-problem": "閉じこもり", "items-0-action": "通所先を見学する",
        "items-0-doer": "person", "draft_key": key, "draft_window": "a",
    }  # fmt: skip
    assert client.post(url, post).status_code == 302
    for late in (post, post | {"hope": "畑を", "items-0-action": "通所先"}, post | {"monitoring_on": ""}):
        answer = client.post(SAVE, late)
        assert answer.status_code == 204 and "X-Draft" not in answer
    assert not Draft.objects.exists()
    assert client.post(SAVE, post | {"items-1-action": "配食を頼む"})[
        "X-Draft"
    ]  # a row that the plan does not have
    Draft.objects.all().delete()
    plan.refresh_from_db()
    assert client.post(SAVE, post | {"version": plan.version})["X-Draft"]  # opened after the save: begun anew


def test_a_turn_is_drafted_by_the_agency_that_only_looks(worker, center_worker, case):
    join_case(
        case=case, agency=center_worker.agency, staff=center_worker.staff, actor=center_worker.actor, at=f.NOW,
        basis=case, ground="own_duty", opens_record=False,
    )  # fmt: skip
    closing = ClosingData(
        kind="close", reason=Code.objects.get(code_list="closing_reason", code="z01"), note="納得している。",
        follow_up_on=date(2027, 2, 24), every="3", follow_up_agency=center_worker.agency,
    )  # fmt: skip
    close_case(case=case, data=closing, actor=worker.actor, at=f.NOW)
    turn = FollowUp.objects.waiting().get()
    url, client = f"/cases/follow-ups/{turn.pk}/", center_worker.client
    key = f"turn:{case.number}:{turn.pk}"
    assert client.get(f"/cases/{case.number}/").status_code == 404
    assert f'data-draft-key="{key}"' in client.get(url).text
    draft = {"result": "stable", "note": "畑に出ていた", "draft_key": key, "request_key": str(uuid4())}
    assert client.post(SAVE, draft, headers={"referer": f"http://t{url}"}).status_code == 204
    assert "畑に出ていた" in client.get("/").text
    assert "畑に出ていた</textarea>" in client.get(url).text
    FollowUp.objects.update(agency=worker.agency, staff=worker.staff)  # given to somebody else
    assert "畑に出ていた" not in client.get("/").text
    assert client.get(url).status_code == 404
    with pytest.raises(RuleViolation, match="もとの記録"):
        keep(center_worker.actor, key, "a", note="もう一度")


def test_a_correction_ends_with_the_right_to_its_record(worker, colleague, case, note):
    from tests.scope.test_attacks import deny

    key = f"note_edit:{case.number}:{note.pk}"
    keep(colleague.actor, key, "a", text="電話した。")
    assert Draft.objects.visible_to(colleague.actor).exists()
    assert f"支援経過の訂正: {case.number}" in colleague.client.get("/").text
    deny(case, colleague, worker)
    assert not Draft.objects.visible_to(colleague.actor).exists()
    assert case.number not in colleague.client.get("/").text


def test_words_that_have_become_protected_are_neither_listed_nor_opened(she, worker, center_worker):
    case = she.his_case
    data = NoteData(started_at=f.NOW - timedelta(hours=1), minutes=10, way="phone", text="電話した。")
    note = write_note(case=case, data=data, actor=center_worker.actor, at=f.NOW, request_key=uuid4())
    client, url = center_worker.client, reverse("cases:note_edit", args=[note.pk])
    keep(center_worker.actor, f"note_edit:{case.number}:{note.pk}", "a", text="若葉台4-2-8で会った。")
    keep(center_worker.actor, f"note:{case.number}", "a", text="若葉台4-2-8を訪ねた。")
    drafts = {row["key"].split(":")[0]: row["id"] for row in client.get("/api/v1/drafts/").json()["results"]}
    assert "若葉台" in client.get("/").text
    assert client.get(url).status_code == 200
    protect(she, worker)
    for page in ("/", "/api/v1/drafts/", f"/cases/{case.number}/"):
        assert "若葉台" not in client.get(page).text
    assert f"支援経過: {case.number}" in client.get("/").text  # the way to it stays
    assert client.get(url).status_code == 403
    for pk in drafts.values():
        assert client.get(f"/api/v1/drafts/{pk}/").status_code == 403
    other = {"draft_key": f"note:{case.number}", "draft_window": "b", "text": "ほかの言葉"}
    refused = client.post(SAVE, other)
    assert refused.status_code == 409
    assert "fields" not in refused.json()


@pytest.mark.parametrize(
    "key", ["note_edit:K08-00001:x", "note_edit:K08-00001", "turn::9" * 4, "item_edit::٣", "turn:K:1e9"]
)
def test_a_key_that_names_no_record_is_refused(worker, key):
    answer = worker.client.post(SAVE, {"draft_key": key, "text": "言葉"})
    assert answer.status_code == 422
    assert worker.client.get("/").status_code == 200
    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    ("key", "data", "title"),
    [
        ("plan:K08-00001:7", {"hope": ["畑をまたやりたい"]}, "プラン: 畑をまたやりたい"), ("plan:K08-00001:7", {}, "プラン: K08-00001"),
        ("note_edit:K08-00001:7", {"text": ["電話した。"]}, "支援経過の訂正: K08-00001"), ("consultation:6f1c", {}, "相談受付"),
        ("outreach_edit::7", {"worry": ["新聞"]}, "アウトリーチの訂正"), ("unknown", {}, "書きかけ"),
    ],
)  # fmt: skip
def test_what_a_draft_is_called(key, data, title):
    assert title_of(key, data) == title


def test_an_item_noted_long_ago_does_not_swallow_a_new_one(worker, case, time_machine):
    add_item(case=case, data=ItemData(kind="strength", text="料理がうまい"), actor=worker.actor, at=f.NOW)
    time_machine.move_to(f.NOW + timedelta(minutes=5))
    draft = {"draft_key": f"item:{case.number}", "kind": "strength", "text": "料理"}
    assert worker.client.post(SAVE, draft)["X-Draft"]
    assert AssessmentItem.objects.count() == 1


@pytest.mark.parametrize("page", ["/cases/{number}/", "/households/{home}/"])
def test_the_words_of_a_note_are_still_read_when_somebody_has_closed_the_case(worker, colleague, case, page):
    url = page.format(number=case.number, home=case.household_id)
    client = worker.client
    draft = {"draft_key": f"note:{case.number}", "text": "通帳を探す約束を", "draft_window": "a"}
    saved = client.post(SAVE, draft, headers={"referer": f"http://t{url}"})
    closing = ClosingData(
        kind="close", reason=Code.objects.filter(code_list="closing_reason")[0], note="納得。", follow_up_on=None,
        no_follow_up_reason="転居",
    )  # fmt: skip
    close_case(case=case, data=closing, actor=colleague.actor, at=f.NOW)
    back = f"{url}?draft={saved['X-Draft']}"
    assert f'href="{back}"' in client.get("/").text
    told = client.get(back).text
    assert "通帳を探す約束を" in told
    assert "保存していない書きかけです" in told
    assert "通帳を探す約束を" not in client.get(url).text
    assert "通帳を探す約束を" not in colleague.client.get(back).text
