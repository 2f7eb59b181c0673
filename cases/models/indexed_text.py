"""検索用の本文: the folded words of all that casework writes down, by which search finds them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from accounts.models import Agency
from cases.models.case import Case, sees_case
from cases.models.consultation import Consultation
from cases.models.follow_up import FollowUp, WatchAttempt, WatchCycle
from cases.models.note import AssessmentItem, ProgressNote
from cases.models.outreach import Outreach, OutreachAttempt
from cases.models.plan import Evaluation, SupportPlan

if TYPE_CHECKING:
    from accounts.actor import Actor

# One column each. An outreach has two rows: ``heard`` with all of it, for the agency that heard the worry, and ``outreach``
# without the worry and who told of it, for the others who see the case that it became.
OLDEST = ("consultation", "note", "item", "plan")
SOURCES = (*OLDEST, "outreach", "heard", "attempt", "turn", "tried", "cycle", "evaluation", "closing")
OF_AGENCY = ("consultation", "heard", "attempt", "turn", "tried")  # that an agency sees without the case


def own_words(actor: Actor) -> Q:
    """What the actor's agency received, heard, or was asked for, with or without a case."""
    of_agency = Q(*((f"{source}__isnull", False) for source in OF_AGENCY), _connector=Q.OR)
    return Q(agency=actor.agency_id) & of_agency


def words_of_cases(actor: Actor) -> Q:
    """Of the rows of cases those that the actor may meet there: the worry of an outreach is in none but its agency's."""
    return Q(heard__isnull=True) & ~Q(outreach__isnull=False, agency=actor.agency_id)


class IndexedTextQuerySet(models.QuerySet["IndexedText"]):
    def visible_to(self, actor: Actor) -> IndexedTextQuerySet:
        """The texts of records that the actor may see: ``own_words``, and what belongs to a visible case.

        It only narrows the search: whoever shows a hit reads the record itself through its own ``visible_to``.
        """
        return self.filter(own_words(actor) | (sees_case(actor, "case_id") & words_of_cases(actor)))


def _of_one_record() -> Q:
    """Exactly one of the sources."""
    kinds = [Q(*((f"{other}__isnull", other != source) for other in sorted(SOURCES))) for source in SOURCES]
    return Q(*kinds, _connector=Q.OR)


def _once_each() -> Iterator[models.UniqueConstraint]:
    """One row of a record. Of the sources that have few rows only these are indexed, not the millions that are of others."""
    for source in SOURCES[len(OLDEST) :]:
        yield models.UniqueConstraint(
            fields=[source], condition=Q(**{f"{source}__isnull": False}), name=f"indexed_{source}_once"
        )


def _of(model: type[models.Model], label: str) -> Any:
    return models.ForeignKey(
        model, on_delete=models.CASCADE, null=True, related_name="+", db_index=False, verbose_name=label
    )


class IndexedText(models.Model):
    """The search form of one record's words; made by the action that writes the record, never shown."""

    consultation = models.OneToOneField(
        Consultation,
        on_delete=models.CASCADE,
        null=True,
        related_name="indexed_text",
        verbose_name="相談受付",
    )
    note = models.OneToOneField(
        ProgressNote,
        on_delete=models.CASCADE,
        null=True,
        related_name="indexed_text",
        verbose_name="支援経過",
    )
    item = models.OneToOneField(
        AssessmentItem,
        on_delete=models.CASCADE,
        null=True,
        related_name="indexed_text",
        verbose_name="見立て",
    )
    plan = models.OneToOneField(
        SupportPlan, on_delete=models.CASCADE, null=True, related_name="indexed_text", verbose_name="プラン"
    )
    outreach = _of(Outreach, "アウトリーチ")
    heard = _of(Outreach, "聞いた気がかり")
    attempt = _of(OutreachAttempt, "アウトリーチの関わり")
    turn = _of(FollowUp, "終結後フォロー")
    tried = _of(WatchAttempt, "見守りの試み")
    cycle = _of(WatchCycle, "見守りサイクル")
    evaluation = _of(Evaluation, "評価")
    closing = _of(Case, "終結")
    case = models.ForeignKey(
        Case, on_delete=models.CASCADE, null=True, related_name="+", db_index=False, verbose_name="ケース"
    )
    agency = models.ForeignKey(
        Agency, on_delete=models.CASCADE, related_name="+", db_index=False, verbose_name="書いた機関"
    )
    written_at = models.DateTimeField("対応日時")
    folded = models.TextField("検索用の本文")
    terms = ArrayField(models.IntegerField(), verbose_name="検索用の文字")

    objects = IndexedTextQuerySet.as_manager()

    class Meta:
        verbose_name = "検索用の本文"
        constraints = [
            models.CheckConstraint(name="indexed_text_of_one_record", condition=_of_one_record()),
            *_once_each(),
        ]
        indexes = [
            GinIndex(fields=["terms"], name="indexed_text_terms", fastupdate=False),
            models.Index(fields=["agency", "-written_at", "-id"], name="indexed_text_agency"),
            models.Index(fields=["case"], name="indexed_text_case"),
        ]

    def __str__(self) -> str:
        return f"検索用の本文 {self.pk}"
