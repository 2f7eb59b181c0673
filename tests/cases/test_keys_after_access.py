"""A key sent again, or a draft, tells nothing of a record that its sender may not see any more."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from cases.actions.notes import NoteData, write_note
from cases.actions.outreach import AttemptData, WorryData, begin_outreach, record_attempt
from cases.actions.saved_forms import is_saved
from cases.masters import load_codes
from cases.models import Consultation, Outreach, OutreachAttempt, ProgressNote
from common.errors import RuleViolation
from households.actions.denials import deny_staff
from households.models import Household
from tests import factories as f
from tests.api.test_casework_api import sent

WORRY = {"described": "青い屋根の家", "worry": "見かけない", "source": "neighbour", "next_on": "2026-12-01"}
CONTACT = {"started_at": "2026-11-22T14:00:00+09:00", "minutes": 15, "way": "phone", "text": "畑の話", "outcome": "support",
           "new_person": {"family_name": "青木", "given_name": "茂"}, "is_another": True}  # fmt: skip


@pytest.fixture(autouse=True)
def masters(db, time_machine):
    time_machine.move_to(f.NOW)
    load_codes()
    f.make_streams()


def close_to(worker, household, manager) -> None:
    deny_staff(
        household=household, staff=worker.staff, reason="relative", note="", actor=manager.actor, at=f.NOW
    )


def test_a_worry_sent_again_after_access_was_lost_is_not_answered(worker, manager):
    key = str(uuid4())
    assert sent(worker, "post", "outreach/", WORRY, Idempotency_Key=key).status_code == 201
    assert sent(worker, "post", "outreach/", WORRY, Idempotency_Key=key).status_code == 201
    close_to(worker, Outreach.objects.get().household, manager)
    again = sent(worker, "post", "outreach/", WORRY, Idempotency_Key=key)
    assert (again.status_code, "屋根" in again.text) == (404, False)
    assert Outreach.objects.count() == 1


def test_a_worry_brought_to_the_action_again_is_not_found(worker, manager):
    data = WorryData(described="青い屋根の家", worry="見かけない", source="neighbour", next_on=f.TODAY)
    key = uuid4()
    made = begin_outreach(data=data, actor=worker.actor, at=f.NOW, request_key=key)
    close_to(worker, made.household, manager)
    with pytest.raises(Outreach.DoesNotExist):
        begin_outreach(data=data, actor=worker.actor, at=f.NOW, request_key=key)


def test_a_consultation_sent_again_after_access_was_lost_is_not_answered(worker, manager):
    key = str(uuid4())
    made = sent(worker, "post", "consultations/", CONTACT, Idempotency_Key=key)
    assert made.status_code == 201, made.content
    close_to(worker, Consultation.objects.get().household, manager)
    again = sent(worker, "post", "consultations/", CONTACT, Idempotency_Key=key)
    assert (again.status_code, "畑" in again.text) == (404, False)
    assert Consultation.objects.count() == 1


def test_the_key_of_another_case_brings_no_note_of_it(worker, manager):
    closed, own = f.make_case(worker.actor), f.make_case(worker.actor)
    data = NoteData(started_at=f.NOW - timedelta(hours=1), minutes=10, way="phone", text="畑の話")
    key = uuid4()
    made = write_note(case=closed, data=data, actor=worker.actor, at=f.NOW, request_key=key)
    assert write_note(case=closed, data=data, actor=worker.actor, at=f.NOW, request_key=key) == made
    close_to(worker, closed.household, manager)
    with pytest.raises(RuleViolation, match="開き直して"):
        write_note(case=own, data=data, actor=worker.actor, at=f.NOW, request_key=key)
    assert ProgressNote.objects.get() == made


def test_the_key_of_another_outreach_brings_no_attempt_of_it(worker):
    data = WorryData(described="青い屋根の家", worry="見かけない", source="neighbour", next_on=f.TODAY)
    one, two = (begin_outreach(data=data, actor=worker.actor, at=f.NOW, request_key=uuid4()) for _ in "ab")
    tried = AttemptData(started_at=f.NOW, way="home_visit", answer="none", next_on=f.TODAY, note="畑の話")
    key = uuid4()
    record_attempt(outreach=one, data=tried, actor=worker.actor, at=f.NOW, request_key=key)
    with pytest.raises(RuleViolation, match="開き直して"):
        record_attempt(outreach=two, data=tried, actor=worker.actor, at=f.NOW, request_key=key)
    assert OutreachAttempt.objects.get().outreach == one


def _written(worker) -> dict[str, tuple[Household, dict[str, list[str]]]]:
    """By the form of a draft: the household, and the fields of a draft under the key of what was written."""
    case = f.make_case(worker.actor)
    note = write_note(
        case=case, actor=worker.actor, at=f.NOW, request_key=uuid4(),
        data=NoteData(started_at=f.NOW - timedelta(hours=1), minutes=10, way="phone", text="畑の話"),
    )  # fmt: skip
    data = WorryData(described="青い屋根の家", worry="畑の話", source="neighbour", next_on=f.TODAY)
    outreach = begin_outreach(data=data, actor=worker.actor, at=f.NOW, request_key=uuid4())
    attempt = record_attempt(
        outreach=outreach, actor=worker.actor, at=f.NOW, request_key=uuid4(),
        data=AttemptData(started_at=f.NOW, way="home_visit", answer="none", next_on=f.TODAY, note="畑の話"),
    )  # fmt: skip
    assert sent(worker, "post", "consultations/", CONTACT).status_code == 201
    consultation = Consultation.objects.get()
    rows = {"note": (case.household, "text", note), "outreach": (outreach.household, "worry", outreach),
            "attempt": (outreach.household, "note", attempt),
            "consultation": (consultation.household, "text", consultation)}  # fmt: skip
    return {
        form: (home, {"request_key": [str(row.request_key)], name: ["畑の話"]})
        for form, (home, name, row) in rows.items()
    }


@pytest.mark.parametrize("form", ["note", "outreach", "attempt", "consultation"])
def test_no_draft_tries_words_against_a_closed_record(worker, manager, form):
    household, data = _written(worker)[form]
    assert is_saved(f"{form}:x", data, worker.actor, f.NOW)
    close_to(worker, household, manager)
    assert not is_saved(f"{form}:x", data, worker.actor, f.NOW)
