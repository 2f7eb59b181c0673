"""What hands and keyboards really send: names in rare characters, endless notes, work past midnight, one save twice."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.urls import reverse

from budgets.models import WorkEntry
from cases.masters import load_codes
from cases.models import Consultation, Draft, ProgressNote
from households.models import Person
from tests import factories as f

pytestmark = pytest.mark.django_db

# 葛 with a variation selector (the register's form), 髙, 𠮷 outside the first plane, and an emoji in an alias
IVS = "葛\U000e0100"


@pytest.fixture(autouse=True)
def masters(db, time_machine):
    time_machine.move_to(f.NOW)
    load_codes()
    f.make_streams()


@pytest.fixture
def contact():
    return {
        "request_key": str(uuid4()), "started_at_0": "令和8年11月23日", "started_at_1": "9:30", "minutes": "25",
        "way": "phone", "caller": "self", "text": "家に帰れない。", "consent": "unknown", "outcome": "support",
        "person_text": "", "person": "",
    }  # fmt: skip


@pytest.fixture
def note():
    return {
        "text": "訪問した。", "way": "home_visit", "started_at_0": "R8.11.23", "started_at_1": "9:00", "minutes": "30",
        "request_key": str(uuid4()),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "family", "given", "search"),
    [
        (f"{IVS}城 節子", f"{IVS}城", "節子", "葛城"),
        ("𠮷野 髙志", "𠮷野", "髙志", "吉野 高志"),
        ("森下 🌸", "森下", "🌸", "森下"),
    ],
)
def test_a_name_is_kept_as_it_is_written_and_found_as_it_is_typed(
    worker, contact, typed, family, given, search
):
    assert worker.client.post("/consultations/new/", contact | {"person_text": typed}).status_code == 302
    person = Person.objects.get()
    assert (person.family_name, person.given_name) == (family, given)
    page = worker.client.get("/search/", {"q": search}).content.decode()
    assert family in page
    case = Consultation.objects.get().case
    assert family in worker.client.get(f"/cases/{case.number}/").content.decode()


def test_a_note_of_a_hundred_kilobytes_is_kept_to_the_last_word(worker, note):
    case = f.make_case(worker.actor)
    line = "母は台所に立てず、息子は部屋から出ない。\n"
    text = line * (100_000 // len(line.encode()) + 1) + "ここまで。"
    assert len(text.encode()) > 100_000
    url = f"/cases/{case.number}/notes/"
    assert worker.client.post(url, note | {"text": text}).status_code == 302
    assert ProgressNote.objects.get().text == text
    assert worker.client.get(f"/cases/{case.number}/").status_code == 200
    # the stream holds the beginning; all of it stands on the note's own page and on paper
    note_page = f"/cases/notes/{ProgressNote.objects.get().pk}/"
    for whole in (note_page, f"/cases/households/{case.household_id}/stream/print/"):
        assert "ここまで。" in worker.client.get(whole).content.decode()


def test_a_visit_past_midnight_is_one_note_and_one_entry_of_its_first_day(worker, note):
    case = f.make_case(worker.actor)
    late = note | {"started_at_0": "R8.11.22", "started_at_1": "23:30", "minutes": "75"}
    assert worker.client.post(f"/cases/{case.number}/notes/", late).status_code == 302
    (entry,) = WorkEntry.objects.filter(staff=worker.staff)
    assert (entry.worked_on.isoformat(), entry.minutes) == ("2026-11-22", 75)
    after = note | {"request_key": str(uuid4()), "started_at_1": "0:10", "minutes": "20"}
    answer = worker.client.post(f"/cases/{case.number}/notes/", after)
    assert answer.status_code == 422
    assert "23:30〜翌日0:45" in answer.content.decode()
    assert ProgressNote.objects.count() == 1


@pytest.mark.parametrize("minutes", ["0", "-5", "1441", "何分か", "1e3", ""])
def test_minutes_that_no_day_has_are_told_beside_the_field(worker, note, minutes):
    case = f.make_case(worker.actor)
    answer = worker.client.post(f"/cases/{case.number}/notes/", note | {"minutes": minutes})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'aria-invalid="true"' in page
    assert "訪問した。" in page
    assert not ProgressNote.objects.exists()


def test_the_same_note_sent_twice_is_one(worker, note):
    case = f.make_case(worker.actor)
    for _ in range(3):
        assert worker.client.post(f"/cases/{case.number}/notes/", note).status_code == 302
    assert ProgressNote.objects.count() == 1
    assert WorkEntry.objects.filter(staff=worker.staff).count() == 1


def test_a_note_sent_again_with_more_words_is_put_before_the_writer(worker, note):
    case = f.make_case(worker.actor)
    url = f"/cases/{case.number}/notes/"
    worker.client.post(url, note)
    more = note | {"text": "訪問した。窓が割れている。", "draft_key": f"note:{case.number}"}
    for headers in ({}, {"HX-Request": "true"}):
        answer = worker.client.post(url, more, headers=headers)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "もう保存されています" in page
        assert "窓が割れている。</textarea>" in page
    row = ProgressNote.objects.get()
    assert row.text == "訪問した。"
    assert f'action="{reverse("cases:note_edit", args=[row.pk])}"' in page
    Draft.objects.create(
        staff=worker.staff,
        agency=worker.agency,
        key=f"note:{case.number}",
        url="/",
        data={},
        updated_at=f.NOW,
    )
    corrected = more | {"version": str(row.version)}
    assert worker.client.post(reverse("cases:note_edit", args=[row.pk]), corrected).status_code == 302
    assert ProgressNote.objects.get().text == "訪問した。窓が割れている。"
    assert not Draft.objects.exists()
    assert worker.client.post(url, note).status_code == 302  # the first words again: nothing new


def test_a_draft_holds_the_longest_record(worker, note):
    long = note | {"text": "あ" * 100_000, "draft_key": "note:K08-00001"}
    assert worker.client.post("/consultations/drafts/", long).status_code == 204
    assert len(Draft.objects.get().data["text"][0]) == 100_000
    assert worker.client.post("/consultations/drafts/", long | {"text": "あ" * 200_000}).status_code == 422


def test_a_draft_that_comes_after_the_save_leaves_no_ghost(worker, note):
    case = f.make_case(worker.actor)
    worker.client.post(f"/cases/{case.number}/notes/", note)
    late = note | {"draft_key": f"note:{case.number}"}
    for text in ("訪問した。", "訪問"):
        assert worker.client.post("/consultations/drafts/", late | {"text": text}).status_code == 204
        assert not Draft.objects.exists()
    worker.client.post("/consultations/drafts/", late | {"text": "訪問した。あとの言葉"})
    assert Draft.objects.get().data["text"] == ["訪問した。あとの言葉"]
