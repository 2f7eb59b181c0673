"""Sealing while others write."""

from __future__ import annotations

import random
import threading
import time

import pytest
from django.db import connection, transaction

from audit.actions_chain import seal_chain
from audit.models import AccessRecord, ChainBlock
from audit.verification import check_chain, verify_chain
from tests import factories as f
from tests.audit.trail import log_lines

pytestmark = pytest.mark.django_db(transaction=True)
ACCESS = "audit_accessrecord"


class Writer(threading.Thread):
    """Writes a line of the log and commits only when told."""

    def __init__(self, actor) -> None:
        super().__init__()
        self.actor, self.written, self.may_commit = actor, threading.Event(), threading.Event()

    def run(self) -> None:
        try:
            with transaction.atomic():
                log_lines(self.actor, 1)
                self.written.set()
                self.may_commit.wait(20)
        finally:
            connection.close()


def test_rows_of_a_transaction_under_way_are_never_passed_by(worker):
    """The writer holds the lower id; a later row is committed first. Nothing is sealed until both are settled."""
    log_lines(worker.actor, 1)
    writer = Writer(worker.actor)
    writer.start()
    assert writer.written.wait(10)
    log_lines(worker.actor, 1)
    assert AccessRecord.objects.count() == 2
    seal_chain(at=f.NOW)
    assert not ChainBlock.objects.filter(table_name=ACCESS).exists()
    writer.may_commit.set()
    writer.join(10)
    seal_chain(at=f.NOW)
    block = ChainBlock.objects.get(table_name=ACCESS)
    assert block.row_count == 3
    assert verify_chain() == []


def test_a_busy_table_does_not_hold_up_the_others(worker):
    writer = Writer(worker.actor)
    writer.start()
    assert writer.written.wait(10)
    seal_chain(at=f.NOW)
    tables = set(ChainBlock.objects.values_list("table_name", flat=True))
    assert "accounts_staffevent" in tables
    assert ACCESS not in tables
    writer.may_commit.set()
    writer.join(10)


def test_sealing_keeps_nobody_from_writing(worker):
    """While the chain waits for a long transaction, others write and commit; who had to wait for a lock would fail here."""
    writer = Writer(worker.actor)
    writer.start()
    assert writer.written.wait(10)
    done = threading.Event()

    def seal() -> None:
        try:
            seal_chain(at=f.NOW)
        finally:
            done.set()
            connection.close()

    sealer = threading.Thread(target=seal)
    sealer.start()
    written = 0
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '300ms'")
    while not done.is_set():
        log_lines(worker.actor, 1)
        written += 1
    with connection.cursor() as cursor:
        cursor.execute("RESET lock_timeout")
    sealer.join(10)
    assert written > 10
    writer.may_commit.set()
    writer.join(10)
    seal_chain(at=f.NOW)
    report = check_chain()
    assert (report.breaks, report.unsealed) == ([], 0)


def test_rows_of_many_writers_at_once_are_all_chained(worker):
    """Short transactions that commit in any order, while the chain is sealed over and over."""

    def write(seed: int) -> None:
        rng = random.Random(seed)
        try:
            for n in range(25):
                with transaction.atomic():
                    log_lines(worker.actor, 1 + n % 3)
                    time.sleep(rng.random() / 100)
        finally:
            connection.close()

    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in writers:
        thread.start()
    while any(thread.is_alive() for thread in writers):
        seal_chain(at=f.NOW, batch=10)
    seal_chain(at=f.NOW, batch=10)
    report = check_chain()
    assert (report.breaks, report.unsealed) == ([], 0)
    assert ChainBlock.objects.filter(table_name=ACCESS).count() > 10


def test_two_at_once_seal_every_row_once(worker):
    log_lines(worker.actor, 60)

    def seal() -> None:
        try:
            seal_chain(at=f.NOW, batch=5)
        finally:
            connection.close()

    threads = [threading.Thread(target=seal) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    seal_chain(at=f.NOW, batch=5)
    report = check_chain()
    assert report.breaks == []
    assert report.unsealed == 0
    assert AccessRecord.objects.count() == 60
