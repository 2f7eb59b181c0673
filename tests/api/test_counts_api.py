"""Counts of a year in the API: the numbers of the pages, of one's own scope."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest

from cases.actions.closing import ClosingData, close_case
from cases.actions.follow_up import record_follow_up
from cases.actions.outreach import AttemptData, WorryData, begin_outreach, record_attempt
from cases.masters import load_codes
from cases.models import Code, FollowUp
from tests import factories as f


@pytest.fixture(autouse=True)
def masters(db, time_machine):
    time_machine.move_to(f.NOW)
    load_codes()
    f.make_streams()


def look_again(who, result: str) -> None:
    case = f.make_case(who.actor)
    reason = Code.objects.get(code_list="closing_reason", code="z01")
    data = ClosingData(
        kind="close", reason=reason, note="納得している。", follow_up_on=date(2027, 2, 24), every="3"
    )
    close_case(case=case, data=data, actor=who.actor, at=f.NOW)
    turn = FollowUp.objects.get(case=case)
    record_follow_up(
        follow_up=turn, result=result, note="", next_on=None, stop_reason="", actor=who.actor, at=f.NOW
    )


def test_results_of_watching_are_counted_by_month_and_agency_of_ones_own_scope(worker, stranger):
    look_again(worker, "stable")
    look_again(worker, "worse")
    look_again(stranger, "stable")
    told = worker.client.get("/api/v1/watch-results/?year=2026").json()
    assert told["total"] == {
        "name": "2026", "results": {"stable": 1, "worse": 1, "unreachable": 0, "moved": 0, "died": 0}, "total": 2,
    }  # fmt: skip
    assert next(row["name"] for row in told["months"]) == "2026-04"
    assert {row["name"]: row["total"] for row in told["months"]}["2026-11"] == 2
    assert [(row["name"], row["total"]) for row in told["agencies"]] == [(worker.agency.short_name, 2)]
    none = worker.client.get(f"/api/v1/watch-results/?agency={stranger.agency.pk}").json()
    assert none["total"]["total"] == 0
    assert worker.client.get("/api/v1/watch-results/?year=2025").json()["total"]["total"] == 0


def test_months_of_outreach_are_those_of_ones_own_agency(worker, stranger):
    for who in (worker, stranger):
        row = begin_outreach(
            data=WorryData(source="neighbour", worry="雨戸が閉まったまま。", described="角の家の男性", next_on=f.TODAY), actor=who.actor, at=f.NOW,
            request_key=uuid4(),
        )  # fmt: skip
    record_attempt(
        outreach=row, data=AttemptData(started_at=f.NOW, minutes=20, way="home_visit", answer="voice", next_on=f.TODAY),
        actor=stranger.actor, at=f.NOW, request_key=uuid4(),
    )  # fmt: skip
    month = {"month": "2026-11-01", "begun": 1, "tries": 0, "reached": 0, "agreed": 0}
    assert month in worker.client.get("/api/v1/outreach-counts/").json()
    assert (
        month | {"tries": 1, "reached": 1} in stranger.client.get("/api/v1/outreach-counts/?year=2026").json()
    )


@pytest.mark.parametrize("query", ["year=x", "year=1", "agency=0", "months=1"])
def test_what_cannot_be_read_is_said(worker, query):
    answer = worker.client.get(f"/api/v1/watch-results/?{query}")
    assert answer.status_code == 400
    assert query.split("=")[0] in answer.json()


def test_who_reads_no_case_reads_no_numbers(finance):
    for name in ("watch-results", "outreach-counts"):
        assert finance.client.get(f"/api/v1/{name}/").status_code == 403
