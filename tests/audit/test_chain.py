"""The chain holds while nobody touches the rows, and names the row that somebody touched."""

from __future__ import annotations

import itertools
import random
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DataError, IntegrityError, InternalError, transaction
from django.db.utils import NotSupportedError, ProgrammingError

from audit.actions_chain import seal_chain
from audit.chain import SealedTable, sealed_tables
from audit.models import ChainBlock
from audit.tasks import seal_chain as seal_job
from audit.triggers import NAME, protected_tables
from audit.verification import (
    BLOCK_EDITED,
    BLOCK_MISSING,
    CHANGED,
    INSERTED,
    MISSING,
    Break,
    check_chain,
    missing_heads,
    verify_chain,
)
from kyosei.celery import app
from tests import factories as f
from tests.audit.trail import execute, log_lines, some_life, tampering

ACCESS = "audit_accessrecord"
CHANGES = 1000


@pytest.fixture
def life(worker, colleague):
    """Rows in many tables, all of them chained, in blocks of seven."""
    some_life(worker, colleague)
    seal_chain(at=f.NOW, batch=7)


def ids_of(table: str) -> list[int]:
    return [pk for (pk,) in execute(f"SELECT id FROM {table} ORDER BY id")]


# ── What is sealed ──────────────────────────────────────────────────────────────────────────────────────────


def test_no_history_table_is_left_out(db):
    rows = execute("SELECT table_name FROM information_schema.columns WHERE column_name = 'pgh_id'")
    assert {name for (name,) in rows} <= {table.name for table in sealed_tables()}
    assert len(rows) > 20


def test_every_table_of_the_trail_refuses_change_removal_and_emptying(db):
    triggers = set(execute("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal"))
    for table in protected_tables():
        assert (table, NAME) in triggers
        assert any(name.startswith("pgtrigger_append_only") for owner, name in triggers if owner == table), (
            table
        )


@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET {} = {}", "DELETE FROM {} WHERE {} = {}", "TRUNCATE {} CASCADE -- {} {}"]
)
def test_rows_of_the_trail_stand_for_good(life, statement):
    for table in protected_tables():
        if not execute(f"SELECT 1 FROM {table} LIMIT 1"):
            continue
        key = "pgh_id" if table.endswith("event") else "id"
        with pytest.raises((InternalError, ProgrammingError, NotSupportedError)), transaction.atomic():
            execute(statement.format(table, key, key))


# ── Sealing ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_chain_of_untouched_rows_holds(life):
    report = check_chain()
    assert report.breaks == []
    assert report.unsealed == 0
    assert report.rows == sum(execute(f"SELECT count(*) FROM {t.name}")[0][0] for t in sealed_tables())
    tables = set(ChainBlock.objects.values_list("table_name", flat=True))
    assert {ACCESS, "audit_changerecord", "households_personevent", "cases_caseevent"} <= tables


def test_what_came_since_is_counted_and_then_chained(life, worker):
    before = ChainBlock.objects.count()
    assert seal_chain(at=f.NOW) == 0
    assert ChainBlock.objects.count() == before
    log_lines(worker.actor, 3)
    assert check_chain().unsealed == 3
    assert seal_chain(at=f.NOW) == 3
    assert check_chain().unsealed == 0
    assert verify_chain() == []


def test_blocks_hold_at_most_a_batch_and_follow_each_other(life):
    blocks = list(ChainBlock.objects.filter(table_name=ACCESS).order_by("number"))
    assert [block.number for block in blocks] == list(range(1, len(blocks) + 1))
    assert all(len(block.ids) == block.row_count <= 7 for block in blocks)
    assert all(bytes(b.prev_hash) == bytes(a.hash) for a, b in itertools.pairwise(blocks))


def test_the_sum_does_not_depend_on_the_session(life):
    with transaction.atomic():
        execute("SET LOCAL TimeZone = 'Asia/Tokyo'")
        execute("SET LOCAL DateStyle = 'SQL, DMY'")
        execute("SET LOCAL bytea_output = 'escape'")
        execute("SET LOCAL extra_float_digits = -5")
        assert verify_chain() == []


def test_a_column_that_comes_later_breaks_nothing(life, worker):
    with tampering():
        execute("ALTER TABLE households_personevent ADD COLUMN later text DEFAULT 'x'")
        assert verify_chain() == []
        execute("SET LOCAL session_replication_role = origin")
        f.make_person("後", "から")
        execute("SET LOCAL session_replication_role = replica")
        assert seal_chain(at=f.NOW) > 0
        assert (
            "later"
            in ChainBlock.objects.filter(table_name="households_personevent")
            .order_by("-number")
            .first()
            .columns
        )
        assert verify_chain() == []
        execute("UPDATE households_personevent SET later = 'y' WHERE given_name = 'から'")
        assert [b.what for b in verify_chain()] == [CHANGED]


def test_a_column_that_is_gone_is_told(life):
    with tampering():
        execute("ALTER TABLE audit_accessrecord DROP COLUMN remote_addr")
        assert [(b.table, b.what) for b in verify_chain([ACCESS])] == [(ACCESS, "column_gone")]


# ── Tampering ───────────────────────────────────────────────────────────────────────────────────────────────


def _columns(table: SealedTable) -> list[tuple[str, str]]:
    return execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass"
        " AND attnum > 0 AND NOT attisdropped AND attname <> %s",
        table.name, table.key,
    )  # fmt: skip


def _other(text: str, rng: random.Random) -> str:
    """The text with one byte changed: one ASCII character becomes another of its kind."""
    places = [n for n, char in enumerate(text) if char.isascii() and char.isprintable()]
    if not places:
        return text
    n = rng.choice(places)
    pool = "0123456789" if text[n].isdigit() else "abcdefghijklmnopqrstuvwxyz"
    return text[:n] + rng.choice(pool) + text[n + 1 :]


def _change_one_byte(
    rows: list[tuple[SealedTable, int]], columns: dict, rng: random.Random
) -> tuple[str, int] | None:
    """Changes one byte of one cell of one row; None if what came out is no value of the column, or the same."""
    table, pk = rng.choice(rows)
    column, kind = rng.choice(columns[table.name])
    (old,) = execute(f'SELECT "{column}"::text FROM {table.name} WHERE {table.key} = %s', pk)[0]
    if old is None or (new := _other(old, rng)) == old:
        return None
    try:
        with transaction.atomic():
            changed = execute(
                f'UPDATE {table.name} SET "{column}" = %s::{kind} WHERE {table.key} = %s'
                f' AND "{column}" IS DISTINCT FROM %s::{kind} RETURNING 1',
                new, pk, new,
            )  # fmt: skip
    except (DataError, IntegrityError):
        return None
    return (table.name, pk) if changed else None


def test_a_thousand_changed_bytes_are_all_found(life, record_property):
    rng = random.Random(20261123)
    tables = [t for t in sealed_tables() if execute(f"SELECT 1 FROM {t.name} LIMIT 1")]
    rows = [(t, pk) for t in tables for (pk,) in execute(f"SELECT {t.key} FROM {t.name}")]
    columns = {t.name: _columns(t) for t in tables}
    found = tried = 0
    touched = set()
    while found < CHANGES:
        tried += 1
        assert tried < CHANGES * 20
        with tampering():
            changed = _change_one_byte(rows, columns, rng)
            if changed is None:
                continue
            breaks = verify_chain([changed[0]])
            assert [(b.table, b.row_id, b.what) for b in breaks] == [(*changed, CHANGED)]
            found += 1
            touched.add(changed[0])
    assert len(touched) > 8
    assert verify_chain() == []
    record_property(
        "figure",
        f"trail: {found} of {CHANGES} changed bytes found, each with its row ({len(touched)} tables)",
    )


def test_a_removed_row_is_named(life):
    for pk in random.Random(1).sample(ids_of(ACCESS), 15):
        with tampering():
            execute(f"DELETE FROM {ACCESS} WHERE id = %s", pk)
            assert [(b.row_id, b.what) for b in verify_chain([ACCESS])] == [(pk, MISSING)]


def test_a_whole_block_of_removed_rows_is_found(life):
    block = ChainBlock.objects.get(table_name=ACCESS, number=2)
    with tampering():
        execute(f"DELETE FROM {ACCESS} WHERE id = ANY(%s)", block.ids)
        assert verify_chain() == [Break(ACCESS, 2, block.first_id, MISSING)]


def test_a_row_put_in_between_is_named(life):
    """Ids that a rolled-back transaction used up stay empty: nothing may come into the gap later."""
    ids = ids_of(ACCESS)
    with tampering():
        execute(f"UPDATE {ACCESS} SET id = %s WHERE id = %s", ids[-1] + 50, ids[-1])
        ChainBlock.objects.filter(table_name=ACCESS).delete()
        seal_chain(at=f.NOW, batch=7)
        assert verify_chain([ACCESS]) == []
        for gap in (ids[-1] + 7, ids[0] - 3):
            execute(
                f"INSERT INTO {ACCESS} (id, at, actor_label, staff_id_text, agency_id_text, role, kind, target_type,"
                " target_id, ground, path, remote_addr) VALUES (%s, now(), '', '', '', '', 'view', '', '', '', '', '')",
                gap,
            )  # fmt: skip
            assert (gap, INSERTED) in [(b.row_id, b.what) for b in verify_chain([ACCESS])]


def test_two_rows_that_changed_places_are_found(life):
    a, b = ids_of(ACCESS)[3:5]
    with tampering():
        execute(f"UPDATE {ACCESS} SET id = -1 WHERE id = %s", a)
        execute(f"UPDATE {ACCESS} SET id = %s WHERE id = %s", a, b)
        execute(f"UPDATE {ACCESS} SET id = %s WHERE id = -1", b)
        assert [(x.row_id, x.what) for x in verify_chain([ACCESS])] == [(a, CHANGED)]


@pytest.mark.parametrize(
    "change",
    [
        "digests = set_byte(digests, 3, (get_byte(digests, 3) + 1) %% 256)",
        "hash = set_byte(hash, 3, (get_byte(hash, 3) + 1) %% 256)",
        "prev_hash = set_byte(prev_hash, 3, (get_byte(prev_hash, 3) + 1) %% 256)",
        "sealed_at = sealed_at + interval '1 second'",
        "ids[2] = ids[2] + 1000",
        "columns = columns[2:]",
        "row_count = row_count - 1",
        "last_id = last_id - 1",
        "first_id = first_id - 1",
    ],
)
def test_an_edited_block_is_found(life, change):
    with tampering():
        execute(f"UPDATE audit_chainblock SET {change} WHERE table_name = %s AND number = 2", ACCESS)
        breaks = verify_chain([ACCESS])
        assert breaks
        assert breaks[0].block in {2, 3}
        assert BLOCK_EDITED in {b.what for b in breaks}


def test_a_row_and_its_block_edited_together_are_found(life):
    """The digest was made anew for the edited row, and the block's hash too: the next block stands on the old one."""
    block = ChainBlock.objects.get(table_name=ACCESS, number=2)
    with tampering():
        execute(f"UPDATE {ACCESS} SET actor_label = 'だれか' WHERE id = %s", block.first_id)
        later = list(ChainBlock.objects.filter(table_name=ACCESS, number__gt=2).order_by("number"))
        ChainBlock.objects.filter(table_name=ACCESS, number__gte=2).delete()
        seal_chain(at=f.NOW, batch=7)
        ChainBlock.objects.filter(table_name=ACCESS, number__gt=2).delete()
        ChainBlock.objects.bulk_create(later)
        assert [(b.block, b.what) for b in verify_chain([ACCESS])] == [(3, BLOCK_EDITED)]


def test_a_removed_block_is_found(life):
    with tampering():
        execute("DELETE FROM audit_chainblock WHERE table_name = %s AND number = 2", ACCESS)
        assert Break(ACCESS, 2, None, BLOCK_MISSING) in verify_chain([ACCESS])


def test_a_cut_end_is_found_by_the_printed_heads(life):
    """Rows, blocks and all that follows them removed: only what was laid aside knows of them."""
    last = ChainBlock.objects.filter(table_name=ACCESS).order_by("-number").first()
    head = (ACCESS, last.number, bytes(last.hash).hex())
    assert missing_heads([head]) == []
    with tampering():
        execute(f"DELETE FROM {ACCESS} WHERE id = ANY(%s)", last.ids)
        last.delete()
        assert verify_chain([ACCESS]) == []
        assert [b.what for b in missing_heads([head])] == ["head_gone"]


# ── Commands ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_command_says_that_all_holds(life):
    out = StringIO()
    call_command("verify_chain", stdout=out)
    assert "すべて、書かれたときのままです。" in out.getvalue()


def test_the_command_names_the_first_broken_row(life):
    pk = ids_of(ACCESS)[9]
    out = StringIO()
    with tampering():
        execute(f"UPDATE {ACCESS} SET kind = 'print' WHERE id = %s", pk)
        with pytest.raises(SystemExit) as leaving:
            call_command("verify_chain", stdout=out)
    assert leaving.value.code == 1
    assert f"{ACCESS}の行 {pk}（区切り 2）：内容が書き換えられています" in out.getvalue()


def test_printed_heads_are_taken_back(life, tmp_path):
    out = StringIO()
    call_command("chain_heads", day=f.TODAY.isoformat(), stdout=out)
    sheet = tmp_path / "heads.txt"
    sheet.write_text(out.getvalue())
    assert ACCESS in out.getvalue()
    call_command("verify_chain", heads=sheet, stdout=StringIO())
    sheet.write_text(out.getvalue().replace("a", "b"))
    with pytest.raises(SystemExit):
        call_command("verify_chain", heads=sheet, stdout=StringIO())
    with pytest.raises(CommandError):
        call_command("verify_chain", heads=tmp_path / "none", stdout=StringIO())


def test_heads_of_a_day_are_those_at_its_end(life, worker):
    log_lines(worker.actor, 1)
    seal_chain(at=f.NOW + timedelta(days=1))
    today, tomorrow = StringIO(), StringIO()
    call_command("chain_heads", day=f.TODAY.isoformat(), stdout=today)
    call_command("chain_heads", day=(f.TODAY + timedelta(days=1)).isoformat(), stdout=tomorrow)
    line = {
        out: next(x for x in out.getvalue().splitlines() if x.startswith(ACCESS)) for out in (today, tomorrow)
    }
    assert int(line[tomorrow].split()[1]) == int(line[today].split()[1]) + 1


def test_the_job_of_every_minute_seals(life, worker):
    log_lines(worker.actor, 2)
    assert seal_job() == 2
    names = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert seal_job.name in names


def test_the_command_seals(life, worker):
    log_lines(worker.actor, 2)
    out = StringIO()
    call_command("seal_chain", stdout=out)
    assert "2 行" in out.getvalue()
