"""知らせ: reading one, choosing how one hears of them, and the post for the system administrator."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import no_permission, permission, scoped_get
from accounts.actions.notice_delivery import digest_time
from accounts.actions.notice_mail import send_again
from accounts.actions.notices import choose_ways, read_notice
from accounts.forms_notices import NoticeWaysForm, kinds_of
from accounts.http import ActorRequest
from accounts.models import Notice, NoticeSetting
from accounts.notice_kinds import Urgency
from accounts.roles import Permission
from accounts.selectors_notices import post_of
from common.errors import NotAllowed, RuleViolation


@require_safe
@no_permission("one's own notices only, and those that one reads for somebody who is away")
def notice(request: ActorRequest, pk: int) -> HttpResponse:
    """A notice is read by following it to its page."""
    row = scoped_get(Notice.objects.visible_to(request.actor), request, log=None, pk=pk)
    read_notice(notice=row, actor=request.actor, at=timezone.now())
    return redirect(row.url or "home")


@require_http_methods(["GET", "POST"])
@no_permission("how one hears of one's own notices")
def settings(request: ActorRequest) -> HttpResponse:
    rows = NoticeSetting.objects.visible_to(request.actor)
    form = NoticeWaysForm(
        request.POST if request.method == "POST" else None, chosen=dict(rows.values_list("urgency", "way"))
    )
    if request.method == "POST" and form.is_valid():
        try:
            choose_ways(ways=form.cleaned_data, actor=request.actor, at=timezone.now())
        except NotAllowed:
            raise
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            messages.success(request, "知らせの受け取り方を変えました。次の知らせから、そうなります。")
            return redirect("accounts:notice_settings")
    staff = request.actor.staff
    facts = [
        {"label": "送り先", "value": staff.email if staff and staff.email else "（登録がありません。システム管理者に伝えてください）"},
        {"label": "まとめて送る時刻", "value": f"開庁日の{digest_time():%-H:%M}"},
        {"label": "不在のあいだ", "value": "代理の人に届きます。代理がいなければ機関の長に届きます。"},
    ]  # fmt: skip
    context = {"form": form, "urgent": kinds_of(Urgency.URGENT), "facts": facts}
    return render(request, "accounts/notice_settings.html", context, status=422 if form.errors else 200)


@require_safe
@permission(Permission.STAFF_ADMIN)
def post(request: ActorRequest) -> HttpResponse:
    """What of the mail is stuck; no words of any notice."""
    return render(request, "manage/notices.html", {"post": post_of(request.actor, timezone.now())})


@require_POST
@permission(Permission.STAFF_ADMIN)
def again(request: ActorRequest) -> HttpResponse:
    count = send_again(actor=request.actor, at=timezone.now())
    messages.success(request, f"{count}通を、もう一度送ります。")
    return redirect("manage:notices")
