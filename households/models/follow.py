"""The trigger by which a row written during a merge of two people lands on the one who stays."""

from __future__ import annotations

from typing import Final

import pgtrigger

_FOLLOW: Final = (
    "IF NEW.COLUMN IS NULL THEN RETURN NEW; END IF; LOOP "
    "SELECT merged_into_id INTO stays FROM households_person WHERE id = NEW.COLUMN FOR KEY SHARE; "
    "EXIT WHEN stays IS NULL; NEW.COLUMN = stays; END LOOP; RETURN NEW;"
)


def follows_merge(column: str) -> pgtrigger.Trigger:
    """A row written while two people are being merged lands on the one who stays.

    Whoever writes a note waits at the lock of the person's row; without this the note would be left on the record
    that the merge has just put away. Every foreign key to a person has it (tests/architecture).
    """
    return pgtrigger.Trigger(
        name=f"{column}_follows_merge",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf(f"{column}_id"),  # type: ignore[no-untyped-call]
        declare=[("stays", "BIGINT")],
        func=_FOLLOW.replace("COLUMN", f"{column}_id"),
    )
