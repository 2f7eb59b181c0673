"""Who looked at a person: every reading of their records, on what ground, for whoever sees the person."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse
from pypdf import PdfReader

from accounts.enums import Ground
from audit.models import AccessKind, AccessRecord
from cases.actions.grants import grant_case
from households.actions.grants import grant_household
from households.models import AddressProtection, HouseholdDenial, HouseholdMember, ProtectionUnit
from referrals.enums import ConferenceKind
from tests import factories as f
from tests.referrals.conferences import convene, put
from tests.reports.helpers import WORKDAY, read


@pytest.fixture
def case(worker):
    return f.make_case(worker.actor)


def url(case) -> str:
    return reverse("reports:person", args=[case.person.pk])


def text_of(pdf: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)


def test_every_reading_stands_there_with_worker_role_and_ground(worker, colleague, center_worker, case):
    grant_case(
        case=case, agency=center_worker.agency, ground=Ground.ELDER_ABUSE_LAW, basis=case, actor=worker.actor,
        at=WORKDAY - timedelta(days=1),
    )  # fmt: skip
    read(worker, case.person)
    read(colleague, case.household)
    read(center_worker, case)
    page = worker.client.get(url(case)).content.decode()
    for words in (
        "中川 千秋",
        "西尾 悠",
        "岡部 真理",
        "相談員",
        "高齢者虐待防止法",
        f"ケース {case.number}",
        "世帯",
    ):
        assert words in page


def test_the_ground_is_that_of_the_moment(worker, center_worker, case):
    """Before the grant there was none; afterwards the newest that held."""
    read(center_worker, case, at=f.NOW - timedelta(days=30))
    grant_household(
        household=case.household, agency=center_worker.agency, ground=Ground.CONSENT, basis=case,
        actor=worker.actor, at=f.NOW - timedelta(days=3),
    )  # fmt: skip
    read(center_worker, case.person, at=f.NOW - timedelta(days=2))
    read(center_worker, case.person, at=f.NOW - timedelta(days=1), ground=Ground.EMERGENCY)
    response = worker.client.get(url(case), {"agency": center_worker.agency.pk})
    assert [line.ground for line in response.context["lines"]] == [
        "生命・身体の保護のため緊急", "本人同意", "記録なし",
    ]  # fmt: skip


def test_readings_of_others_do_not_stand_there(worker, case):
    other = f.make_case(worker.actor, household=f.make_household(person=f.make_person("別", "人")))
    read(worker, other)
    before = worker.client.get(url(case))
    assert other.number not in before.content.decode()


def test_a_refused_reading_by_number_is_shown(worker, stranger, case):
    assert stranger.client.get(reverse("cases:detail", args=[case.number])).status_code == 404
    page = worker.client.get(url(case), {"kind": AccessKind.DENIED})
    assert [(line.worker, line.is_denied) for line in page.context["lines"]] == [(stranger.staff.name, True)]


def test_filters(worker, colleague, case):
    read(worker, case.person, kind=AccessKind.PRINT)
    read(colleague, case.person, at=WORKDAY - timedelta(days=40))

    def workers(**chosen) -> list[str]:
        lines = worker.client.get(url(case), {"until": "R8.11.20", **chosen}).context["lines"]
        return [line.worker for line in lines]

    assert workers() == ["中川 千秋", "西尾 悠"]
    assert workers(kind="print") == ["中川 千秋"]
    assert workers(who="西尾") == ["西尾 悠"]
    assert workers(since="R8.11.1") == ["中川 千秋"]
    assert workers(since="R8.11.18") == []
    assert "条件を消す" in worker.client.get(url(case), {"who": "いない"}).content.decode()


@pytest.mark.parametrize(
    "query",
    [{"since": "きのう"}, {"kind": "x"}, {"agency": "999999"}, {"since": "R8.11.2", "until": "R8.11.1"}],
)
def test_a_wrong_filter_is_told(worker, case, query):
    assert worker.client.get(url(case), query).status_code == 422


@pytest.mark.parametrize("name", ["reports:person", "reports:person_pdf"])
def test_strangers_get_404_and_offices_403(stranger, finance, auditor, admin, case, name):
    address = reverse(name, args=[case.person.pk])
    assert stranger.client.get(address).status_code == 404
    for persona in (finance, auditor, admin):
        assert persona.client.get(address).status_code == 403


def test_a_denied_worker_gets_404(worker, colleague, case):
    HouseholdDenial.objects.create(
        household=case.household,
        staff=colleague.staff,
        reason="relative",
        given_by=worker.staff,
        given_at=f.NOW,
    )
    assert colleague.client.get(url(case)).status_code == 404


def test_looking_at_the_page_is_a_line_itself(worker, case):
    worker.client.get(url(case))
    assert "閲覧の記録の閲覧" in worker.client.get(url(case)).content.decode()


def test_the_desk_of_a_protected_person_is_hidden(worker, center_worker, case):
    for grant in (grant_household, grant_case):
        on = {"household": case.household} if grant is grant_household else {"case": case}
        grant(
            **on,
            agency=center_worker.agency,
            ground=Ground.CONSENT,
            basis=case,
            actor=worker.actor,
            at=WORKDAY,
        )
    protection = AddressProtection.objects.create(
        person=case.person, during=DateRange(f.TODAY, None), given_by=worker.staff, given_at=f.NOW
    )
    ProtectionUnit.objects.create(protection=protection, agency=worker.agency)
    read(worker, case.person)
    other = center_worker.client.get(url(case)).content.decode()
    assert "相談窓口（秘匿）" in other
    assert worker.agency.name not in other
    assert worker.staff.name not in other
    probe = center_worker.client.get(url(case), {"who": worker.staff.name})
    assert len(probe.context["lines"]) > 1, "a search that finds nothing more tells as much as a name"
    assert center_worker.client.get(url(case), {"agency": worker.agency.pk}).status_code == 422
    assert worker.staff.name in worker.client.get(url(case)).content.decode()
    pdf = text_of(
        worker.client.get(reverse("reports:person_pdf", args=[case.person.pk]), {"names": "on"}).content
    )
    assert "つつじが丘" not in "".join(line for line in pdf.splitlines() if "閲覧" in line)


def test_the_paper_masks_others(worker, colleague, case):
    wife = f.make_person("森下", "花子")
    HouseholdMember.objects.create(
        household=case.household, person=wife, during=DateRange(f.TODAY, None), relation="spouse"
    )
    read(colleague, case)
    read(colleague, case.household)
    address = reverse("reports:person_pdf", args=[wife.pk])
    pdf = text_of(worker.client.get(address).content)
    assert "森下 花子" in pdf
    assert "（第三者の情報）" in pdf
    for words in (case.number, "和子", "西尾 悠"):
        assert words not in pdf
    assert "西尾 悠" in text_of(worker.client.get(address, {"names": "on"}).content)
    own = text_of(worker.client.get(reverse("reports:person_pdf", args=[case.person.pk])).content)
    assert case.number in own
    assert AccessRecord.objects.filter(kind=AccessKind.PRINT, target_id=str(wife.pk)).count() == 2


def test_a_secret_sitting_stays_with_its_attendees(worker, center_worker, case):
    """Whoever sees the case, but was not asked to the 支援会議, does not learn of it from the list of readers."""
    for grant in (grant_household, grant_case):
        on = {"household": case.household} if grant is grant_household else {"case": case}
        grant(
            **on,
            agency=center_worker.agency,
            ground=Ground.CONSENT,
            basis=case,
            actor=worker.actor,
            at=WORKDAY,
        )
    conference = convene(worker.actor, kind=ConferenceKind.SUPPORT)
    item = put(conference, case, worker.actor, ground=Ground.ARTICLE_106_6)
    for row in (conference, item):
        read(worker, row)
    shown = center_worker.client.get(url(case))
    assert {"会議", "議題"}.isdisjoint(line.target for line in shown.context["lines"])


def test_the_paper_tells_of_no_abuse_report(worker, center_worker, case):
    read(center_worker, case.person, ground=Ground.CHILD_ABUSE_LAW)
    read(center_worker, case.household, ground=Ground.ARTICLE_106_6)
    pdf = text_of(worker.client.get(reverse("reports:person_pdf", args=[case.person.pk])).content)
    assert "法令に基づく情報の共有" in "".join(pdf.split())
    pdf = "".join(pdf.split())
    assert "虐待" not in pdf
    assert "支援会議" not in pdf


def test_too_long_a_paper_is_refused(worker, case, monkeypatch):
    monkeypatch.setattr("reports.views.MOST_LINES_ON_PAPER", 2)
    for _ in range(3):
        read(worker, case.person)
    response = worker.client.get(reverse("reports:person_pdf", args=[case.person.pk]))
    assert response.status_code == 422
    assert "期間を区切って" in response.content.decode()


@pytest.mark.parametrize("count", [1, 30])
def test_queries_do_not_grow(worker, colleague, case, count, django_assert_max_num_queries):
    for _ in range(count):
        read(colleague, case)
    client = worker.client
    with django_assert_max_num_queries(15):
        client.get(url(case))


def test_long_trails_come_in_pages(worker, case):
    for n in range(60):
        read(worker, case, at=WORKDAY + timedelta(seconds=n))
    first = worker.client.get(url(case))
    assert len(first.context["lines"]) == 50
    second = worker.client.get(url(case) + first.context["page"].next_url)
    assert 10 <= len(second.context["lines"]) < 20
