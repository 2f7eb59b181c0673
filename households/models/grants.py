"""What every access grant carries; households and cases each have their own table of them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group, Permission
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from guardian.managers import GroupObjectPermissionManager
from guardian.models import GroupObjectPermissionBase

from accounts.enums import Ground
from accounts.models import Staff

if TYPE_CHECKING:
    from accounts.actor import Actor


class GrantQuerySet(models.QuerySet):
    """Shared by the grants of households and of cases."""

    def in_force(self, at: datetime) -> GrantQuerySet:
        return self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at))


def ground_of(grants: models.QuerySet[Any], actor: Actor, path: str) -> models.Subquery:
    """The ground of the oldest grant in force by which the actor sees the record at ``path``."""
    rows = grants.filter(content_object=models.OuterRef(path), group__in=actor.group_ids).filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=Now())
    )
    return models.Subquery(rows.order_by("pk").values("ground")[:1])


class AccessGrant(GroupObjectPermissionBase):
    """A group may see one record, on a ground, resting on a record, until an end. Never given to loose users.

    Every scope asks here, so the two indexes of each table answer alone, without its rows; guardian's own are left out.
    """

    permission = models.ForeignKey(Permission, on_delete=models.CASCADE, db_index=False)
    group = models.ForeignKey(Group, on_delete=models.CASCADE, db_index=False)
    ground = models.CharField("根拠", max_length=30, choices=Ground)
    basis_type = models.CharField("基となる記録の種類", max_length=60, blank=True)
    basis_id = models.CharField("基となる記録", max_length=40, blank=True)
    given_by = models.ForeignKey(
        Staff, on_delete=models.PROTECT, null=True, related_name="+", verbose_name="付与した職員"
    )
    given_at = models.DateTimeField("付与日時")
    ends_at = models.DateTimeField("終了日時", null=True, blank=True)

    # guardian asks its manager for more than rows
    objects = GroupObjectPermissionManager.from_queryset(GrantQuerySet)()  # type: ignore[misc]

    class Meta:
        abstract = True


def indexes_of_grants(name: str) -> list[models.Index]:
    """All cases (households) of a group; and whether a group sees this one."""
    return [
        models.Index(fields=["group", "content_object"], include=["ends_at"], name=f"{name}_grant_of_group"),
        models.Index(fields=["content_object", "group"], include=["ends_at"], name=f"{name}_grant_of_one"),
    ]
