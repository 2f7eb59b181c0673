"""What the trail tells higher apps. Receivers: cases (the worries of the cases that a change concerns)."""

from django.dispatch import Signal

# kwargs: target (the row that an action changed, or that names whom else it concerns), at — inside the action's transaction
change_recorded = Signal()
