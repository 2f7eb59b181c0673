"""Keeping the 気がかり: made anew for one case or for all by the same statement, and put off by who owns them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Max, Min
from django.utils import timezone

from accounts.actor import Actor
from accounts.roles import Permission
from audit.actions import record
from cases.models import Case, RiskPutOff, SilentRisk
from cases.risk_rules import found_sql, parameters
from common.errors import NotAllowed, RuleViolation
from common.tags import check_tag

CHUNK: Final = 20_000  # ids of cases in one transaction of the nightly run
LONGEST: Final = 180  # days
_LOCK: Final = 7011  # the nightly run holds it alone, a change of some cases beside others

_SCOPE = """
    SELECT c.id AS case_id, c.household_id, c.state, c.lead_agency_id, c.lead_staff_id, c.lead_since, c.next_on,
           c.sectors, c.opened_at,
           (COALESCE(c.last_contact_at, c.opened_at) AT TIME ZONE %(zone)s)::date AS last_on
      FROM cases_case c WHERE {where}
"""
_REFRESH = """
WITH scope AS MATERIALIZED ({scope}),
posts AS MATERIALIZED (
    SELECT p.staff_id, p.agency_id, p.role FROM accounts_appointment p
      JOIN accounts_staff st ON st.id = p.staff_id AND st.is_active
     WHERE p.during @> %(today)s::date
),
away AS MATERIALIZED (SELECT staff_id, deputy_id FROM accounts_staffabsence WHERE during @> %(today)s::date),
here AS MATERIALIZED (SELECT h.* FROM posts h WHERE NOT EXISTS (SELECT 1 FROM away w WHERE w.staff_id = h.staff_id)),
found (kind, case_id, subject_id, about_id, due_on, urgency, agency_id, staff_id) AS MATERIALIZED ({found}),
owned AS MATERIALIZED (
    SELECT DISTINCT ON (f.case_id, f.kind, f.subject_id)
           f.case_id, f.kind, f.subject_id, f.about_id, f.due_on, f.urgency,
           COALESCE(office.agency_id, f.agency_id) AS owner_agency_id,
           COALESCE(own.staff_id, deputy.staff_id, boss.staff_id) AS owner_staff_id,
           CASE WHEN own.staff_id IS NOT NULL THEN 'lead' WHEN deputy.staff_id IS NOT NULL THEN 'deputy'
                WHEN boss.staff_id IS NOT NULL THEN 'manager' ELSE 'agency' END AS owner_as
      FROM found f
      JOIN scope s ON s.case_id = f.case_id
      LEFT JOIN here own ON own.staff_id = f.staff_id AND own.agency_id = f.agency_id
       AND NOT EXISTS ({denied} = own.staff_id)
      LEFT JOIN away w ON w.staff_id = f.staff_id
      LEFT JOIN here deputy ON deputy.staff_id = w.deputy_id AND deputy.agency_id = f.agency_id
       AND NOT EXISTS ({denied} = deputy.staff_id)
      LEFT JOIN LATERAL (
          SELECT h.staff_id FROM here h WHERE h.agency_id = f.agency_id AND h.role = 'agency_manager'
             AND NOT EXISTS ({denied} = h.staff_id)
           ORDER BY h.staff_id LIMIT 1) boss ON own.staff_id IS NULL AND deputy.staff_id IS NULL
      LEFT JOIN LATERAL ({office}) office
        ON own.staff_id IS NULL AND deputy.staff_id IS NULL AND boss.staff_id IS NULL AND f.about_id IS NULL
     ORDER BY f.case_id, f.kind, f.subject_id
),
over AS (
    UPDATE cases_silentrisk r SET resolved_at = %(at)s
     WHERE r.resolved_at IS NULL AND {mine}
       AND NOT EXISTS (SELECT 1 FROM owned o WHERE (o.case_id, o.kind, o.subject_id) = (r.case_id, r.kind, r.subject_id))
    RETURNING 1
),
moved AS (
    UPDATE cases_silentrisk r
       SET about_id = o.about_id, due_on = o.due_on, urgency = o.urgency, owner_agency_id = o.owner_agency_id,
           owner_staff_id = o.owner_staff_id, owner_as = o.owner_as
      FROM owned o
     WHERE r.resolved_at IS NULL AND (o.case_id, o.kind, o.subject_id) = (r.case_id, r.kind, r.subject_id)
       AND (r.about_id, r.due_on, r.urgency, r.owner_agency_id, r.owner_staff_id, r.owner_as)
           IS DISTINCT FROM (o.about_id, o.due_on, o.urgency, o.owner_agency_id, o.owner_staff_id, o.owner_as)
    RETURNING 1
),
fresh AS (
    INSERT INTO cases_silentrisk (case_id, kind, subject_id, about_id, due_on, urgency, owner_agency_id, owner_staff_id,
                                  owner_as, found_at)
    SELECT o.case_id, o.kind, o.subject_id, o.about_id, o.due_on, o.urgency, o.owner_agency_id, o.owner_staff_id,
           o.owner_as, %(at)s
      FROM owned o
     WHERE NOT EXISTS (SELECT 1 FROM cases_silentrisk r WHERE r.resolved_at IS NULL
                          AND (o.case_id, o.kind, o.subject_id) = (r.case_id, r.kind, r.subject_id))
    ON CONFLICT (case_id, kind, subject_id) WHERE resolved_at IS NULL DO NOTHING
    RETURNING 1
)
SELECT (SELECT count(*) FROM fresh), (SELECT count(*) FROM moved), (SELECT count(*) FROM over), (SELECT count(*) FROM owned)
"""
_DENIED = (
    "SELECT 1 FROM households_householddenial d WHERE d.household_id = s.household_id AND d.ended_at IS NULL "
    "AND d.staff_id"
)
# where nobody of the agency is here: the first office with somebody at work, who coordinates by the model of the case's
# day before the directors of its sectors, these before the others, those of the household's area first (decision 0011)
_OFFICE = """
    SELECT a.id AS agency_id
      FROM accounts_agency a
      JOIN households_household hh ON hh.id = s.household_id
      LEFT JOIN accounts_area ar ON ar.id = hh.area_id
      LEFT JOIN LATERAL (
          SELECT c.center_id, c.model FROM cases_coordinationsetting c
           WHERE c.withdrawn_at IS NULL AND c.starts_on <= (s.opened_at AT TIME ZONE %(zone)s)::date
           ORDER BY c.starts_on DESC LIMIT 1) cs ON cs.model = ANY(%(central)s::text[])
     WHERE own.staff_id IS NULL AND deputy.staff_id IS NULL AND boss.staff_id IS NULL AND f.about_id IS NULL
       AND a.id <> f.agency_id AND a.closed_on IS NULL AND (a.kind = 'director_office' OR a.id = cs.center_id)
       AND NOT EXISTS (SELECT 1 FROM here h WHERE h.agency_id = f.agency_id AND h.role = ANY(%(acting)s::text[])
                          AND NOT EXISTS ({denied} = h.staff_id))
       AND EXISTS (SELECT 1 FROM here h WHERE h.agency_id = a.id AND h.role = ANY(%(acting)s::text[])
                      AND NOT EXISTS ({denied} = h.staff_id))
     ORDER BY a.id IS DISTINCT FROM cs.center_id,
              NOT (a.area_id IS NULL OR ar.id IS NULL OR a.area_id IN (ar.id, COALESCE(ar.parent_id, ar.id))),
              array_position(s.sectors::text[], a.sector::text), a.id
     LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a run did: rows that came, changed and went, and how many stand."""

    new: int = 0
    changed: int = 0
    resolved: int = 0
    standing: int = 0

    def __add__(self, other: Refreshed) -> Refreshed:
        return Refreshed(
            self.new + other.new, self.changed + other.changed, self.resolved + other.resolved,
            self.standing + other.standing,
        )  # fmt: skip


def refresh_cases(case_ids: Collection[int], *, at: datetime) -> Refreshed:
    """The worries of some cases as they are now. Safe to run twice and side by side."""
    if not case_ids:
        return Refreshed()
    with transaction.atomic():
        _lock("pg_advisory_xact_lock_shared")
        return _refresh("id = ANY(%(ids)s)", {"ids": sorted(case_ids)}, at)


def refresh_all(*, at: datetime) -> Refreshed:
    """Nightly: all cases, in parts of a short transaction each, so that nobody who saves waits long."""
    ids = Case.objects.aggregate(first=Min("pk"), last=Max("pk"))
    total = Refreshed()
    if ids["first"] is None:
        return total
    for first in range(ids["first"], ids["last"] + 1, CHUNK):
        with transaction.atomic():
            _lock("pg_advisory_xact_lock")
            bounds = {"first": first, "last": first + CHUNK - 1}
            total += _refresh("id BETWEEN %(first)s AND %(last)s", bounds, at)
    return total


def _lock(function: str) -> None:
    """Before the statement, which then sees all that was committed: a part of the nightly run never brings back what a
    change has just mended.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [_LOCK])


def _refresh(where: str, chosen: dict[str, Any], at: datetime) -> Refreshed:
    mine = where.replace("id ", "r.case_id ", 1)
    sql = _REFRESH.format(
        scope=_SCOPE.format(where=f"c.{where}"),
        found=found_sql(),
        denied=_DENIED,
        mine=mine,
        office=_OFFICE.format(denied=_DENIED),
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, {**parameters(timezone.localdate(at)), **chosen, "at": at})
        return Refreshed(*cursor.fetchone())


# ── Put off ─────────────────────────────────────────────────────────────────────────────────────────────────


def check_can_put_off(actor: Actor, risk: SilentRisk) -> None:
    """The owner, the head of the owning agency, and where nobody is named everybody of it."""
    if not actor.has(Permission.CASE_WRITE) or actor.staff_id is None:
        raise NotAllowed("この気がかりを先送りする権限がありません。")
    if risk.owner_staff_id == actor.staff_id:
        return
    if risk.owner_agency_id == actor.agency_id and (
        risk.owner_staff_id is None or actor.has(Permission.HAND_OVER)
    ):
        return
    raise NotAllowed("先送りできるのは、この気がかりの担当者と、その機関の長です。")


def can_put_off(actor: Actor, risk: SilentRisk) -> bool:
    try:
        check_can_put_off(actor, risk)
    except NotAllowed:
        return False
    return True


@transaction.atomic
def put_off(
    *, risk: SilentRisk, until: date, reason: str, actor: Actor, at: datetime, tag: str | None = None
) -> RiskPutOff:
    """「見た。〇日まで先送り」: the row comes back on that day, unless its cause is gone by then. ``tag``: as it was read."""
    row = (
        SilentRisk.objects.visible_to(actor)
        .standing()
        .select_for_update(of=("self",))
        .filter(pk=risk.pk)
        .first()
    )
    if row is None:
        raise RuleViolation("この気がかりは、すでになくなっています。")
    check_can_put_off(actor, row)
    check_tag(row, tag)
    today = timezone.localdate(at)
    if until <= today:
        raise RuleViolation("次に見る日は明日以降にしてください。", field="until")
    if until > today + timedelta(days=LONGEST):
        raise RuleViolation(f"次に見る日は{LONGEST}日以内にしてください。", field="until")
    if not reason.strip():
        raise RuleViolation("いま動かない理由を書いてください。", field="reason")
    _, staff = actor.office()
    done = RiskPutOff.objects.create(
        risk=row, until_on=until, reason=reason.strip(), put_off_at=at, put_off_by=staff
    )
    row.put_off_until = until
    row.save(update_fields=["put_off_until"])
    record(
        actor=actor, action="risk.put_off", target=row, at=at, case=row.case_id, kind=row.kind,
        until=until.isoformat(),
    )  # fmt: skip
    return done
