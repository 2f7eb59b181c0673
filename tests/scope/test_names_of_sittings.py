"""What a sitting is called: a worker whom one household of several denies reads its name nowhere, nor does a 支援会議 tell."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.utils import timezone
from pypdf import PdfReader

from common.errors import NotAllowed, RuleViolation
from households.actions.denials import deny_staff
from referrals.actions.calendar import make_feed
from referrals.actions.carry_over import carry_over
from referrals.actions.convene_conference import edit_conference
from referrals.actions.packets import make_copies, order_packet
from referrals.handover import open_work, staff_with_work
from referrals.selectors_conferences import agenda_of, readable_summary
from tests import factories as f
from tests.conftest import persona
from tests.referrals import conferences as c

pytestmark = pytest.mark.django_db
MAX_QUERIES = 25  # of a page with agenda, seats and proposals
NAME, PLACE = "鴇色の家のこと", "鴇色の会館"


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(f.NOW)


@pytest.fixture
def denied(worker, desk):
    """A colleague, a manager and a partner whom the first of two households denies."""
    hidden = f.make_case(worker.actor)
    partner = f.make_agency("福祉課")
    people = {
        "colleague": persona(desk, name="近親 同僚"),
        "manager": persona(desk, "agency_manager", name="近親 所長"),
        "partner": persona(partner, name="近親 他課"),
    }
    for who in people.values():
        deny_staff(
            household=hidden.household,
            staff=who.staff,
            reason="relative",
            note="",
            actor=worker.actor,
            at=f.NOW,
        )
    return hidden, people


@pytest.fixture
def sitting(worker, denied):
    hidden, people = denied
    made = c.convene(worker.actor, title=NAME, place=PLACE, invite=(people["partner"].agency,))
    other = f.make_case(worker.actor)
    c.put(made, hidden, worker.actor, topic="伏せた議題")
    c.put(made, other, worker.actor, topic="もう一つの議題")
    return made, other


def addresses(sitting, other, decision) -> tuple[str, ...]:
    pk, item = sitting.pk, sitting.agenda.get(case=other).pk
    return (
        "/", "/conferences/", "/conferences/?sort=title", "/conferences/?sort=-title", "/conferences/?tab=past",
        "/conferences/?tab=actions", f"/conferences/{pk}/", f"/conferences/{pk}/edit/", f"/conferences/{pk}/run/",
        f"/conferences/{pk}/close/", f"/conferences/{pk}/minutes/", f"/conferences/{pk}/conference.ics", f"/conferences/{pk}/survey/",
        f"/conferences/{pk}/survey/results/", f"/conferences/{pk}/items/add/", f"/conferences/{pk}/issues/add/",
        f"/conferences/items/{item}/", f"/conferences/items/{item}/years/", f"/conferences/items/{item}/before/",
        f"/conferences/decisions/{decision.pk}/", f"/conferences/case/{other.number}/", f"/cases/{other.number}/",
        f"/households/{other.household_id}/", f"/cases/households/{other.household_id}/stream/print/", "/handover/", "/search/?q=鴇色",
        "/api/v1/action-items/", f"/api/v1/timeline/{other.household_id}/", "/conferences/calendar/", "/issues/",
    )  # fmt: skip


@pytest.mark.parametrize("over", [False, True])
def test_who_is_denied_one_household_reads_no_name_of_the_sitting(sitting, denied, worker, colleague, over):
    made, other = sitting
    people = denied[1]
    made = c.sit(made, worker.actor)
    decision = c.decide(made.agenda.get(case=other), worker.agency, people["colleague"].staff, worker.actor)
    if over:
        for item in made.agenda.order_by("pk"):
            c.conclude_item(item=item, conclusion="見守る", actor=worker.actor, at=c.START)
        made.refresh_from_db()
        c.close_conference(conference=made, summary=f"{NAME}の要旨", actor=worker.actor, at=timezone.now())
    urls, told = addresses(made, other, decision), 0
    for who in people.values():
        for url in urls:
            answer = who.client.get(url)
            said = answer.content.decode()
            assert answer.status_code in (200, 302, 403, 404), url
            assert NAME not in said, url
            assert PLACE not in said, url
            told += "個別会議" in said
    assert told > 6  # the sitting is there, under the name of its kind
    for who in (worker, colleague):
        assert NAME in who.client.get(f"/conferences/{made.pk}/").content.decode()
        assert NAME in who.client.get("/conferences/?tab=past" if over else "/conferences/").content.decode()


def test_the_page_stays_within_its_queries(sitting, denied, colleague, django_assert_max_num_queries):
    """The condition rides on the sitting's own query."""
    made, _ = sitting
    for who in (colleague, denied[1]["colleague"]):
        client = who.client
        client.get(f"/conferences/{made.pk}/")
        with django_assert_max_num_queries(MAX_QUERIES):
            assert client.get(f"/conferences/{made.pk}/").status_code == 200


def test_the_minutes_do_not_tell_that_something_is_left_out(sitting, denied, worker, colleague):
    made, _ = sitting
    made = c.bring_to(made, "closed", worker.actor)
    for who, said in ((worker, "要旨"), (denied[1]["colleague"], "")):
        assert readable_summary(made, list(agenda_of(made, who.actor)), who.actor) == said
        assert "すべての議題を読める人だけ" not in who.client.get(f"/conferences/{made.pk}/").content.decode()


def test_nobody_writes_over_a_name_that_they_do_not_read(sitting, denied):
    made, _ = sitting
    who = denied[1]["colleague"]
    assert who.client.get(f"/conferences/{made.pk}/edit/").status_code == 403
    fields = {"title": "別の名", "starts_at": made.starts_at, "minutes": 60, "place": "", "sector": ""}
    with pytest.raises(NotAllowed, match="ほかの担当者"):
        edit_conference(conference=made, version=made.version, actor=who.actor, at=f.NOW, **fields)


def test_seats_on_the_page_of_a_leaver(sitting, denied, worker, manager, desk):
    made, other = sitting
    denied_manager = denied[1]["manager"]
    named = {p.title for p in open_work(worker.staff, desk, manager.actor)}
    assert NAME in named
    pieces = open_work(worker.staff, desk, denied_manager.actor)
    assert [p.title for p in pieces if p.word == "会議の出席"] == ["個別会議"]
    assert NAME not in denied_manager.client.get(f"/handover/{worker.staff.pk}/").content.decode()
    # a sitting about nothing else does not exist there either, nor does a worker who has nothing but it
    made.agenda.filter(case=other).delete()
    assert not [p for p in open_work(worker.staff, desk, denied_manager.actor) if p.word == "会議の出席"]
    guest = persona(desk, name="出席 だけ")
    c.attend(made, desk, guest.staff, worker.actor)
    assert guest.staff in staff_with_work(desk, f.TODAY, manager.actor)
    assert guest.staff not in staff_with_work(desk, f.TODAY, denied_manager.actor)


def test_papers_and_calendars_of_a_seat_that_is_denied_another_item(worker, denied, disability_worker):
    """In a 支援会議 a seat hears the items it was chosen for; another household on the agenda may deny who sits there."""
    hidden, people = denied
    who, another = people["partner"], f.make_case(worker.actor)
    made = c.convene(
        worker.actor, kind="support", title=NAME, place=PLACE, invite=(who.agency, disability_worker.agency)
    )
    c.put(made, another, worker.actor, topic="呼ばれた議題")
    c.attend(made, who.agency, who.staff, worker.actor)
    c.put(made, hidden, worker.actor, topic="伏せた議題", attendees=[c.seat(made, disability_worker.agency)])
    for seat in (who, disability_worker):
        c.accept(made, seat.actor)
    made = c.sit(made, worker.actor)
    papers = {}
    for seat in (who, disability_worker):
        address = f"/conferences/{made.pk}/handout.pdf?for={c.seat(made, seat.agency).pk}"
        for name, client, url in (
            ("own", seat.client, address.split("?")[0]),
            ("given", worker.client, address),
        ):
            answer = client.get(url)
            papers[seat.agency.pk, name] = "".join(
                p.extract_text() for p in PdfReader(BytesIO(answer.content)).pages
            )
    for name in ("own", "given"):
        assert NAME not in papers[who.agency.pk, name]
        assert PLACE not in papers[who.agency.pk, name]
        assert "呼ばれた議題" in papers[who.agency.pk, name]
        assert NAME in papers[disability_worker.agency.pk, name]
    job = order_packet(conference=made, actor=worker.actor, at=f.NOW)
    make_copies()
    for copy in job.copies.select_related("member"):
        said = "".join(p.extract_text() for p in PdfReader(BytesIO(bytes(copy.pdf))).pages)
        assert (NAME in said) is (copy.member.agency_id != who.agency.pk)
    _, token = make_feed(actor=who.actor, at=f.NOW)
    feed = who.client.get(f"/calendar/{token}.ics").content.decode()
    assert PLACE not in feed


def test_what_is_carried_over_and_decided_does_not_take_the_name_along(sitting, worker, denied):
    made, other = sitting
    made = c.bring_to(made, "running", worker.actor)
    for item in made.agenda.order_by("pk"):
        c.conclude_item(item=item, conclusion="次回に", actor=worker.actor, at=c.START, is_undecided=True)
    made.refresh_from_db()
    c.close_conference(conference=made, summary="", actor=worker.actor, at=timezone.now())
    later = c.convene(worker.actor, title="次の回")
    carried = carry_over(
        conference=later, item_ids=[made.agenda.get(case=other).pk], actor=worker.actor, at=f.NOW
    )
    assert [NAME in item.situation for item in carried.made] == [False]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("森下さんの支援会議", True), ("森下家 支援会議", True), ("支援会議（森下和子）", True), ("もりした和子の件", False),
        ("もりしたさん", True), ("支援会議（11月）", False), ("森下地区の会議", False),
    ],
)  # fmt: skip
def test_the_name_of_a_secret_sitting_names_nobody(worker, words, told):
    case = f.make_case(worker.actor)
    for field in ("title", "place"):
        made = c.convene(
            worker.actor, kind="support", **{"title": "支援会議", "place": "市役所", field: words}
        )
        if not told:
            c.put(made, case, worker.actor)
            continue
        with pytest.raises(RuleViolation, match="名前のない"):
            c.put(made, case, worker.actor)
    named = c.convene(worker.actor, kind="support")
    c.put(named, case, worker.actor)
    named.refresh_from_db()
    fields = {"title": words, "starts_at": named.starts_at, "minutes": 60, "place": "", "sector": ""}
    if told:
        with pytest.raises(RuleViolation, match="名前のない") as error:
            edit_conference(conference=named, version=named.version, actor=worker.actor, at=f.NOW, **fields)
        assert error.value.field == "title"
    # a sitting that is not secret may be called as people call it
    c.put(c.convene(worker.actor, title=words), case, worker.actor)
