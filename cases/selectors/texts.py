"""Finding words in consultations, notes, assessment and plans, only in records that the actor may read.

A word that stands in every tenth note and one that stands in three of two million need different ways. So the newest
texts of the actor's own agency are looked through first, which answers common words. Where that is not enough the
bigram index gives candidates, a bounded number of them; where even those are too many, the index is asked for the
actor's own cases only. Whatever is found is read again through ``visible_to`` of that very record, and its words are
compared once more after the reader's shield has struck out protected details.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts.actor import Actor
from cases.actions.text_index import words_of
from cases.models import AssessmentItem, Case, CaseGrant, Consultation, IndexedText, ProgressNote, SupportPlan
from cases.models.indexed_text import SOURCES
from cases.selectors.snippets import Snippet, snippet_of
from common.japan.names import bigram_codes, fold_text, split_words
from households.contact import Shield

WINDOW = 2000  # of the own agency's newest texts
CANDIDATES = 3000  # texts that the index gives for a word
MOST_CASES = 20_000  # of an actor whose cases are asked one by one
OPENED_LAST, NEWEST_CASES = (
    1000,
    100,
)  # cases in which one character is looked for, by their opening and by their contacts
MOST = 60  # hits of one answer, over all its pages
KINDS = {"consultation": "相談受付", "note": "支援経過", "item": "見立て", "plan": "プラン"}


@dataclass(frozen=True, slots=True)
class TextHit:
    """A record in whose words the query stands. ``record`` comes with what a line of the list shows."""

    kind: str
    record: Any
    snippet: Snippet
    at: datetime

    @property
    def label(self) -> str:
        return KINDS[self.kind]


@dataclass(frozen=True, slots=True)
class FoundTexts:
    hits: list[TextHit]
    is_cut: bool = False


def search_texts(actor: Actor, text: str, shield: Shield, *, most: int = MOST) -> FoundTexts:
    """Newest first, at most ``most``; one character is looked for among the newest texts only."""
    words = tuple(dict.fromkeys(word for part in split_words(text) if (word := fold_text(part))))
    if not words or actor.agency_id is None or not actor.has_casework:
        return FoundTexts([])
    rows = _rows(actor, words, most + 1)
    hits = _read(actor, rows, words, shield)
    return FoundTexts(hits[:most], is_cut=bool(hits) and len(rows) > most)


def _rows(actor: Actor, words: tuple[str, ...], wanted: int) -> list[IndexedText]:
    """Rows of the index that hold every word, newest first. Two to five queries, each of a bounded size."""
    found = {row.pk: row for row in _newest(actor, words, wanted)}
    codes = sorted({code for word in words for code in bigram_codes(word)})
    if len(found) < wanted and codes:
        for row in _by_index(actor, words, codes, wanted):
            found.setdefault(row.pk, row)
    elif len(found) < wanted:
        found |= {row.pk: row for row in _of_newest_cases(actor, words, wanted)}
    return sorted(found.values(), key=lambda row: (row.written_at, row.pk), reverse=True)[:wanted]


def _holding(rows: QuerySet[IndexedText], words: Iterable[str]) -> QuerySet[IndexedText]:
    for word in words:
        rows = rows.filter(folded__contains=word)
    return rows.defer("folded", "terms").order_by("-written_at", "-pk")


def _newest(actor: Actor, words: tuple[str, ...], wanted: int) -> list[IndexedText]:
    own = IndexedText.objects.filter(agency=actor.agency_id)
    oldest = (
        own.order_by("-written_at", "-pk").values_list("written_at", flat=True)[WINDOW : WINDOW + 1].first()
    )
    window = IndexedText.objects.visible_to(actor).filter(agency=actor.agency_id)
    if oldest is not None:
        window = window.filter(written_at__gt=oldest)
    return list(_holding(window, words)[:wanted])


def _of_newest_cases(actor: Actor, words: tuple[str, ...], wanted: int) -> list[IndexedText]:
    """What other agencies wrote in the cases with the newest contacts, of those opened last: for one character, which the
    index of texts does not know.
    """
    opened = (
        CaseGrant.objects.filter(group__in=actor.group_ids)
        .filter(Q(ends_at__isnull=True) | Q(ends_at__gt=Now()))
        .order_by("-content_object_id")
        .values_list("content_object_id", flat=True)
        .distinct()[:OPENED_LAST]
    )
    newest = (
        Case.objects.visible_to(actor)
        .filter(pk__in=list(opened))
        .order_by("-last_contact_at", "-pk")
        .values_list("pk", flat=True)[:NEWEST_CASES]
    )
    rows = (
        IndexedText.objects.visible_to(actor).filter(case_id__in=list(newest)).exclude(agency=actor.agency_id)
    )
    return list(_holding(rows, words)[:wanted])


def _by_index(actor: Actor, words: tuple[str, ...], codes: list[int], wanted: int) -> list[IndexedText]:
    candidates = _candidates(codes)
    visible = IndexedText.objects.visible_to(actor)
    if len(candidates) <= CANDIDATES:
        return list(_holding(visible.filter(pk__in=candidates), words)[:wanted])
    cases = list(Case.objects.visible_to(actor).order_by().values_list("pk", flat=True)[: MOST_CASES + 1])
    if len(cases) <= MOST_CASES:
        received = Q(agency=actor.agency_id, consultation__isnull=False)
        mine = IndexedText.objects.filter(Q(case_id__in=cases) | received, terms__contains=codes)
        return list(_holding(mine, words)[:wanted])
    # somebody who sees very many cases finds a very common word among the newest texts of all
    newest = IndexedText.objects.order_by("-written_at", "-pk").values("pk")[: WINDOW * 10]
    return list(_holding(visible.filter(pk__in=newest), words)[:wanted])


def _candidates(codes: list[int]) -> list[int]:
    """Keys of texts that have all the bigrams, at most one more than ``CANDIDATES``.

    The planner may take a word for more common than it is and read the whole table for it, so that way is barred.
    """
    rows = IndexedText.objects.filter(terms__contains=codes).order_by().values_list("pk", flat=True)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        found = list(rows[: CANDIDATES + 1])
        cursor.execute("SET LOCAL enable_seqscan = on")
    return found


def _read(actor: Actor, rows: list[IndexedText], words: tuple[str, ...], shield: Shield) -> list[TextHit]:
    """The records themselves, each kind in one query through its own scope; what the shield strikes out is no hit."""
    records: dict[tuple[str, int], Any] = {}
    for source in SOURCES:
        ids = [pk for row in rows if (pk := getattr(row, f"{source}_id")) is not None]
        if ids:
            records |= {(source, record.pk): record for record in _visible(actor, source).filter(pk__in=ids)}
    return list(_hits(rows, records, words, shield))


def _visible(actor: Actor, source: str) -> QuerySet[Any]:
    if source == "consultation":
        return Consultation.objects.visible_to(actor).select_related("agency", "case")
    if source == "note":
        return ProgressNote.objects.visible_to(actor).select_related("agency", "case__household")
    if source == "item":
        return AssessmentItem.objects.visible_to(actor).select_related("agency", "case__household")
    return SupportPlan.objects.visible_to(actor).select_related("agency", "case__household")


def _hits(
    rows: list[IndexedText], records: dict[tuple[str, int], Any], words: tuple[str, ...], shield: Shield
) -> Iterator[TextHit]:
    for row in rows:
        source = next(name for name in SOURCES if getattr(row, f"{name}_id") is not None)
        record = records.get((source, getattr(row, f"{source}_id")))
        if record is None:
            continue
        home = record.household_id if source == "consultation" else record.case.household_id
        snippet = snippet_of([shield.text(text, home) for text in words_of(source, record)], words)
        if snippet is not None:
            yield TextHit(source, record, snippet, row.written_at)
