"""django-guardian's ``has_perm`` by the same rule as ``visible_to``: grants that have not ended, of the groups of today's
appointment, and never against a deny list. A test holds the two together.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone
from guardian.backends import ObjectPermissionBackend
from guardian.utils import get_group_obj_perms_model

from accounts.actor import build_actor
from accounts.models import Staff
from households.models import AccessGrant


class GrantBackend(ObjectPermissionBackend):
    """``staff.has_perm("cases.view_case", case)``; other permissions and objects without grants are never given."""

    def has_perm(self, user_obj: Any, perm: str, obj: models.Model | None = None) -> bool:
        if obj is None or not isinstance(user_obj, Staff) or not user_obj.is_active:
            return False
        grants = get_group_obj_perms_model(obj)
        app_label, _, codename = perm.rpartition(".")
        if not issubclass(grants, AccessGrant) or app_label not in ("", obj._meta.app_label):
            return False
        now = timezone.now()
        actor = build_actor(user_obj, on=timezone.localdate(now))
        standing = (
            grants.objects.in_force(now)
            .filter(content_object=obj, group__in=actor.group_ids, permission__codename=codename)
            .exists()
        )
        manager: Any = type(obj)._default_manager
        return standing and manager.visible_to(actor).filter(pk=obj.pk).exists()
