"""Two people edit one record: each keeps what only they changed; what both changed is asked."""

from __future__ import annotations

from datetime import date

import pytest

from households.models import Person
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(worker):
    person = f.make_person(birth_on=date(1946, 3, 1), phone="0595550101")
    f.make_household(person=person, agency=worker.agency)
    return Person.objects.get(pk=person.pk)


def sent(person, **changes):
    return {
        "family_name": "森下", "given_name": "和子", "family_kana": "もりした", "given_kana": "かずこ",
        "birth_on": "S21.3.1", "phone": "0595550101", "version": str(person.version), **changes,
    }  # fmt: skip


def test_different_fields_of_two_people_are_both_kept(person, worker, colleague):
    url = f"/households/people/{person.pk}/"
    assert colleague.client.post(url, sent(person, phone="059-555-0199")).status_code == 302
    client = worker.client
    answer = client.post(url, sent(person, workplace="縫製所", birth_on="S21.3.2"), follow=True)
    person.refresh_from_db()
    assert (person.phone, person.workplace, person.birth_on) == ("0595550199", "縫製所", date(1946, 3, 2))
    assert "ほかの職員の訂正（電話）もあわせて残しました" in answer.content.decode()


def test_one_field_of_two_people_is_asked_and_nothing_is_saved(person, worker, colleague):
    url = f"/households/people/{person.pk}/"
    colleague.client.post(url, sent(person, phone="059-555-0199", workplace="縫製所"))
    answer = worker.client.post(url, sent(person, phone="059-555-0122", alias="かずさん"))
    assert answer.status_code == 422
    person.refresh_from_db()
    assert (person.phone, person.alias) == ("0595550199", "")
    rows = {row["label"]: row for row in answer.context["compare"]}
    assert rows["電話"]["conflict"]
    assert rows["職場・学校"]["taken"]
    assert rows["通称・仮名"]["changed"]
    form = answer.context["form"]
    # saved again from the page as it stands: mine where both changed it, theirs where only they did
    again = {name: form[name].value() or "" for name in form.fields}
    assert worker.client.post(url, again).status_code == 302
    person.refresh_from_db()
    assert (person.phone, person.workplace, person.alias) == ("0595550122", "縫製所", "かずさん")


def test_the_same_change_by_two_is_no_conflict(person, worker, colleague):
    url = f"/households/people/{person.pk}/"
    for persona in (colleague, worker):
        assert persona.client.post(url, sent(person, phone="059-555-0199")).status_code == 302


def test_three_savers_end_with_everything(person, worker, colleague, manager):
    url = f"/households/people/{person.pk}/"
    for persona, change in (
        (worker, {"alias": "かず"}),
        (colleague, {"note": "犬がいる"}),
        (manager, {"sex": "female"}),
    ):
        assert persona.client.post(url, sent(person, **change)).status_code == 302
    person.refresh_from_db()
    assert (person.alias, person.note, person.sex) == ("かず", "犬がいる", "female")


def test_date_and_time_of_a_note_are_merged(worker, colleague):
    case = f.make_case(worker.actor)
    from cases.models import ProgressNote

    note = ProgressNote.objects.create(case=case, staff=worker.staff, agency=worker.agency, text="電話した", minutes=10,
                                       started_at=f.NOW, written_at=f.NOW, way="phone")  # fmt: skip
    url = f"/cases/notes/{note.pk}/"
    base = {"text": "電話した", "way": "phone", "started_at_0": "R8.11.23", "started_at_1": "10:00", "minutes": "10",
            "version": "1"}  # fmt: skip
    assert colleague.client.post(url, base | {"started_at_1": "9:40"}).status_code == 302
    assert worker.client.post(url, base | {"text": "電話した。元気。"}).status_code == 302
    note.refresh_from_db()
    assert (note.text, note.started_at.astimezone(f.TOKYO).hour, note.version) == ("電話した。元気。", 9, 3)
    stale = worker.client.post(url, base | {"started_at_1": "9:10"})
    assert stale.status_code == 422
    assert 'value="9:10"' in stale.content.decode()
