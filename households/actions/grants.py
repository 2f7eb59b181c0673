"""Giving and ending access to a household. Callers have checked their own permission; the grant keeps its ground."""

from __future__ import annotations

from collections.abc import Iterable
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
    """A row of ``grant_model`` (a subclass of AccessGrant). Each ground with its basis is a grant of its own, so that
    the end of one (a withdrawn consent) leaves the others standing; the same one is not given twice.
    """
    give_group_grant(
        grant_model, content_object, codename=codename, group_id=agency.group_id, ground=ground, basis=basis,
        actor=actor, at=at, ends_at=ends_at,
    )  # fmt: skip


def give_group_grant(
    grant_model: Any, content_object: models.Model, *, codename: str, group_id: int, ground: Ground,
    basis: models.Model, actor: Actor, at: datetime, ends_at: datetime | None = None,
) -> None:  # fmt: skip
    """``give_grant`` for any group: an agency's, or the one made for one person and one hour."""
    permission = view_permission(codename, content_object._meta.app_label)
    key = {
        "content_object": content_object, "group_id": group_id, "permission": permission, "ground": ground,
        "basis_type": basis._meta.label_lower, "basis_id": str(basis.pk),
    }  # fmt: skip
    if grant_model.objects.filter(**key).filter(Q(ends_at__isnull=True) | Q(ends_at=ends_at)).exists():
        return
    grant_model.objects.create(**key, given_by=actor.staff, given_at=at, ends_at=ends_at)


def end_grants_resting_on(basis: models.Model, *, grant_models: Iterable[Any], at: datetime) -> int:
    """End every grant that rests on ``basis``; the rows stay with their end. Returns how many ended."""
    ended = 0
    for grant_model in grant_models:
        ended += (
            grant_model.objects.in_force(at)
            .filter(basis_type=basis._meta.label_lower, basis_id=str(basis.pk))
            .update(ends_at=at)
        )
    return ended


def grant_household(
    *, household: Household, agency: Agency, ground: Ground, basis: models.Model, actor: Actor, at: datetime,
    ends_at: datetime | None = None,
) -> None:  # fmt: skip
    """Let ``agency`` see ``household`` on ``ground``, resting on ``basis``."""
    give_grant(
        HouseholdGrant, household, codename=VIEW_HOUSEHOLD, agency=agency, ground=ground, basis=basis, actor=actor,
        at=at, ends_at=ends_at,
    )  # fmt: skip
