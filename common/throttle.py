"""Counting attempts in the cache, for doors that stand open to the outside."""

from __future__ import annotations

from django.core.cache import cache


def is_over(key: str, *, most: int, seconds: int) -> bool:
    """Whether ``key`` has had ``most`` attempts within ``seconds`` of the first of them."""
    return int(cache.get(f"throttle:{key}", 0)) >= most


def count(key: str, *, seconds: int) -> None:
    """One more attempt."""
    name = f"throttle:{key}"
    if not cache.add(name, 1, seconds):
        try:
            cache.incr(name)
        except ValueError:  # it ran out between the two
            cache.add(name, 1, seconds)
