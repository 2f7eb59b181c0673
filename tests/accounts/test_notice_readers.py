"""Who reads a notice: the addressee, the deputy, the head of the agency, whoever is there. Never a denied worker."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from random import Random
from uuid import uuid4

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.actions.absences import enter_absence
from accounts.actions.notice_delivery import address_notices, readers
from accounts.actions.notice_mail import mail_notices
from accounts.actions.notices import notify
from accounts.enums import Role
from accounts.models import Appointment, Notice, NoticeDelivery, Staff, StaffAbsence
from accounts.notice_kinds import NoticeKind
from accounts.selectors import home_rows
from accounts.selectors_notices import post_of
from households.models import HouseholdDenial
from tests import factories as f
from tests.accounts.mailbox import post_office, with_address

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def tell(persona, **more) -> Notice:
    more = {"kind": NoticeKind.WATCH, "at": f.NOW} | more
    notify(staff_ids=[persona.staff.pk], text="K08-00001の見守りを頼まれました。", url="/", **more)
    return Notice.objects.order_by("-pk")[0]


def away(persona, by, deputy=None, days=7) -> StaffAbsence:
    return enter_absence(
        staff=persona.staff, first_on=f.TODAY, last_on=f.TODAY + days * DAY, deputy=deputy.staff if deputy else None,
        actor=by.actor, at=f.NOW, request_key=uuid4(),
    )  # fmt: skip


def reading(notice: Notice, on: date = f.TODAY) -> set[int]:
    return set(readers(Notice.objects.filter(pk=notice.pk), on).get(notice.pk, []))


def sees(persona, notice: Notice) -> bool:
    return any(str(notice.pk) in row.url for row in home_rows(persona.actor, f.NOW))


def test_the_deputy_reads_during_the_absence(worker, colleague, manager, stranger, settings):
    with_address(worker, colleague, manager)
    notice = tell(worker)
    away(worker, worker, deputy=colleague)
    assert reading(notice) == {colleague.staff.pk}
    assert sees(colleague, notice) and not sees(manager, notice) and not sees(stranger, notice)
    (row,) = [r for r in home_rows(colleague.actor, f.NOW) if str(notice.pk) in r.url]
    assert row.badge == "代わりに読む" and worker.staff.name in row.detail
    with post_office(settings) as letters:
        mail_notices(at=f.NOW)
    assert f"{colleague.staff.username}@example.lg.jp" in letters.to()
    assert f"{worker.staff.username}@example.lg.jp" not in letters.to()
    assert colleague.client.get(f"/staff/notices/{notice.pk}/").status_code == 302
    notice.refresh_from_db()
    assert notice.read_by == colleague.staff
    assert stranger.client.get(f"/staff/notices/{notice.pk}/").status_code == 404


def test_without_a_deputy_the_head_of_the_agency(worker, colleague, manager):
    notice = tell(worker)
    away(worker, worker)
    assert reading(notice) == {manager.staff.pk}
    assert sees(manager, notice) and not sees(colleague, notice)


def test_a_deputy_who_is_away_too(worker, colleague, manager):
    notice = tell(worker)
    away(worker, worker, deputy=colleague)
    away(colleague, colleague)
    assert reading(notice) == {manager.staff.pk}


def test_a_denied_deputy_never_reads(worker, colleague, manager):
    case = f.make_case(worker.actor)
    HouseholdDenial.objects.create(
        household=case.household,
        staff=colleague.staff,
        reason="relative",
        given_by=manager.staff,
        given_at=f.NOW,
    )
    notice, other = tell(worker, about=case.household_id), tell(worker)
    away(worker, worker, deputy=colleague)
    assert reading(notice) == {manager.staff.pk}
    assert reading(other) == {colleague.staff.pk}
    assert not sees(colleague, notice) and sees(colleague, other)
    assert colleague.client.get(f"/staff/notices/{notice.pk}/").status_code == 404


def test_who_left_is_followed_by_the_head_of_the_agency_they_left(worker, manager, care_center):
    """April: the worker goes to another agency; the notice is about the work of the former one."""
    notice = tell(worker)
    Appointment.objects.filter(staff=worker.staff).update(during=DateRange(date(2024, 4, 1), f.TODAY))
    Appointment.objects.create(
        staff=worker.staff, agency=care_center, role=Role.DESK_WORKER, during=DateRange(f.TODAY, None)
    )
    assert reading(notice) == {manager.staff.pk}
    assert not sees(worker, notice)


def test_with_nobody_left_the_administrator_sees_that_one_waits(worker, admin):
    notice = tell(worker)
    away(worker, worker)
    assert reading(notice) == set()
    (row,) = post_of(admin.actor, f.NOW).without_reader
    assert row["agency__name"] == worker.agency.name and row["n"] == 1


def test_the_home_page_asks_once_whatever_the_number(worker, colleague, django_assert_num_queries):
    tell(worker)
    away(worker, worker, deputy=colleague)
    with django_assert_num_queries(1):
        home_rows(colleague.actor, f.NOW)
    for _ in range(29):
        tell(worker)
    with django_assert_num_queries(1):
        assert len(home_rows(colleague.actor, f.NOW)) == 20


# ── No sequence of absences, deputies and leaving leaves a notice without a reader ─────────────────────────


class Town:
    """Three agencies and their people, changed at random from day to day."""

    def __init__(self, seed: int) -> None:
        self.dice = Random(seed)
        self.day = f.TODAY
        self.agencies = [f.make_agency(f"機関{n}") for n in range(3)]
        self.staff: list[Staff] = []
        for n in range(12):
            role = Role.AGENCY_MANAGER if n < 3 else Role.DESK_WORKER
            person = f.make_staff(self.agencies[n % 3], role=role)
            with_address(person)
            self.staff.append(person)
        self.household = f.make_household()

    @property
    def at(self) -> datetime:
        return datetime.combine(self.day, time(10), tzinfo=f.TOKYO)

    def one(self) -> Staff:
        return self.dice.choice(self.staff)

    def step(self) -> None:
        self.dice.choice(
            [self.tell, self.tell, self.leave, self.leave, self.come_back, self.end_post, self.move, self.deny, self.undeny,
             self.sleep, self.close_account]
        )()  # fmt: skip

    def tell(self) -> None:
        about = self.household.pk if self.dice.random() < 0.5 else None
        people = {self.one().pk for _ in range(2)}
        notify(staff_ids=people, text="知らせ", url="/", at=self.at, kind=NoticeKind.WATCH, about=about)

    def leave(self) -> None:
        who, deputy = self.one(), self.one()
        until = self.day + self.dice.choice([1, 3, 10]) * DAY
        if not StaffAbsence.objects.filter(staff=who, during__overlap=DateRange(self.day, until)).exists():
            StaffAbsence.objects.create(
                staff=who, deputy=deputy if deputy.pk != who.pk else None, during=DateRange(self.day, until),
                entered_at=self.at, entered_by=who,
            )  # fmt: skip

    def come_back(self) -> None:
        StaffAbsence.objects.current(self.day).filter(staff=self.one()).delete()

    def end_post(self) -> None:
        for post in Appointment.objects.current(self.day).filter(staff=self.one()):
            if post.during.lower < self.day:
                Appointment.objects.filter(pk=post.pk).update(during=DateRange(post.during.lower, self.day))

    def move(self) -> None:
        who, agency = self.one(), self.dice.choice(self.agencies)
        if not Appointment.objects.current(self.day).filter(staff=who, agency=agency).exists():
            role = self.dice.choice([Role.AGENCY_MANAGER, Role.DESK_WORKER])
            Appointment.objects.create(staff=who, agency=agency, role=role, during=DateRange(self.day, None))

    def deny(self) -> None:
        HouseholdDenial.objects.get_or_create(
            household=self.household, staff=self.one(), ended_at=None,
            defaults={"reason": "relative", "given_by": self.staff[0], "given_at": self.at},
        )  # fmt: skip

    def undeny(self) -> None:
        row = HouseholdDenial.objects.in_force().filter(staff=self.one()).first()
        if row is not None:
            row.ended_at, row.ended_by = self.at, self.staff[0]
            row.save()

    def sleep(self) -> None:
        self.day += DAY

    def close_account(self) -> None:
        who = self.one()
        Staff.objects.filter(pk=who.pk).update(is_active=self.dice.random() < 0.8)

    # the plain model that the rule is held to
    def there(self, staff_id: int, agency_id: int | None) -> bool:
        posts = Appointment.objects.current(self.day).filter(
            staff=staff_id, agency=agency_id, staff__is_active=True
        )
        return posts.exists() and not StaffAbsence.objects.current(self.day).filter(staff=staff_id).exists()

    def may(self, staff_id: int, notice: Notice) -> bool:
        named = HouseholdDenial.objects.in_force().filter(staff=staff_id, household=notice.about or 0)
        return self.there(staff_id, notice.agency_id) and not named.exists()

    def expected(self, notice: Notice) -> set[int]:
        if self.may(notice.staff_id, notice):
            return {notice.staff_id}
        absence = StaffAbsence.objects.current(self.day).filter(staff=notice.staff_id).first()
        if absence is not None and absence.deputy_id and self.may(absence.deputy_id, notice):
            return {absence.deputy_id}
        posts = Appointment.objects.current(self.day).filter(agency=notice.agency_id)
        heads = {p.staff_id for p in posts if p.role == Role.AGENCY_MANAGER and self.may(p.staff_id, notice)}
        return heads or {p.staff_id for p in posts if self.may(p.staff_id, notice)}


@pytest.mark.parametrize("seed", range(4))
def test_no_sequence_leaves_a_notice_without_a_reader(seed, admin, time_machine, record_property):
    town, looked, alone = Town(seed), 0, 0
    for _ in range(30):
        town.step()
        time_machine.move_to(town.at)
        address_notices(at=town.at)
        unread = list(Notice.objects.unread())
        found = readers(Notice.objects.unread(), town.day)
        told = set(NoticeDelivery.objects.values_list("notice_id", "staff_id"))
        for notice in unread:
            people = set(found.get(notice.pk, []))
            assert people == town.expected(notice)
            assert {(notice.pk, pk) for pk in people} <= told  # and each of them has a row
            looked, alone = looked + 1, alone + (not people)
        orphans = sum(not found.get(n.pk) for n in unread)
        assert sum(int(row["n"]) for row in post_of(admin.actor, town.at).without_reader) == orphans
        for person in town.staff:
            pages = set(Notice.objects.readable_by(person.pk, town.day).unread().values_list("pk", flat=True))
            must = {pk for pk, people in found.items() if person.pk in people}
            own = {n.pk for n in unread if n.staff_id == person.pk}
            assert must <= pages <= must | own
            hidden = HouseholdDenial.objects.in_force().filter(staff=person).exists()
            assert not (hidden and any(n.pk in pages and n.about for n in unread))
    record_property(
        "figure", f"seed {seed}: {looked} notices looked at, {alone} of them with nobody in the agency"
    )
