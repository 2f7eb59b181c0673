"""Lines of the access log for the tests of its pages."""

from __future__ import annotations

from datetime import datetime, timedelta

from audit.actions import record_access
from audit.models import AccessKind
from tests import factories as f

# an ordinary Tuesday at ten
WORKDAY = datetime(2026, 11, 17, 10, 0, tzinfo=f.TOKYO)


def read(persona, row, *, at: datetime = WORKDAY, kind: str = AccessKind.VIEW, **fields: str) -> None:
    """``persona`` looked at ``row``."""
    fields.setdefault("remote_addr", "10.1.2.3")
    record_access(
        actor=persona.actor,
        kind=kind,
        target_type=row._meta.label_lower,
        target_id=str(row.pk),
        at=at,
        **fields,
    )


def many_cases(worker, count: int) -> list:
    cases = []
    for n in range(count):
        person = f.make_person(f"架空{n}", "太郎")
        household = f.make_household(f"架空{n} 世帯", person=person, agency=worker.agency, actor=worker.actor)
        cases.append(f.make_case(worker.actor, household=household))
        read(worker, cases[-1], at=WORKDAY + timedelta(seconds=n))
    return cases
