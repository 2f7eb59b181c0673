"""The scope matrix: personas × surfaces × what must not be read there. A new address is one line in surfaces.py."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.actor import Actor
from accounts.roles import Permission
from audit.models import AccessRecord, ChangeRecord
from cases.models import (
    AssessmentItem,
    Case,
    Consultation,
    FollowUp,
    ProgressNote,
    RiskPutOff,
    SilentRisk,
    SupportPlan,
)
from households.models import Consent, Household, HouseholdDenial, Kinship, Person
from referrals.models import (
    ActionItem,
    AgendaItem,
    CapacityAnswer,
    CapacityQuestion,
    ChronologyEntry,
    IssueCase,
    IssueReport,
    OutsideLink,
    OutsidePartner,
    OutsideRequest,
    PrepSheet,
    Referral,
)
from tests.scope import world as w
from tests.scope.surfaces import ELSEWHERE, READS, WRITES, Surface, text_of

NAMES = (
    "lead worker", "colleague", "manager", "same role elsewhere", "partner by consent", "grant ended yesterday",
    "asked on consent", "asked without consent", "director disability", "director elderly", "guest in the sitting",
    "guest after the sitting", "broke the glass", "glass closed again", "former member", "member from tomorrow",
    "denied colleague", "denied manager", "denied at the asked agency", "denied manager of the partner",
    "denied in the sitting", "finance clerk", "auditor", "system administrator",
    "director of another sector",
)  # fmt: skip
LEAST_CELLS = 2000


@pytest.fixture
def world(db):
    city = w.build()
    city.ids["lead"] = city.people["lead worker"].staff.pk
    city.ids["month"] = f"{timezone.localdate():%Y%m}"
    return city


def path(surface: Surface, ids: dict) -> str:
    return surface.path(ids).format(**{k: v for k, v in ids.items() if isinstance(v, int | str)})


def client_of(persona) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(persona.staff, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def allowed_on(surface: Surface, city: w.World, name: str) -> frozenset[str]:
    """The hand-written words, and on the few pages of 名寄せ the identity to whoever may find people."""
    may = city.may[name]
    persona = city.people[name]
    denied = name.startswith("denied")
    if surface.identity and persona.actor.has(Permission.PERSON_FIND) and not denied:
        may = may | {w.NAME}
    if name == "guest in the sitting" and not surface.url.startswith(
        ("conferences:", "home", "api:action-item")
    ):
        return frozenset()
    if name == "grant ended yesterday" and not surface.url.startswith(
        (
            "referrals:",
            "api:referral",
            "home",
            "consultations:person_find",
            "api:person-list",
            "api:search",
            "search",
            "consultations:concern",
            "break_glass:open",
        )
    ):
        return frozenset()
    return may


def test_the_matrix_is_large_enough(record_property):
    record_property(
        "figure", f"scope matrix: {len(NAMES)} personas, {len(READS)} reads, {len(WRITES)} writes"
    )
    assert len(NAMES) * (len(READS) + len(WRITES)) >= LEAST_CELLS


@pytest.mark.parametrize("name", NAMES)
def test_nobody_reads_what_is_not_theirs(world, name, record_property):
    assert set(NAMES) == set(world.people)
    client, leaks, broken = client_of(world.people[name]), [], []
    for surface in READS:
        response = client.get(path(surface, world.ids))
        if response.status_code >= 500:
            broken.append((str(surface), response.status_code))
            continue
        text = text_of(response)
        may = allowed_on(surface, world, name)
        leaks += [(str(surface), word) for word in w.ALL_SECRETS if word in text and word not in may]
    cells = len(READS) * len(w.ALL_SECRETS)
    record_property("figure", f"scope matrix, {name}: {cells} cells, {len(leaks)} leaks")
    assert broken == []
    assert leaks == []


@pytest.mark.parametrize("name", ["lead worker", "partner by consent", "broke the glass"])
def test_who_may_read_does_read(world, name):
    """The matrix would hold for a program that shows nothing: these see what is theirs."""
    client, seen = client_of(world.people[name]), ""
    for surface in READS:
        seen += text_of(client.get(path(surface, world.ids)))
    assert {word for word in world.may[name] if word not in seen} == set()


@pytest.mark.parametrize(
    "name", [n for n in NAMES if n not in ("lead worker", "colleague", "manager", "director elderly")]
)
def test_nobody_writes_what_they_do_not_see(world, name):
    """Forged ids in every address that takes one: 403 or 404, and nothing is written."""
    persona = world.people[name]
    client = client_of(persona)
    sees = Case.objects.visible_to(persona.actor).filter(pk=world.case.pk).exists()
    before, wrong = ChangeRecord.objects.count(), []
    for surface in WRITES:
        if sees and not surface.url.startswith(("conferences:", "handover:")):
            continue
        for send in (client.post, client.put, client.delete):
            response = send(path(surface, world.ids), {"text": "x", "reason": "relative", "version": 1})
            refused = (403, 404, 405) if surface.url != "handover:staff" else (403, 404, 405, 422)
            if response.status_code not in refused:
                wrong.append((str(surface), response.status_code))
    assert wrong == []
    assert ChangeRecord.objects.count() == before


MODELS = (
    Case, Household, Person, Consultation, ProgressNote, AssessmentItem, SupportPlan, FollowUp, Referral, AgendaItem,
    ActionItem, Kinship, Consent, HouseholdDenial, SilentRisk, RiskPutOff, PrepSheet, ChronologyEntry, IssueCase, IssueReport,
    CapacityAnswer, CapacityQuestion, OutsideLink, OutsidePartner, OutsideRequest,
)  # fmt: skip


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_the_system_and_people_without_a_post_see_nothing(world, model):
    for actor in (
        Actor.system("試験"),
        world.people["former member"].actor,
        world.people["member from tomorrow"].actor,
    ):
        assert not model.objects.visible_to(actor).exists()


def test_the_table_of_cases_is_what_the_scope_says(world):
    seers = {
        n for n in NAMES if Case.objects.visible_to(world.people[n].actor).filter(pk=world.case.pk).exists()
    }
    assert seers == {n for n in NAMES if w.NOTE in world.may[n] and n != "guest in the sitting"}


def test_guardian_agrees_with_the_scope(world):
    for name, persona in world.people.items():
        staff = persona.staff
        for model, row, perm in (
            (Case, world.case, "cases.view_case"),
            (Case, world.other, "cases.view_case"),
            (Household, world.case.household, "households.view_household"),
        ):
            sees = model.objects.visible_to(persona.actor).filter(pk=row.pk).exists()
            assert staff_has(staff, perm, row) is sees, (name, row)


def staff_has(staff, perm, row) -> bool:
    from django.contrib.auth.models import _user_has_perm

    return bool(_user_has_perm(staff, perm, row))


def test_every_miss_is_logged(world):
    client = client_of(world.people["same role elsewhere"])
    before = AccessRecord.objects.filter(kind="denied").count()
    assert client.get(f"/cases/{world.ids['number']}/").status_code == 404
    assert client.get(f"/households/{world.ids['household']}/").status_code == 404
    assert AccessRecord.objects.filter(kind="denied").count() == before + 2


def test_every_address_stands_in_the_matrix():
    known = {s.url for s in (*READS, *WRITES)} | set(ELSEWHERE)

    def walk(resolver: URLResolver, namespace: str = ""):
        for pattern in resolver.url_patterns:
            if isinstance(pattern, URLResolver):
                inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
                yield from walk(pattern, inner)
            elif isinstance(pattern, URLPattern) and pattern.name:
                yield f"{namespace}{pattern.name}"

    missing = {n for n in walk(get_resolver()) if not n.startswith("account_")} - known
    assert missing == set()
