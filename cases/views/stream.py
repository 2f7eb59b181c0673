"""経過 on the pages: of a household (its own page, fragment, print, PDF) and of one case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import uuid4

from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.access import log_reads, permission, scoped_get
from accounts.actor import Actor
from accounts.enums import Sector
from accounts.http import ActorRequest
from accounts.roles import Permission
from audit.models import AccessKind
from cases.forms.case import NoteForm, note_initial
from cases.models import Case, CasePartner, Draft
from cases.permissions import can_close_case, can_write_case
from cases.selectors.case_page import assessment, phase
from cases.stream.household import agencies_of
from cases.stream.read import Wanted, read
from cases.stream.registry import GROUPS, Line, Reader, of_case, reader_for
from cases.views.drafts import left_words, place
from cases.views.team import note_team
from common.errors import RuleViolation
from common.japan.wareki import format_wareki_short, parse_wareki
from common.kept_where import kept_where
from common.pdf import render_pdf
from households.models import Household, Person
from households.templatetags.contact import shield_of

MOST_ON_PAPER = 1000
PARAMS = ("kind", "sector", "agency", "person", "since", "until", "marks", "view")


def reader_of(request: ActorRequest, household_id: int, case: Case | None = None) -> Reader:
    """The reader of a visible household's stream (read once per request), or of one visible case's."""
    known: dict[int, Reader] = request.__dict__.setdefault("_stream_readers", {})
    if case is None and household_id in known:
        return known[household_id]
    reader = reader_for(request.actor, shield_of(request), household_id)
    if case is not None:
        return of_case(reader, case.pk)
    known[household_id] = reader
    return reader


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else None


def _date(text: str) -> date | None:
    try:
        return parse_wareki(text) if text else None
    except ValueError:
        return None


def wanted_of(request: ActorRequest) -> Wanted:
    """What the address asks for; what makes no sense narrows nothing."""
    get = request.GET
    kind, sector = get.get("kind", ""), get.get("sector", "")
    return Wanted(
        group=kind if kind in GROUPS else "", sector=sector if sector in Sector.values else "",
        agency=_number(get.get("agency", "")), person=_number(get.get("person", "")),
        since=_date(get.get("since", "")), until=_date(get.get("until", "")), is_marks_only=bool(get.get("marks")),
    )  # fmt: skip


def _query(request: ActorRequest, **changes: str) -> str:
    params = request.GET.copy()
    for name in [name for name in params if name not in PARAMS or not params[name]]:
        del params[name]
    for name, value in changes.items():
        params[name] = value
    return f"?{params.urlencode()}" if params else ""


def stream_context(
    request: ActorRequest, reader: Reader, people: Sequence[Person], *, page_url: str, rows_url: str
) -> dict[str, Any]:
    """All that ``cases/_stream.html`` needs. Two queries: the rows, and the agencies to choose from."""
    wanted = wanted_of(request)
    lines, cursor = read(reader, wanted, cursor=request.GET.get("cursor", ""))
    paper = _query(request)
    if not reader.is_whole:
        paper = _query(request, case=reader.cases[0].number)
    seen = [p for p in people if p.pk]
    return {
        "lines": lines,
        "wanted": wanted,
        "groups": [
            (key, label)
            for key, label in GROUPS.items()
            if reader.is_whole or key not in HOUSEHOLD_ONLY
        ],
        "sectors": Sector.choices,
        "agencies": agencies_of(reader),
        "people": [(p.pk, p.display_name) for p in seen],
        "since": format_wareki_short(wanted.since) if wanted.since else "",
        "until": format_wareki_short(wanted.until) if wanted.until else "",
        "is_short": request.GET.get("view") == "short",
        "is_narrowed": wanted != Wanted(),
        "full_url": f"{page_url}{_query(request, view='full')}#stream",
        "short_url": f"{page_url}{_query(request, view='short')}#stream",
        "clear_url": f"{page_url}#stream",
        "page_url": page_url,
        "has_many_cases": len(reader.cases) > 1,
        "next_url": f"{page_url}{_query(request, cursor=cursor)}" if cursor else "",
        "next_rows": f"{rows_url}{_query(request, cursor=cursor)}" if cursor else "",
        "is_older": bool(request.GET.get("cursor")),
        "print_url": reverse("cases:stream_print", args=[reader.household_id]) + paper,
        "pdf_url": reverse("cases:stream_pdf", args=[reader.household_id]) + paper,
        "day_url": reverse("households:history", args=[reader.household_id]) if reader.is_whole else "",
        "text_url": reverse("cases:stream_text", args=[reader.household_id]),
        "household_id": reader.household_id,
    }  # fmt: skip


HOUSEHOLD_ONLY = ("s", "h", "x")
NOTE_WORDS = {"text", "way", "minutes", "person", "companion", "counterpart", "next_on", "next_text"}


def note_draft_key(case: Case) -> str:
    return f"note:{case.number}"


def composer(
    request: ActorRequest, case: Case, people: Sequence[Person], partners: Sequence[CasePartner] | None = None
) -> dict[str, Any]:
    """A new note, or the draft that was begun on this case: ``note_form`` and the ``draft``'s place."""
    begun = kept_where(_drafts, request.actor, Q(key=note_draft_key(case)), on=timezone.localdate())
    draft = begun[0] if begun else None
    initial: dict[str, Any] = note_initial() | {"request_key": uuid4()}
    if draft is not None:
        initial |= {k: v[0] for k, v in draft.data.items() if v and k in NOTE_WORDS}
        if "started_at_0" in draft.data:
            initial["started_at"] = [(draft.data.get(f"started_at_{n}") or [""])[0] for n in range(2)]
    form = NoteForm(initial=initial, people=list(people), team=note_team(request, case, partners=partners))
    return {"note_form": form, "draft": place(request, note_draft_key(case), draft)}


def _drafts(actor: Actor, where: Q) -> QuerySet[Draft]:
    return Draft.objects.visible_to(actor).filter(where).order_by("pk")[:1]


def work_section(request: ActorRequest, household: Household, people: Sequence[Person]) -> str:
    """The stream with its composer, on the household's page."""
    if not request.actor.has(Permission.CASE_VIEW):
        return ""
    reader = reader_of(request, household.pk)
    page_url = reverse("households:detail", args=[household.pk])
    stream = stream_context(
        request, reader, people, page_url=page_url, rows_url=reverse("cases:stream", args=[household.pk])
    )
    open_case = next((case for case in reader.cases if case.is_open), None)
    context: dict[str, Any] = {"stream": stream, "household": household, "case": open_case}
    if open_case is not None and can_write_case(request.actor, open_case) and not stream["is_older"]:
        context |= composer(request, open_case, people)
    else:
        context["left_words"] = left_words(request)
    return render_to_string("cases/_household_work.html", context, request)


def cases_section(request: ActorRequest, household: Household, people: Sequence[Person]) -> str:
    """The cases with their next dates, and the ways to what comes next."""
    if not request.actor.has(Permission.CASE_VIEW):
        return ""
    cases = reader_of(request, household.pk).cases
    open_case = next((case for case in cases if case.is_open), None)
    context = {
        "household": household,
        "cases": [(case, phase(case, getattr(case, "plan_state", None))) for case in cases],
        "open_case": open_case,
        "may_close": open_case is not None and can_close_case(request.actor, open_case),
        "person": people[0] if people else None,
        "may_send": request.actor.has(Permission.REFERRAL_SEND),
        "may_convene": request.actor.has(Permission.CONFERENCE_CONVENE),
        "may_receive": request.actor.has(Permission.CONSULTATION_RECEIVE),
        "may_write": request.actor.has(Permission.CASE_WRITE),
    }
    return render_to_string("cases/_household_cases.html", context, request)


def seen_section(request: ActorRequest, household: Household, people: Sequence[Person]) -> str:
    """What people can and want to do, and what is hard; the worries about the open case."""
    if not request.actor.has(Permission.CASE_VIEW):
        return ""
    open_case = next((case for case in reader_of(request, household.pk).cases if case.is_open), None)
    if open_case is None:
        return ""
    context = {
        "household": household, "open_case": open_case, "assessment": assessment(open_case),
        "may_write": request.actor.has(Permission.CASE_WRITE),
    }  # fmt: skip
    return render_to_string("cases/_household_seen.html", context, request)


def _household(request: ActorRequest, pk: int, **options: Any) -> Household:
    return scoped_get(Household.objects.visible_to(request.actor), request, pk=pk, **options)


@require_safe
@permission(Permission.CASE_VIEW)
def stream(request: ActorRequest, pk: int) -> HttpResponse:
    """Older rows of a household's stream, for 「もっと見る」."""
    household = _household(request, pk, log=None)
    context = stream_context(
        request, reader_of(request, pk), (), page_url=reverse("households:detail", args=[pk]),
        rows_url=reverse("cases:stream", args=[pk]),
    )  # fmt: skip
    return render(request, "cases/_stream_rows.html", {"stream": context, "household": household})


@require_safe
@permission(Permission.CASE_VIEW)
def stream_text(request: ActorRequest, pk: int) -> HttpResponse:
    """The whole text of one row of a household's stream (``?row=n-12``), as far as the reader sees the row."""
    household = _household(request, pk, log=None)
    kind, _, key = request.GET.get("row", "").partition("-")
    number = _number(key)
    lines = read(reader_of(request, pk), Wanted(only=(kind, number)))[0] if number is not None else []
    if not lines:
        log_reads(request, AccessKind.DENIED, "cases.stream", request.GET.get("row", "")[:40])
        raise Http404
    page = "cases/_line_text.html" if request.htmx else "cases/line_text.html"
    return render(request, page, {"text": lines[0].text, "household": household})


def _paper(request: ActorRequest, household: Household) -> dict[str, Any]:
    """The whole narrowed stream. Never cut in silence: too long a one has to be narrowed."""
    number, reader = request.GET.get("case", ""), reader_of(request, household.pk)
    if number:
        reader = of_case(reader, next((c.pk for c in reader.cases if c.number == number), None))
    wanted = wanted_of(request)
    lines, more = read(reader, wanted, size=MOST_ON_PAPER)
    if more:
        raise RuleViolation(
            f"記録が{MOST_ON_PAPER}件をこえるため、まとめて印刷できません。期間や種類で絞り込んでください。"
        )
    return {
        "household": household, "lines": lines, "narrowed": _said(request, wanted, reader), "number": number,
        "is_short": request.GET.get("view") == "short", "printed_at": timezone.localtime(),
    }  # fmt: skip


def _said(request: ActorRequest, wanted: Wanted, reader: Reader) -> list[str]:
    """How the stream was narrowed, in words."""
    said = []
    if wanted.group:
        said.append(f"種類：{GROUPS[wanted.group]}")
    if wanted.sector:
        said.append(f"分野：{Sector(wanted.sector).label}")
    if wanted.agency is not None:
        said.append(f"機関：{dict(agencies_of(reader)).get(wanted.agency, '選んだ機関')}")
    if wanted.person is not None:
        person = Person.objects.visible_to(request.actor).filter(pk=wanted.person).first()
        said.append(f"人：{person.display_name if person else '選んだ人'}")
    if wanted.since:
        said.append(f"{format_wareki_short(wanted.since)}から")
    if wanted.until:
        said.append(f"{format_wareki_short(wanted.until)}まで")
    if wanted.is_marks_only:
        said.append("節目だけ")
    return said


@require_safe
@permission(Permission.CASE_VIEW)
def stream_print(request: ActorRequest, pk: int) -> HttpResponse:
    household = _household(request, pk, log=AccessKind.PRINT)
    return render(request, "cases/stream_paper.html", _paper(request, household))


def _check_still_read(request: ActorRequest, pk: int, lines: Sequence[Line]) -> None:
    """A print that took longer than the right to any line of it is not given out; nor is one of somebody whose contact
    details are protected from the reader since. The miss is logged like every other.
    """
    household, before = _household(request, pk, log=None), shield_of(request)
    for known in ("_stream_readers", "_shield"):
        request.__dict__.pop(known, None)
    after = shield_of(request)
    lost = {(line.kind, line.pk) for line in lines} - {
        (line.kind, line.pk) for line in _paper(request, household)["lines"]
    }
    hidden = after.hides(pk) and not before.hides(pk)
    hidden = hidden or bool(after.read_in.get(pk, frozenset()) - before.read_in.get(pk, frozenset()))
    if lost or hidden:
        log_reads(request, AccessKind.DENIED, "households.household", str(pk))
        raise Http404


@require_safe
@permission(Permission.CASE_VIEW)
def stream_pdf(request: ActorRequest, pk: int) -> HttpResponse:
    household = _household(request, pk, log=AccessKind.EXPORT)
    paper = _paper(request, household)
    pdf = render_pdf("cases/stream_paper.html", paper, request=request)
    _check_still_read(request, pk, paper["lines"])
    return HttpResponse(
        pdf,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="keika-{pk}.pdf"'},
    )
