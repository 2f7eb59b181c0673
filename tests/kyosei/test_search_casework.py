"""The words of outreach, watch, evaluation and closing: found by whoever reads the record, and by nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from importlib import import_module
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import models

from cases.actions import text_index
from cases.actions.closing import ClosingData, close_case, reopen_case
from cases.actions.follow_up import record_follow_up
from cases.actions.notes import NoteData, write_note
from cases.actions.outreach import (
    AttemptData,
    WorryData,
    agree_to_support,
    begin_outreach,
    edit_outreach,
    end_outreach,
    record_attempt,
)
from cases.actions.plan import (
    EvaluationData,
    PlanData,
    PlanItemData,
    decide_plan,
    evaluate_plan,
    save_plan,
    start_plan,
)
from cases.actions.team import join_case
from cases.masters import load_codes
from cases.models import Code, FollowUp, IndexedText, Outreach
from cases.models.indexed_text import OLDEST, SOURCES
from cases.selectors.texts import search_texts
from common.japan.names import bigram_codes
from households.actions.denials import deny_staff
from households.actions.persons import PersonData, update_household
from households.actions.protection import protect_address
from households.contact import shield_for
from tests import factories as f

pytestmark = pytest.mark.django_db
ADDRESS = "美旗野市若葉台4丁目1234番地"
WORRY = WorryData(
    described="青い屋根の家の息子さん", worry="夜に明かりだけつく。", source="neighbour", source_name="向かいの柿沼さん",
    source_contact="0595-61-2200", next_on=f.TODAY + timedelta(days=3), next_text="手紙を入れる",
)  # fmt: skip
KNOCK = AttemptData(
    started_at=f.NOW - timedelta(minutes=40), way="home_visit", answer="voice", minutes=20, note="襖越しに咳払い",
    next_on=f.TODAY + timedelta(days=14),
)  # fmt: skip


@pytest.fixture(autouse=True)
def masters(db, time_machine):
    time_machine.move_to(f.NOW)
    load_codes()
    f.make_streams()


def found(who, text: str) -> list[str]:
    """The kinds of records that ``text`` finds, the newest first."""
    return [hit.kind for hit in search_texts(who.actor, text, shield_for(who.actor)).hits]


def page_of(who, text: str) -> str:
    client = who.client
    page = client.get("/search/texts/", {"q": text}).text
    return page + client.get("/api/v1/search/", {"q": text}).text


def reach(worker, **worry) -> Outreach:
    outreach = begin_outreach(data=replace(WORRY, **worry), actor=worker.actor, at=f.NOW, request_key=uuid4())
    record_attempt(outreach=outreach, data=KNOCK, actor=worker.actor, at=f.NOW, request_key=uuid4())
    outreach.refresh_from_db()
    return outreach


def agreed(worker, **worry) -> Outreach:
    return agree_to_support(
        outreach=reach(worker, **worry), agreed_on=f.TODAY, how="玄関先で「話を聞いて」", actor=worker.actor, at=f.NOW,
        new_person=PersonData(family_name="柏木", given_name="透"),
    )  # fmt: skip


def evaluate(case, worker, **words) -> None:
    plan = start_plan(case=case, actor=worker.actor, at=f.NOW)
    data = PlanData(
        hope="料理を続けたい", long_goal="安心", short_goal="通院", items=(PlanItemData(action="同行"),)
    )
    plan = save_plan(plan=plan, data=data, version=plan.version, actor=worker.actor, at=f.NOW)
    decide_plan(plan=plan, where="支援会議", actor=worker.actor, at=f.NOW)
    said = {"note": "朝市に通えた", "remaining": "冬の灯油代", "wish": "店を開きたい"} | words
    evaluate_plan(
        plan=plan, actor=worker.actor, at=f.NOW, data=EvaluationData(achievement="reached", judgement="close", **said)
    )  # fmt: skip


def close(case, worker, **over) -> FollowUp:
    values = {
        "kind": "close", "reason": Code.objects.get(code_list="closing_reason", code="z01"), "note": "漁港で働き始めた。",
        "follow_up_on": date(2026, 12, 23), "every": "1", "ask": "釣り竿の話",
    }  # fmt: skip
    close_case(case=case, data=ClosingData(**values | over), actor=worker.actor, at=f.NOW)
    return FollowUp.objects.waiting().get(case=case)


def look(turn, who, result, note, days=0, **over) -> FollowUp:
    given = {"next_on": None, "stop_reason": ""} | over
    return record_follow_up(
        follow_up=turn, result=result, note=note, actor=who.actor, at=f.NOW + timedelta(days=days), **given
    )  # fmt: skip


def a_whole_way(worker) -> Outreach:
    """From a worry to a closed case with a missed contact, a turn and the end of the watch."""
    outreach = agreed(worker)
    evaluate(outreach.case, worker)
    turn = close(outreach.case, worker)
    look(turn, worker, "unreachable", "雨戸が閉まっていた")
    turn.refresh_from_db()
    look(turn, worker, "stable", "縁側で猫と過ごす", days=1, stop_reason="姉の家へ通う")
    return outreach


WHOLE = {
    "夜に明かり": "outreach", "柿沼さん": "outreach", "61-2200": "outreach", "青い屋根": "outreach", "話を聞いて": "outreach",
    "咳払い": "attempt", "朝市": "evaluation", "灯油代": "evaluation", "店を開き": "evaluation", "漁港": "closing",
    "釣り竿": "cycle", "雨戸": "tried", "縁側で": "turn",
}  # fmt: skip


def test_every_word_is_found_once_and_leads_to_its_record(worker):
    outreach = a_whole_way(worker)
    for text, kind in WHOLE.items():
        assert found(worker, text) == [kind], text
    assert sorted(found(worker, "姉の家へ")) == ["closing", "cycle"]
    assert f"/outreach/{outreach.pk}/" in page_of(worker, "咳払い")
    assert "/cases/follow-ups/" in page_of(worker, "雨戸")
    assert "/cases/plans/" in page_of(worker, "朝市")
    assert outreach.case.number in page_of(worker, "漁港")


def test_the_index_is_what_a_rebuild_makes_of_it(worker, monkeypatch):
    """Kept in step by the actions; and the migration fills the same rows for what was there before."""
    a_whole_way(worker)
    kept = _rows()
    assert {source for source, *_ in kept} == set(SOURCES) - {"consultation", "note", "item"}
    monkeypatch.setattr(text_index, "BATCH", 1)
    text_index.rebuild_texts(IndexedText, text_index.MODELS)
    assert _rows() == kept
    migration = import_module("cases.migrations.0017_words_of_all_casework")
    migration.empty(apps, None)
    assert {source for source, *_ in _rows()} <= set(OLDEST)
    migration.fill(apps, None)
    assert _rows() == kept


def test_a_kanji_that_is_folded_from_now_on_is_folded_in_what_was_written_before(worker):
    write_note(
        case=f.make_case(worker.actor), actor=worker.actor, at=f.NOW, request_key=uuid4(),
        data=NoteData(started_at=f.NOW, minutes=20, way="phone", text="穩田さんの姊が来られた。\n薗部さんも。"),
    )  # fmt: skip
    kept = IndexedText.objects.get()
    before = kept.folded.replace("穏", "穩").replace("姉", "姊").replace("園", "薗")
    assert before != kept.folded
    IndexedText.objects.update(folded=before, terms=bigram_codes(before))
    assert found(worker, "穏田さん") == []
    migration = import_module("cases.migrations.0017_words_of_all_casework")
    assert text_index.refold_texts(IndexedText, migration.FOLDED) == 1
    again = IndexedText.objects.get()
    assert (again.folded, again.terms) == (kept.folded, kept.terms)
    for text in ("穏田さん", "穩田さん", "園部", "姉が"):
        assert found(worker, text) == ["note"], text


def _rows() -> list[tuple[object, ...]]:
    columns = ("case_id", "agency_id", "written_at", "folded", "terms")
    return sorted(
        (source, getattr(row, f"{source}_id"), *(str(getattr(row, name)) for name in columns))
        for row in IndexedText.objects.order_by("pk")
        for source in SOURCES
        if getattr(row, f"{source}_id") is not None
    )


def test_the_worry_and_who_told_stay_with_the_agency_that_heard(worker, center_worker):
    outreach = agreed(worker)
    f.share_by_consent(outreach.case, worker.actor, center_worker.actor)
    for text, kind in (("青い屋根", "outreach"), ("話を聞いて", "outreach"), ("咳払い", "attempt")):
        assert found(center_worker, text) == [kind]
        assert "柿沼" not in page_of(center_worker, text)
        assert "明かり" not in page_of(center_worker, text)
    for text in ("夜に明かり", "柿沼さん", "61-2200", "柿", "青い屋根 柿沼さん"):
        assert found(worker, text) == ["outreach"], text
        assert found(center_worker, text) == [], text
        assert "青い屋根" not in page_of(center_worker, text)
    mine = IndexedText.objects.visible_to(center_worker.actor)
    assert not mine.filter(heard__isnull=False).exists()
    assert not [row for row in mine if "柿沼" in row.folded or "明かり" in row.folded]


def test_before_there_is_a_case_only_the_agency_that_goes_there_finds_it(worker, colleague, center_worker):
    reach(worker)
    for text in ("青い屋根", "夜に明かり", "咳払い"):
        assert found(colleague, text)
        assert found(center_worker, text) == [], text


def test_whoever_takes_the_outreach_over_finds_it_and_the_former_agency_no_more(worker, center_worker):
    outreach = reach(worker)
    outreach.agency, outreach.staff = center_worker.agency, center_worker.staff
    outreach.save()
    text_index.index_text(outreach)
    for text in ("夜に明かり", "咳払い"):
        assert found(worker, text) == []
        assert found(center_worker, text)


def test_what_is_corrected_is_found_as_it_stands_now(worker):
    outreach = reach(worker)
    data = replace(WORRY, worry="新聞がたまっている。", source_name="", next_text="")
    edit_outreach(
        outreach=outreach, data=data, staff=worker.staff, version=outreach.version, actor=worker.actor, at=f.NOW
    )  # fmt: skip
    assert found(worker, "夜に明かり") == found(worker, "柿沼さん") == []
    assert found(worker, "新聞が") == ["outreach"]
    outreach.refresh_from_db()
    end_outreach(outreach=outreach, reason="moved", note="遠方の叔父のもとへ", actor=worker.actor, at=f.NOW)
    assert found(worker, "叔父のもと") == ["outreach"]


def test_an_agency_that_is_asked_finds_its_turns_and_nothing_else_of_the_case(worker, center_worker):
    outreach = agreed(worker)
    join_case(
        case=outreach.case, agency=center_worker.agency, staff=center_worker.staff, actor=center_worker.actor, at=f.NOW,
        basis=outreach.case, ground="own_duty", opens_record=False,
    )  # fmt: skip
    turn = close(outreach.case, worker, follow_up_agency=center_worker.agency)
    look(turn, center_worker, "stable", "縁側で猫と過ごす")
    assert found(worker, "縁側で") == found(center_worker, "縁側で") == ["turn"]
    said = page_of(center_worker, "縁側で")
    assert outreach.case.number in said
    assert "柏木" not in said
    for text in ("漁港", "釣り竿", "咳払い", "青い屋根"):
        assert found(worker, text)
        assert found(center_worker, text) == [], text


def test_a_closing_is_found_after_the_case_is_open_again(worker):
    case = f.make_case(worker.actor)
    close(case, worker)
    reopen_case(case=case, actor=worker.actor, at=f.NOW + timedelta(days=1), reason="戻ってきた")
    assert found(worker, "漁港") == ["closing"]
    case.refresh_from_db()
    close_case(
        case=case, actor=worker.actor, at=f.NOW + timedelta(days=2),
        data=ClosingData(kind="close", reason=Code.objects.get(code_list="closing_reason", code="z01"), note="造船所へ",
                         no_follow_up_reason="姪が毎週来る"),
    )  # fmt: skip
    for text in ("漁港", "造船所", "姪が毎週"):
        assert found(worker, text) == ["closing"], text


def test_a_denied_worker_finds_none_of_it(worker, colleague):
    outreach = a_whole_way(worker)
    assert all(found(colleague, text) for text in WHOLE)
    deny_staff(
        household=outreach.household, staff=colleague.staff, reason="relative", note="", actor=worker.actor, at=f.NOW
    )  # fmt: skip
    for text in WHOLE:
        assert found(colleague, text) == [], text


def test_protected_details_in_any_of_them_find_nothing(worker, center_worker):
    outreach = agreed(worker, described=f"{ADDRESS}の人", next_text="")
    case, home = outreach.case, outreach.household
    update_household(
        household=home, name=home.name, area=worker.agency.area, postal_code="518-0001", address=ADDRESS, phone="",
        version=home.version, actor=worker.actor, at=f.NOW,
    )  # fmt: skip
    f.share_by_consent(case, worker.actor, center_worker.actor)
    evaluate(case, worker, note=f"{ADDRESS}で暮らす。朝市に通えた")
    turn = close(case, worker, note=f"{ADDRESS}から漁港へ通う", ask=f"{ADDRESS}を訪ねる")
    look(turn, worker, "unreachable", f"{ADDRESS}は留守。雨戸が閉まる")
    turn.refresh_from_db()
    look(turn, worker, "stable", f"{ADDRESS}の縁側で", days=1)
    assert sorted(found(center_worker, "若葉台4丁目")) == sorted(
        ["outreach", "evaluation", "closing", "cycle", "tried", "turn"]
    )
    protect_address(
        person=outreach.person, units=[], first_on=f.TODAY, last_on=date(2027, 11, 22), actor=worker.actor, at=f.NOW
    )  # fmt: skip
    for text in ("若葉台4丁目", "若葉台", "1234番地"):
        assert found(center_worker, text) == [], text
    for text in ("朝市", "漁港", "雨戸", "縁側で"):
        assert found(center_worker, text), text
        assert "若葉台" not in page_of(center_worker, text)


# text of casework that search does not look through, with the reason
NOT_SEARCHED = {
    "Case.number": "found as a number", "Consultation.receipt_no": "found as a number",
    "Consultation.caller_phone": "how to reach somebody is no word", "Consultation.caller_relation": "of a short list in practice",
    "Case.next_text": "its note says it", "SupportPlan.decided_where": "the name of a sitting",
    "PlanItem.problem": "read on its plan", "PlanItem.action": "read on its plan", "PlanItem.frequency": "read on its plan",
    "PlanItem.doer_text": "read on its plan", "WatchChange.before": "what the cycle said",
    "WatchChange.after": "what the cycle says", "WatchChange.reason": "why a rhythm was changed",
    "CasePartner.role_note": "about an agency", "CoordinationSetting.reason": "about the offices",
    "BreakGlass.text": "of the trail", "BreakGlass.review_note": "of the trail", "RiskPutOff.reason": "of a queue",
    "CaseGrant.basis_id": "a key", "CaseGrant.basis_type": "a key", "Code.code": "a key", "Code.source": "a list of the office",
    "Code.label": "a list of the office", "NumberSeries.series": "a key", "Draft.key": "a key", "Draft.url": "an address",
    "Draft.title": "not yet a record", "Draft.window": "a key",
}  # fmt: skip


def test_every_text_of_casework_is_searched_or_named_as_not():
    searched = {
        f"{model.__name__}.{name}" for source, model in text_index.MODELS.items()
        for name in text_index.SOURCES[source].fields
    }  # fmt: skip
    free = {
        f"{model.__name__}.{field.name}"
        for model in apps.get_app_config("cases").get_models()
        if not model.__name__.endswith("Event") and model is not IndexedText
        for field in model._meta.get_fields()
        if isinstance(field, (models.CharField, models.TextField)) and not field.choices
    }  # fmt: skip
    assert sorted(free - searched - NOT_SEARCHED.keys()) == []
    assert NOT_SEARCHED.keys() <= free
    assert set(text_index.SOURCES) == set(text_index.MODELS) == set(SOURCES)
