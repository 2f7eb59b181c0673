"""Rows between agencies: referrals in every state, conferences with agendas and what was decided."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Final

from kyosei.bench.casework import Work, key, office_time
from kyosei.bench.masters import City, Office
from kyosei.bench.sheets import Sheet, array
from kyosei.bench.texts import ASKS, DECISIONS
from referrals.models import ActionItem, AgendaItem, Conference, ConferenceMember, Referral

_ANSWERS: Final = ("lead", "partner", "partner", "conference", "settled", "withdrawn")
_PARTS: Final = ("basic", "family", "concerns", "strengths", "problems", "notes")
_KINDS: Final = (
    ("individual", "個別会議", "participation"),
    ("support", "支援会議", "article_106_6"),
    ("multilayered", "重層的支援会議", "consent"),
    ("area", "エリア会議", "coordination"),
)


class BetweenSheets:
    """The tables of referrals and conferences and what fills them."""

    def __init__(self, city: City, rng: Random, now: datetime) -> None:
        self.city, self.rng, self.now, self.today = city, rng, now, now.date()
        self.referrals = Sheet(
            Referral, "id", "request_key", "case_id", "from_agency_id", "to_agency_id", "sent_by_id", "sent_at", "purpose",
            "ground", "parts", "deadline_at", "state", "answered_at", "answered_by_id", "answer_note", "escalated_at",
            "escalated_to_id",
        )  # fmt: skip
        self.conferences = Sheet(
            Conference, "id", "request_key", "kind", "title", "sector", "convener_id", "convened_by_id", "starts_at",
            "minutes", "place", "state", "started_at", "closed_at",
        )  # fmt: skip
        self.members = Sheet(
            ConferenceMember, "conference_id", "agency_id", "staff_id", "attendance", "secrecy_accepted_at"
        )
        self.agenda = Sheet(
            AgendaItem,
            "id",
            "conference_id",
            "position",
            "minutes",
            "case_id",
            "topic",
            "ground",
            "conclusion",
        )
        self.actions = Sheet(
            ActionItem, "agenda_item_id", "request_key", "case_id", "text", "agency_id", "staff_id", "due_on", "state",
            "decided_at", "done_at", "done_by_id",
        )  # fmt: skip

    def referral(self, pk: int, work: Work) -> None:
        """One request. Open cases have some that wait; a few of those are late and have risen to the director."""
        rng = self.rng
        sector = rng.choice([s for s in self.city.sections if s])
        others = [office for office in self.city.sections[sector] if office.pk != work.lead.pk] or [
            next(office for office in self.city.offices if office.pk != work.lead.pk)
        ]
        receiver = rng.choice(others)
        waits = work.is_open and rng.random() < 0.12
        sent = office_time(
            rng, max(work.opened, self.now - timedelta(days=9)) if waits else work.opened, work.until
        )
        deadline = sent + timedelta(days=7)
        state = (
            "sent" if waits else rng.choice(_ANSWERS if work.is_open else ("lead", "partner", "withdrawn"))
        )
        answered = None if waits else min(sent + timedelta(days=rng.uniform(0.2, 9)), self.now)
        has_risen = deadline < (answered or self.now)
        self.referrals.add(
            pk, key(rng), work.pk, work.lead.pk, receiver.pk, work.lead_staff, sent, rng.choice(ASKS), "participation",
            array(sorted(rng.sample(_PARTS, rng.randrange(2, 6)))), deadline, state, answered,
            None if waits else rng.choice(receiver.staff), "会議で役割を決めたい" if state == "conference" else "",
            deadline if has_risen else None, self.city.directors[sector].pk if has_risen else None,
        )  # fmt: skip

    def conference(self, pk: int, works: list[Work], first_item: int) -> int:
        """One sitting over some cases; returns how many agenda items it has."""
        rng = self.rng
        kind, title, ground = _KINDS[pk % len(_KINDS)]
        sector = list(self.city.directors)[pk % len(self.city.directors)]
        convener = self.city.directors[sector] if kind != "individual" else works[0].lead
        day = self.today + timedelta(days=rng.randrange(-360, 21))
        starts = self.now.replace(
            year=day.year, month=day.month, day=day.day, hour=rng.choice((10, 13, 15)), minute=30, second=0, microsecond=0
        )  # fmt: skip
        is_over = starts < self.now - timedelta(hours=3)
        ends = starts + timedelta(minutes=90)
        self.conferences.add(
            pk, key(rng), kind, f"{title}（{day.month}月{day.day}日）", sector, convener.pk, convener.staff[0], starts, 90,
            "市役所 201会議室", "closed" if is_over else "planned", starts if is_over else None, ends if is_over else None,
        )  # fmt: skip
        for office in self._invited(works, convener):
            staff = convener.staff[0] if office is convener else rng.choice(office.staff)
            self.members.add(
                pk, office.pk, staff, "attending" if is_over else "invited",
                starts if is_over or office is convener else None,
            )  # fmt: skip
        for position, work in enumerate(works):
            item = first_item + position
            self.agenda.add(
                item, pk, position, 25, work.pk, "役割分担と次の一手を決める", ground,
                "主担当は変えず、訪問を一緒に行う。" if is_over else "",
            )  # fmt: skip
            if is_over:
                self._decisions(item, work, ends)
        return len(works)

    def _invited(self, works: list[Work], convener: Office) -> list[Office]:
        offices = {work.lead.pk: work.lead for work in works}
        for sector in self.rng.sample(list(self.city.sections), 3):
            office = self.rng.choice(self.city.sections[sector])
            offices[office.pk] = office
        offices[convener.pk] = convener
        return list(offices.values())

    def _decisions(self, item: int, work: Work, decided: datetime) -> None:
        rng = self.rng
        for _ in range(rng.randrange(1, 4)):
            due = decided.date() + timedelta(days=rng.randrange(7, 45))
            is_done = due < self.today - timedelta(days=7) or rng.random() < 0.2
            office = rng.choice([work.lead, *work.partners])
            staff = rng.choice(office.staff)
            done = min(decided + timedelta(days=6), self.now) if is_done else None
            self.actions.add(
                item, key(rng), work.pk, rng.choice(DECISIONS), office.pk, staff, due, "done" if done else "open", decided,
                done, staff if done else None,
            )  # fmt: skip

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        return self.referrals, self.conferences, self.members, self.agenda, self.actions
