"""相談を受ける, its receipt, its correction, and the list."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import log_reads, permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from accounts.sent_forms import SentBefore, save_once
from audit.models import AccessKind
from cases.actions.edit_consultation import Correction, edit_consultation
from cases.actions.receive_consultation import receive_consultation
from cases.enums import Caller, Outcome
from cases.forms.consultation import (
    OTHERS,
    ConsultationFilter,
    ConsultationForm,
    CorrectionForm,
    initial_now,
    ticks_of,
)
from cases.models import Case, Consultation, ConsultationPerson, Draft
from cases.selectors.intake import Registered, filter_consultations, find_people, intake_hint, namesakes
from cases.views.drafts import begun, drafted, fields_of, forget, forget_sent, place, unjudged
from common.errors import NotAllowed, RuleViolation
from common.field_merge import Saved, changed_rows, save_merging
from common.keyset import Sort, paginate
from households.contact import HIDDEN_EDIT
from households.models import Household, Person, without_search
from households.templatetags.contact import shield_of

SORTS = {
    "at": Sort("受付日時", ["started_at"]),
    "minutes": Sort("時間", ["minutes"]),
}


CARRIED = ("minutes", "another")  # the timer counts on while the network is away; an answer to a question
# names under which the search fields of the pages send what is typed
_TYPED = ("person_text", "adversary_text", "q", "other_text")


def draft_key(request_key: object) -> str:
    return f"consultation:{request_key}"


def _blank_form(request: ActorRequest) -> ConsultationForm:
    initial = initial_now() | {"request_key": uuid4()}
    chosen = request.GET.get("person", "")
    if chosen.isdigit():
        person = Person.objects.findable_by(request.actor).filter(pk=chosen).first()
        if person is not None:
            initial |= {"person": person.pk, "person_text": person.display_name}
    return ConsultationForm(initial=initial, actor=request.actor, on=timezone.localdate())


@require_http_methods(["GET", "POST"])
@permission(Permission.CONSULTATION_RECEIVE)
def new(request: ActorRequest) -> HttpResponse:
    """One page: who, what was said, concerns. The least needed is how, when, how long and what."""
    if request.method == "POST":
        form = ConsultationForm(request.POST, actor=request.actor, on=timezone.localdate())
        asked, found = _namesakes(request, form) if form.is_valid() else ("", None)
        if form.is_valid() and not found:
            try:
                consultation = _receive(request, form)
            except NotAllowed:
                raise
            except SentBefore as before:
                if answer := _sent_before(request, form):
                    return answer
                form.add_violation(before)
            except RuleViolation as violation:
                form.add_violation(_placed(violation))
            else:
                return _after_saving(request, consultation, form.cleaned_data["minutes"])
        context = _new_context(request, form) | {"asked": asked, "namesakes": found}
        return render(request, "consultations/new.html", context, status=422)
    draft = drafted(request)
    form = _blank_form(request)
    if draft is not None:
        form = unjudged(ConsultationForm(fields_of(draft), actor=request.actor, on=timezone.localdate()))
    return render(request, "consultations/new.html", _new_context(request, form, draft))


def _receive(request: ActorRequest, form: ConsultationForm) -> Consultation:
    key, at = UUID(str(form.cleaned_data["request_key"])), timezone.now()

    def save() -> Consultation:
        made = receive_consultation(
            data=form.contact(), actor=request.actor, at=at, request_key=key, person_id=form.cleaned_data["person"],
            new_person=form.new_person(), others=form.others(),
        )  # fmt: skip
        forget(request, draft_key(key))
        return made

    return save_once(save, actor=request.actor, key=key, data=request.POST, at=at, aside=CARRIED)


def _sent_before(request: ActorRequest, form: ConsultationForm) -> HttpResponse | None:
    """The key has made its record from other words: the correction form of that record, filled with what was sent now.

    None when the reader may not open the record any more; the form then stays as it is.
    """
    key = form.cleaned_data["request_key"]
    mine = Consultation.objects.visible_to(request.actor).filter(
        request_key=key, staff=request.actor.staff_id
    )
    known = mine.select_related("staff", "agency", "person").first()
    if known is None or shield_of(request).hides(known.household_id):
        return None
    data = request.POST.copy()
    data["version"] = str(known.version)
    correction = CorrectionForm(data, actor=request.actor, on=timezone.localdate(known.started_at))
    rows = []
    if correction.is_valid():
        proposed = not correction.cleaned_data["sectors"]  # none ticked: the ticked concerns propose them
        rows = [row for row in changed_rows(correction, known) if not (proposed and row["label"] == "分野")]
        label, theirs, typed = _concerns(correction, known)["concerns"]
        rows += [{"label": label, "theirs": theirs, "mine": typed}] if theirs != typed else []
    context = {
        "form": correction, "consultation": known, "before": rows + _beside(request, form, known),
        "draft_key": draft_key(key), "draft": None,
    }  # fmt: skip
    return render(request, "consultations/edit.html", context, status=422)


def _beside(request: ActorRequest, form: ConsultationForm, known: Consultation) -> list[dict[str, Any]]:
    """What a correction leaves as it was: who it is about, who else, the outcome; each where it differs."""
    data = form.cleaned_data
    others = ConsultationPerson.objects.visible_to(request.actor).filter(consultation=known)
    names = [row.person.display_name for row in others.select_related("person").order_by("pk")]
    typed = [text for n in range(OTHERS) if (text := data[f"other_{n}_text"].strip())]
    person = "" if data["is_anonymous"] else data["person_text"].strip()
    pairs = [
        ("だれのこと", known.person.display_name if known.person else "", person),
        ("いっしょに来た人・話に出た家族", "、".join(sorted(names)), "、".join(sorted(typed))),
        ("対応の結果", known.get_outcome_display(), Outcome(data["outcome"] or Outcome.UNDECIDED).label),
    ]
    return [
        {"label": label, "theirs": theirs, "mine": mine, "fixed": True}
        for label, theirs, mine in pairs
        if "".join(theirs.split()) != "".join(mine.split())
    ]


def _namesakes(request: ActorRequest, form: ConsultationForm) -> tuple[str, Registered | None]:
    """People of a typed name, when nobody was chosen: asked about once, so that nobody is registered twice. The person
    first, then whoever else is named, one after the other; with the field that the answer fills.
    """
    key = UUID(str(form.cleaned_data["request_key"]))
    if Consultation.objects.visible_to(request.actor).filter(request_key=key).exists():
        return "", None  # the same form again: its record stands
    for asked, typed in form.questions():
        if found := namesakes(actor=request.actor, typed=typed):
            log_reads(request, AccessKind.SEARCH, "households.person", " ".join(typed.names)[:60])
            return asked, found
    return "", None


def _placed(violation: RuleViolation) -> RuleViolation:
    """Fields of a new person stand under other names on this page."""
    names = {"birth_on": "new_birth_on", "phone": "new_phone", "person": "person_text"}
    if violation.field in names:
        violation.field = names[violation.field]
    return violation


def _after_saving(request: ActorRequest, consultation: Consultation, minutes: int) -> HttpResponse:
    messages.success(request, f"受け付けました。受付番号 {consultation.receipt_no}")
    if consultation.minutes != minutes:
        said = f"先に届いていた記録です。時間は{consultation.minutes}分のままです。"
        messages.info(request, said)
    if consultation.outcome == Outcome.REFER and consultation.case is not None:
        return redirect(f"{reverse('referrals:new')}?case={consultation.case.number}")
    return redirect("consultations:detail", receipt_no=consultation.receipt_no)


def _new_context(request: ActorRequest, form: ConsultationForm, draft: Draft | None = None) -> dict[str, Any]:
    key = form["request_key"].value()
    drafts = Draft.objects.visible_to(request.actor).filter(key__startswith="consultation:")
    return {
        "form": form,
        "draft": place(request, draft_key(key), draft),
        "drafts": list(drafts.exclude(key=draft_key(key)).order_by("-updated_at")[:5]),
        "intake": intake_hint(
            actor=request.actor, person_id=_number(form["person"].value()),
            codes=list(form["concerns"].value() or []), on=timezone.localdate(),
        ),
        "outcomes": [
            (Outcome.SUPPORT, "支援を続ける"), (Outcome.REFER, "ほかの機関へつなぐ"),
            (Outcome.INFORMATION, "情報提供で終わる"),
        ],
    }  # fmt: skip


def _number(value: object) -> int | None:
    return int(str(value)) if str(value or "").isdigit() else None


@require_safe
@permission(Permission.CONSULTATION_RECEIVE)
def concern_hint(request: ActorRequest) -> HttpResponse:
    """The side box while somebody ticks and chooses."""
    intake = intake_hint(
        actor=request.actor, person_id=_number(request.GET.get("person")), codes=request.GET.getlist("concerns"),
        on=timezone.localdate(),
    )  # fmt: skip
    return render(
        request,
        "consultations/_hint.html",
        {"intake": intake, "can_break_glass": request.actor.has(Permission.BREAK_GLASS)},
    )


@require_safe
@permission(Permission.PERSON_FIND)
def person_find(request: ActorRequest) -> HttpResponse:
    """Options of the search field: identity only, logged as one search."""
    names = [n for n in request.GET if n in _TYPED or (n.startswith("other_") and n.endswith("_text"))]
    query = next((text for n in names if (text := request.GET.get(n, "").strip())), "")[:60]
    found = find_people(actor=request.actor, query=query) if query else []
    if query:
        log_reads(request, AccessKind.SEARCH, "households.person", query)
    return render(request, "consultations/_person_options.html", {"found": found, "query": query})


@require_safe
@permission(Permission.CASE_VIEW)
def detail(request: ActorRequest, receipt_no: str) -> HttpResponse:
    """The receipt: what was written, and what to do next."""
    rows = Consultation.objects.visible_to(request.actor).select_related(
        "agency", "staff", "person", "case__lead_agency", "household", "route"
    )
    consultation = scoped_get(rows, request, receipt_no=receipt_no)
    may_open_case = (
        consultation.case is not None
        and Case.objects.visible_to(request.actor).filter(pk=consultation.case.pk).exists()
    )
    is_own = consultation.agency_id == request.actor.agency_id
    may_reach_out = (
        is_own
        and consultation.case is None
        and request.actor.has(Permission.CASE_WRITE)
        and consultation.caller != Caller.SELF
    )
    context = {
        "consultation": consultation,
        "concerns": list(
            consultation.concerns.select_related("code").order_by("-is_most_pressing", "code__position")
        ),
        "others": list(
            ConsultationPerson.objects.visible_to(request.actor)
            .filter(consultation=consultation)
            .select_related("person")
            .defer(*without_search("person"))
            .order_by("pk")
        ),
        "sectors": consultation.sectors,
        "may_open_case": may_open_case,
        "sees_household": consultation.household_id is not None
        and Household.objects.visible_to(request.actor).filter(pk=consultation.household_id).exists(),
        "may_reach_out": may_reach_out,
        "tells_caller": is_own or not consultation.outreaches.exists(),
        "may_edit": consultation.agency_id == request.actor.agency_id,
        "may_send": request.actor.has(Permission.REFERRAL_SEND),
    }
    return render(request, "consultations/detail.html", context)


@require_http_methods(["GET", "POST"])
@permission(Permission.CONSULTATION_RECEIVE)
def edit(request: ActorRequest, receipt_no: str) -> HttpResponse:
    """Correct what was written; somebody else's correction is shown beside one's own."""
    rows = Consultation.objects.visible_to(request.actor).select_related("staff", "agency")
    consultation = scoped_get(rows, request, receipt_no=receipt_no)
    on = timezone.localdate(consultation.started_at)
    if shield_of(request).hides(consultation.household_id):
        raise NotAllowed(HIDDEN_EDIT)
    draft = begun(request, f"contact_edit:{receipt_no}:{consultation.pk}")
    if request.method == "GET":
        form = CorrectionForm(initial=_stored(consultation), actor=request.actor, on=on)
        if draft.data:
            form = unjudged(CorrectionForm(draft.data, actor=request.actor, on=on))
        context: dict[str, Any] = {"form": form, "consultation": consultation, "draft": draft}
        return render(request, "consultations/edit.html", context)
    form = CorrectionForm(request.POST, actor=request.actor, on=on)
    compare = None
    if form.is_valid():
        try:
            done = save_merging(
                form,
                lambda: edit_consultation(
                    consultation=consultation, actor=request.actor, at=timezone.now(),
                    correction=Correction(contact=form.contact(), version=form.cleaned_data["version"]),
                ),
                also=lambda current: _merged_concerns(form, current),
            )  # fmt: skip
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            if isinstance(done, Saved):
                forget_sent(request, draft.key)
                messages.success(request, done.words("訂正を保存しました。"))
                return redirect("consultations:detail", receipt_no=receipt_no)
            compare = done.rows
            done.data["ticks_before"] = _ticks(done.current)
            form = CorrectionForm(done.data, actor=request.actor, on=on)
    context = {"form": form, "consultation": consultation, "compare": compare, "draft": draft}
    return render(request, "consultations/edit.html", context, status=422)


def _stored(consultation: Consultation) -> dict[str, Any]:
    names = (
        "started_at", "minutes", "way", "caller", "caller_name", "caller_phone", "caller_relation", "text", "sectors",
        "consent", "version",
    )  # fmt: skip
    concerns = list(consultation.concerns.select_related("code"))
    return {name: getattr(consultation, name) for name in names} | {
        "concerns": [c.code.code for c in concerns],
        "main_concern": next((c.code.code for c in concerns if c.is_most_pressing), ""),
        "ticks_before": _ticks(consultation),
    }


def _ticks(consultation: Consultation) -> str:
    stood = list(consultation.concerns.select_related("code"))
    main = next((row.code.code for row in stood if row.is_most_pressing), "")
    return ticks_of((row.code.code for row in stood), main)


def _merged_concerns(form: CorrectionForm, current: Consultation) -> dict[str, tuple[str, str, str]]:
    """Ticks that only one of the two changed stay as that one wants them; where both did, the reader decides."""
    data = form.cleaned_data
    before, theirs = data["ticks_before"], _ticks(current)
    if before == theirs:
        return {}
    if before == ticks_of(data["concerns"], data["main_concern"]):
        codes, _, data["main_concern"] = theirs.partition("|")
        data["concerns"] = codes.split(",") if codes else []
        return {}
    return _concerns(form, current)


def _concerns(form: CorrectionForm, current: Consultation) -> dict[str, tuple[str, str, str]]:
    """The ticks as they stand and as they were typed, in words."""
    labels = {code.code: code.label for code in form.codes}
    stood = list(current.concerns.select_related("code").order_by("code__position"))
    most = next((row.code.code for row in stood if row.is_most_pressing), "")
    ticked = [
        code for code in labels if code in {*form.cleaned_data["concerns"], form.cleaned_data["main_concern"]}
    ]

    def words(codes: list[str], first: str) -> str:
        return "\n".join(f"{'◎' if code == first else '○'}{labels.get(code, code)}" for code in codes)

    theirs = words([code for code in labels if code in {row.code.code for row in stood}], most)
    return {"concerns": ("相談内容", theirs, words(ticked, form.cleaned_data["main_concern"]))}


@require_safe
@permission(Permission.CONSULTATION_RECEIVE)
def consultation_list(request: ActorRequest) -> HttpResponse:
    """What my agency received and what led to cases that it sees, newest first."""
    filters = ConsultationFilter(request.GET)
    chosen = {
        name: value for name, value in (filters.cleaned_data if filters.is_valid() else {}).items() if value
    }
    page = paginate(
        filter_consultations(request.actor, **chosen), request_get=request.GET, sorts=SORTS, default="-at"
    )
    return render(
        request, "consultations/list.html", {"page": page, "filters": filters, "is_filtered": bool(chosen)}
    )
