"""The papers of a 支援会議, as the PDF holds them: each copy bears its recipient's number across every page."""

from __future__ import annotations

from io import BytesIO
from math import atan2, degrees

import pytest
from pypdf import PdfReader

from referrals.actions.packets import make_copies, order_packet
from tests import factories as f
from tests.factories import NOW
from tests.referrals import conferences as c


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def sitting(worker, center_worker, disability_worker):
    made = c.convene(worker.actor, kind="support", invite=(center_worker.agency, disability_worker.agency))
    c.put(
        made,
        f.make_case(worker.actor),
        worker.actor,
        topic="長い議題",
        situation="把握していること。\n" * 120,
    )
    for who in (center_worker, disability_worker):
        c.accept(made, who.actor)
    return c.sit(made, worker.actor)


def turned(page) -> list[tuple[str, float]]:
    """Words that do not stand level on a page, each with its angle in degrees, counted against the clock."""
    found: list[tuple[str, float]] = []

    def visit(text, cm, tm, font, size) -> None:
        # the baseline's direction on the page: the text matrix, then the matrix of the page
        x = tm[0] * cm[0] + tm[1] * cm[2]
        y = tm[0] * cm[1] + tm[1] * cm[3]
        angle = round(degrees(atan2(y, x)))
        if text.strip() and angle:
            found.append((text.strip(), angle))

    page.extract_text(visitor_text=visit)
    return found


def check(pdf: bytes, number: int, agency) -> None:
    reader = PdfReader(BytesIO(pdf))
    assert len(reader.pages) > 1
    for page in reader.pages:
        words = turned(page)
        assert {angle for _, angle in words} == {32}
        said = "".join(word for word, _ in words)
        assert f"No.{number}" in said
        assert agency.short_name.replace(" ", "") in said.replace(" ", "")
        assert f"配布先：No.{number}" in page.extract_text()


def test_every_page_of_a_copy_bears_the_number_of_its_recipient_across(
    sitting, worker, center_worker, disability_worker
):
    numbers = set()
    for number, who in enumerate((worker, center_worker, disability_worker), 1):
        seat = c.seat(sitting, who.agency)
        check(
            worker.client.get(f"/conferences/{sitting.pk}/handout.pdf?for={seat.pk}").content,
            number,
            who.agency,
        )
        if who is not worker:
            check(who.client.get(f"/conferences/{sitting.pk}/handout.pdf").content, number, who.agency)
        numbers.add(number)
    assert len(numbers) == 3


def test_packets_bear_them_too(sitting, worker):
    job = order_packet(conference=sitting, actor=worker.actor, at=NOW)
    assert make_copies() == 3
    for copy in job.copies.select_related("member__agency"):
        check(bytes(copy.pdf), copy.number, copy.member.agency)
