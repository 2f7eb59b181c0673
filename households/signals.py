"""Events of people and households that higher apps answer, sent inside the action's transaction."""

from django.dispatch import Signal

# kwargs: merge (PersonMerge), actor, at — after two records became one person
people_merged = Signal()
# kwargs: merge (PersonMerge), actor, at — after a merge was taken back
merge_undone = Signal()
# kwargs: link (PersonLink), actor, at — after two records were said to be possibly one person
people_linked = Signal()
# kwargs: person (Person), actor, at — after a death was recorded
person_died = Signal()
# kwargs: household (Household), actor, at — after its area (圏域) changed
area_changed = Signal()
