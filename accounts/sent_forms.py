"""A form of a page that is sent again: the same words make one record, other words are never dropped in silence."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TypeVar
from uuid import UUID

from django.db import transaction
from django.http import QueryDict

from accounts.actor import Actor
from accounts.models import SentKey
from common.errors import RuleViolation

REMEMBERED = timedelta(days=30)
_NO_WORDS = frozenset({"csrfmiddlewaretoken", "draft_key", "draft_base", "draft_window"})
T = TypeVar("T")


class SentBefore(RuleViolation):
    """The key of the form has made its record already, from other words."""

    def __init__(self) -> None:
        super().__init__("この画面の記録は、もう保存されています。今の入力は、まだ保存していません。")


def fingerprint(data: QueryDict, aside: Collection[str] = ()) -> str:
    """What was typed and chosen, without what only carries the form (and without the fields ``aside``)."""
    pairs = sorted(
        (name, value.strip().replace("\r\n", "\n"))
        for name, values in data.lists()
        if name not in _NO_WORDS and name not in aside
        for value in values
        if isinstance(value, str) and value.strip()
    )
    return sha256(repr(pairs).encode()).hexdigest()


def take_key(*, actor: Actor, key: UUID, said: str, at: datetime) -> tuple[bool, bool]:
    """Whether the key is new, and whether what it was first sent with is ``said``. In a transaction: who asks for a key
    that another is taking waits, and a key whose write is refused is free again.
    """
    own = SentKey.objects.visible_to(actor)
    own.filter(sent_at__lt=at - REMEMBERED).delete()
    sent, is_new = own.get_or_create(
        staff=actor.staff, key=key, defaults={"fingerprint": said, "sent_at": at}
    )
    return is_new, sent.fingerprint == said


def first_sent_at(*, actor: Actor, key: UUID) -> datetime:
    """The moment of the write that the key has made: a record without the key itself bears it."""
    found: datetime = SentKey.objects.visible_to(actor).get(staff=actor.staff, key=key).sent_at
    return found


@transaction.atomic
def save_once(
    save: Callable[[], T],
    *,
    actor: Actor,
    key: UUID,
    data: QueryDict,
    at: datetime,
    aside: Collection[str] = (),
) -> T:
    """``save()``, once for a key and its words: two at once wait for each other. Raises SentBefore for other words.

    A refused save leaves its key free.
    """
    _, is_same = take_key(actor=actor, key=key, said=fingerprint(data, aside), at=at)
    if not is_same:
        raise SentBefore
    return save()
