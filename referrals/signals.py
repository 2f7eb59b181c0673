"""Events between agencies, sent inside the action's transaction. Receivers: budgets (minutes of attendees)."""

from django.dispatch import Signal

# kwargs: conference, actor, at
conference_closed = Signal()
# kwargs: referral, actor, at
referral_answered = Signal()
