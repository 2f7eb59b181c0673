"""Heads of the chain, for the auditor."""

from __future__ import annotations

from datetime import timedelta

import time_machine

from audit.actions_chain import seal_chain
from audit.models import AccessRecord, ChainBlock
from tests import factories as f

URL = "/trail/chain/"


def test_heads_of_the_day(worker, auditor):
    f.make_case(worker.actor)
    seal_chain(at=f.NOW)
    with time_machine.travel(f.NOW, tick=False):
        page = auditor.client.get(URL)
    head = ChainBlock.objects.get(table_name="cases_caseevent")
    (shown,) = [h for h in page.context["heads"] if h.table_name == "cases_caseevent"]
    assert shown.hash_hex == bytes(head.hash).hex()
    assert shown.hash_parts[0] in page.content.decode()
    assert page.context["days"][0].day == f.TODAY
    assert AccessRecord.objects.filter(target_type="reports.chain").exists()


def test_a_day_before_the_first_block_is_empty(auditor, worker):
    seal_chain(at=f.NOW)
    page = auditor.client.get(URL, {"day": (f.TODAY - timedelta(days=1)).isoformat()})
    assert "封じた記録はありません" in page.content.decode()


def test_doors_and_bad_days(worker, manager, admin, auditor):
    for other in (worker, manager, admin):
        assert other.client.get(URL).status_code == 403
    assert auditor.client.get(URL, {"day": "きのう"}).status_code == 422


def test_queries(auditor, worker, django_assert_max_num_queries):
    seal_chain(at=f.NOW)
    client = auditor.client
    with django_assert_max_num_queries(10):
        client.get(URL)
