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

_REMEMBERED = timedelta(days=30)
_NO_WORDS = frozenset({"csrfmiddlewaretoken", "draft_key"})
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
    own = SentKey.objects.visible_to(actor)
    own.filter(sent_at__lt=at - _REMEMBERED).delete()
    said = fingerprint(data, aside)
    sent, _ = own.get_or_create(staff=actor.staff, key=key, defaults={"fingerprint": said, "sent_at": at})
    if sent.fingerprint != said:
        raise SentBefore
    return save()
