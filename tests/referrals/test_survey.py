"""会議後アンケート: five questions of those who attended, named, for who called the conference."""

from __future__ import annotations

import pytest
from django.urls import reverse

from common.errors import NotAllowed, RuleViolation
from referrals.actions.survey import answer_survey
from referrals.models import SurveyAnswer
from referrals.models.survey import SURVEY
from tests import factories as f
from tests.factories import NOW
from tests.referrals import conferences as c

ANSWERS = dict.fromkeys(SURVEY, 4)


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def conference(worker, disability_worker):
    made = c.convene(worker.actor, invite=(disability_worker.agency,))
    c.put(made, f.make_case(worker.actor), worker.actor)
    c.attend(made, disability_worker.agency, disability_worker.staff, disability_worker.actor)
    return made


def answer(conference, who, **kw):
    seat = c.seat(conference, who.agency)
    return answer_survey(member=seat, answers={**ANSWERS, **kw}, comment="", actor=who.actor, at=NOW)


def test_who_attended_answers_once_it_is_over(conference, worker, disability_worker):
    with pytest.raises(NotAllowed, match="終わってから"):
        answer(conference, disability_worker)
    c.bring_to(conference, "closed", worker.actor)
    answer(conference, disability_worker)
    answer(conference, disability_worker, roles=2)
    assert SurveyAnswer.objects.get().roles == 2
    with pytest.raises(RuleViolation) as caught:
        answer(conference, disability_worker, voice=9)
    assert caught.value.field == "voice"


def test_nobody_answers_for_another(conference, worker, disability_worker):
    c.bring_to(conference, "closed", worker.actor)
    seat = c.seat(conference, disability_worker.agency)
    with pytest.raises(NotAllowed):
        answer_survey(member=seat, answers=ANSWERS, comment="", actor=worker.actor, at=NOW)


def test_the_results_are_the_conveners(conference, worker, disability_worker, stranger):
    c.bring_to(conference, "closed", worker.actor)
    page = reverse("conferences:survey", args=[conference.pk])
    detail = reverse("conferences:detail", args=[conference.pk])
    assert page in disability_worker.client.get(detail).content.decode()
    missing = disability_worker.client.post(page, {"purpose": "4"})
    assert missing.status_code == 422
    sent = {**dict.fromkeys(SURVEY, "3"), "comment": "資料が早く届くと助かる"}
    assert disability_worker.client.post(page, sent).status_code == 302
    results = reverse("conferences:survey_results", args=[conference.pk])
    said = worker.client.get(results).content.decode()
    assert "出席 2人のうち 1人が回答" in said
    assert disability_worker.staff.name in said
    assert "資料が早く届くと助かる" in said
    assert disability_worker.client.get(results).status_code == 403
    assert stranger.client.get(results).status_code == 404
    assert not SurveyAnswer.objects.visible_to(stranger.actor).exists()
