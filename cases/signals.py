"""Events of casework that higher apps answer, sent inside the action's transaction. Receivers: budgets, referrals."""

from django.dispatch import Signal

# kwargs: record (Consultation | ProgressNote), actor, at — after a record with minutes is written or corrected
contact_recorded = Signal()
# kwargs: case, actor, at — before a case is closed; a receiver raises RuleViolation to stop it
case_closing = Signal()
# kwargs: case, actor, at
case_opened = Signal()
# kwargs: case, actor, at — after sectors of a case changed
case_sectors_changed = Signal()
