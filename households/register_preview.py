"""The rows of a preview on their way back: signed, so that only what was shown to a worker is taken in by that worker."""

from __future__ import annotations

from typing import Final

from django.core import signing

from accounts.actor import Actor
from households.actions.register_import import Plan
from households.register_file import RegisterRow

_SALT: Final = "households.register"
HOURS: Final = 4 * 60 * 60  # as long as somebody may look at a preview


def seal(plan: Plan, actor: Actor) -> str:
    """Of the file's rows only those about people of this reader's go on."""
    kept = {"staff": actor.staff_id, "rows": [row.packed() for row in plan.kept_rows()]}
    return signing.dumps(kept, salt=_SALT, compress=True)


def unseal(payload: str, actor: Actor, *, max_age: int | None = HOURS) -> list[RegisterRow] | None:
    """The rows; None for another worker's preview, and for one that is too old or was never given."""
    try:
        kept = signing.loads(payload, salt=_SALT, max_age=max_age)
    except signing.BadSignature:
        return None
    if kept["staff"] != actor.staff_id:
        return None
    return [RegisterRow.unpacked(said) for said in kept["rows"]]
