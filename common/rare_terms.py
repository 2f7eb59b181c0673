"""Which of a word's terms to ask a GIN index for: the rarest one by the statistics of the column.

「美旗野市桜木2丁目」 has eight pairs of characters, four of which stand in every address of the town, and the index reads
the list of each; 木2 alone finds the same rows. The planner takes pairs that stand beside each other for independent
and a word of eight for a word of nobody: of one pair it knows how many rows there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Final

from django.db import connection, models
from django.utils import timezone

_STATISTICS: Final = """
    SELECT most_common_elems::text::text[], most_common_elem_freqs FROM pg_stats
     WHERE schemaname = current_schema() AND tablename = %s AND attname = %s
"""


def rarest(model: type[models.Model], column: str, terms: Sequence[str]) -> list[str]:
    """The rarest of ``terms``, alone. Whoever asks for it has to look at the rows again for the whole word."""
    if len(terms) < 2:
        return list(terms)
    share = _shares(model._meta.db_table, column, timezone.localdate())
    return [min(terms, key=lambda term: share.get(term, 0.0))]


@lru_cache(maxsize=32)
def _shares(table: str, column: str, day: date) -> Mapping[str, float]:
    """The share of rows that hold each of the commonest terms, as of the last ANALYZE; asked once a day and process."""
    with connection.cursor() as cursor:
        cursor.execute(_STATISTICS, [table, column])
        row = cursor.fetchone()
    if row is None or row[0] is None:
        return {}
    return dict(
        zip(row[0], row[1], strict=False)
    )  # behind the terms' shares stand the least and the greatest
