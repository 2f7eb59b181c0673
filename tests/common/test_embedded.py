"""What ensure_services decides before it starts anything."""

import os
import stat

import pytest

from common.embedded import EmbeddedError, ensure_services, layout, postgres, read_dotenv, redis_server


@pytest.fixture
def started(monkeypatch):
    """Records what would be started."""
    names = []
    monkeypatch.setattr(postgres, "ensure", lambda where: names.append("postgresql") or "postgres://x/kyosei")
    monkeypatch.setattr(redis_server, "ensure", lambda where: names.append("redis") or "unix:///x")
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("KYOSEI_ENV", "demo")
    monkeypatch.setattr("common.embedded.read_dotenv", lambda: None)
    return names


def test_starts_both_when_none_is_named(started):
    ensure_services()
    assert started == ["postgresql", "redis"]
    assert (os.environ["DATABASE_URL"], os.environ["REDIS_URL"]) == ("postgres://x/kyosei", "unix:///x")


def test_starts_nothing_when_both_are_named(started, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://db/kyosei")
    monkeypatch.setenv("REDIS_URL", "redis://cache")
    ensure_services()
    assert started == []


def test_starts_only_what_is_missing(started, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://db/kyosei")
    ensure_services()
    assert started == ["redis"]


def test_production_refuses_and_names_what_is_missing(started, monkeypatch):
    monkeypatch.setenv("KYOSEI_ENV", "production")
    monkeypatch.setenv("REDIS_URL", "redis://cache")
    with pytest.raises(EmbeddedError, match="needs DATABASE_URL:"):
        ensure_services()
    assert started == []


def test_unknown_profile_is_refused(started):
    with pytest.raises(EmbeddedError, match="unknown profile"):
        ensure_services(profile="tset")


def test_dotenv_gives_way_to_the_environment(tmp_path, monkeypatch):
    file = tmp_path / ".env"
    file.write_text("KYOSEI_TEST_A=file\nKYOSEI_TEST_B=file\n")
    monkeypatch.setenv("KYOSEI_TEST_A", "environment")
    monkeypatch.setenv("KYOSEI_TEST_B", "")
    monkeypatch.delenv("KYOSEI_TEST_B")
    read_dotenv(file)
    assert (os.environ["KYOSEI_TEST_A"], os.environ["KYOSEI_TEST_B"]) == ("environment", "file")


def test_socket_directory_is_the_owners_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(layout, "SOCKET_ROOT", tmp_path)
    (tmp_path / "open").mkdir(mode=0o777)
    path = layout.socket_directory("open", os.geteuid(), os.getegid())
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_socket_directory_that_is_a_link_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(layout, "SOCKET_ROOT", tmp_path)
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(EmbeddedError, match="belongs to somebody else"):
        layout.socket_directory("link", os.geteuid(), os.getegid())
