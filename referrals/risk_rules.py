"""What referrals add to the 気がかり (cases.risk_rules): a case whose every door was tried, and nobody moves."""

from __future__ import annotations

from typing import Final

from cases.actions.team import FORMER_LEAD
from cases.risk_rules import Rule
from referrals.enums import ReferralOutcome
from referrals.workflow import ReferralState

# a partner works along unless it stays only as the former lead, or has told what came of its request and goes no further
_ON_IT: Final = f"(r.finished_at IS NULL OR r.outcome = '{ReferralOutcome.CONTINUES}')"
_WORKS_ALONG: Final = f"""
    SELECT 1 FROM cases_casepartner p
     WHERE p.case_id = s.case_id AND p.ended_at IS NULL
       AND (EXISTS (SELECT 1 FROM referrals_referral r
                     WHERE r.case_id = p.case_id AND r.to_agency_id = p.agency_id AND {_ON_IT}
                       AND r.state = '{ReferralState.PARTNER}' AND r.answered_at >= p.since)
            OR (p.role_note <> '{FORMER_LEAD}'
                AND NOT EXISTS (SELECT 1 FROM referrals_referral r
                                 WHERE r.case_id = p.case_id AND r.to_agency_id = p.agency_id AND NOT {_ON_IT}
                                   AND r.finished_at >= p.since)))
"""  # noqa: S608

# every referral is over, no partner works along, no decision waits to be done, and since the last of them ended (its
# answer, or what came of it) nobody has been in contact for a week
NOBODY_ACTS: Final = Rule(
    "nobody",
    f"""
    SELECT 'nobody', s.case_id, 0::bigint, NULL::bigint, e.ended_on + 7, 1, s.lead_agency_id, s.lead_staff_id
      FROM scope s
      CROSS JOIN LATERAL (
           SELECT (max(GREATEST(r.answered_at, r.finished_at)) AT TIME ZONE %(zone)s)::date AS ended_on,
                  bool_or(r.state IN ('sent', 'conference')) AS waits
             FROM referrals_referral r WHERE r.case_id = s.case_id) e
     WHERE s.state = 'open' AND e.waits IS FALSE AND e.ended_on + 7 <= %(today)s AND s.last_on <= e.ended_on
       AND NOT EXISTS ({_WORKS_ALONG})
       AND NOT EXISTS (SELECT 1 FROM referrals_actionitem i WHERE i.case_id = s.case_id AND i.state = 'open')
    """,  # noqa: S608
)
