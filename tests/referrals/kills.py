"""kill -9 of a web, worker or beat process while requests are sent, chased and escalated and conferences are closed, and a
Redis that is gone for a while.

    python -m tests.referrals.kills --kills 200 --redis-down 600

runs against a database of its own (a copy of the migrated one) and a Redis of its own, with real processes: the WSGI
application behind a socket, a Celery worker, and Celery beat with its schedule in the database. They are forked from a
process that has everything loaded, so that a new one stands in a moment. What is found at the end is printed as JSON:
every request once, risen once, chased once a step, every conference closed once with one entry of work for who attended,
and every notice once, or a list of what is wrong.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import uuid4

KINDS = ("web", "worker", "beat")
ROOT = Path(__file__).resolve().parents[2]
CSRF = "k" * 32
CHASED_AT = datetime.fromisoformat("2026-11-12T09:00:00+09:00")  # three working days after the Monday before
PATIENCE = 120.0


# ── The process that forks ──────────────────────────────────────────────────────────────────────────────────


def zygote(port: int) -> None:
    """Reads the kind of a process from each line of its input, forks it, and answers with its number."""
    import django

    django.setup()
    from celery import current_app, shared_task

    from accounts.actor import Actor
    from kyosei.celery import app
    from kyosei.wsgi import application
    from referrals.actions.chase_referrals import chase_waiting

    @shared_task(name="tests.chase")
    def chase() -> int:
        return chase_waiting(actor=Actor.system("つなぎの催促"), at=CHASED_AT)

    app.loader.import_default_modules()
    assert current_app == app
    app.conf.beat_schedule = {
        "escalate": {"task": "referrals.tasks.escalate_overdue_referrals", "schedule": timedelta(seconds=1)},
        "chase": {"task": "tests.chase", "schedule": timedelta(seconds=1)},
    }
    app.conf.beat_max_loop_interval = 1
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are buried at once
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(2, 1)
            _become(line.strip(), app, application, port)
            os._exit(0)
        print(pid, flush=True)


def _become(kind: str, app: object, application: object, port: int) -> None:
    if kind == "web":
        from socketserver import ThreadingMixIn
        from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

        class Server(ThreadingMixIn, WSGIServer):
            daemon_threads = True
            allow_reuse_address = True

        class Quiet(WSGIRequestHandler):
            def log_message(self, *args: object) -> None:
                return

        server = Server(("127.0.0.1", port), Quiet)
        server.set_app(application)  # type: ignore[arg-type]
        server.serve_forever()
    elif kind == "worker":
        app.Worker(
            pool="solo", concurrency=1, loglevel="ERROR", without_gossip=True, without_mingle=True
        ).start()  # type: ignore[attr-defined]
    else:
        app.Beat(loglevel="ERROR", scheduler="django_celery_beat.schedulers:DatabaseScheduler").run()  # type: ignore[attr-defined]


class Processes:
    """The three that run, each replaced when it is killed."""

    def __init__(self, port: int, log: Path) -> None:
        self.mother = subprocess.Popen(
            [sys.executable, "-m", "tests.referrals.kills", "--zygote", str(port)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log.open("w"), text=True,
        )  # fmt: skip
        self.pids = {kind: self._start(kind) for kind in KINDS}

    def _start(self, kind: str) -> int:
        assert self.mother.stdin is not None
        assert self.mother.stdout is not None
        self.mother.stdin.write(f"{kind}\n")
        self.mother.stdin.flush()
        return int(self.mother.stdout.readline())

    def kill(self, kind: str) -> None:
        os.kill(self.pids[kind], signal.SIGKILL)
        while Path(f"/proc/{self.pids[kind]}").exists():
            time.sleep(0.001)
        self.pids[kind] = self._start(kind)

    def end(self) -> None:
        for pid in self.pids.values():
            os.kill(pid, signal.SIGKILL)
        self.mother.kill()
        self.mother.wait()


class Redis:
    """A server of one's own, which loses nothing that it has answered."""

    def __init__(self, directory: Path) -> None:
        from common.embedded.redis_server import _binary

        self.directory, self.socket = directory, directory / "redis.sock"
        self.program = [
            _binary(), "--port", "0", "--unixsocket", str(self.socket), "--dir", str(directory), "--save", "",
            "--appendonly", "yes", "--daemonize", "no", "--logfile", str(directory / "log"),
        ]  # fmt: skip
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.program)
        while not self.socket.exists():
            time.sleep(0.02)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)


# ── The city and its requests ───────────────────────────────────────────────────────────────────────────────


class City:
    """One desk, one department, one director; a household for each request."""

    def __init__(self) -> None:
        from django.test import Client

        from accounts.enums import AgencyKind, Role, Sector
        from tests import factories as f

        desk = f.make_agency("まちの保健室")
        self.section = f.make_agency("障害福祉室", kind=AgencyKind.DEPARTMENT, sector=Sector.DISABILITY)
        office = f.make_agency(
            "ディレクター", kind=AgencyKind.DIRECTOR_OFFICE, sector=Sector.DISABILITY, may_lead=False
        )
        self.sender, self.receiver = f.make_staff(desk), f.make_staff(self.section)
        self.director = f.make_staff(office, role=Role.AREA_DIRECTOR, sector=Sector.DISABILITY)
        self.actor = f.actor_of(self.sender)
        client = Client()
        client.force_login(self.sender, backend="allauth.account.auth_backends.AuthenticationBackend")
        f.make_streams()
        self.desk = desk
        self.cookie = f"sessionid={client.cookies['sessionid'].value}; csrftoken={CSRF}"

    def ask(self) -> tuple[str, str]:
        """(address, form) of a request about a new household; the same form again is the same request."""
        from tests import factories as f

        case = f.make_case(self.actor)
        form = {
            "csrfmiddlewaretoken": CSRF, "request_key": str(uuid4()), "to_agency": self.section.pk, "purpose": "訪問に同行してほしい",
            "need_text": "暮らしのこと", "deadline": "1", "ground": "coordination", "parts": "concerns",
        }  # fmt: skip
        return f"/referrals/new/?case={case.number}", urlencode(form)

    def sit(self, n: int) -> tuple[int, str, str]:
        """(key, address, form) of the end of a sitting: one household, talked about, and one person who attended. Each lies at
        an hour of its own.
        """
        from django.utils import timezone

        from referrals.actions.agenda import add_item
        from referrals.actions.convene_conference import convene_conference, set_seat
        from referrals.actions.run_conference import conclude_item, start_conference
        from referrals.enums import Attendance
        from tests import factories as f

        at = timezone.now() - timedelta(minutes=30)
        conference = convene_conference(
            kind="individual", title=f"打合せ {n}", starts_at=at + timedelta(minutes=1), minutes=20, place="", sector="",
            actor=self.actor, request_key=uuid4(), at=at, invite=[],
        )  # fmt: skip
        item = add_item(conference=conference, case=f.make_case(self.actor), actor=self.actor, at=at)
        seat = conference.members.get(agency=self.desk)
        set_seat(
            member=seat,
            staff=f.make_staff(self.desk),
            attendance=Attendance.ATTENDING,
            actor=self.actor,
            at=at,
        )
        conference = start_conference(conference=conference, actor=self.actor, at=at)
        conclude_item(item=item, conclusion="見守りを続ける", actor=self.actor, at=at)
        form = {
            "csrfmiddlewaretoken": CSRF, "version": conference.version, "summary": "役割を決めた。", "started_at": "", "ended_at": "",
        }  # fmt: skip
        return conference.pk, f"/conferences/{conference.pk}/close/", urlencode(form)


def post(port: int, cookie: str, url: str, form: str) -> int | None:
    """The status of the answer, None when the process died over it or is not there yet."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(
            "POST", url, form, {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
        )
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def send_until_heard(port: int, cookie: str, url: str, form: str) -> int:
    """Like a person before a page that does not answer: the same form again, until it is answered. Returns how often."""
    give_up = time.monotonic() + PATIENCE
    for tries in range(1, 100_000):
        status = post(port, cookie, url, form)
        if status is not None:
            assert status == 302, status
            return tries
        assert time.monotonic() < give_up, "the web process does not come back"
        time.sleep(0.02)
    raise AssertionError


def make_late(keys: list[str]) -> None:
    """Time passes for some requests: sent on a Monday two weeks ago, past their deadline."""
    from django.utils import timezone

    from referrals.models import Referral

    Referral.objects.filter(request_key__in=keys, escalated_at__isnull=True).update(
        sent_at=CHASED_AT - timedelta(days=3), deadline_at=timezone.now()
    )


def run(kills: int, redis_down: float, seed: int, port: int, directory: Path) -> dict[str, object]:
    chance = random.Random(seed)
    redis = Redis(directory)
    os.environ["REDIS_URL"] = f"unix://{redis.socket}"
    import django

    django.setup()
    city, processes = City(), Processes(port, directory / "processes.log")
    keys, late, counts, tries, sittings = [], [], dict.fromkeys(KINDS, 0), 0, []
    try:
        warm = city.ask()
        send_until_heard(port, city.cookie, *warm)
        keys.append(_key(warm[1]))
        for n in range(kills):
            is_sitting = n % 4 == 3
            if is_sitting:
                sitting, url, form = city.sit(n)
                sittings.append(sitting)
            else:
                url, form = city.ask()
                keys.append(_key(form))
            sending: list[int] = []
            post_it = threading.Thread(
                target=lambda u=url, d=form, heard=sending: heard.append(
                    send_until_heard(port, city.cookie, u, d)
                )
            )
            make_late(late[-3:])
            post_it.start()
            time.sleep(chance.random() * 0.6)
            kind = KINDS[n % len(KINDS)]
            processes.kill(kind)
            counts[kind] += 1
            post_it.join(PATIENCE)
            assert sending, "a request was never answered"
            tries += sending[0] - 1
            if not is_sitting:
                late.append(keys[-1])
        make_late(keys[: len(keys) // 2])
        asked_without = _without_redis(redis, redis_down, city, port, keys) if redis_down else 0
        make_late(keys)
        waited = _wait_until_all_rose(len(keys))
        return {
            "kills": counts, "requests": len(keys), "sent_again": tries, "sent_without_redis": asked_without,
            "redis_down_seconds": redis_down, "waited_seconds": round(waited, 1),
            "conferences": len(sittings), "wrong": [*find_wrong(city, keys), *find_wrong_sittings(sittings)],
        }  # fmt: skip
    finally:
        processes.end()
        redis.kill()


def _key(form: str) -> str:
    return form.split("request_key=")[1].split("&")[0]


def _without_redis(redis: Redis, seconds: float, city: City, port: int, keys: list[str]) -> int:
    """The broker is killed; requests are still taken, and what is due is done once it is back."""
    redis.kill()
    begin, sent = time.monotonic(), 0
    while time.monotonic() - begin < seconds:
        url, form = city.ask()
        keys.append(_key(form))
        send_until_heard(port, city.cookie, url, form)
        make_late(keys[-1:])
        sent += 1
        time.sleep(min(1.0, seconds / 4))
    redis.start()
    return sent


def _wait_until_all_rose(count: int) -> float:
    """Until everything that is due is done, as long as something still happens; then two more rounds of the schedule, in
    which nothing may come twice.
    """
    from referrals.models import Referral, ReferralChase

    begin = moved = time.monotonic()
    before = (-1, -1)
    while time.monotonic() - moved < PATIENCE:
        done = (Referral.objects.filter(escalated_at__isnull=False).count(), ReferralChase.objects.count())
        if done != before:
            before, moved = done, time.monotonic()
        if done == (count, count):
            time.sleep(4)
            break
        time.sleep(0.2)
    return time.monotonic() - begin


def find_wrong(city: City, keys: list[str]) -> list[str]:
    """What is not there exactly once."""
    from accounts.models import Notice
    from audit.models import ChangeRecord
    from referrals.models import Referral, ReferralChase

    wrong = []
    if Referral.objects.count() != len(keys):
        wrong.append(f"{Referral.objects.count()} requests of {len(keys)}")
    for key in keys:
        referral = Referral.objects.filter(request_key=key).first()
        if referral is None:
            wrong.append(f"{key}: lost")
            continue
        for action in ("send", "chase", "escalate"):
            n = ChangeRecord.objects.filter(
                action=f"referral.{action}", target_type="referrals.referral", target_id=str(referral.pk)
            ).count()
            if n != 1:
                wrong.append(f"{key}: {action} recorded {n} times")
        steps = list(ReferralChase.objects.filter(referral=referral).values_list("working_days", flat=True))
        if steps != [3]:
            wrong.append(f"{key}: chased {steps}")
        told = Notice.objects.filter(url=f"/referrals/{referral.pk}/")
        for staff, words in (
            (city.sender, "上がりました"), (city.director, "上がりました"), (city.sender, "催促しました"),
            (city.receiver, "返事待ちです"),
        ):  # fmt: skip
            if (n := told.filter(staff=staff, text__contains=words).count()) != 1:
                wrong.append(f"{key}: {words} told {n} times")
        if told.count() != 4:
            wrong.append(f"{key}: {told.count()} notices")
    return wrong


def find_wrong_sittings(sittings: list[int]) -> list[str]:
    """Conferences that were not closed, or not with everything that belongs to it, once."""
    from audit.models import ChangeRecord
    from budgets.models import WorkEntry
    from referrals.models import Conference

    wrong = []
    for pk in sittings:
        conference = Conference.objects.get(pk=pk)
        if conference.state != "closed" or conference.summary != "役割を決めた。":
            wrong.append(f"conference {pk}: {conference.state}")
        closed = ChangeRecord.objects.filter(
            action="conference.close", target_type="referrals.conference", target_id=str(pk)
        ).count()
        entries = WorkEntry.objects.filter(source_type="conference", source_id=pk).count()
        if (closed, entries) != (1, 1):
            wrong.append(f"conference {pk}: closed {closed} times, {entries} entries of work")
    return wrong


# ── The command ─────────────────────────────────────────────────────────────────────────────────────────────


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--redis-down", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--zygote", type=int, default=0, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.zygote:
        zygote(wanted.zygote)
        return
    os.environ["KYOSEI_ENV"] = "test"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyosei.settings")
    from common.embedded import ensure_services

    ensure_services(redis=False, profile="test")
    import socket

    import psycopg

    from tests.template_database import ensure_template

    server, name = os.environ["DATABASE_URL"], f"kyosei_kills_{os.getpid()}"
    template = ensure_template(server)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    os.environ["DATABASE_URL"] = urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    try:
        with tempfile.TemporaryDirectory() as directory:
            found = run(wanted.kills, wanted.redis_down, wanted.seed, port, Path(directory))
        print(json.dumps(found, ensure_ascii=False))
    finally:
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


if __name__ == "__main__":
    main()
