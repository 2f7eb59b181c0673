"""Who else has a record open: kept in Redis for a few seconds at a time, told to colleagues, never stored."""

from __future__ import annotations

from functools import cache
from typing import Final

import redis
from django.conf import settings
from redis.exceptions import RedisError

from accounts.actor import Actor

STAYS_SECONDS: Final = 40  # two polls of the page and a little
_KEY: Final = "kyosei:open:{}:{}"


@cache
def _redis() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, decode_responses=True, socket_timeout=1)


def be_here(kind: str, key: str, actor: Actor, *, at: float) -> list[tuple[int, str]]:
    """Say that the actor has the record open, and return the others: (agency id, name), in order of their coming.

    ``at`` is seconds since the epoch. Without Redis nobody is seen; the page works on.
    """
    if actor.staff is None or actor.agency_id is None:
        return []
    name = _KEY.format(kind, key)
    me = f"{actor.staff.pk}:{actor.agency_id}:{actor.staff.name}"
    try:
        with _redis().pipeline() as pipe:
            pipe.zremrangebyscore(name, 0, at - STAYS_SECONDS)
            pipe.zadd(name, {me: at})
            pipe.expire(name, STAYS_SECONDS)
            pipe.zrange(name, 0, -1)
            members = pipe.execute()[-1]
    except RedisError:
        return []
    found = []
    for member in members:
        staff_id, agency_id, who = member.split(":", 2)
        if int(staff_id) != actor.staff.pk:
            found.append((int(agency_id), who))
    return found
