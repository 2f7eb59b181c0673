"""What opens a partner's page: the address, the code, the browser. The database holds sums of these only."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.utils.crypto import constant_time_compare, salted_hmac

LINK_LASTS = timedelta(days=8)
CODE_LASTS = timedelta(hours=24)
MOST_CODES = 5  # codes for one page; more is a new page
CODE_DIGITS = 6


def new_token() -> str:
    """256 bits, safe in an address."""
    return secrets.token_urlsafe(32)


def token_sum(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def new_code() -> str:
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def code_sum(link_id: int, code: str) -> str:
    """Keyed by the program's own secret: six digits alone could be tried through from a stolen copy of the table."""
    return salted_hmac("referrals.outside.code", f"{link_id}:{code}", algorithm="sha256").hexdigest()


def same(first: str, second: str) -> bool:
    return bool(first) and constant_time_compare(first, second)
