"""What referrals add to the 気がかり (cases.risk_rules): a case whose every door was tried, and nobody moves."""

from __future__ import annotations

from typing import Final

from cases.risk_rules import Rule

# every referral is over, no partner works along, no decision waits to be done, and since the last of them ended nobody
# has been in contact for a week
NOBODY_ACTS: Final = Rule(
    "nobody",
    """
    SELECT 'nobody', s.case_id, 0::bigint, NULL::bigint, e.ended_on + 7, 1, s.lead_agency_id, s.lead_staff_id
      FROM scope s
      CROSS JOIN LATERAL (
           SELECT (max(r.answered_at) AT TIME ZONE %(zone)s)::date AS ended_on,
                  bool_or(r.state IN ('sent', 'conference')) AS waits
             FROM referrals_referral r WHERE r.case_id = s.case_id) e
     WHERE s.state = 'open' AND e.waits IS FALSE AND e.ended_on + 7 <= %(today)s AND s.last_on <= e.ended_on
       AND NOT EXISTS (SELECT 1 FROM cases_casepartner p WHERE p.case_id = s.case_id AND p.ended_at IS NULL)
       AND NOT EXISTS (SELECT 1 FROM referrals_actionitem i WHERE i.case_id = s.case_id AND i.state = 'open')
    """,
)
