"""The household's page as the place of work: its size and cost, writing a note there, its stream on paper."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from audit.models import AccessRecord
from cases.actions.grants import grant_case
from cases.masters import load_codes
from cases.models import AssessmentItem, Case, CasePartner, ProgressNote, SupportPlan
from households.actions.protection import protect_address
from households.models import HouseholdMember
from tests import factories as f
from tests.cases import stream as st
from tests.conftest import Persona
from tests.referrals.helpers import send

pytestmark = pytest.mark.django_db
MOST_QUERIES, MOST_BYTES = 15, 150_000


@pytest.fixture(autouse=True)
def masters(db, time_machine):
    time_machine.move_to(f.NOW)
    load_codes()
    f.make_streams()


@pytest.fixture
def note_fields():
    return {
        "request_key": str(uuid4()), "text": "夕方に電話。食欲は戻ってきた。", "way": "phone", "started_at_0": "R8.11.23",
        "started_at_1": "9:00", "minutes": "15", "next_on": "R8.11.30", "next_text": "訪問",
    }  # fmt: skip


def make_large(worker: Persona, others: list[Persona], *, members: int = 12, notes: int = 400) -> Case:
    """A household of the figure of the issue: 12 members, 3 agencies, 400 notes of some lines each."""
    case = f.make_case(worker.actor, sectors=("elderly", "child"))
    for n in range(members - 1):
        HouseholdMember.objects.create(
            household=case.household, person=f.make_person("森下", f"家族{n}", birth_on=date(1980, 1, 1 + n)),
            relation="relative", during=(date(2021, 4, 1), None),
        )  # fmt: skip
    for other in others:
        CasePartner.objects.create(
            case=case, agency=other.agency, staff=other.staff, since=f.NOW - timedelta(days=300)
        )
        grant_case(
            case=case, agency=other.agency, ground="coordination", basis=case, actor=worker.actor, at=f.NOW
        )
        send(worker.actor, case, other.agency)
    who = [worker, *others]
    ProgressNote.objects.bulk_create(
        ProgressNote(
            case=case, agency=who[n % len(who)].agency, staff=who[n % len(who)].staff, minutes=20, way="phone",
            started_at=f.NOW - timedelta(hours=9 * n + 1), written_at=f.NOW, next_on=f.TODAY, next_text="もう一度電話する",
            text=f"{n}回目の連絡。" + "家賃の督促が来ている。長男は部屋から出てこない。食事は母が運んでいるという。" * 6,
        )
        for n in range(notes)
    )  # fmt: skip
    return case


def test_the_page_of_a_large_household_is_within_the_figure(
    worker, center_worker, disability_worker, record_property
):
    case = make_large(worker, [center_worker, disability_worker])
    client, url = worker.client, f"/households/{case.household_id}/"
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = client.get(url)
    record_property("figure", f"household page: {len(queries)} queries, {len(page.content):,} bytes")
    assert len(page.context["stream"]["lines"]) == 30
    assert len(queries) <= MOST_QUERIES
    assert len(page.content) <= MOST_BYTES


@pytest.mark.parametrize("length", [141, 600, 601, 2300, 30_000])
def test_long_notes_do_not_swell_the_page(worker, center_worker, disability_worker, length):
    case = make_large(worker, [center_worker, disability_worker])
    ProgressNote.objects.update(text="長" * length)
    page = worker.client.get(f"/households/{case.household_id}/")
    assert len(page.context["stream"]["lines"]) == 30
    assert len(page.content) <= MOST_BYTES


def test_the_rest_of_a_long_note_comes_when_it_is_opened(worker, stranger):
    case = f.make_case(worker.actor)
    said = "玄関先で三十分。" * 90 + "最後の言葉"
    st.note(case, worker.actor, f.NOW - timedelta(hours=1), said)
    note, url = ProgressNote.objects.get(), f"/cases/households/{case.household_id}/stream/text/"
    page = worker.client.get(f"/households/{case.household_id}/").content.decode()
    assert f'hx-get="{url}?row=n-{note.pk}"' in page
    assert "最後の言葉" not in page
    for headers in ({"HX-Request": "true"}, {}):  # the piece, and a page of its own for who follows the link
        told = worker.client.get(f"{url}?row=n-{note.pk}", headers=headers).content.decode()
        assert said in told
        assert ("<!DOCTYPE html>" in told) is not bool(headers)
    for row in ("", "n", "n-", f"zz-{note.pk}", f"n-{note.pk + 1}", "n-²", f"n-{'9' * 30}", f"a-{note.pk}"):
        assert worker.client.get(url, {"row": row}).status_code == 404, row
    assert stranger.client.get(f"{url}?row=n-{note.pk}").status_code == 404
    # the answer to a note that was just written holds all of it
    short = f.make_case(worker.actor, household=f.make_household("別の世帯", agency=worker.agency))
    assert (
        worker.client.get(f"/cases/households/{short.household_id}/stream/text/?row=n-{note.pk}").status_code
        == 404
    )


def test_the_rest_of_a_long_note_is_shielded(worker, center_worker):
    case = make_large(worker, [center_worker], members=2, notes=1)
    person = HouseholdMember.objects.filter(household=case.household).order_by("pk").last().person
    person.phone = "0595-77-1234"
    person.save()
    ProgressNote.objects.update(text="長" * 900 + "電話は0595-77-1234。")
    note = ProgressNote.objects.get()
    url = f"/cases/households/{case.household_id}/stream/text/?row=n-{note.pk}"
    assert "0595-77-1234" in center_worker.client.get(url).content.decode()
    protect_address(
        person=person, units=[worker.agency], first_on=f.TODAY, last_on=date(2027, 11, 22), actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    assert "0595-77-1234" in worker.client.get(url).content.decode()
    hidden = center_worker.client.get(url)
    assert hidden.status_code in (200, 404)
    assert "0595-77-1234" not in hidden.content.decode()


def test_the_page_of_a_protected_person_is_within_the_figure_too(worker, center_worker, disability_worker):
    case = st.everything(worker, center_worker)
    who = [worker, center_worker, disability_worker]
    for n in range(11):
        HouseholdMember.objects.create(
            household=case.household, person=f.make_person("森下", f"家族{n}", birth_on=date(1980, 1, 1 + n)),
            relation="relative", during=(date(2021, 4, 1), None),
        )  # fmt: skip
    ProgressNote.objects.bulk_create(
        ProgressNote(
            case=case, agency=who[n % 3].agency, staff=who[n % 3].staff, minutes=20, way="phone", text=f"{n}回目の連絡。",
            started_at=f.NOW - timedelta(hours=9 * n + 1), written_at=f.NOW,
        )
        for n in range(400)
    )  # fmt: skip
    last = HouseholdMember.objects.filter(household=case.household).order_by("pk").last().person
    protect_address(
        person=last, units=[], first_on=f.TODAY, last_on=date(2027, 11, 22), actor=worker.actor, at=f.NOW
    )
    for reader in (worker, center_worker):
        client, url = reader.client, f"/households/{case.household_id}/"
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            page = client.get(url)
        assert page.status_code == 200
        assert len(queries) <= MOST_QUERIES, "\n".join(q["sql"][:300] for q in queries)
        assert len(page.content) <= MOST_BYTES


def test_the_page_asks_the_same_with_1_and_400_notes(worker, center_worker):
    counts = []
    for members, notes in ((1, 1), (12, 400)):
        case = make_large(worker, [], members=members, notes=notes)
        client, url = worker.client, f"/households/{case.household_id}/"
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_older_rows_come_by_the_button_until_none_are_left(worker):
    case = make_large(worker, [], members=1, notes=70)
    url, seen = f"/households/{case.household_id}/", []
    while url:
        stream = worker.client.get(url, headers={"HX-Request": "true"}).context["stream"]
        seen += [line.pk for line in stream["lines"] if line.kind == "n"]
        url = stream["next_rows"]
    assert len(seen) == len(set(seen)) == 70


def test_a_note_is_written_from_the_page(worker, note_fields):
    case = f.make_case(worker.actor)
    page = worker.client.get(f"/households/{case.household_id}/").content.decode()
    assert f'hx-post="/cases/{case.number}/notes/"' in page
    answer = worker.client.post(
        f"/cases/{case.number}/notes/", note_fields, headers={"HX-Request": "true"}
    ).content.decode()
    assert "食欲は戻ってきた" in answer
    assert "食欲は戻ってきた" in worker.client.get(f"/households/{case.household_id}/").content.decode()


def test_the_page_leads_to_what_comes_next(worker):
    case = f.make_case(worker.actor)
    page = worker.client.get(f"/households/{case.household_id}/").content.decode()
    for way in (
        f"/consultations/new/?person={case.person_id}", f"/referrals/new/?case={case.number}",
        f"/conferences/new/?case={case.number}", f"/cases/{case.number}/?tab=plan",
    ):  # fmt: skip
        assert f'href="{way}"' in page, way


def test_wishes_worries_and_closing_stand_beside_the_stream(worker, center_worker):
    case = make_large(worker, [center_worker], members=1, notes=1)
    for kind, text in (("wish", "また畑に出たい"), ("problem", "朝が起きられない")):
        AssessmentItem.objects.create(
            case=case, kind=kind, text=text, agency=worker.agency, staff=worker.staff, written_at=f.NOW
        )
    url = f"/households/{case.household_id}/"
    html = worker.client.get(url).content.decode()
    beside = html[html.index('id="seen-head"') :]
    assert beside.index("また畑に出たい") < beside.index("朝が起きられない")
    assert f'hx-get="/worries/case/{case.number}/"' in beside
    assert f"/cases/{case.number}/close/" in html
    partner = center_worker.client.get(url).content.decode()
    assert "また畑に出たい" in partner[partner.index('id="seen-head"') :]
    assert f"/cases/{case.number}/close/" not in partner  # only the lead closes


def test_waiting_referrals_stand_on_the_page(worker, center_worker):
    case = f.make_case(worker.actor)
    assert "動いているつなぎ" not in worker.client.get(f"/households/{case.household_id}/").content.decode()
    send(worker.actor, case, center_worker.agency, purpose="訪問に同行してほしい")
    page = worker.client.get(f"/households/{case.household_id}/").content.decode()
    assert "動いているつなぎ" in page
    assert "訪問に同行してほしい" in page


def test_a_role_without_casework_has_no_such_page(worker, finance):
    case = f.make_case(worker.actor)
    assert finance.client.get(f"/households/{case.household_id}/").status_code in (403, 404)


def words_of(response) -> str:
    assert response.status_code == 200
    return "".join(page.extract_text() for page in PdfReader(BytesIO(response.content)).pages)


def test_the_pdf_holds_the_whole_narrowed_stream(worker, center_worker):
    case = make_large(worker, [center_worker], members=2, notes=45)
    base = f"/cases/households/{case.household_id}/stream/pdf/"
    words = words_of(worker.client.get(base + "?view=short"))
    assert all(f"{n}回目の連絡" in words for n in range(45))
    theirs = words_of(
        worker.client.get(f"{base}?view=short&kind=n&agency={center_worker.agency.pk}")
    ).replace("\n", "")
    assert "1回目の連絡" in theirs
    assert "機関：地域包括支援センター" in theirs
    assert "ケースを開始" not in theirs
    got = AccessRecord.objects.filter(
        kind="export", target_type="households.household", target_id=str(case.household_id)
    )
    assert got.count() == 2
    worker.client.get(base.replace("pdf", "print"))
    assert AccessRecord.objects.filter(kind="print", target_type="households.household").count() == 1


def test_the_pdf_is_shielded_for_its_reader(worker, center_worker):
    her = f.make_person(phone="080-3319-6675", workplace="スーパーひまわり")
    case = f.make_case(worker.actor, household=f.make_household(person=her))
    st.note(case, worker.actor, f.NOW - timedelta(hours=1), "電話は08033196675、勤めはスーパーひまわり")
    grant_case(
        case=case,
        agency=center_worker.agency,
        ground="coordination",
        basis=case,
        actor=worker.actor,
        at=f.NOW,
    )
    protect_address(
        person=her, units=[], first_on=f.TODAY, last_on=date(2027, 11, 22), actor=worker.actor, at=f.NOW
    )
    for kind in ("pdf", "print"):
        url = f"/cases/households/{case.household_id}/stream/{kind}/"
        theirs = center_worker.client.get(url)
        said = words_of(theirs) if kind == "pdf" else theirs.content.decode()
        assert "秘匿" in said
        assert "ひまわり" not in said
        assert "08033196675" not in said
        assert "つつじが丘" not in said
        assert "中川" not in said


def test_a_stream_too_long_for_paper_says_so(worker, monkeypatch):
    monkeypatch.setattr("cases.views.stream.MOST_ON_PAPER", 5)
    case = make_large(worker, [], members=1, notes=9)
    answer = worker.client.get(f"/cases/households/{case.household_id}/stream/pdf/")
    assert answer.status_code == 422
    assert "絞り込んで" in answer.content.decode()


def test_the_filter_names_no_hidden_desk(worker, center_worker):
    case = f.make_case(worker.actor)
    grant_case(
        case=case,
        agency=center_worker.agency,
        ground="coordination",
        basis=case,
        actor=worker.actor,
        at=f.NOW,
    )
    url = f"/households/{case.household_id}/"
    before = dict(center_worker.client.get(url).context["stream"]["agencies"])
    assert worker.agency.pk in before
    protect_address(
        person=case.person,
        units=[],
        first_on=f.TODAY,
        last_on=date(2027, 11, 22),
        actor=worker.actor,
        at=f.NOW,
    )
    st.note(case, worker.actor, f.NOW - timedelta(hours=2))
    stream = center_worker.client.get(url).context["stream"]
    assert dict(stream["agencies"]) == {center_worker.agency.pk: "地域包括支援センター"}
    asked = center_worker.client.get(f"{url}?agency={worker.agency.pk}").context["stream"]
    assert [line.pk for line in asked["lines"]] == [line.pk for line in stream["lines"]]


def test_the_household_and_the_case_say_the_same_phase(worker):
    case = f.make_case(worker.actor)
    client = worker.client
    for state, said in ((None, "見立て"), ("draft", "プラン案")):
        if state:
            SupportPlan.objects.create(
                case=case,
                ordinal=1,
                state=state,
                written_at=f.NOW,
                agency=worker.agency,
                written_by=worker.staff,
            )
        for path in (f"/households/{case.household_id}/", f"/cases/{case.number}/"):
            assert f"{said}</span>" in client.get(path).content.decode(), (path, said)
