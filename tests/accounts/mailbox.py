"""A real SMTP server that keeps what it was given, and refuses or stalls when it is told to."""

from __future__ import annotations

import asyncio
import email
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.header import decode_header, make_header
from email.message import Message
from threading import Event
from typing import Any

from aiosmtpd.controller import Controller

from accounts.models import Staff


@dataclass
class Letters:
    """``answer`` is what the server says to a letter; ``stalls`` (or, for a moment, ``pause``) keeps the
    sender waiting after the letter was taken."""

    kept: list[Message] = field(default_factory=list)
    answer: str = "250 OK"
    stalls: bool = False
    pause: float = 0.0
    taken: Event = field(default_factory=Event)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            self.kept.append(email.message_from_bytes(envelope.content))
        self.taken.set()
        await asyncio.sleep(self.pause)
        while self.stalls:
            await asyncio.sleep(0.02)
        return self.answer

    def subjects(self) -> list[str]:
        return [str(make_header(decode_header(letter["Subject"]))) for letter in self.kept]

    def bodies(self) -> list[str]:
        return [letter.get_payload(decode=True).decode() for letter in self.kept]  # type: ignore[union-attr]

    def to(self) -> list[str]:
        return [letter["To"] for letter in self.kept]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def post_office(settings: Any) -> Iterator[Letters]:
    letters = Letters()
    server = Controller(letters, hostname="127.0.0.1", port=free_port())
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.PUBLIC_URL = "https://kyosei.example.lg.jp"
    yield letters
    letters.stalls = False
    server.stop()


def with_address(*people: Any, name: Callable[[Staff], str] = lambda s: s.username) -> None:
    for person in people:
        staff = getattr(person, "staff", person)
        staff.email = f"{name(staff)}@example.lg.jp"
        staff.save(update_fields=["email"])
