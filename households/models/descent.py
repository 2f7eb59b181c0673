"""The trigger that keeps descent sane, whoever writes it and however many write at once."""

from __future__ import annotations

from typing import Final

import pgtrigger

from households.enums import PARENT_KINDS, KinshipKind

# one lock for all parenthood: two clerks who each write one half of a circle wait for each other
DESCENT_LOCK: Final = 7031
_KINDS: Final = ", ".join(f"'{kind.value}'" for kind in PARENT_KINDS)


def no_circle() -> pgtrigger.Trigger:
    """Nobody is their own ancestor (two people each other's parent among them), nobody has three birth parents."""
    return pgtrigger.Trigger(
        name="descent_has_no_circle",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("person_id", "relative_id", "kind"),  # type: ignore[no-untyped-call]
        condition=pgtrigger.Q(new__kind__in=[kind.value for kind in PARENT_KINDS]),
        func=(
            f"PERFORM pg_advisory_xact_lock({DESCENT_LOCK}); "  # noqa: S608
            "IF EXISTS (WITH RECURSIVE below(id) AS (SELECT NEW.relative_id UNION "
            "SELECT k.relative_id FROM households_kinship k JOIN below ON k.person_id = below.id "
            f"WHERE k.kind IN ({_KINDS}) AND k.id IS DISTINCT FROM NEW.id) "
            "SELECT 1 FROM below WHERE id = NEW.person_id) THEN "
            "RAISE EXCEPTION 'descent in a circle' USING ERRCODE = 'check_violation', "
            "CONSTRAINT = 'descent_has_no_circle'; END IF; "
            f"IF NEW.kind = '{KinshipKind.PARENT.value}' AND (SELECT count(*) FROM households_kinship k "
            f"WHERE k.relative_id = NEW.relative_id AND k.kind = '{KinshipKind.PARENT.value}' "
            "AND k.id IS DISTINCT FROM NEW.id) >= 2 THEN "
            "RAISE EXCEPTION 'three birth parents' USING ERRCODE = 'check_violation', "
            "CONSTRAINT = 'at_most_two_birth_parents'; END IF; RETURN NEW;"
        ),
    )
