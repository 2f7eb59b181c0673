"""The kinds of conference as data: the law's, the municipality's names and limits from a day on, and its own."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.enums import AgencyKind, Ground, Sector
from cases.actions.plan import start_plan
from common.errors import NotAllowed, RuleViolation
from referrals.actions.conference_rules import set_rule
from referrals.actions.run_conference import approve_plan
from referrals.enums import KIND_RULES, ConferenceKind
from referrals.models import Conference, ConferenceRule
from referrals.selectors_kinds import kind_on, kinds_on
from tests import factories as f
from tests.conftest import persona
from tests.factories import NOW, TODAY
from tests.referrals import conferences as c

CASELESS = (ConferenceKind.PROMOTION, ConferenceKind.COMMUNITY, ConferenceKind.COUNCIL)


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)


def rule(actor, **kw) -> ConferenceRule:
    law = KIND_RULES[ConferenceKind(kw.get("kind", "individual"))]
    fields = {
        "code": "individual", "kind": "individual", "name": "個別会議", "applies_from": TODAY, "is_used": True,
        "conveners": list(law.conveners), "grounds": list(law.grounds), "attends": "any", "decides": list(law.decides),
        "note": "", "at": NOW, **kw,
    }  # fmt: skip
    return set_rule(actor=actor, **fields)


# ── The law's kinds ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", CASELESS)
def test_kinds_that_talk_of_the_community_take_no_case(kind, worker):
    case = f.make_case(worker.actor)
    conference = c.convene(worker.actor, kind=kind)
    with pytest.raises(RuleViolation, match="個別のケースを議題にできません"):
        c.put(conference, case, worker.actor)
    assert not conference.agenda.exists()


def test_the_adjustment_conference_is_called_by_the_self_reliance_agency_and_needs_consent(worker):
    with pytest.raises(RuleViolation) as caught:
        c.convene(worker.actor, kind="adjustment")
    assert caught.value.field == "kind"
    desk = persona(f.make_agency("自立相談支援", kind=AgencyKind.SELF_RELIANCE, sector=Sector.POVERTY))
    case = f.make_case(desk.actor)
    conference = c.convene(desk.actor, kind="adjustment")
    with pytest.raises(RuleViolation, match="本人の同意が前提"):
        c.put(conference, case, desk.actor)


def test_a_support_conference_decides_no_plan(worker, disability_section):
    case = f.make_case(worker.actor)
    conference = c.convene(worker.actor, kind="support")
    item = c.put(conference, case, worker.actor)
    f.give_consent(case, worker.actor, disability_section)
    item.plan = start_plan(case=case, actor=worker.actor, at=NOW)
    item.save(update_fields=["plan"])
    c.sit(conference, worker.actor)
    with pytest.raises(RuleViolation, match="プランを決定できません"):
        approve_plan(item=item, actor=worker.actor, at=c.START)


def test_nobody_calls_the_bare_own_kind(worker):
    with pytest.raises(RuleViolation):
        c.convene(worker.actor, kind="own")


# ── The municipality's names and limits ─────────────────────────────────────────────────────────────────────


def test_a_local_name_holds_from_its_day_and_leaves_what_was_called_before(elderly_director, worker):
    before = c.convene(worker.actor, kind="support")
    rule(elderly_director.actor, code="support", kind="support", name="包括的支援会議", applies_from=TODAY)
    after = c.convene(worker.actor, kind="support")
    assert before.get_kind_display() == "支援会議"
    assert after.get_kind_display() == "包括的支援会議"
    assert after.is_secret  # the kind of the law stays
    rule(
        elderly_director.actor,
        code="support",
        kind="support",
        name="まるごと会議",
        applies_from=TODAY + timedelta(days=30),
    )
    assert kind_on("support", TODAY).name == "包括的支援会議"
    assert kind_on("support", TODAY + timedelta(days=30)).name == "まるごと会議"
    after.refresh_from_db()
    assert after.get_kind_display() == "包括的支援会議"


def test_a_narrowed_ground_refuses_what_the_law_would_take(elderly_director, worker):
    case = f.make_case(worker.actor)
    before = c.convene(worker.actor, kind="area")
    rule(elderly_director.actor, code="area", kind="area", name="エリア会議", grounds=["consent"])
    after = c.convene(worker.actor, kind="area")
    c.put(before, case, worker.actor)
    with pytest.raises(RuleViolation, match="本人の同意が前提"):
        c.put(after, case, worker.actor)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "support", "code": "support", "grounds": ["consent"]}, "grounds"),
        ({"kind": "support", "code": "support", "conveners": ["any"]}, "conveners"),
        ({"kind": "support", "code": "support", "decides": ["plan"]}, "decides"),
        ({"kind": "multilayered", "code": "multilayered", "grounds": ["article_106_6"]}, "grounds"),
        ({"applies_from": TODAY - timedelta(days=1)}, "applies_from"),
        ({"name": "支援会議"}, "name"),
        ({"name": " "}, "name"),
        ({"grounds": []}, "grounds"),
        ({"kind": "party", "code": "party"}, "kind"),
        ({"kind": "area"}, "kind"),
    ],
)
def test_a_rule_cannot_give_what_the_law_does_not(change, field, elderly_director):
    if change.get("kind") == "area":
        rule(elderly_director.actor, name="打合せ", applies_from=TODAY + timedelta(days=1))
    with pytest.raises(RuleViolation) as caught:
        if change.get("kind") == "party":
            set_rule(
                code="party", kind="party", name="会", applies_from=TODAY, is_used=True, conveners=["any"], grounds=[],
                attends="any", decides=["issue"], note="", actor=elderly_director.actor, at=NOW,
            )  # fmt: skip
        rule(elderly_director.actor, **{"name": "打合せの会", **change})
    assert caught.value.field == field


def test_an_own_kind_is_called_with_its_own_rules(elderly_director, worker):
    outside = f.make_agency("青葉NPO", kind=AgencyKind.OTHER)
    made = rule(
        elderly_director.actor, code="", kind="own", name="支援検討会議", attends="agencies",
        decides=["roles"], grounds=["participation"],
    )  # fmt: skip
    assert made.code == "own-1"
    conference = c.convene(worker.actor, kind=made.code)
    assert (conference.kind, conference.get_kind_display()) == ("own", "支援検討会議")
    assert conference.rule.grounds == (Ground.PARTICIPATION,)
    with pytest.raises(RuleViolation, match="青葉NPOは招けません") as caught:
        c.convene(worker.actor, kind=made.code, invite=(outside,))
    assert caught.value.field == "agency"
    rule(
        elderly_director.actor,
        code=made.code,
        kind="own",
        name="支援検討会議",
        is_used=False,
        grounds=["participation"],
    )
    with pytest.raises(RuleViolation):
        c.convene(worker.actor, kind=made.code)


def test_only_directors_and_the_administrator_write_rules(worker, admin):
    with pytest.raises(NotAllowed):
        rule(worker.actor)
    assert rule(admin.actor, name="ケース会議").name == "ケース会議"


# ── Pages ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_page_shows_every_kind_and_saves_one(elderly_director, worker):
    client = elderly_director.client
    page = client.get(reverse("manage:conference_rules")).content.decode()
    assert all(kind.name in page for kind in kinds_on(TODAY))
    url = reverse("manage:conference_rule", args=["support"])
    form = client.get(url).content.decode()
    assert "支援会議（社会福祉法106条の6）" in form
    assert "支援チームへの参加" not in form  # no ground of the law's kind
    data = {
        "kind": "support", "name": "包括的支援会議", "applies_from": "R8.11.23", "is_used": "on",
        "conveners": ["municipal"], "grounds": ["article_106_6"], "attends": "any", "decides": ["roles"],
    }  # fmt: skip
    wrong = client.post(url, {**data, "applies_from": "R8.11.1"})
    assert wrong.status_code == 422
    assert "今日以後" in wrong.content.decode()
    assert client.post(url, data).status_code == 302
    choices = worker.client.get(reverse("conferences:new")).content.decode()
    assert "包括的支援会議（支援会議）" in choices
    assert worker.client.get(url).status_code == 403
    assert client.get(reverse("manage:conference_rule", args=["nothing"])).status_code == 404


def test_a_desk_is_not_offered_what_it_may_not_call(worker):
    form = worker.client.get(reverse("conferences:new")).context["form"]
    offered = {value for value, _ in form.fields["kind"].choices}
    assert {"individual", "support", "area", "council"} <= offered
    assert not {"adjustment", "own"} & offered


def test_a_wrong_kind_is_told_beside_its_field(worker):
    data = {
        "request_key": str(uuid4()), "kind": "adjustment", "title": "", "starts_at_0": "R8.12.1",
        "starts_at_1": "14:00", "minutes": "60", "place": "", "sector": "", "topic": "",
    }  # fmt: skip
    answer = worker.client.post(reverse("conferences:new"), data)
    assert answer.status_code == 422
    assert "kind" in answer.context["form"].errors
    assert not Conference.objects.exists()
