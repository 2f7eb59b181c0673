"""Finding words in whatever casework writes down, only in records that the actor may read.

A word that stands in every tenth note and one that stands in three of two million need different ways. So the newest
texts of the actor's own agency are looked through first, which answers common words. Where that is not enough the
bigram index gives candidates, a bounded number of them; where even those are too many, the index is asked for the
actor's own cases only. Whatever is found is read again through ``visible_to`` of that very record, and its words are
compared once more after the reader's shield has struck out protected details.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast

from django.db import connection, transaction
from django.db.models import DateTimeField, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Now
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import Agency
from cases.actions.text_index import closings_of, words_of
from cases.models import (
    AssessmentItem,
    Case,
    CaseGrant,
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
from cases.models.indexed_text import SOURCES, own_words, words_of_cases
from cases.selectors.snippets import NOTHING, Snippet, snippet_of
from common.japan.names import bigram_codes, fold_text, split_words
from common.kept_where import kept_where
from households.contact import Shield
from households.models import Household

WINDOW = 2000  # of the own agency's newest texts
CANDIDATES = 3000  # texts that the index gives for a word
MOST_CASES = 20_000  # of an actor whose cases are asked one by one
OPENED_LAST, NEWEST_CASES = (
    1000,
    100,
)  # cases in which one character is looked for, by their opening and by their contacts
MOST = 60  # hits of one answer, over all its pages
KINDS = {
    "consultation": "相談受付", "note": "支援経過", "item": "見立て", "plan": "プラン", "outreach": "アウトリーチ",
    "attempt": "アウトリーチの関わり", "turn": "見守りの結果", "tried": "見守りの試み", "cycle": "見守り", "evaluation": "評価",
    "closing": "終結",
}  # fmt: skip


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

    @property
    def outreach(self) -> Outreach | None:
        """That a worry or an attempt belongs to; a case comes later, if at all."""
        if self.kind == "attempt":
            return cast(OutreachAttempt, self.record).outreach
        return self.record if self.kind == "outreach" else None

    @property
    def case(self) -> Case | None:
        if self.kind == "closing":
            return cast(Case, self.record)
        if self.kind == "evaluation":
            return cast(Evaluation, self.record).plan.case
        return None if self.outreach else self.record.case

    @property
    def household(self) -> Household | None:
        """Only a contact may be of none."""
        if self.kind == "consultation":
            return cast(Consultation, self.record).household
        home = self.outreach or self.case
        return home.household if home else None

    @property
    def home(self) -> int | None:
        """The household's id, for the shield."""
        return self.household.pk if self.household else None

    @property
    def agency(self) -> Agency:
        """That wrote it; of a plan, its evaluation and a closing the one that led."""
        if self.kind == "closing":
            return cast(Case, self.record).lead_agency
        held = self.record.plan if self.kind == "evaluation" else self.record
        return cast(Agency, held.agency)


@dataclass(frozen=True, slots=True)
class FoundTexts:
    hits: list[TextHit]
    is_cut: bool = False
    is_newest_only: bool = False  # one character: the index does not know it


def search_texts(actor: Actor, text: str, shield: Shield, *, most: int = MOST) -> FoundTexts:
    """Newest first, at most ``most``; one character is looked for among the newest texts only."""
    words = tuple(dict.fromkeys(word for part in split_words(text) if (word := fold_text(part))))
    if not words or actor.agency_id is None or not actor.has_casework:
        return FoundTexts([])
    rows = _rows(actor, words, most + 1)
    hits = _read(actor, rows, words, shield)
    is_newest_only = not any(bigram_codes(word) for word in words)
    return FoundTexts(hits[:most], is_cut=bool(hits) and len(rows) > most, is_newest_only=is_newest_only)


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


def _holding(words: Iterable[str]) -> Q:
    return Q(*(("folded__contains", word) for word in words))


def _listed(rows: QuerySet[IndexedText], wanted: int) -> QuerySet[IndexedText]:
    return rows.defer("folded", "terms").order_by("-written_at", "-pk")[:wanted]


def _newest(actor: Actor, words: tuple[str, ...], wanted: int) -> list[IndexedText]:
    return kept_where(_in_window, actor, _holding(words), on=timezone.localdate(), given=(wanted, WINDOW))


def _in_window(actor: Actor, wanted: int, window: int, where: Q) -> QuerySet[IndexedText]:
    own = IndexedText.objects.filter(agency=actor.agency_id).order_by("-written_at", "-pk")
    oldest = Subquery(own.values("written_at")[window : window + 1])
    since = Coalesce(oldest, Cast(Value("-infinity"), DateTimeField()))
    rows = IndexedText.objects.visible_to(actor).filter(agency=actor.agency_id, written_at__gt=since)
    return _listed(rows.filter(where), wanted)


def _of_newest_cases(actor: Actor, words: tuple[str, ...], wanted: int) -> list[IndexedText]:
    """What other agencies wrote in the cases with the newest contacts, of those opened last: for one character, which the
    index of texts does not know.
    """
    day = timezone.localdate()
    opened = kept_where(_opened_last, actor, on=day, given=(OPENED_LAST,))
    where = Q(pk__one_of=opened)
    newest = kept_where(_newest_contacts, actor, where, on=day, given=(NEWEST_CASES,))
    where = Q(case_id__one_of=newest) & _holding(words)
    return kept_where(_of_others, actor, where, on=day, given=(wanted,))


def _opened_last(actor: Actor, most: int) -> QuerySet[CaseGrant, int]:
    return (
        CaseGrant.objects.filter(group__in=actor.group_ids)
        .filter(Q(ends_at__isnull=True) | Q(ends_at__gt=Now()))
        .order_by("-content_object_id")
        .values_list("content_object_id", flat=True)
        .distinct()[:most]
    )


def _newest_contacts(actor: Actor, most: int, where: Q) -> QuerySet[Case, int]:
    rows = Case.objects.visible_to(actor).filter(where).order_by("-last_contact_at", "-pk")
    return rows.values_list("pk", flat=True)[:most]


def _of_others(actor: Actor, wanted: int, where: Q) -> QuerySet[IndexedText]:
    return _listed(
        IndexedText.objects.visible_to(actor).filter(where).exclude(agency=actor.agency_id), wanted
    )


def _by_index(actor: Actor, words: tuple[str, ...], codes: list[int], wanted: int) -> list[IndexedText]:
    candidates = _candidates(codes)
    if len(candidates) <= CANDIDATES:
        where = Q(pk__one_of=candidates) & _holding(words)
        return kept_where(_visible_texts, actor, where, on=timezone.localdate(), given=(wanted,))
    cases = list(Case.objects.visible_to(actor).order_by().values_list("pk", flat=True)[: MOST_CASES + 1])
    if len(cases) <= MOST_CASES:
        in_cases = Q(case_id__one_of=cases) & words_of_cases(actor)
        mine = IndexedText.objects.filter(in_cases | own_words(actor), terms__contains=codes)
        return list(_listed(mine.filter(_holding(words)), wanted))
    # somebody who sees very many cases finds a very common word among the newest texts of all
    newest = IndexedText.objects.order_by("-written_at", "-pk").values("pk")[: WINDOW * 10]
    rows = IndexedText.objects.visible_to(actor).filter(_holding(words), pk__in=newest)
    return list(_listed(rows, wanted))


def _visible_texts(actor: Actor, wanted: int, where: Q) -> QuerySet[IndexedText]:
    return _listed(IndexedText.objects.visible_to(actor).filter(where), wanted)


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
    for source, visible in _VISIBLE.items():
        ids = [pk for row in rows if (pk := getattr(row, f"{source}_id")) is not None]
        if ids:
            found = kept_where(visible, actor, Q(pk__one_of=ids), on=timezone.localdate())
            records |= {(source, record.pk): record for record in found}
    closed = [pk for source, pk in records if source == "closing"]
    return list(_hits(rows, records, words, shield, closings_of(closed) if closed else {}, actor))


def _hits(
    rows: list[IndexedText], records: dict[tuple[str, int], Any], words: tuple[str, ...], shield: Shield,
    closings: dict[int, list[Any]], actor: Actor,
) -> Iterator[TextHit]:  # fmt: skip
    for row in rows:
        source = next(name for name in SOURCES if getattr(row, f"{name}_id") is not None)
        record = records.get((source, getattr(row, f"{source}_id")))
        if record is None or (source == "heard" and not record.tells_source_to(actor)):
            continue
        hit = TextHit("outreach" if source == "heard" else source, record, NOTHING, row.written_at)
        texts = words_of(source, record, closings.get(record.pk, ()))
        snippet = snippet_of([shield.text(text, hit.home) for text in texts], words)
        if snippet is not None:
            yield replace(hit, snippet=snippet)


def _consultations(actor: Actor, where: Q) -> QuerySet[Consultation]:
    rows = Consultation.objects.visible_to(actor).filter(where)
    return rows.select_related("agency", "case", "household")


def _notes(actor: Actor, where: Q) -> QuerySet[ProgressNote]:
    return ProgressNote.objects.visible_to(actor).filter(where).select_related("agency", "case__household")


def _items(actor: Actor, where: Q) -> QuerySet[AssessmentItem]:
    return AssessmentItem.objects.visible_to(actor).filter(where).select_related("agency", "case__household")


def _plans(actor: Actor, where: Q) -> QuerySet[SupportPlan]:
    return SupportPlan.objects.visible_to(actor).filter(where).select_related("agency", "case__household")


def _outreaches(actor: Actor, where: Q) -> QuerySet[Outreach]:
    return Outreach.objects.visible_to(actor).filter(where).select_related("agency", "household", "person")


def _outreach_attempts(actor: Actor, where: Q) -> QuerySet[OutreachAttempt]:
    rows = OutreachAttempt.objects.visible_to(actor).filter(where)
    return rows.select_related("agency", "outreach__household", "outreach__person")


def _turns(actor: Actor, where: Q) -> QuerySet[FollowUp]:
    return FollowUp.objects.visible_to(actor).filter(where).select_related("agency", "case__household")


def _tries(actor: Actor, where: Q) -> QuerySet[WatchAttempt]:
    rows = WatchAttempt.objects.visible_to(actor).filter(where)
    return rows.select_related("agency", "follow_up", "case__household")


def _cycles(actor: Actor, where: Q) -> QuerySet[WatchCycle]:
    return WatchCycle.objects.visible_to(actor).filter(where).select_related("agency", "case__household")


def _evaluations(actor: Actor, where: Q) -> QuerySet[Evaluation]:
    rows = Evaluation.objects.visible_to(actor).filter(where)
    return rows.select_related("plan__agency", "plan__case__household")


def _closed(actor: Actor, where: Q) -> QuerySet[Case]:
    return Case.objects.visible_to(actor).filter(where).select_related("lead_agency", "household")


_VISIBLE: dict[str, Callable[[Actor, Q], QuerySet[Any]]] = {
    "consultation": _consultations, "note": _notes, "item": _items, "plan": _plans, "outreach": _outreaches,
    "heard": _outreaches, "attempt": _outreach_attempts, "turn": _turns, "tried": _tries, "cycle": _cycles,
    "evaluation": _evaluations, "closing": _closed,
}  # fmt: skip
