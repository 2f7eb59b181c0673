"""The kinds of conference as they stand on a day: the law's, with the municipality's names and limits, and its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from accounts.actor import Actor
from accounts.enums import AgencyKind
from accounts.models import Agency
from accounts.roles import Permission
from referrals.enums import KIND_RULES, Attends, ConferenceKind, Convener, KindRule, kind_label
from referrals.models import ConferenceRule


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: its code (that of the law, or the municipality's own), the kind of the law behind it, and its rules."""

    code: str
    kind: ConferenceKind
    name: str
    rule: KindRule
    is_used: bool = True
    note: str = ""
    row: ConferenceRule | None = None

    @property
    def label(self) -> str:
        """The local name, with the kind of the law behind it where they differ."""
        legal = str(self.kind.label)
        return self.name if self.name == legal or self.is_own else f"{self.name}（{legal}）"

    @property
    def is_own(self) -> bool:
        return self.code != self.kind.value


def _of_law(kind: ConferenceKind) -> Kind:
    # 市町村独自の会議 stands behind the municipality's own; by itself nobody calls it
    return Kind(kind.value, kind, kind_label(kind), KIND_RULES[kind], is_used=kind is not ConferenceKind.OWN)


def _of_row(row: ConferenceRule) -> Kind:
    kind = ConferenceKind(row.kind)
    return Kind(row.code, kind, row.name, row.rule, is_used=row.is_used, note=row.note, row=row)


def kinds_on(day: date) -> list[Kind]:
    """Every kind on a day, those of the law first. One query."""
    rows = {row.code: _of_row(row) for row in ConferenceRule.objects.in_force(day)}
    law = [rows.pop(kind.value, _of_law(kind)) for kind in ConferenceKind]
    return [*law, *sorted(rows.values(), key=lambda kind: kind.name)]


def kind_on(code: str, day: date) -> Kind | None:
    """One kind on a day; None where there is none of that code (yet)."""
    row = ConferenceRule.objects.filter(code=code).in_force(day).first()
    if row is not None:
        return _of_row(row)
    return _of_law(ConferenceKind(code)) if code in ConferenceKind.values else None


def convenes(actor: Actor, rule: KindRule) -> bool:
    """Whether the actor's agency may call a conference of a kind with this rule."""
    agency = actor.agency
    if agency is None:
        return False
    fits = {
        Convener.ANY: True,
        Convener.MUNICIPAL: not agency.is_entrusted,
        Convener.DIRECTOR: actor.has(Permission.SECTOR_VIEW),
        Convener.SELF_RELIANCE: agency.kind == AgencyKind.SELF_RELIANCE,
        Convener.SOCIAL_COUNCIL: agency.kind == AgencyKind.COUNCIL,
    }
    return any(fits[convener] for convener in rule.conveners)


def attends(agency: Agency, allowed: Attends) -> bool:
    """Whether an agency may be invited."""
    if allowed == Attends.MUNICIPAL:
        return not agency.is_entrusted and agency.kind not in (AgencyKind.OTHER, AgencyKind.COUNCIL)
    return allowed == Attends.ANY or agency.kind != AgencyKind.OTHER
