"""What the municipality calls its conferences and how it narrows the rules of the law: dated rows, never rewritten."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.enums import Ground
from accounts.roles import Permission
from audit.actions import record
from common.errors import NotAllowed, RuleViolation
from referrals.enums import KIND_RULES, Attends, ConferenceKind, Convener, Decides
from referrals.models import ConferenceRule
from referrals.selectors_kinds import kinds_on


@transaction.atomic
def set_rule(
    *, code: str, kind: str, name: str, applies_from: date, is_used: bool, conveners: Collection[str],
    grounds: Collection[str], attends: str, decides: Collection[str], note: str, actor: Actor, at: datetime,
) -> ConferenceRule:  # fmt: skip
    """The rules of a kind from a day on. ``code`` "" makes a new kind of the municipality's own.

    What was called before keeps its rules; a row that has not begun yet is written anew by one of the same day. Raises
    RuleViolation beside its field: for a day that is over, and for what the law does not give (domain.md 1.4).
    """
    if not actor.has(Permission.CONFERENCE_RULES) or actor.staff is None:
        raise NotAllowed("会議の種類の決まりを変える権限がありません。")
    name, today = name.strip(), timezone.localdate(at)
    if kind not in ConferenceKind.values:
        raise RuleViolation("もとになる種類は、一覧にあるものから選んでください。", field="kind")
    if applies_from < today:
        raise RuleViolation(
            "適用開始日は、今日以後にしてください。招集済みの会議の決まりは変わりません。",
            field="applies_from",
        )
    if not name:
        raise RuleViolation("呼び名を入力してください。", field="name")
    own_code = code or _new_code()
    _check_name(name, own_code, applies_from)
    _check_within_law(ConferenceKind(kind), conveners, grounds, attends, decides)
    known = ConferenceRule.objects.filter(code=own_code).order_by("-applies_from").first()
    if known is not None and known.kind != kind:
        raise RuleViolation("もとになる種類は、あとから変えられません。", field="kind")
    if known is None and code and code != kind:
        raise RuleViolation("この会議の種類が見つかりません。画面を開き直してください。")
    row, _ = ConferenceRule.objects.update_or_create(
        code=own_code, applies_from=applies_from,
        defaults={
            "kind": kind, "name": name, "is_used": is_used, "conveners": list(conveners),
            "grounds": list(grounds), "attends": attends, "decides": list(decides), "note": note.strip(),
            "written_by": actor.staff,
        },
    )  # fmt: skip
    record(
        actor=actor, action="conference_rule.set", target=row, at=at, code=own_code, name=name,
        applies_from=applies_from.isoformat(), is_used=is_used,
    )  # fmt: skip
    return row


def _new_code() -> str:
    numbers = [
        int(code.removeprefix("own-"))
        for code in ConferenceRule.objects.filter(code__startswith="own-").values_list("code", flat=True)
    ]
    return f"own-{max(numbers, default=0) + 1}"


def _check_name(name: str, code: str, on: date) -> None:
    if any(kind.name == name and kind.code != code and kind.is_used for kind in kinds_on(on)):
        raise RuleViolation(f"「{name}」は、ほかの種類の呼び名です。", field="name")


def _check_within_law(
    kind: ConferenceKind, conveners: Collection[str], grounds: Collection[str], attends: str, decides: Collection[str]
) -> None:  # fmt: skip
    law = KIND_RULES[kind]
    if not conveners or not set(conveners) <= set(Convener.values):
        raise RuleViolation("招集できる機関を選んでください。", field="conveners")
    if law.conveners == (Convener.MUNICIPAL,) and not set(conveners) <= {
        Convener.MUNICIPAL,
        Convener.DIRECTOR,
    }:
        raise RuleViolation(
            f"{kind.label}（{law.basis}）は市町村が開きます。委託先には広げられません。", field="conveners"
        )
    beyond = [Ground(g).label for g in grounds if g not in law.grounds]
    if beyond:
        raise RuleViolation(f"{kind.label}では、{'・'.join(beyond)}を根拠にできません。", field="grounds")
    if law.grounds and not grounds:
        raise RuleViolation("使える根拠を一つ以上選んでください。", field="grounds")
    if attends not in Attends.values:
        raise RuleViolation("招ける機関を選んでください。", field="attends")
    more = [Decides(d).label for d in decides if d not in law.decides]
    if more or not decides:
        raise RuleViolation(
            f"{kind.label}で決められるのは、{'・'.join(d.label for d in law.decides)}です。", field="decides"
        )
