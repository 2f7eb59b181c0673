"""旧姓: family names that a person had before."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pghistory
from django.db import models
from django.db.models import F, Q

from households.enums import FormerNameKind
from households.models.follow import follows_merge
from households.models.person import Person

if TYPE_CHECKING:
    from accounts.actor import Actor


class FormerNameQuerySet(models.QuerySet["FormerName"]):
    def visible_to(self, actor: Actor) -> FormerNameQuerySet:
        """Whoever sees the person."""
        return self.filter(person__in=Person.objects.visible_to(actor))

    def findable_by(self, actor: Actor) -> FormerNameQuerySet:
        """Part of a person's identity: search finds people by it."""
        return self.filter(person__in=Person.objects.findable_by(actor))


@pghistory.track()
class FormerName(models.Model):
    """旧姓: the period may be unknown, and so may the reading; without a given name, that of today goes with it."""

    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="former_names", verbose_name="人"
    )
    family_name = models.CharField("旧姓", max_length=60, blank=True)
    family_kana = models.CharField("旧姓のふりがな", max_length=60, blank=True)
    given_name = models.CharField("以前の名", max_length=60, blank=True)
    given_kana = models.CharField("以前の名のふりがな", max_length=60, blank=True)
    kind = models.CharField(
        "変わったわけ", max_length=20, choices=FormerNameKind, default=FormerNameKind.OTHER
    )
    reason = models.CharField("どうして分かったか", max_length=200, blank=True)
    from_on = models.DateField("いつから", null=True, blank=True)
    until_on = models.DateField("いつまで", null=True, blank=True)

    # what its writes change (common.tags)
    tag_fields: ClassVar = (
        "family_name",
        "family_kana",
        "given_name",
        "given_kana",
        "kind",
        "reason",
        "from_on",
        "until_on",
    )

    objects = FormerNameQuerySet.as_manager()

    class Meta:
        verbose_name = "旧姓"
        constraints = [
            models.UniqueConstraint(
                fields=["person", "family_name", "family_kana", "given_name", "given_kana"],
                name="former_name_once",
            ),
            models.CheckConstraint(
                name="former_name_is_said",
                condition=~Q(family_name="", family_kana="", given_name="", given_kana=""),
            ),
            models.CheckConstraint(
                name="former_name_ended_after_begun",
                condition=Q(from_on__isnull=True) | Q(until_on__isnull=True) | Q(until_on__gte=F("from_on")),
                violation_error_message="「いつまで」が「いつから」より前です。",
            ),
        ]
        triggers = [follows_merge("person")]

    def __str__(self) -> str:
        written = f"{self.family_name} {self.given_name}".strip()
        return written or f"{self.family_kana} {self.given_kana}".strip()

    @property
    def spoken(self) -> str:
        """The reading, where the name is also known in writing."""
        kana = f"{self.family_kana} {self.given_kana}".strip()
        return kana if self.family_name or self.given_name else ""
