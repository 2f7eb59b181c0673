"""The rules of 気がかり: which cases nobody may be holding. Each is one SELECT, so that the whole city takes seconds.

A rule reads the CTE ``scope`` (``case_id, household_id, state, lead_agency_id, lead_staff_id, lead_since, last_on``
— the day of the last contact, else of opening —, ``next_on``) and gives ``(kind, case_id, subject_id, about_id, due_on,
urgency, agency_id, staff_id)``: the agency and the person that ought to act. Whether that person is there, and who acts
otherwise, is decided once for all rules (``cases.actions.silent_risks``). A higher app adds its rule with ``add_rule``
when it starts. The queue is of cases: outreach to people who have none yet is not in it; its next day stands on the
home page of who goes and of their agency.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.conf import settings

from accounts.enums import Role
from accounts.roles import PERMISSIONS, Permission
from cases.coordination import NEEDS_CENTER

NEXT_DAYS: Final = 7  # a case may stand so long without a next date
LONG_ABSENCE: Final = 5  # days; a shorter one with a deputy leaves no case without anybody
CONSENT_DAYS: Final = 30
PROTECTION_DAYS: Final = 30  # renewal is open from a month before
AFTER_BIRTHDAY: Final = 14


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    sql: str


def parameters(today: date) -> dict[str, Any]:
    """What the rules read beside the tables."""
    return {
        "today": today, "zone": settings.TIME_ZONE, "quiet": settings.KYOSEI_QUIET_DAYS,
        "quiet_kinds": list(settings.KYOSEI_QUIET_DAYS_BY_KIND), "quiet_days": list(settings.KYOSEI_QUIET_DAYS_BY_KIND.values()),
        "next": NEXT_DAYS, "long_absence": LONG_ABSENCE, "consent": CONSENT_DAYS, "protection": PROTECTION_DAYS,
        "ahead": settings.KYOSEI_BIRTHDAY_DAYS, "after_birthday": AFTER_BIRTHDAY,
        "central": list(NEEDS_CENTER), "acting": [role for role in Role if Permission.CASE_WRITE in PERMISSIONS[role]],
    }  # fmt: skip


QUIET = Rule(
    "quiet",
    """
    SELECT 'quiet', s.case_id, 0::bigint, NULL::bigint, s.last_on + d.days,
           CASE WHEN s.last_on + 2 * d.days <= %(today)s THEN 1 ELSE 2 END, s.lead_agency_id, s.lead_staff_id
      FROM scope s
      JOIN accounts_agency a ON a.id = s.lead_agency_id
      CROSS JOIN LATERAL (SELECT COALESCE((%(quiet_days)s::int[])[array_position(%(quiet_kinds)s::text[], a.kind::text)],
                                          %(quiet)s::int) AS days) d
     WHERE s.state = 'open' AND s.last_on + d.days <= %(today)s
    """,
)

NO_NEXT = Rule(
    "no_next",
    """
    SELECT 'no_next', s.case_id, 0::bigint, NULL::bigint, GREATEST(s.last_on, s.next_on) + %(next)s::int, 2,
           s.lead_agency_id, s.lead_staff_id
      FROM scope s
     WHERE s.state = 'open' AND (s.next_on IS NULL OR s.next_on < %(today)s)
       AND GREATEST(s.last_on, s.next_on) + %(next)s::int <= %(today)s
    """,
)

OWNER_AWAY = Rule(
    "owner_away",
    """
    SELECT 'owner_away', s.case_id, ab.id, NULL::bigint, lower(ab.during), CASE WHEN ab.deputy_id IS NULL THEN 1 ELSE 2 END,
           s.lead_agency_id, s.lead_staff_id
      FROM scope s
      JOIN accounts_staffabsence ab ON ab.staff_id = s.lead_staff_id AND ab.during @> %(today)s::date
     WHERE s.state = 'open'
       AND (ab.deputy_id IS NULL OR upper(ab.during) IS NULL OR upper(ab.during) - lower(ab.during) >= %(long_absence)s)
    """,
)

OWNER_LEFT = Rule(
    "owner_left",
    """
    SELECT 'owner_left', s.case_id, s.lead_staff_id::bigint, NULL::bigint,
           COALESCE((SELECT max(upper(p.during)) FROM accounts_appointment p
                      WHERE p.staff_id = s.lead_staff_id AND p.agency_id = s.lead_agency_id
                        AND upper(p.during) <= %(today)s), (s.lead_since AT TIME ZONE %(zone)s)::date),
           1, s.lead_agency_id, s.lead_staff_id
      FROM scope s
     WHERE s.state = 'open'
       AND NOT EXISTS (SELECT 1 FROM posts h WHERE h.staff_id = s.lead_staff_id AND h.agency_id = s.lead_agency_id)
    """,
)

# the law completes a year of age at the end of the day before the birthday (common.japan.age.age_on)
BIRTHDAYS = Rule(
    "birthdays",
    """
    SELECT k.kind, s.case_id, p.id, p.id, b.attained,
           CASE WHEN b.attained <= %(today)s THEN 1 WHEN b.attained <= %(today)s::date + 30 THEN 2 ELSE 3 END,
           s.lead_agency_id, s.lead_staff_id
      FROM scope s
      JOIN households_householdmember m ON m.household_id = s.household_id AND m.during @> %(today)s::date
      JOIN households_person p ON p.id = m.person_id AND p.died_on IS NULL AND p.merged_into_id IS NULL
      JOIN (VALUES ('turns_15', 15), ('turns_18', 18), ('turns_65', 65)) k (kind, years)
        ON p.birth_on BETWEEN %(today)s::date - k.years * 365 - 120 AND %(today)s::date - k.years * 365 + %(ahead)s + 120
      CROSS JOIN LATERAL (SELECT CASE
           WHEN extract(month FROM p.birth_on) = 2 AND extract(day FROM p.birth_on) = 29
           THEN make_date(extract(year FROM p.birth_on)::int + k.years, 2, 28)
           ELSE (p.birth_on + make_interval(years => k.years))::date - 1 END AS attained) b
     WHERE s.state = 'open'
       AND b.attained BETWEEN %(today)s::date - %(after_birthday)s::int AND %(today)s::date + %(ahead)s::int
    """,
)

# of the units one owns it: the lead where it is one, else the first that was named
PROTECTION = Rule(
    "protection",
    """
    SELECT 'protection', s.case_id, pr.id, pr.person_id, upper(pr.during) - 1,
           CASE WHEN upper(pr.during) - 1 <= %(today)s::date + 7 THEN 1 ELSE 2 END,
           COALESCE(lead.agency_id, other.agency_id, s.lead_agency_id),
           CASE WHEN lead.agency_id IS NOT NULL THEN s.lead_staff_id END
      FROM scope s
      JOIN households_householdmember m
        ON m.household_id = s.household_id AND m.during @> %(today)s::date AND NOT m.by_identity
      JOIN households_addressprotection pr ON pr.person_id = m.person_id AND pr.ended_at IS NULL
      LEFT JOIN households_protectionunit lead ON lead.protection_id = pr.id AND lead.agency_id = s.lead_agency_id
      LEFT JOIN LATERAL (SELECT u.agency_id FROM households_protectionunit u WHERE u.protection_id = pr.id
                          ORDER BY u.id LIMIT 1) other ON lead.agency_id IS NULL
     WHERE s.state = 'open' AND upper(pr.during) - 1 <= %(today)s::date + %(protection)s::int
    """,
)

CONSENT = Rule(
    "consent",
    """
    SELECT 'consent', s.case_id, c.id, c.person_id, c.ends_on, CASE WHEN c.ends_on <= %(today)s::date + 7 THEN 2 ELSE 3 END,
           s.lead_agency_id, s.lead_staff_id
      FROM scope s
      JOIN households_consent c ON c.household_id = s.household_id AND c.state = 'yes'
     WHERE s.state = 'open' AND c.ends_on <= %(today)s::date + %(consent)s::int
       AND NOT EXISTS (SELECT 1 FROM households_consent n
                        WHERE n.household_id = c.household_id AND n.person_id = c.person_id AND n.id > c.id)
    """,
)

PLAN = Rule(
    "plan",
    """
    SELECT 'plan', s.case_id, p.id, NULL::bigint, LEAST(p.monitoring_on, p.ends_on),
           CASE WHEN LEAST(p.monitoring_on, p.ends_on) + 30 <= %(today)s THEN 1 ELSE 2 END, s.lead_agency_id, s.lead_staff_id
      FROM scope s
      JOIN cases_supportplan p ON p.case_id = s.case_id AND p.state = 'decided'
     WHERE s.state = 'open' AND LEAST(p.monitoring_on, p.ends_on) < %(today)s
    """,
)

WATCH_LATE = Rule(
    "watch_late",
    """
    SELECT 'watch_late', s.case_id, t.id, NULL::bigint, COALESCE(t.try_on, t.due_on),
           CASE WHEN COALESCE(t.try_on, t.due_on) + 14 <= %(today)s THEN 1 ELSE 2 END, t.agency_id,
           COALESCE(t.staff_id, CASE WHEN t.agency_id = s.lead_agency_id THEN s.lead_staff_id END)
      FROM scope s
      JOIN cases_followup t ON t.case_id = s.case_id AND t.done_at IS NULL AND t.dropped_at IS NULL
     WHERE COALESCE(t.try_on, t.due_on) < %(today)s
    """,
)

WATCH_NOBODY = Rule(
    "watch_nobody",
    """
    SELECT 'watch_nobody', s.case_id, t.id, NULL::bigint, COALESCE(t.try_on, t.due_on), 2, t.agency_id, t.staff_id
      FROM scope s
      JOIN cases_followup t ON t.case_id = s.case_id AND t.done_at IS NULL AND t.dropped_at IS NULL
     WHERE t.staff_id IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM posts h WHERE h.staff_id = t.staff_id AND h.agency_id = t.agency_id)
    """,
)

_rules: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        QUIET, NO_NEXT, OWNER_AWAY, OWNER_LEFT, BIRTHDAYS, PROTECTION, CONSENT, PLAN, WATCH_LATE, WATCH_NOBODY,
    )
}  # fmt: skip


def add_rule(rule: Rule) -> None:
    """A rule over tables of a higher app (called from its apps.py; again with the same name replaces it)."""
    _rules[rule.name] = rule


def found_sql() -> str:
    """All rules as one SELECT."""
    return "\nUNION ALL\n".join(rule.sql for rule in _rules.values())
