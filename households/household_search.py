"""What a household is found by: its name, address, postal code and phone, folded, each on a line of its own."""

from __future__ import annotations

import re
from typing import Any, Final

from common.japan.names import bigrams
from common.japan.places import fold_place
from households.person_search import PHONE, digit_runs, digits_of

ADDRESS, POSTAL = ",", "-"
_NUMBER: Final = re.compile(r"[0-9]{4,}")  # as in 1234番地


def household_columns(
    *, name: str = "", address: str = "", postal_code: str = "", phone: str = ""
) -> dict[str, Any]:
    """``search_text`` and ``search_terms``. The lines of a place bear a mark that folding drops from any query."""
    said, place = fold_place(name), fold_place(address)
    post, digits = digits_of(postal_code), digits_of(phone)
    lines = [
        said,
        ADDRESS + place if place else "",
        POSTAL + post if post else "",
        PHONE + digits if digits else "",
    ]
    terms = {*(bigrams(said) or ([said] if said else [])), *bigrams(place)}
    for number in (post, digits, *_NUMBER.findall(f"{said} {place}")):
        terms.update(digit_runs(number))
    return {"search_text": "\n".join(line for line in lines if line), "search_terms": sorted(terms)}
