"""Sign-in is open to registered staff only; nobody signs up."""

from typing import ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedSignupAdapter(DefaultAccountAdapter):
    error_messages: ClassVar[dict[str, str]] = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "職員番号かパスワードが違います。",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
