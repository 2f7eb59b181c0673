"""The page of a partner without an account: no sign-in, no navigation; the address is the right, the code opens the rest."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from accounts.access import no_permission
from common.errors import RuleViolation
from common.forms import KyoseiForm
from common.throttle import count, is_over
from referrals.actions.outside_page import (
    PAGE_PATH,
    answer_page,
    ask_new_code,
    finish_page,
    give_code,
    open_page,
)
from referrals.forms.outside import PageAnswerForm, PageCodeForm, PageOutcomeForm
from referrals.models import OutsideLink
from referrals.outside_mail import mail_code
from referrals.selectors_outside import find_link, is_identified, partner_page

COOKIE = "kyosei_page"
MOST_MISSES, MISSES_SECONDS = 30, 600
Page = Callable[..., HttpResponse]


def open_to_its_holder(view: Page) -> Callable[..., HttpResponseBase]:
    """The address is looked up, answers are kept by no cache and found by no search engine, and the address goes to no
    other site. Whoever tries many addresses is shut out for ten minutes.
    """

    @wraps(view)
    def inner(request: HttpRequest, token: str, *args: Any) -> HttpResponse:
        request.path = PAGE_PATH  # whatever logs this request keeps no address that opens anything
        tried = f"outside:{request.META.get('REMOTE_ADDR', '')}"
        if is_over(tried, most=MOST_MISSES, seconds=MISSES_SECONDS):
            response = render(request, "outside/gone.html", {"too_many": True}, status=429)
        else:
            link = find_link(token, timezone.now())
            if link is None:
                count(tried, seconds=MISSES_SECONDS)
                response = render(request, "outside/gone.html", status=404)
            else:
                response = view(request, token, link, *args)
        response["X-Robots-Tag"] = "noindex, nofollow"
        # "no-referrer" would take the Origin from our own forms, and with it their protection
        response["Referrer-Policy"] = "same-origin"
        return response

    return no_permission("an unguessable address, a code by another way", login=False)(
        cache_control(no_store=True, private=True)(inner)
    )


def _browser(request: HttpRequest) -> str:
    return request.COOKIES.get(COOKIE, "")


def _show(
    request: HttpRequest, token: str, link: OutsideLink, form: forms.Form | None = None, status: int = 200
) -> HttpResponse:
    at = timezone.now()
    page = partner_page(link, _browser(request), at)
    worker = getattr(request, "actor", None) if request.user.is_authenticated else None
    open_page(
        worker=worker,
        link=link,
        shows_person=page.record is not None,
        at=at,
        remote_addr=request.META.get("REMOTE_ADDR", "")[:60],
    )
    context = {
        "link": link,
        "asked": link.request,
        "page": page,
        "token": token,
        "has_code": link.has_code(at),
        "answer_form": _one_of(form, PageAnswerForm),
        "code_form": _one_of(form, PageCodeForm),
        "outcome_form": _one_of(form, PageOutcomeForm),
    }
    return render(request, "outside/page.html", context, status=status)


def _one_of(form: forms.Form | None, kind: type[KyoseiForm]) -> forms.Form:
    return form if isinstance(form, kind) else kind()


def _again(token: str) -> HttpResponse:
    return redirect("outside_page:page", token=token)


@open_to_its_holder
@require_GET
def page(request: HttpRequest, token: str, link: OutsideLink) -> HttpResponse:
    """What is asked; after acceptance and the code, for whom."""
    return _show(request, token, link)


@open_to_its_holder
@require_POST
def answer(request: HttpRequest, token: str, link: OutsideLink) -> HttpResponse:
    form = PageAnswerForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            link, code = answer_page(link=link, event=data["event"], note=data["note"], at=timezone.now())
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            if code:
                mail_code(link, code)
            return _again(token)
    return _show(request, token, link, form, status=422)


@open_to_its_holder
@require_POST
@sensitive_post_parameters("code")
@sensitive_variables("form")
def code(request: HttpRequest, token: str, link: OutsideLink) -> HttpResponse:
    form = PageCodeForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        try:
            browser = give_code(
                link=link, code=data["code"], keeps_secret=data["keeps_secret"], at=timezone.now()
            )
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            response = _again(token)
            response.set_cookie(
                COOKIE, browser, expires=link.expires_at, path=f"/e/{token}/", secure=settings.SESSION_COOKIE_SECURE,
                httponly=True, samesite="Lax",
            )  # fmt: skip
            return response
    return _show(request, token, link, form, status=422)


@open_to_its_holder
@require_POST
def new_code(request: HttpRequest, token: str, link: OutsideLink) -> HttpResponse:
    """Another code by mail."""
    form = PageCodeForm()
    try:
        link, fresh = ask_new_code(link=link, at=timezone.now())
    except RuleViolation as violation:
        form = PageCodeForm({})
        form.errors.clear()
        form.add_violation(violation)
        return _show(request, token, link, form, status=422)
    mail_code(link, fresh)
    return _again(token)


@open_to_its_holder
@require_POST
def outcome(request: HttpRequest, token: str, link: OutsideLink) -> HttpResponse:
    form = PageOutcomeForm(request.POST)
    if is_identified(link, _browser(request)) and form.is_valid():
        data = form.cleaned_data
        try:
            finish_page(
                link=link,
                browser=_browser(request),
                outcome=data["outcome"],
                note=data["note"],
                at=timezone.now(),
            )
        except RuleViolation as violation:
            form.add_violation(violation)
        else:
            return render(request, "outside/thanks.html")
    return _show(request, token, link, form, status=422)
