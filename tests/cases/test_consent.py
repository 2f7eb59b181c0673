"""同意: every state can be worked with; a yes has a scope; a withdrawal ends at once what rested on it."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest

from accounts.enums import ConsentState, Ground
from cases.actions.consent import expire_consents, withdraw_consent
from cases.models import Case, CaseGrant, CasePartner
from cases.selectors.consents import standing_consent
from common.errors import InvalidTransition, RuleViolation, StaleRecord
from households.actions.protection import protect_address
from households.contact import HIDDEN_DESK
from households.enums import InformationKind
from households.models import Consent, HouseholdGrant, Person
from referrals.models import Referral
from referrals.selectors_disclosure import referral_disclosure
from tests import factories as f
from tests.referrals.helpers import send

LATER = f.NOW + timedelta(hours=3)


@pytest.fixture
def case(worker):
    case = f.make_case(worker.actor)
    case.person = Person.objects.get()
    case.save()
    return case


def withdraw(consent, actor, **fields):
    data = {"withdrawn_on": f.TODAY, "note": "やめたい", "version": consent.version, **fields}
    return withdraw_consent(consent=consent, actor=actor, at=LATER, **data)


def test_a_yes_is_recorded_with_its_scope_and_the_case_shows_it(case, worker, care_center):
    consent = f.give_consent(case, worker.actor, care_center, kinds=("health", "identity"))
    case.refresh_from_db()
    assert (case.consent, case.consent_on) == (ConsentState.YES, f.TODAY)
    assert consent.kinds == ["identity", "health"]
    assert list(consent.agencies.all()) == [care_center]
    assert not Case.objects.filter(grants__group=care_center.group).exists()


@pytest.mark.parametrize("state", [ConsentState.NO, ConsentState.REFUSED])
def test_other_answers_are_recorded_and_the_case_goes_on(case, worker, care_center, state):
    f.give_consent(case, worker.actor, state=state, kinds=(), purpose="", witness="")
    case.refresh_from_db()
    assert case.consent == state
    assert send(worker.actor, case, care_center, ground=Ground.COORDINATION).pk


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"given_on": date(2026, 11, 24)}, "given_on"),
        ({"kinds": ()}, "kinds"),
        ({"kinds": ("everything",)}, "kinds"),
        ({"purpose": " "}, "purpose"),
        ({"witness": ""}, "witness"),
        ({"ends_on": date(2026, 11, 1)}, "ends_on"),
        ({"method": "signed", "paper_place": ""}, "paper_place"),
        ({"method": "letter"}, "method"),
        ({"state": "maybe"}, "state"),
        ({"giver": "guardian", "giver_name": ""}, "giver_name"),
        ({"scan": b"MZ\x90\x00"}, "scan"),
        ({"scan": b"%PDF-" + b"0" * (5 * 1024 * 1024)}, "scan"),
    ],
)
def test_bad_answers_are_told_beside_their_cause(case, worker, care_center, fields, field):
    with pytest.raises(RuleViolation) as error:
        f.give_consent(case, worker.actor, care_center, **fields)
    assert error.value.field == field
    assert not Consent.objects.exists()


def test_a_yes_for_nobody_is_no_yes(case, worker):
    with pytest.raises(RuleViolation) as error:
        f.give_consent(case, worker.actor)
    assert error.value.field == "agencies"


def test_withdrawal_ends_every_grant_that_rested_on_it_at_once(case, worker, center_worker):
    consent = f.share_by_consent(case, worker.actor, center_worker.actor)
    assert Case.objects.visible_to(center_worker.actor).get() == case
    assert withdraw(consent, worker.actor) == 2
    assert not Case.objects.visible_to(center_worker.actor).exists()
    case.refresh_from_db()
    assert case.consent == ConsentState.WITHDRAWN
    assert Case.objects.visible_to(worker.actor).exists()
    ended = CaseGrant.objects.get(ground=Ground.CONSENT)
    assert (ended.ends_at, ended.basis_id) == (LATER, str(consent.pk))
    assert HouseholdGrant.objects.get(ground=Ground.CONSENT).ends_at == LATER
    assert not CasePartner.objects.filter(agency=center_worker.agency, ended_at__isnull=True).exists()


def test_withdrawal_leaves_what_stands_on_another_ground(case, worker, center_worker):
    consent = f.share_by_consent(case, worker.actor, center_worker.actor)
    referral = send(worker.actor, case, center_worker.agency, ground=Ground.ELDER_ABUSE_LAW)
    from referrals.actions.answer_referral import answer_referral

    answer_referral(referral=referral, event="join", actor=center_worker.actor, at=f.NOW)
    withdraw(consent, worker.actor)
    assert Case.objects.visible_to(center_worker.actor).get() == case


def test_withdrawal_never_takes_the_case_from_its_lead(case, worker, center_worker):
    from referrals.actions.answer_referral import answer_referral

    consent = f.give_consent(case, worker.actor, center_worker.agency)
    referral = send(worker.actor, case, center_worker.agency, ground=Ground.CONSENT)
    answer_referral(referral=referral, event="take_lead", actor=center_worker.actor, at=f.NOW)
    withdraw(consent, center_worker.actor)
    assert Case.objects.visible_to(center_worker.actor).get().lead_agency == center_worker.agency


def test_a_waiting_referral_shows_nothing_more_after_withdrawal(case, worker, center_worker):
    consent = f.give_consent(case, worker.actor, center_worker.agency)
    referral = send(worker.actor, case, center_worker.agency, ground=Ground.CONSENT)
    assert "森下 和子" in center_worker.client.get(f"/referrals/{referral.pk}/").content.decode()
    withdraw(consent, worker.actor)
    text = center_worker.client.get(f"/referrals/{referral.pk}/").content.decode()
    assert "森下" not in text
    found = referral_disclosure(Referral.objects.get(), f.TODAY)
    assert [part for part, _, _ in found.shown] == ["concerns"]
    assert "撤回されたか" in found.why


def test_withdrawal_twice_in_the_future_and_of_a_no(case, worker, care_center):
    consent = f.give_consent(case, worker.actor, care_center)
    with pytest.raises(RuleViolation) as error:
        withdraw(consent, worker.actor, withdrawn_on=date(2026, 11, 24))
    assert error.value.field == "withdrawn_on"
    with pytest.raises(RuleViolation):
        withdraw(consent, worker.actor, withdrawn_on=date(2026, 11, 1))
    with pytest.raises(StaleRecord):
        withdraw(consent, worker.actor, version=9)
    withdraw(consent, worker.actor)
    with pytest.raises(InvalidTransition, match="すでに撤回"):
        withdraw(consent, worker.actor)
    refused = f.give_consent(case, worker.actor, state="refused", kinds=())
    with pytest.raises(InvalidTransition):
        withdraw(refused, worker.actor)


def test_a_stranger_neither_records_nor_withdraws(case, worker, stranger, care_center):
    with pytest.raises(Case.DoesNotExist):
        f.give_consent(case, stranger.actor, care_center)
    consent = f.give_consent(case, worker.actor, care_center)
    with pytest.raises(Consent.DoesNotExist):
        withdraw(consent, stranger.actor)


def test_a_part_of_the_kinds_opens_no_record(case, worker, center_worker):
    f.share_by_consent(case, worker.actor, center_worker.actor, kinds=("identity",))
    assert not Case.objects.visible_to(center_worker.actor).exists()
    assert CasePartner.objects.filter(agency=center_worker.agency).exists()
    page = center_worker.client.get(f"/referrals/{Referral.objects.get().pk}/").content.decode()
    assert "森下 和子" in page
    assert "ケースの記録は開きません" in page


def test_an_end_date_closes_by_itself(case, worker, center_worker):
    f.share_by_consent(case, worker.actor, center_worker.actor, ends_on=date(2026, 11, 30))
    grant = CaseGrant.objects.get(ground=Ground.CONSENT)
    assert f"{grant.ends_at.astimezone(f.TOKYO):%Y-%m-%d %H:%M}" == "2026-12-01 00:00"
    assert standing_consent(case, center_worker.agency, date(2026, 11, 30))
    assert standing_consent(case, center_worker.agency, date(2026, 12, 1)) is None
    assert expire_consents(at=f.NOW) == 0
    assert expire_consents(at=f.NOW + timedelta(days=8)) == 1
    case.refresh_from_db()
    assert case.consent == ConsentState.UNKNOWN


def test_joining_on_an_emergency_closes_after_fourteen_days(case, worker, center_worker):
    from referrals.actions.answer_referral import answer_referral

    referral = send(worker.actor, case, center_worker.agency, ground=Ground.EMERGENCY)
    answer_referral(referral=referral, event="join", actor=center_worker.actor, at=f.NOW)
    assert CaseGrant.objects.get(ground=Ground.EMERGENCY).ends_at == f.NOW + timedelta(days=14)


# ── Pages ───────────────────────────────────────────────────────────────────────────────────────────────────


def form(*agencies, **fields):
    return {
        "request_key": str(uuid4()), "state": "yes", "given_on": "R8.11.23", "giver": "self", "method": "spoken",
        "witness": "長女", "kinds": list(InformationKind.values), "agencies": [a.pk for a in agencies],
        "purpose": "一緒に支えるため", **fields,
    }  # fmt: skip


def test_the_page_records_and_withdraws(case, worker, center_worker):
    client, url = worker.client, f"/cases/{case.number}/consent/"
    data = form(center_worker.agency)
    for _ in range(2):
        assert client.post(url, data).status_code == 302
    consent = Consent.objects.get()
    assert "撤回を記録する" in client.get(url).content.decode()
    wrong = client.post(f"{url}{consent.pk}/withdraw/", {"version": 1, "withdrawn_on": "2199-01-01"})
    assert wrong.status_code == 422
    assert "今日より後" in wrong.content.decode()
    assert (
        client.post(f"{url}{consent.pk}/withdraw/", {"version": 1, "withdrawn_on": "R8.11.23"}).status_code
        == 302
    )
    again = client.post(f"{url}{consent.pk}/withdraw/", {"version": 2, "withdrawn_on": "R8.11.23"})
    assert "すでに撤回" in again.content.decode()


def test_the_worker_of_a_hidden_desk_is_not_named(case, worker, manager, center_worker, care_center):
    f.share_by_consent(case, worker.actor, center_worker.actor)
    other = f.give_consent(case, worker.actor, worker.agency, care_center)
    withdraw(other, manager.actor)
    url, reader = f"/cases/{case.number}/consent/", center_worker.client
    names = (worker.staff.name, manager.staff.name, worker.agency.short_name)
    assert all(name in reader.get(url).text for name in names)
    protect_address(
        person=case.person,
        units=[],
        first_on=f.TODAY,
        last_on=date(2027, 11, 22),
        actor=worker.actor,
        at=f.NOW,
    )
    page = reader.get(url).text.split('id="answers"')[1].split("</section>")[0]
    assert [name for name in names if name in page] == []
    assert (f"説明 {HIDDEN_DESK}" in page, f"記録 {HIDDEN_DESK}" in page) == (True, True)
    assert all(name in worker.client.get(url).text for name in names)


@pytest.mark.parametrize(
    "fields",
    [{"given_on": "R8.12.1"}, {"witness": ""}, {"kinds": []}, {"agencies": ["999999"]}, {"state": "x"}],
)
def test_the_page_tells_what_is_wrong_and_keeps_the_words(case, worker, care_center, fields):
    response = worker.client.post(
        f"/cases/{case.number}/consent/", form(care_center, note="長女も同席") | fields
    )
    assert response.status_code == 422
    assert "長女も同席" in response.content.decode()
    assert not Consent.objects.exists()


def test_the_scan_is_kept_and_read_back_in_scope(case, worker, center_worker, care_center):
    from django.core.files.uploadedfile import SimpleUploadedFile

    scan = SimpleUploadedFile("sign.pdf", b"%PDF-1.7 signed", content_type="application/pdf")
    data = form(care_center, method="signed", scan=scan)
    assert worker.client.post(f"/cases/{case.number}/consent/", data).status_code == 302
    consent = Consent.objects.get()
    answer = worker.client.get(f"/cases/consents/{consent.pk}/scan/")
    assert (answer.content, answer["Content-Type"]) == (b"%PDF-1.7 signed", "application/pdf")
    assert center_worker.client.get(f"/cases/consents/{consent.pk}/scan/").status_code == 404


def test_the_paper_is_plain_japanese_with_furigana(case, worker, care_center):
    from io import BytesIO

    from pypdf import PdfReader

    response = worker.client.get(f"/cases/{case.number}/consent/paper/?agency={care_center.pk}")
    text = "".join(page.extract_text() for page in PdfReader(BytesIO(response.content)).pages)
    for word in ("同意書", "どういしょ", "つた", "地域包括支援センター", "いいえ"):
        assert word in text
    assert len(PdfReader(BytesIO(response.content)).pages) == 1
