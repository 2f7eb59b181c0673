"""配布資料をまとめて作る: order, progress, cancel, and taking the copies."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.access import permission, scoped_get
from accounts.http import ActorRequest
from accounts.roles import Permission
from referrals.actions.packets import KEPT, cancel_packet, log_prints, order_packet
from referrals.models import PacketCopy, PacketJob
from referrals.packet_pdf import joined
from referrals.views.conferences import get_managed
from referrals.workflow import CopyState, PacketState


@require_POST
@permission(Permission.CONFERENCE_CONVENE)
def order(request: ActorRequest, pk: int) -> HttpResponse:
    """Order the copies of a conference; while one order is being made, that one is shown."""
    made = order_packet(conference=get_managed(request, pk), actor=request.actor, at=timezone.now())
    return redirect("conferences:packet", pk=made.pk)


def _get(request: ActorRequest, pk: int) -> PacketJob:
    jobs = PacketJob.objects.visible_to(request.actor).select_related("conference", "asked_by")
    return scoped_get(jobs, request, log=None, pk=pk)


def _context(request: ActorRequest, row: PacketJob) -> dict[str, Any]:
    copies = PacketCopy.objects.visible_to(request.actor).filter(job=row)
    counted = copies.aggregate(
        whole=Count("pk"),
        over=Count("pk", filter=~Q(state=CopyState.WAITING)),
        refused=Count("pk", filter=Q(state=CopyState.REFUSED)),
    )
    recipients = (
        copies.filter(state=CopyState.MADE, pdf__isnull=False)
        .values("member_id", "number", "member__agency__name", "member__staff__name")
        .annotate(items=Count("pk"))
        .order_by("number")
    )
    reasons = copies.filter(state=CopyState.REFUSED).values("note").annotate(n=Count("pk")).order_by("note")
    return {
        "job": row, "conference": row.conference, "counted": counted, "running": row.state == PacketState.RUNNING,
        "recipients": list(recipients) if row.state == PacketState.DONE else [], "reasons": list(reasons),
        "kept_until": row.asked_at + KEPT,
    }  # fmt: skip


@require_safe
@permission(Permission.CONFERENCE_CONVENE)
def job(request: ActorRequest, pk: int) -> HttpResponse:
    """How far the copies are, and the copies by recipient once they are made."""
    return render(request, "conferences/packet.html", _context(request, _get(request, pk)))


@require_safe
@permission(Permission.CONFERENCE_CONVENE)
def progress(request: ActorRequest, pk: int) -> HttpResponse:
    """The same as a part of the page that asks for itself while copies are being made."""
    return render(request, "conferences/_packet.html", _context(request, _get(request, pk)))


@require_POST
@permission(Permission.CONFERENCE_CONVENE)
def cancel(request: ActorRequest, pk: int) -> HttpResponse:
    cancel_packet(job=_get(request, pk), actor=request.actor, at=timezone.now())
    messages.success(request, "配布資料の作成を取り消しました。できていた分は捨てました。")
    return redirect("conferences:packet", pk=pk)


def _taken(request: ActorRequest, row: PacketJob, **narrowed: Any) -> list[PacketCopy]:
    """The copies that are taken away, logged as printed; none is a 404."""
    copies = list(
        PacketCopy.objects.visible_to(request.actor)
        .filter(job=row, state=CopyState.MADE, pdf__isnull=False, **narrowed)
        .select_related("agenda_item", "job", "member__agency")
        .order_by("number", "agenda_item__position", "pk")
    )
    if not copies or row.state != PacketState.DONE:
        raise Http404
    log_prints(
        copies, request.actor, timezone.now(), request.path[:300], request.META.get("REMOTE_ADDR", "")[:60]
    )
    return copies


@require_safe
@permission(Permission.CONFERENCE_CONVENE)
def for_member(request: ActorRequest, pk: int, member: int) -> HttpResponse:
    """All copies of one recipient as one file."""
    copies = _taken(request, _get(request, pk), member=member)
    response = HttpResponse(joined(bytes(copy.pdf or b"") for copy in copies), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="packet-{pk}-{copies[0].number}.pdf"'
    return response


@require_safe
@permission(Permission.CONFERENCE_CONVENE)
def archive(request: ActorRequest, pk: int) -> HttpResponse:
    """Every copy: one file for each recipient."""
    copies = _taken(request, _get(request, pk))
    by_number: dict[int, list[PacketCopy]] = {}
    for copy in copies:
        by_number.setdefault(copy.number, []).append(copy)
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archived:
        for number, rows in by_number.items():
            name = f"{number:02d}_{rows[0].member.agency.short_name}.pdf"
            archived.writestr(name, joined(bytes(row.pdf or b"") for row in rows))
    response = HttpResponse(out.getvalue(), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="packet-{pk}.zip"'
    return response
