"""What a referral shows of the record and what it holds back: the same reading for the sender and the receiver."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass, replace
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from cases.models import Case, ProgressNote, SupportPlan
from cases.selectors import shared_parts
from common.japan.wareki import format_wareki, format_wareki_short
from households.contact import Shield, shield_for_agency
from referrals.disclosure_rules import Coverage, coverage
from referrals.enums import SharedPart
from referrals.models import Referral


@dataclass(frozen=True, slots=True)
class Disclosure:
    """``shown`` is (part, its words, its lines); ``held_back`` the words of the rest; ``refused`` those of them that
    were chosen but not covered by the ground, for the reason ``why``.
    """

    shown: tuple[tuple[str, str, tuple[str, ...]], ...]
    held_back: tuple[str, ...]
    refused: tuple[str, ...] = ()
    why: str = ""


def disclosure(case: Case, parts: Sequence[str], shield: Shield) -> Disclosure:
    """Only the chosen parts are read at all; the rest are named, not fetched. ``shield`` is the reader's."""
    chosen = [part for part in SharedPart if part.value in parts]
    record = shared_parts(case, [part.value for part in chosen], shield) if chosen else {}
    return Disclosure(
        shown=tuple((p.value, p.label, tuple(as_lines(record.get(p.value)))) for p in chosen),
        held_back=tuple(part.label for part in SharedPart if part not in chosen),
    )


def referral_disclosure(referral: Referral, on: date) -> Disclosure:
    """What the receiver of a referral is shown on a day: of the chosen parts, those that its ground covers, with what
    is protected from the receiving agency struck out. The same for sender and receiver.
    """
    found = coverage(referral, on)
    shown = disclosure(referral.case, [p.value for p in found.covered], shield_for_agency(referral.to_agency))
    return with_refused(shown, found, found.why)


def with_refused(shown: Disclosure, found: Coverage, why: str) -> Disclosure:
    """What was chosen but not covered stands apart from what was not chosen."""
    refused = tuple(part.label for part in found.held_back)
    held = tuple(label for label in shown.held_back if label not in refused)
    return replace(shown, held_back=held, refused=refused, why=why)


def as_lines(content: Any) -> list[str]:
    """What a part holds as lines to read: a list gives a line for each element, a row of facts one line."""
    if isinstance(content, Mapping) or (is_dataclass(content) and not isinstance(content, type)):
        facts = content if isinstance(content, Mapping) else asdict(content)
        return _joined(_fact(str(name), value) for name, value in facts.items())
    if isinstance(content, SupportPlan):
        goals = (
            ("目指す姿", content.hope),
            ("長期目標", content.long_goal),
            ("達成目標", content.short_goal),
        )
        return [f"{label}：{text}" for label, text in goals if text]
    if isinstance(content, Iterable) and not isinstance(content, str):
        return [line for element in content for line in as_lines(element)]
    return [line for line in _words(content).splitlines() if line.strip()]


def _fact(name: str, value: Any) -> str:
    """A fact under a Japanese name keeps it; English names are the program's own."""
    text = "、".join(as_lines(value))
    return f"{name}：{text}" if text and not name.isascii() else text


def _joined(texts: Iterable[str]) -> list[str]:
    line = "　".join(text for text in texts if text)
    return [line] if line else []


def _words(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, datetime):
        local = timezone.localtime(value)
        return f"{format_wareki(local.date())}{local:%H:%M}"
    if isinstance(value, date):
        return format_wareki(value)
    if isinstance(value, ProgressNote):
        day = format_wareki_short(timezone.localdate(value.started_at))
        return f"{day}　{value.get_way_display()}　{value.text}"
    return str(value)
