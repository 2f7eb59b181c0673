"""The sign-in form in the words of the rest of the application."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm


class SignInForm(LoginForm):
    """allauth's form; a worker signs in by 職員番号, as it is called on every page."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in (("login", "職員番号"), ("password", "パスワード")):
            field = self.fields[name]
            field.label = label
            field.error_messages["required"] = f"{label}を入力してください。"
            field.widget.attrs.pop("placeholder", None)
