"""The embedded PostgreSQL and Redis through crashes, races and restarts. They run on data of their own."""

import os
import signal

import psycopg
import pytest
import redis

from common.embedded import postgres, processes, redis_server, stop_services

ENSURE = "import os; from common.embedded import ensure_services; ensure_services(); "


def postmasters(layout) -> list[int]:
    return [
        pid for pid in processes.naming(layout.tag, program="postgres") if "-D" in processes.command_line(pid)
    ]


def write_row(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('相談')")


def read_row(url: str) -> str:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT word FROM kept").fetchone()[0]


def test_four_first_starts_at_once_give_one_server(python, layout):
    code = ENSURE + (
        "import psycopg; c = psycopg.connect(os.environ['DATABASE_URL']); "
        "print(c.execute('select pg_postmaster_start_time()').fetchone()[0], os.environ['REDIS_URL'])"
    )
    starts = [python(code) for _ in range(4)]
    answers = [start.communicate(timeout=60) for start in starts]
    assert [start.returncode for start in starts] == [0] * 4, answers
    assert len({out for out, _ in answers}) == 1
    assert len(postmasters(layout)) == 1
    assert len(processes.naming(f"{layout.tag}-redis", program="redis-server")) == 1


def test_servers_survive_the_process_that_started_them(python, layout):
    start = python(ENSURE)
    assert start.communicate(timeout=60)[1] == ""
    assert postgres.is_running(layout)
    assert redis_server.is_running(layout)


def test_postgres_killed_recovers_what_was_committed(layout, running):
    write_row(running[0])
    for pid in postmasters(layout):
        os.kill(pid, signal.SIGKILL)
    assert read_row(postgres.ensure(layout)) == "相談"
    assert len(postmasters(layout)) == 1


def test_postgres_killed_with_a_busy_backend_comes_back(layout, running, monkeypatch):
    monkeypatch.setattr(postgres, "PATIENCE", 0.5)
    write_row(running[0])
    with psycopg.connect(running[0], autocommit=True) as busy:
        backend = busy.execute("SELECT pg_backend_pid()").fetchone()[0]
        os.kill(backend, signal.SIGSTOP)  # cannot notice that its server is gone
        for pid in postmasters(layout):
            os.kill(pid, signal.SIGKILL)
        assert read_row(postgres.ensure(layout)) == "相談"


def test_postgres_with_a_lock_file_naming_a_stranger_starts(layout, running):
    write_row(running[0])
    postgres.stop(layout)
    (layout.postgres / "data/postmaster.pid").write_text(f"{os.getpid()}\n")
    assert read_row(postgres.ensure(layout)) == "相談"


def test_half_made_data_directory_is_made_anew(layout):
    (layout.postgres / "data.unfinished/base").mkdir(parents=True)
    if os.geteuid() == 0:
        owner = postgres.find_owner(layout)
        os.chown(layout.postgres, owner.uid, owner.gid)
    with psycopg.connect(postgres.ensure(layout)) as connection:
        assert connection.execute("SHOW server_encoding").fetchone()[0] == "UTF8"


def test_redis_killed_keeps_what_was_written(layout, running):
    with redis.Redis.from_url(running[1]) as client:
        client.rpush("queue", "job")
    for pid in processes.naming(f"{layout.tag}-redis", program="redis-server"):
        os.kill(pid, signal.SIGKILL)
    with redis.Redis.from_url(redis_server.ensure(layout)) as client:
        assert client.lrange("queue", 0, -1) == [b"job"]


def test_stop_ends_both_and_start_finds_the_data_again(layout, running):
    write_row(running[0])
    assert stop_services() == ["redis", "postgresql"]
    assert not postgres.is_running(layout)
    assert not redis_server.is_running(layout)
    assert stop_services() == []
    assert read_row(postgres.ensure(layout)) == "相談"


def test_url_is_read_by_the_settings(running):
    import environ

    config = environ.Env.db_url_config(running[0])
    assert config["NAME"] == "kyosei"
    assert config["OPTIONS"]["host"].startswith("/tmp/")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's PostgreSQL runs as another user")
def test_project_closed_to_the_postgres_user_keeps_its_data_outside(
    var, layout, monkeypatch, reachable_directory
):
    from common.embedded import owner

    outside = reachable_directory("outside-")
    monkeypatch.setattr(owner, "OUTSIDE_ROOT", outside)
    var.chmod(0o700)
    write_row(postgres.ensure(layout))
    recorded = (var / "postgres-outside").read_text().strip()
    assert recorded.startswith(str(outside))
    assert not layout.postgres.exists()
    assert var.stat().st_mode & 0o777 == 0o700
    postgres.stop(layout)
    assert read_row(postgres.ensure(layout)) == "相談"
