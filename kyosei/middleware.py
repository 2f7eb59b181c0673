"""Answers around the views: which form has arrived, and a page instead of an empty 405."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve, reverse

ARRIVED_COOKIE = "kyosei_arrived"  # read and removed by static/js/drafts.js


class ArrivedFormMiddleware:
    """Tells the browser that the form ``draft_key`` was saved, in the openings ``draft_window`` of its page, so that their
    copies on the device may go.

    Only an answer of the server says so: a page that opens after a form was sent may as well follow a lost connection.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.method != "POST" or response.status_code not in (302, 303):
            return response
        key = request.POST.get("draft_key", "")[:120]
        if key and request.user.is_authenticated:
            openings = [opening[:40] for opening in request.POST.getlist("draft_window")[:8]]
            response.set_cookie(
                ARRIVED_COOKIE, quote("~".join([key, *openings]), safe=""), max_age=86400, samesite="Strict",
                secure=settings.SESSION_COOKIE_SECURE,
            )  # fmt: skip
        return response


def owning_page(path: str) -> str:
    """The nearest address above ``path`` that the site knows; home when there is none."""
    parts = path.strip("/").split("/")
    for end in range(len(parts) - 1, 0, -1):
        above = f"/{'/'.join(parts[:end])}/"
        try:
            resolve(above)
        except Resolver404:
            continue
        return above
    return reverse("home")


class MethodNotAllowedMiddleware:
    """Opening an address that only takes a form shows the way back instead of an empty page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 405 or request.method != "GET" or request.path.startswith("/api/"):
            return response
        page = render(request, "405.html", {"back_url": owning_page(request.path)}, status=405)
        if allowed := response.get("Allow"):
            page["Allow"] = allowed
        return page
