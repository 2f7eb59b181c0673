"""A table asked of very many entries: tried and saved by a worker, with progress, cancelled whole, never saved half."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import date
from itertools import product

import pytest
from django.db import connections
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.models import Appointment
from accounts.roles import Role
from audit.models import ChangeRecord
from budgets.actions import rule_trials, rules
from budgets.actions.rule_trials import LOCK, cancel_trial, order_trial, save_trial, try_tables
from budgets.attribution import EXAMPLES
from budgets.models import AttributionTable, RuleTrial, WorkEntry
from budgets.rule_tables import moves, table_on
from budgets.workflow import TRIAL_TRANSITIONS, TrialEvent, TrialState
from common.errors import InvalidTransition, NotAllowed, RuleViolation
from tests import factories as f
from tests.budgets.test_rule_tables import NOVEMBER, YEAR_END, YOUNGER, contacts, loaded, typed
from tests.budgets.work import MONDAY, lock
from tests.children import in_a_child
from tests.conftest import persona

__all__ = ["contacts", "loaded"]
EDIT = "/apportionment/rules/edit/"
KEPT = [e for e in EXAMPLES if e.age == 72]


@pytest.fixture
def long(monkeypatch):
    """Any number of entries is too many for a page."""
    monkeypatch.setattr(rule_trials, "AT_ONCE", 0)


def order(person) -> RuleTrial:
    return order_trial(
        table=YOUNGER, examples=KEPT, valid_from=NOVEMBER, note="要綱", actor=person.actor, at=f.NOW
    )


def weighed(person) -> RuleTrial:
    trial = order(person)
    try_tables(at=f.NOW)
    return again(trial)


def again(trial: RuleTrial) -> RuleTrial:
    return RuleTrial.objects.get(pk=trial.pk)


def codes() -> list[str]:
    return list(WorkEntry.objects.order_by("pk").values_list("category__code", flat=True))


BEFORE, AFTER = ["general", "care", "general", "child"], ["multi", "care", "multi", "child"]


def post() -> dict[str, str]:
    return typed(YOUNGER) | {
        "valid_from": "令和8年11月1日",
        "note": "要綱の改正",
        "examples": "72 高齢 → care",
    }


def test_few_entries_are_answered_at_once(contacts, finance):
    page = finance.client.post(EDIT, post())
    assert page.status_code == 200
    assert "この表で動く業務実績：2件" in page.content.decode()
    assert not RuleTrial.objects.exists()


def test_many_entries_are_tried_by_a_worker_shown_and_saved(
    contacts, finance, long, django_assert_max_num_queries
):
    client = finance.client
    answer = client.post(EDIT, post())
    trial = RuleTrial.objects.get()
    url = f"/apportionment/rules/trials/{trial.pk}/"
    assert (answer.status_code, answer.headers["Location"]) == (302, url)
    page = client.get(url).content.decode()
    assert "順番を待っています" in page
    assert f'hx-get="{url}progress/"' in page
    assert try_tables(at=f.NOW) == 1
    assert try_tables(at=f.NOW) == 0
    with django_assert_max_num_queries(15):
        part = client.get(f"{url}progress/").content.decode()
    assert "この表で動く業務実績：2件" in part
    assert "hx-get" not in part
    assert again(trial).moves == [
        {"from_name": "単独（一般財源）", "to_name": "多機関協働", "reasons": ["40〜64歳・高齢のみ → 多機関協働"],
         "entries": 2, "minutes": 60}
    ]  # fmt: skip
    assert (codes(), AttributionTable.objects.count()) == (BEFORE, 0)
    assert client.post(f"{url}save/").status_code == 302
    assert "2件の業務実績を動かしています" in client.get(url).content.decode()
    assert client.post(f"{url}save/").status_code == 302  # a second press
    assert try_tables(at=f.NOW) == 1
    assert (codes(), table_on(MONDAY), again(trial).state) == (AFTER, YOUNGER, TrialState.SAVED)
    assert again(trial).saved_table == AttributionTable.objects.get()
    assert moves(YOUNGER, NOVEMBER, YEAR_END) == []
    assert "動かした業務実績：2件" in client.get(url).content.decode()
    assert ChangeRecord.objects.filter(action="attribution_table.save", detail__moved=2).count() == 1


def test_progress_is_written_after_every_stretch(contacts, finance, monkeypatch):
    seen = []
    real = rule_trials.moves_in_parts

    def watched(*args, on_progress):
        def tell(done, whole):
            on_progress(done, whole)
            seen.append(finance.client.get(f"/apportionment/rules/trials/{trial.pk}/").content.decode())

        return real(*args, on_progress=tell)

    trial = order(finance)
    monkeypatch.setattr(rule_trials, "moves_in_parts", watched)
    try_tables(at=f.NOW)
    assert ["1に分けたうち、0まで" in seen[0], "1に分けたうち、1まで" in seen[1]] == [True, True]


def test_cancelling_stops_the_worker_at_its_next_stretch(contacts, finance, monkeypatch):
    trial = order(finance)

    def watched(*args, on_progress):
        on_progress(1, 9)
        cancel_trial(trial=trial, actor=finance.actor, at=f.NOW)
        on_progress(2, 9)
        raise AssertionError("never")

    monkeypatch.setattr(rule_trials, "moves_in_parts", watched)
    try_tables(at=f.NOW)
    assert (again(trial).state, again(trial).done, again(trial).moved) == (TrialState.CANCELLED, 1, None)
    url = f"/apportionment/rules/trials/{trial.pk}/"
    assert "この表に戻って直す" in finance.client.get(url).content.decode()
    page = finance.client.get(f"{EDIT}?trial={trial.pk}").content.decode()
    assert "40〜64歳・高齢のみ → 多機関協働" in page
    assert finance.client.post(f"{url}cancel/").status_code == 422


@pytest.mark.django_db(transaction=True)
def test_cancelling_a_saving_leaves_nothing_of_it(contacts, finance, monkeypatch):
    """Everything is written, then somebody cancels on another connection before the end: all of it is undone."""
    trial = weighed(finance)
    save_trial(trial=trial, actor=finance.actor, at=f.NOW)
    real = rule_trials.save_table

    def cancel() -> None:
        cancel_trial(trial=trial, actor=finance.actor, at=f.NOW)
        connections.close_all()

    def slow(**kwargs):
        saved = real(**kwargs)
        assert codes() == AFTER
        thread = threading.Thread(target=cancel)
        thread.start()
        thread.join(20)
        return saved

    monkeypatch.setattr(rule_trials, "save_table", slow)
    try_tables(at=f.NOW)
    assert (codes(), again(trial).state) == (BEFORE, TrialState.CANCELLED)
    assert not AttributionTable.objects.exists()


def beside_the_job(action):
    """What ``action`` returns in a thread, that is on another connection."""
    found = []

    def call() -> None:
        try:
            found.append(action())
        finally:
            connections.close_all()

    thread = threading.Thread(target=call)
    thread.start()
    thread.join(20)
    return found[0]


def watch_saving(monkeypatch, look) -> None:
    """Call ``look(done, whole)`` after each time that the saving told how far it is; a batch is one entry."""
    monkeypatch.setattr(rules, "AT_A_TIME", 1)
    real = rule_trials.save_table

    def watched(*, on_progress, **kwargs):
        def tell(done, whole):
            on_progress(done, whole)
            look(done, whole)

        return real(on_progress=tell, **kwargs)

    monkeypatch.setattr(rule_trials, "save_table", watched)


@pytest.mark.django_db(transaction=True)
def test_saving_tells_how_far_it_is_while_nothing_of_it_is_saved(contacts, finance, monkeypatch):
    """Another connection reads the progress entry by entry, and the entries still as they were: one transaction."""
    trial = weighed(finance)
    save_trial(trial=trial, actor=finance.actor, at=f.NOW)
    assert (again(trial).done, again(trial).whole) == (0, 0)  # no longer the stretches of the looking
    url, seen = f"/apportionment/rules/trials/{trial.pk}/progress/", []

    def state():
        row = again(trial)
        return row.done, row.whole, codes(), finance.client.get(url).content.decode()

    watch_saving(monkeypatch, lambda done, whole: seen.append(beside_the_job(state)))
    try_tables(at=f.NOW)
    assert [(done, whole) for done, whole, _, _ in seen] == [(0, 2), (1, 2), (2, 2)]
    assert [found for _, _, found, _ in seen] == [BEFORE] * 3
    pages = [page for _, _, _, page in seen]
    assert 'max="2" value="1"' in pages[1]
    assert "2件の業務実績を動かしています（1件まで）" in pages[1]
    assert "2件まで動かし、承認と確認事項を直しています" in pages[2]
    assert (codes(), again(trial).state) == (AFTER, TrialState.SAVED)


@pytest.mark.django_db(transaction=True)
def test_cancelling_while_entries_are_moved_stops_at_the_next_batch(contacts, finance, monkeypatch):
    trial = weighed(finance)
    save_trial(trial=trial, actor=finance.actor, at=f.NOW)
    seen = []

    def look(done, whole) -> None:
        seen.append(done)
        if done == 1:
            beside_the_job(lambda: cancel_trial(trial=trial, actor=finance.actor, at=f.NOW))

    watch_saving(monkeypatch, look)
    try_tables(at=f.NOW)
    assert seen == [0, 1]
    assert (codes(), again(trial).state) == (BEFORE, TrialState.CANCELLED)
    assert not AttributionTable.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_progress_that_cannot_be_told_does_not_stop_the_saving(contacts, finance, monkeypatch):
    """Somebody holds the row of the trial for a while: what would wait for it is left out."""
    trial = weighed(finance)
    save_trial(trial=trial, actor=finance.actor, at=f.NOW)
    other = connections.create_connection("default")

    def look(done, whole) -> None:
        with other.cursor() as cursor:
            if done == 0:
                cursor.execute("BEGIN")
                cursor.execute("SELECT 1 FROM budgets_ruletrial WHERE id = %s FOR UPDATE", [trial.pk])
            elif done == whole:
                cursor.execute("COMMIT")

    watch_saving(monkeypatch, look)
    try:
        try_tables(at=f.NOW)
    finally:
        other.close()
    assert (codes(), again(trial).state, again(trial).done) == (AFTER, TrialState.SAVED, 0)


def test_what_changed_since_it_was_looked_at_is_not_saved(contacts, finance):
    trial = weighed(finance)
    contacts["50"].delete()
    save_trial(trial=trial, actor=finance.actor, at=f.NOW)
    try_tables(at=f.NOW)
    assert again(trial).state == TrialState.FAILED
    assert "2件 → 1件" in finance.client.get(f"/apportionment/rules/trials/{trial.pk}/").content.decode()
    assert not AttributionTable.objects.exists()


def test_a_month_locked_meanwhile_is_told(contacts, finance):
    trial = weighed(finance)
    save_trial(trial=trial, actor=finance.actor, at=f.NOW)
    lock(NOVEMBER, finance.staff)
    try_tables(at=f.NOW)
    assert "締められた月" in again(trial).failure
    assert codes() == BEFORE


def test_rights_that_ended_meanwhile_are_told(contacts, finance):
    trial = weighed(finance)
    save_trial(trial=trial, actor=finance.actor, at=f.NOW)
    Appointment.objects.filter(pk=trial.appointment_id).update(
        during=DateRange(date(2020, 4, 1), date(2026, 11, 1))
    )
    try_tables(at=f.NOW)
    assert (again(trial).state, codes()) == (TrialState.FAILED, BEFORE)
    assert again(trial).failure


def test_a_new_trial_takes_the_place_of_the_former_but_not_of_a_saving(contacts, finance):
    first, second = order(finance), order(finance)
    assert [again(first).state, again(second).state] == [TrialState.CANCELLED, TrialState.WEIGHING]
    try_tables(at=f.NOW)
    save_trial(trial=second, actor=finance.actor, at=f.NOW)
    with pytest.raises(RuleViolation, match="前の表を保存しているところ"):
        order(finance)


def test_a_failing_table_is_refused_before_anything_is_ordered(contacts, finance, long):
    bad = finance.client.post(EDIT, post() | {"examples": "64 高齢 → care"})
    assert bad.status_code == 422
    assert not RuleTrial.objects.exists()


def test_who_may_and_who_sees(contacts, finance, worker, auditor):
    for stranger in (worker, auditor):
        with pytest.raises(NotAllowed):
            order(stranger)
    trial = order(finance)
    other = persona(finance.agency, Role.FINANCE_CLERK, name="経理 二郎")
    for path in ("", "progress/"):
        url = f"/apportionment/rules/trials/{trial.pk}/{path}"
        assert other.client.get(url).status_code == 404
        assert worker.client.get(url).status_code == 403
    for path in ("save/", "cancel/"):
        assert other.client.post(f"/apportionment/rules/trials/{trial.pk}/{path}").status_code == 404


@pytest.mark.parametrize(("state", "event"), list(product(TrialState, (TrialEvent.SAVE, TrialEvent.CANCEL))))
def test_every_state_and_what_a_person_may_ask_of_it(loaded, finance, state, event):
    """What the table of states has moves and is recorded once; the rest is refused, and recorded never."""
    trial = order(finance)
    saved = AttributionTable.objects.create(
        fiscal_year=2026, version=1, valid_from=NOVEMBER, lines=[], examples=[], note="x", saved_at=f.NOW,
        saved_by=finance.staff,
    )  # fmt: skip
    RuleTrial.objects.filter(pk=trial.pk).update(
        state=state, saved_table=saved if state == TrialState.SAVED else None
    )
    act = {TrialEvent.SAVE: save_trial, TrialEvent.CANCEL: cancel_trial}[event]
    if (state, event) in TRIAL_TRANSITIONS:
        act(trial=trial, actor=finance.actor, at=f.NOW)
        assert again(trial).state == TRIAL_TRANSITIONS[state, event]
        assert ChangeRecord.objects.filter(action=f"rule_trial.{event}").count() == 1
    else:
        with pytest.raises(InvalidTransition):
            act(trial=trial, actor=finance.actor, at=f.NOW)
        assert again(trial).state == state
        assert not ChangeRecord.objects.filter(action=f"rule_trial.{event}").exists()


def test_a_trial_that_kills_its_worker_again_and_again_is_given_up(contacts, finance):
    trial = order(finance)
    RuleTrial.objects.filter(pk=trial.pk).update(starts=rule_trials.MOST_STARTS)
    try_tables(at=f.NOW)
    assert "何度も止まりました" in again(trial).failure


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_do_the_same_trial(contacts, finance):
    trial = order(finance)
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK, trial.pk])
        assert try_tables(at=f.NOW) == 0
        assert again(trial).state == TrialState.WEIGHING
    finally:
        other.close()
    deadline = time.monotonic() + 20
    while not try_tables(at=f.NOW) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert again(trial).state == TrialState.WEIGHED


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_while_saving_leaves_the_table_to_the_next(contacts, finance):
    trial = weighed(finance)
    save_trial(trial=trial, actor=finance.actor, at=f.NOW)

    def die() -> None:
        real = rule_trials.save_table

        def half(**kwargs):
            real(**kwargs)
            os.kill(os.getpid(), signal.SIGKILL)

        rule_trials.save_table = half
        try_tables(at=f.NOW)

    os.waitpid(in_a_child(die), 0)
    assert (codes(), AttributionTable.objects.count()) == (BEFORE, 0)
    assert again(trial).state == TrialState.SAVING
    deadline = time.monotonic() + 20
    while not try_tables(at=f.NOW) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (codes(), again(trial).state, again(trial).starts) == (AFTER, TrialState.SAVED, 2)
