"""Model parts that know nothing of the domain."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any, Self, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateRange

from common.errors import StaleRecord


class Versioned(models.Model):
    """A row that two people may edit: every save of an existing row adds one to ``version``.

    An action that adds one itself is left alone, so the number never jumps by two. Only
    ``QuerySet.update`` goes past it: there the action has to write ``version=F("version") + 1``.
    """

    version = models.PositiveIntegerField("版", default=1, editable=False)

    _saved_version: int | None = None

    class Meta:
        abstract = True

    def save(
        self,
        *,
        force_insert: Any = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        if not self._state.adding:
            if self.version == self._saved_version:
                self.version += 1
            if update_fields is not None:
                update_fields = {*update_fields, "version"}
        super().save(
            force_insert=force_insert, force_update=force_update, using=using, update_fields=update_fields
        )
        self._saved_version = self.version

    @classmethod
    def from_db(
        cls, db: str | None, field_names: Collection[str], values: Collection[Any], **kwargs: Any
    ) -> Self:
        obj = super().from_db(db, field_names, values, **kwargs)
        obj._saved_version = obj.__dict__.get("version")
        return obj

    def refresh_from_db(
        self, using: str | None = None, fields: Iterable[str] | None = None, from_queryset: Any = None
    ) -> None:
        super().refresh_from_db(using=using, fields=fields, from_queryset=from_queryset)
        if fields is None or "version" in fields:
            self._saved_version = self.version


V = TypeVar("V", bound=Versioned)


def check_version(obj: V, version: int) -> None:
    """Raise StaleRecord when ``obj`` (locked, fresh from the database) was saved since ``version`` was
    read.
    """
    if obj.version != version:
        raise StaleRecord(current=obj)


def period(first: date, last: date | None) -> DateRange:
    """The days from ``first`` to ``last``, both included, as PostgreSQL keeps them: ``[first, last +
    1)``.

    ``last`` of ``None`` is open. Raises ``ValueError`` if ``last`` is before ``first`` (such a range
    would be empty and overlap nothing).
    """
    if last is not None and last < first:
        raise ValueError("終わりの日が、始まりの日より前です。")
    return DateRange(first, last + timedelta(days=1) if last else None, "[)")


def period_last(days: DateRange) -> date | None:
    """The last day of a period, itself included; ``None`` if it is open."""
    upper: date | None = days.upper
    return upper - timedelta(days=1) if upper else None


def bigram_field(verbose_name: str = "検索用の文字") -> Any:
    """A ``text[]`` for ``common.japan.names.search_terms``; index it with ``bigram_index``.

    Search: ``filter(terms__contains=query_bigrams(q))`` and the ``LIKE`` recheck on the folded text.
    """
    return ArrayField(models.TextField(), verbose_name=verbose_name, default=list, blank=True, editable=False)


def bigram_index(name: str, field: str = "search_terms") -> GinIndex:
    """The plain GIN index for a bigram column; ``fastupdate`` off so that a search never waits for a
    merge.
    """
    return GinIndex(fields=[field], name=name, fastupdate=False)
