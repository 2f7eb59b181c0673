"""旧姓: family names that a person had before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pghistory
from django.db import models
from django.db.models import Q

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
    """旧姓: until when it was used may be unknown, and so may its reading."""

    person = models.ForeignKey(
        Person, on_delete=models.PROTECT, related_name="former_names", verbose_name="人"
    )
    family_name = models.CharField("旧姓", max_length=60, blank=True)
    family_kana = models.CharField("旧姓のふりがな", max_length=60, blank=True)
    until_on = models.DateField("いつまで", null=True, blank=True)

    objects = FormerNameQuerySet.as_manager()

    class Meta:
        verbose_name = "旧姓"
        constraints = [
            models.UniqueConstraint(fields=["person", "family_name", "family_kana"], name="former_name_once"),
            models.CheckConstraint(
                name="former_name_is_said", condition=~Q(family_name="") | ~Q(family_kana="")
            ),
        ]

    def __str__(self) -> str:
        return self.family_name or self.family_kana
