"""Giving and ending access to a household. Callers have checked their own permission; the grant keeps its ground."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import Permission as AuthPermission
from django.db import models
from django.db.models import Q

from accounts.actor import Actor
from accounts.enums import Ground
from accounts.models import Agency
from households.models import VIEW_HOUSEHOLD, Household, HouseholdGrant


def view_permission(codename: str, app_label: str) -> AuthPermission:
    """Django's own view permission of a model, which every grant carries."""
    return AuthPermission.objects.get(codename=codename, content_type__app_label=app_label)


def give_grant(
    grant_model: Any, content_object: models.Model, *, codename: str, agency: Agency, ground: Ground,
    basis: models.Model, actor: Actor, at: datetime, ends_at: datetime | None = None,
) -> None:  # fmt: skip
    """A row of ``grant_model`` (a subclass of AccessGrant). One unended grant per record, group and permission: an existing one stands, with its first ground."""
    permission = view_permission(codename, content_object._meta.app_label)
    existing = grant_model.objects.filter(
        content_object=content_object, group_id=agency.group_id, permission=permission
    )
    if existing.filter(Q(ends_at__isnull=True)).exists():
        return
    grant_model.objects.create(
        content_object=content_object, group_id=agency.group_id, permission=permission, ground=ground,
        basis_type=basis._meta.label_lower, basis_id=str(basis.pk), given_by=actor.staff, given_at=at,
        ends_at=ends_at,
    )  # fmt: skip


def grant_household(
    *, household: Household, agency: Agency, ground: Ground, basis: models.Model, actor: Actor, at: datetime,
    ends_at: datetime | None = None,
) -> None:  # fmt: skip
    """Let ``agency`` see ``household`` on ``ground``, resting on ``basis``."""
    give_grant(
        HouseholdGrant, household, codename=VIEW_HOUSEHOLD, agency=agency, ground=ground, basis=basis, actor=actor,
        at=at, ends_at=ends_at,
    )  # fmt: skip
