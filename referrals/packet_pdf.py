"""A copy as PDF: the item is laid out once for all recipients who may read the same of it, then each gets number and mark.

Laying out a page takes a hundred times as long as laying a mark over it. What is laid out is found by the hash of its
HTML, so that only what is the same to the letter is shared.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from io import BytesIO

from django.template.loader import render_to_string
from pypdf import PdfReader, PdfWriter

from accounts.actor import Actor
from common.pdf import html_to_pdf, render_pdf
from households.contact import Shield, shield_for_agency
from referrals.models import AgendaItem, Conference, ConferenceMember, PacketCopy, PacketJob
from referrals.selectors_conferences import agenda_of, with_members
from referrals.selectors_papers import Handout, paper_of

_MOST_LAID_OUT = 64


class CopyMaker:
    """Makes copies, and remembers for a while what it has laid out. One per worker and run."""

    def __init__(self) -> None:
        self._pages: dict[str, bytes] = {}
        self._marks: dict[tuple[int, int], bytes] = {}

    def paper(self, copy: PacketCopy, actor: Actor, job: PacketJob) -> AgendaItem | None:
        """The item as the one who ordered may read it now; None where that right has ended."""
        conference = with_members(Conference.objects.visible_to(actor)).filter(pk=job.conference_id).first()
        if conference is None:
            return None
        item = agenda_of(conference, actor).filter(pk=copy.agenda_item_id).first()
        if item is not None:
            item.conference = conference
        return item

    def pdf(self, copy: PacketCopy, item: AgendaItem, job: PacketJob) -> bytes:
        """The copy with the number and name of its recipient on every page."""
        conference = item.conference
        seats: list[ConferenceMember] = conference.seats  # type: ignore[attr-defined]
        seat = next(s for s in seats if s.pk == copy.member_id)
        shield = shield_for_agency(seat.agency)
        name = conference.named_for(seat.staff_id)
        base = self._laid_out(item, shield, seats, job, name)
        mark = self._mark(job, seat, copy.number)
        writer = PdfWriter(clone_from=BytesIO(base))
        over = PdfReader(BytesIO(mark)).pages[0]
        for page in writer.pages:
            page.merge_page(over, over=False)
        out = BytesIO()
        writer.write(out)
        return out.getvalue()

    def _laid_out(
        self,
        item: AgendaItem,
        shield: Shield,
        seats: list[ConferenceMember],
        job: PacketJob,
        name: tuple[str, str],
    ) -> bytes:
        title, place = name
        made = Handout(
            conference=item.conference, title=title, place=place, shield=shield, papers=(paper_of(item, shield),), recipient=None, number=0,
            seats=tuple(seats),
        )  # fmt: skip
        context = {
            "handout": made, "conference": item.conference, "printed_at": job.asked_at, "shield": shield, "is_base": True,
        }  # fmt: skip
        html = render_to_string("conferences/handout_pdf.html", context)
        key = sha256(html.encode()).hexdigest()
        if key not in self._pages:
            if len(self._pages) >= _MOST_LAID_OUT:
                self._pages.clear()
            self._pages[key] = html_to_pdf(html)
        return self._pages[key]

    def _mark(self, job: PacketJob, seat: ConferenceMember, number: int) -> bytes:
        key = (job.pk, seat.pk)
        if key not in self._marks:
            context = {"seat": seat, "number": number, "printed_at": job.asked_at}
            self._marks[key] = render_pdf("conferences/packet_mark_pdf.html", context)
        return self._marks[key]


def joined(copies: Iterable[bytes]) -> bytes:
    """Several copies one after another."""
    writer = PdfWriter()
    for data in copies:
        writer.append(BytesIO(data))
    out = BytesIO()
    writer.write(out)
    return out.getvalue()
