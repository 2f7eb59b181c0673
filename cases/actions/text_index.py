"""Keeping the search form of a record's words; called by the action that writes the record, in its transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any, Final

from django.db import models

from cases.models import (
    AssessmentItem,
    Case,
    Consultation,
    Evaluation,
    FollowUp,
    IndexedText,
    Outreach,
    OutreachAttempt,
    ProgressNote,
    SupportPlan,
    WatchAttempt,
    WatchCycle,
)  # fmt: skip
from cases.workflow import CaseState
from common.japan.names import bigram_codes, fold_text

Record = (
    Consultation | ProgressNote | AssessmentItem | SupportPlan | Outreach | OutreachAttempt | FollowUp | WatchAttempt
    | WatchCycle | Evaluation | Case
)  # fmt: skip
BATCH: Final = 2000


@dataclass(frozen=True, slots=True)
class Source:
    """What of a record is searched, one text each, and where its moment, case and agency stand (paths of fields)."""

    fields: tuple[str, ...]
    at: str = "written_at"
    case: str = "case_id"
    agency: str = "agency_id"


SOURCES: Final[dict[str, Source]] = {
    "consultation": Source(("text", "caller_name"), at="started_at"),
    "note": Source(("text", "counterpart", "next_text"), at="started_at"),
    "item": Source(("text",)),
    "plan": Source(("hope", "long_goal", "short_goal")),
    "outreach": Source(("described", "next_text", "agreed_how", "end_note", "peer"), at="heard_at"),
    "heard": Source(
        ("worry", "described", "next_text", "agreed_how", "end_note", "peer", "source_name", "source_contact"),
        at="heard_at",
    ),
    "attempt": Source(("note",), at="started_at", case="outreach__case_id", agency="outreach__agency_id"),
    "turn": Source(("note",), at="done_at"),
    "tried": Source(("note",), at="started_at"),
    "cycle": Source(("ask", "end_note"), at="started_at"),
    "evaluation": Source(
        ("note", "remaining", "wish"), at="evaluated_at", case="plan__case_id", agency="plan__agency_id"
    ),
    "closing": Source(
        ("closing_note", "no_follow_up_reason", "closing_reason__label"), at="closed_at", case="pk",
        agency="lead_agency_id",
    ),
}  # fmt: skip
MODELS: Final[dict[str, type[models.Model]]] = {
    "consultation": Consultation, "note": ProgressNote, "item": AssessmentItem, "plan": SupportPlan,
    "outreach": Outreach, "heard": Outreach, "attempt": OutreachAttempt, "turn": FollowUp, "tried": WatchAttempt,
    "cycle": WatchCycle, "evaluation": Evaluation, "closing": Case,
}  # fmt: skip
# what is read with a record, so that its words and columns ask nothing more
_WITH: Final[dict[str, tuple[str, ...]]] = {
    "attempt": ("outreach",), "tried": ("follow_up",), "evaluation": ("plan",),
}  # fmt: skip


def _value(record: Any, path: str) -> Any:
    return reduce(getattr, path.split("__"), record)


def words_of(source: str, record: Any, closings: Iterable[Any] = ()) -> list[str]:
    """The texts of a record, in the order in which a snippet is looked for. ``closings`` of a case: ``closings_of``."""
    if source == "tried" and record.written_at == record.follow_up.done_at:
        return []  # the contact by which a turn is done: the turn has its words
    fields = SOURCES[source].fields
    records = closings if source == "closing" else (record,)
    return list(dict.fromkeys(text for one in records for name in fields if (text := _text(one, name))))


def _text(record: Any, path: str) -> str:
    """A closing that has no reason of the list has no label either."""
    first, _, rest = path.partition("__")
    held = getattr(record, first)
    return _text(held, rest) if rest and held is not None else held or ""


def closings_of(cases: Iterable[int], events: Any = None) -> dict[int, list[Any]]:
    """Each closing of some cases (ids) as it was written then, the newest first: the case itself holds only the last one,
    and none once it is open again. ``events``: the history of cases, which a migration gives of its own state.
    """
    model = events or Case.pgh_event_model  # type: ignore[attr-defined]
    rows = model.objects.filter(pgh_obj__in=list(cases), state=CaseState.CLOSED, closed_at__isnull=False)
    # of the rows of one closing the last: why nobody looks any more is written later
    rows = rows.order_by("pgh_obj", "-closed_at", "-pgh_id").distinct("pgh_obj", "closed_at")
    found: dict[int, list[Any]] = {}
    for row in rows.select_related("closing_reason"):
        found.setdefault(row.pgh_obj_id, []).append(row)
    return found


def folded_words(texts: list[str]) -> str:
    """The texts folded, one line each."""
    return "\n".join(folded for text in texts if (folded := fold_text(text)))


def index_columns(source: str, record: Any, closings: Iterable[Any] = ()) -> dict[str, Any]:
    """The columns of the row for a record."""
    folded = folded_words(words_of(source, record, closings))
    places, newest = SOURCES[source], next(iter(closings), record)
    at: datetime | None = _value(newest, places.at)
    return {
        "case_id": _value(record, places.case), "agency_id": _value(record, places.agency), "written_at": at,
        "folded": folded, "terms": bigram_codes(folded),
    }  # fmt: skip


def _is_searched(columns: dict[str, Any]) -> bool:
    """A turn that still waits has no words, nor has a case that was never closed."""
    return bool(columns["folded"]) and columns["written_at"] is not None


def index_text(record: Record) -> None:
    """Make or renew the rows of a record. Attempts go with their outreach: who sees them, and in which case."""
    for source, model in MODELS.items():
        if type(record) is model:
            _index(source, record)
    if isinstance(record, Outreach):
        attempts = IndexedText.objects.filter(attempt__outreach=record)
        attempts.update(case_id=record.case_id, agency_id=record.agency_id)


def _index(source: str, record: Record) -> None:
    closings = closings_of([record.pk]).get(record.pk, []) if source == "closing" else []
    columns = index_columns(source, record, closings)
    of_record: dict[str, Any] = {f"{source}_id": record.pk}
    if _is_searched(columns):
        IndexedText.objects.update_or_create(**of_record, defaults=columns)
    else:
        IndexedText.objects.filter(**of_record).delete()


def rebuild_texts(index: type[Any], sources: dict[str, type[Any]], events: Any = None) -> int:
    """Every row anew; the models are given, so that a migration can give those of its own state."""
    index.objects.all().delete()
    return fill_texts(index, sources, events)


def fill_texts(index: type[Any], sources: dict[str, type[Any]], events: Any = None) -> int:
    """Rows for all records of ``sources``, which have none yet; ``BATCH`` records are held at a time."""
    count = 0
    for source, model in sources.items():
        for batch in _batches(model.objects.select_related(*_WITH.get(source, ()))):
            closings = closings_of([row.pk for row in batch], events) if source == "closing" else {}
            rows = [(row.pk, index_columns(source, row, closings.get(row.pk, ()))) for row in batch]
            index.objects.bulk_create(
                index(**{f"{source}_id": pk}, **columns) for pk, columns in rows if _is_searched(columns)
            )
            count += len(batch)
    return count


def refold_texts(index: type[Any], holding: str) -> int:
    """The rows whose search form holds one of these characters, which are folded from now on."""
    count = 0
    for batch in _batches(index.objects.filter(folded__regex=f"[{holding}]")):
        for row in batch:
            row.folded = folded_words(row.folded.split("\n"))
            row.terms = bigram_codes(row.folded)
        index.objects.bulk_update(batch, ["folded", "terms"])
        count += len(batch)
    return count


def _batches(rows: models.QuerySet[Any]) -> Iterator[list[Any]]:
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield batch
        last = batch[-1].pk
