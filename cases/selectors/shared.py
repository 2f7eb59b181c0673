"""The parts of a record that may go to another agency: each read only when it was chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.utils import timezone

from accounts.models import Agency, Staff
from cases.enums import ItemKind
from cases.models import AssessmentItem, Case, ConsultationConcern, PlanItem, ProgressNote, SupportPlan
from cases.workflow import PlanState
from common.japan.age import age_on
from common.japan.clock import format_minutes
from common.japan.wareki import format_wareki, format_wareki_short
from households.contact import HIDDEN_DESK, Shield, safe_contacts_of_homes
from households.models import HouseholdMember


def _basic(case: Case) -> list[str]:
    person = case.person
    if person is None:
        return ["氏名 未記録"]
    birth = person.birth_on
    age = (
        f"{format_wareki(birth, weekday=False)}生（{age_on(birth, timezone.localdate())}歳）"
        if birth
        else "生年月日 未記録"
    )
    return [
        " ".join(
            filter(None, [person.display_name, f"（{person.display_kana}）" if person.display_kana else ""])
        ),
        age,
    ]


def _contact(case: Case, shield: Shield) -> list[str]:
    home = shield.household(case.household)
    lines = [f"住所：{home.address}"] if home.address else []
    own = shield.person(case.person).phone if case.person else ""
    lines += [f"電話：{phone}" for phone in dict.fromkeys([home.phone, own]) if phone]
    return [*lines, *_safe_contact(case, shield)] if lines else lines


def _safe_contact(case: Case, shield: Shield) -> list[str]:
    """How the people behind an address or a number may be reached; of others than the person without their names."""
    said = []
    for rule in safe_contacts_of_homes([case.household_id]).get(case.household_id, []):
        whose = "本人" if rule.person_id == case.person_id else "世帯の人"
        words = "、".join(shield.of_person(line, rule.person_id) for line in rule.lines)
        said.append(f"連絡の決まり（{whose}）：{words}")
    return said


def _family(case: Case) -> list[str]:
    today = timezone.localdate()
    members = (
        HouseholdMember.objects.filter(household=case.household_id, during__contains=today)
        .select_related("person")
        .order_by("pk")
    )
    lines = []
    for member in members:
        age = f"{age_on(member.person.birth_on, today)}歳" if member.person.birth_on else "年齢 未記録"
        words = [member.get_relation_display(), member.person.display_name, age]
        words += [] if member.lives_together else ["別居"]
        words += ["キーパーソン"] if member.is_key_person else []
        lines.append("・".join(words))
    return lines


def _concerns(case: Case) -> list[str]:
    rows = (
        ConsultationConcern.objects.filter(consultation__case=case)
        .select_related("code")
        .order_by("-is_most_pressing", "code__position", "pk")
    )
    marks: dict[str, str] = {}
    for row in rows:
        marks.setdefault(row.code.label, "◎" if row.is_most_pressing else "○")
    return [f"{mark}{label}" for label, mark in marks.items()]


def _items(case: Case, kinds: Sequence[str]) -> list[str]:
    rows = (
        AssessmentItem.objects.filter(case=case, kind__in=kinds, ended_at__isnull=True)
        .select_related("person")
        .order_by("kind", "pk")
    )
    return [f"{row.person.display_name}：{row.text}" if row.person else row.text for row in rows]


def _who(agency: Agency, staff: Staff | None, case: Case, shield: Shield) -> str:
    """An agency and its worker, where they tell no protected place."""
    name = shield.desk(agency, case.household_id)
    return name if staff is None or name == HIDDEN_DESK else f"{name} {staff.name}"


def _notes(case: Case, shield: Shield) -> list[str]:
    rows = (
        ProgressNote.objects.filter(case=case)
        .select_related("agency", "staff")
        .order_by("-started_at", "-pk")[:5]
    )
    return [
        f"{format_wareki_short(timezone.localdate(n.started_at))} {n.get_way_display()} {format_minutes(n.minutes)} "
        f"{_who(n.agency, n.staff, case, shield)}：{n.text}"
        for n in rows
    ]


def _plan(case: Case, shield: Shield) -> list[str]:
    plan = (
        SupportPlan.objects.filter(case=case, state__in=[PlanState.DECIDED, PlanState.DRAFT])
        .order_by("-ordinal")
        .first()
    )
    if plan is None:
        return []
    goals = (("目指す姿", plan.hope), ("長期目標", plan.long_goal), ("達成目標", plan.short_goal))
    lines = [f"{plan.get_state_display()}（{plan.ordinal}回目）", *(f"{k}：{v}" for k, v in goals if v)]
    for row in (
        PlanItem.objects.filter(plan=plan).select_related("agency", "staff").order_by("position", "pk")
    ):
        who = row.doer_text or (
            _who(row.agency, None, case, shield) if row.agency else row.get_doer_display()
        )
        due = f"（{format_wareki_short(row.due_on)}まで）" if row.due_on else ""
        lines.append(f"{who}：{row.action}{due}")
    return lines


READERS: dict[str, Callable[[Case], list[str]]] = {
    "basic": _basic,
    "family": _family,
    "concerns": _concerns,
    "strengths": lambda case: _items(case, [ItemKind.STRENGTH, ItemKind.WISH]),
    "problems": lambda case: _items(case, [ItemKind.PROBLEM]),
}
SHIELDED_READERS: dict[str, Callable[[Case, Shield], list[str]]] = {
    "contact": _contact,
    "notes": _notes,
    "plan": _plan,
}


PARTS = ("basic", "contact", "family", "concerns", "strengths", "problems", "notes", "plan")


def shared_parts(case: Case, parts: Sequence[str], shield: Shield) -> dict[str, list[str]]:
    """The chosen parts as lines to read, in the order of PARTS; unknown parts are left out.

    The caller has established that the reader may have these parts of this case; ``shield`` is the reader's, and keeps
    protected contact details back even where they were typed into a text. ``case`` comes with household and person.
    """
    lines = {
        part: SHIELDED_READERS[part](case, shield) if part in SHIELDED_READERS else READERS[part](case)
        for part in PARTS
        if part in parts
    }
    return {part: [shield.text(line, case.household_id) for line in said] for part, said in lines.items()}
