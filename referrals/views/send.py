"""つなぐ: the form, its list of agencies, and the preview of what the receiver will be able to read."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.access import permission, scoped_get
from accounts.enums import Ground, Sector
from accounts.http import ActorRequest
from accounts.models import Agency
from accounts.roles import Permission
from cases.models import Case, Draft
from cases.selectors.consents import standing_consent
from cases.views.drafts import DraftPlace, check_readable, forget, place
from common.errors import NotAllowed, RuleViolation
from households.contact import shield_for_agency, shield_for_everybody
from households.grounds import REFERRAL_GROUNDS
from referrals.actions.capacity import rest_on_answer
from referrals.actions.send_referral import send_to_several
from referrals.disclosure_rules import coverage_of
from referrals.enums import SharedPart
from referrals.enums_outside import POSITIVE, CapacityReply
from referrals.forms.referral import SendForm, receivers
from referrals.models import CapacityAnswer
from referrals.selectors import DRAFT_KEY
from referrals.selectors_disclosure import Disclosure, disclosure, with_refused

PURPOSES = (
    "主担当を引き受けてほしい",
    "一緒に訪問してほしい",
    "制度の利用を検討してほしい",
    "専門の見立てをしてほしい",
    "見守りに加わってほしい",
)


def _case(request: ActorRequest) -> Case:
    cases = Case.objects.visible_to(request.actor).select_related("household", "person", "lead_agency")
    return scoped_get(cases, request, number=request.GET.get("case", ""))


@permission(Permission.REFERRAL_SEND)
def new(request: ActorRequest) -> HttpResponse:
    """The form for one case (``?case=``); without a case, the way to the list of cases."""
    if not request.GET.get("case"):
        return render(request, "referrals/new.html", {"case": None})
    case, at = _case(request), timezone.now()
    if request.method != "POST":
        draft = Draft.objects.visible_to(request.actor).filter(key=_draft_key(case)).first()
        if draft is not None:
            check_readable(request, draft)
        initial = {"to_agency": _wished_agency(request), **_promised(request), **_begun(draft)}
        form = SendForm(case=case, actor=request.actor, at=at, initial=initial)
        kept = place(request, _draft_key(case), draft)
        return render(request, "referrals/new.html", _context(request, case, form, kept))
    form = SendForm(request.POST, case=case, actor=request.actor, at=at)
    if form.is_valid():
        data = form.cleaned_data
        try:
            referral, *others = send_to_several(
                case=case, agencies=[data["to_agency"], *data["also"]], purpose=data["purpose"], message=data["message"],
                ground=data["ground"], parts=data["parts"], deadline_at=data["deadline_at"], actor=request.actor,
                at=at, request_key=UUID(str(data["request_key"])), need=data["need"], need_text=data["need_text"],
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            forget(request, _draft_key(case))
            if promise := _promise(request):
                rest_on_answer(referral=referral, answer=promise, actor=request.actor, at=at)
            others_word = f"と、ほか{len(others)}機関" if others else ""
            messages.success(
                request, f"{referral.to_agency.short_name}{others_word}へつなぎました。返事を待っています。"
            )
            return redirect("referrals:detail", pk=referral.pk)
    kept = place(request, _draft_key(case))
    return render(request, "referrals/new.html", _context(request, case, form, kept), status=422)


def _draft_key(case: Case) -> str:
    return f"{DRAFT_KEY}{case.number}"


def _begun(draft: Draft | None) -> dict[str, Any]:
    """What the actor had typed for this case before the browser died; the key of the form is always a fresh one."""
    if draft is None:
        return {}
    kept = {name: [str(v) for v in values] for name, values in draft.data.items() if isinstance(values, list)}
    found: dict[str, Any] = {
        name: kept[name][0]
        for name in (
            "to_agency",
            "to_agency_text",
            "need",
            "need_text",
            "purpose",
            "message",
            "deadline",
            "ground",
        )
        if kept.get(name)
    }
    if kept.get("also"):
        found["also"] = kept["also"]
    if "purpose" in kept:  # a draft of this form: a box that was cleared sends nothing
        found["parts"] = [part for part in kept.get("parts", []) if part in SharedPart.values]
        found["deadline_at"] = [*kept.get("deadline_at_0", [""]), *kept.get("deadline_at_1", [""])]
    return found


def _wished_agency(request: ActorRequest) -> Agency | None:
    wished = request.GET.get("to", "")
    return Agency.objects.visible_to(request.actor).filter(pk=wished).first() if wished.isdigit() else None


def _promise(request: ActorRequest) -> CapacityAnswer | None:
    """The answer about room (``?answer=``) that the request rests on."""
    wished = request.GET.get("answer", "")
    answers = CapacityAnswer.objects.visible_to(request.actor).filter(
        reply__in=POSITIVE, question__from_agency=request.actor.agency_id
    )
    found = (
        answers.filter(pk=wished)
        if wished.isascii() and wished.isdigit() and len(wished) < 18
        else answers.none()
    )
    return found.select_related("agency", "question").first()


def _promised(request: ActorRequest) -> dict[str, Any]:
    promise = _promise(request)
    if promise is None:
        return {}
    said = f"（条件：{promise.note}）" if promise.reply == CapacityReply.CONDITIONS else ""
    return {"to_agency": promise.agency, "purpose": f"{promise.question.text}{said}"[:200]}


def _context(request: ActorRequest, case: Case, form: SendForm, draft: DraftPlace) -> dict[str, Any]:
    chosen = form["parts"].value() or []
    picked = form["to_agency"].value()
    agencies = list(receivers(request.actor, form.at))
    label = next((a.name for a in agencies if str(a.pk) == str(getattr(picked, "pk", picked))), "")
    return {
        "case": case,
        "form": form,
        "draft": draft,
        "answer": request.GET.get("answer", "") if request.GET.get("answer", "").isdigit() else "",
        "groups": _grouped(agencies),
        "agency_value": picked if label and not isinstance(picked, Agency) else getattr(picked, "pk", ""),
        "agency_text": label or form["to_agency_text"].value() or "",
        "also": {str(getattr(v, "pk", v)) for v in form["also"].value() or []},
        "purposes": PURPOSES,
        "disclosure": _preview(
            request, case, chosen, str(form["ground"].value() or ""), str(getattr(picked, "pk", picked or ""))
        ),
    }


def _preview(request: ActorRequest, case: Case, parts: list[str], ground: str, to: str) -> Disclosure:
    """What would go with these parts on this ground to this agency, as far as they are chosen yet."""
    if ground not in REFERRAL_GROUNDS:
        ground = Ground.COORDINATION
    today = timezone.localdate()
    agency = Agency.objects.visible_to(request.actor).filter(pk=to).first() if to.isdecimal() else None
    consent = standing_consent(case, agency, today) if agency and ground == Ground.CONSENT else None
    found = coverage_of(parts, ground, consent, today)
    shield = shield_for_agency(agency) if agency else shield_for_everybody()
    why = found.why
    if ground == Ground.CONSENT and agency is None:
        why = "つなぎ先を選ぶと、同意の範囲で伝わるものが出ます。"
    elif ground == Ground.CONSENT and consent is None:
        why = "この機関を伝える先に含む同意の記録がありません。"
    shown = disclosure(case, [p.value for p in found.covered], shield)
    return with_refused(shown, found, why)


def _grouped(agencies: list[Agency]) -> list[tuple[str, str, list[Agency]]]:
    """(sector code, its word, agencies), in the order of the sectors; agencies of no one sector come last."""
    words = [*Sector.choices, ("", "分野を問わない")]
    groups = [(code, word, [a for a in agencies if a.sector == code]) for code, word in words]
    return [group for group in groups if group[2]]


@permission(Permission.REFERRAL_SEND)
def agency_options(request: ActorRequest) -> HttpResponse:
    """The agencies whose name, area or sector holds the typed words, for the combobox."""
    query = request.GET.get("to_agency_text", "").strip()
    found = [
        a
        for a in receivers(request.actor, timezone.now()).select_related("area")
        if query in f"{a.name} {a.short_name} {a.get_sector_display()} {a.area or ''} {a.get_kind_display()}"
    ]
    return render(request, "referrals/_agency_options.html", {"groups": _grouped(found)})


@permission(Permission.REFERRAL_SEND)
def preview(request: ActorRequest) -> HttpResponse:
    """What the receiver would read with the ticked parts, and what stays back."""
    case = _case(request)
    chosen = [p for p in request.GET.getlist("parts") if p in SharedPart.values]
    ground, to = request.GET.get("ground", ""), request.GET.get("to_agency", "")
    context = {"case": case, "disclosure": _preview(request, case, chosen, ground, to)}
    return render(request, "referrals/_preview.html", context)
