"""会議の種類の決まり: what the municipality calls its conferences, and how it narrows the rules of the law, from a day on."""

from __future__ import annotations

from datetime import date

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.enums import Ground
from accounts.models import Staff
from referrals.enums import KIND_RULES, Attends, ConferenceKind, Convener, Decides, KindRule


class RuleQuerySet(models.QuerySet["ConferenceRule"]):
    def visible_to(self, actor: object) -> RuleQuerySet:
        """How conferences are held is open to every signed-in worker: it holds no personal data."""
        return self.all()

    def in_force(self, on: date) -> RuleQuerySet:
        """The last row of each kind that had begun by a day."""
        return self.filter(applies_from__lte=on).order_by("code", "-applies_from").distinct("code")


@pghistory.track()
class ConferenceRule(models.Model):
    """One kind of conference from a day on. A kind of the law without a row stands as the law has it; a row cannot give
    what the law does not (``narrowed``). The row of a later day follows it; what was called before keeps its rules.
    """

    code = models.SlugField("記号", max_length=40)
    kind = models.CharField("もとになる種類", max_length=20, choices=ConferenceKind)
    name = models.CharField("呼び名", max_length=40)
    applies_from = models.DateField("適用開始日")
    is_used = models.BooleanField("使う", default=True)
    conveners = ArrayField(models.CharField(max_length=20, choices=Convener), verbose_name="招集できる機関")
    grounds = ArrayField(
        models.CharField(max_length=30, choices=Ground), verbose_name="使える根拠", blank=True, default=list
    )
    attends = models.CharField("招ける機関", max_length=20, choices=Attends)
    decides = ArrayField(models.CharField(max_length=20, choices=Decides), verbose_name="決められること")
    note = models.CharField("要綱・補足", max_length=300, blank=True)
    written_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, related_name="+", verbose_name="定めた職員"
    )

    objects = RuleQuerySet.as_manager()

    class Meta:
        verbose_name = "会議の種類の決まり"
        constraints = [
            models.UniqueConstraint(fields=["code", "applies_from"], name="conference_rule_once_a_day")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def rule(self) -> KindRule:
        return KIND_RULES[ConferenceKind(self.kind)].narrowed(
            grounds=self.grounds, decides=self.decides, attends=self.attends, conveners=self.conveners
        )
