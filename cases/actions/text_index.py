"""Keeping the search form of a record's words; called by the action that writes the record, in its transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.db import models

from cases.models import AssessmentItem, Consultation, IndexedText, ProgressNote, SupportPlan
from common.japan.names import bigram_codes, fold_text

Record = Consultation | ProgressNote | AssessmentItem | SupportPlan
BATCH: Final = 2000
# what of a record is searched, one text each
FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "consultation": ("text", "caller_name"),
    "note": ("text", "counterpart", "next_text"),
    "item": ("text",),
    "plan": ("hope", "long_goal", "short_goal"),
}
_SOURCE: Final[dict[type[models.Model], str]] = {
    Consultation: "consultation", ProgressNote: "note", AssessmentItem: "item", SupportPlan: "plan"
}  # fmt: skip


def words_of(source: str, record: Any) -> list[str]:
    """The texts of a record, in the order in which a snippet is looked for."""
    return [text for name in FIELDS[source] if (text := getattr(record, name))]


def folded_words(texts: list[str]) -> str:
    """The texts folded, one line each."""
    return "\n".join(folded for text in texts if (folded := fold_text(text)))


def index_columns(source: str, record: Any) -> dict[str, Any]:
    """The columns of the row for a record."""
    folded = folded_words(words_of(source, record))
    at = record.started_at if source in ("consultation", "note") else record.written_at
    return {
        "case_id": record.case_id, "agency_id": record.agency_id, "written_at": at, "folded": folded,
        "terms": bigram_codes(folded),
    }  # fmt: skip


def index_text(record: Record) -> None:
    """Make or renew the row of a record."""
    source = _SOURCE[type(record)]
    of_record: dict[str, Any] = {source: record}
    IndexedText.objects.update_or_create(**of_record, defaults=index_columns(source, record))


def rebuild_texts(index: type[Any], sources: dict[str, type[Any]]) -> int:
    """Every row anew; the models are given, so that a migration can give those of its own state."""
    count = 0
    index.objects.all().delete()
    for source, model in sources.items():
        for batch in _batches(model.objects.all()):
            index.objects.bulk_create(
                index(**{f"{source}_id": record.pk}, **index_columns(source, record)) for record in batch
            )
            count += len(batch)
    return count


def _batches(rows: models.QuerySet[Any]) -> Iterator[list[Any]]:
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield batch
        last = batch[-1].pk
