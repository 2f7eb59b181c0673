"""Finding households by their name and by where they are."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.actor import Actor
from common.japan.names import bigrams, split_words
from common.japan.numbers import to_ascii_digits
from common.japan.places import EDGE, fold_place
from common.kept_where import kept_where
from common.rare_terms import rarest
from households.contact import Shield
from households.household_search import ADDRESS, POSTAL
from households.models import Household
from households.person_search import PHONE, RUN, digit_runs, digits_of

MOST = 60
_BLOCK = re.compile("[0-9〇零一二三四五六七八九十百]+丁目")
REASONS = {ADDRESS: "住所", POSTAL: "郵便番号", PHONE: "世帯の電話"}


@dataclass(frozen=True, slots=True)
class FoundHousehold:
    household: Household
    reason: str


def search_households(actor: Actor, text: str, shield: Shield) -> list[FoundHousehold]:
    """Those that the actor sees and that hold every word, newest first; one query. Of house numbers the very one comes
    first, then those that go on (1-3-5 for 1-3), then those in which it stands further back.

    Where the address is hidden from the reader (支援措置), neither it nor the phone or the postal code finds anything.
    """
    words = [forms for part in _parts(text) if (forms := _forms(part))]
    digits = digits_of(text) if words and all(_is_number(forms) for forms in words) else ""
    if digits:
        words = [_number_forms(text, digits)]
    if not words or any(len(form) < 2 for forms in words for form in forms):
        return []
    where = Q()
    for forms in words:
        held = Q()
        for form in forms:
            held |= _holds(form)
        where &= held
    found, whole = [], fold_place(text)
    is_any = digits in words[0]
    first = kept_where(_any_of if is_any else _newest, actor, where, on=timezone.localdate())
    for household in sorted(first, key=lambda row: (_distance(row, words, whole), -row.pk)):
        reason = _reason(household, words, is_hidden=shield.hides(household))
        if reason:
            found.append(FoundHousehold(household, reason))
    return found[:MOST]


def _parts(text: str) -> list[str]:
    """The words typed; a 丁目 belongs to the town before it (本町 1丁目 is not house 1 of another 丁目)."""
    parts: list[str] = []
    for part in split_words(text):
        if parts and _BLOCK.match(part):
            parts[-1] += part
        else:
            parts.append(part)
    return parts


def _forms(part: str) -> list[str]:
    """What a typed word may stand as; most words have one form."""
    return [folded] if (folded := fold_place(part)) else []


def _is_number(forms: list[str]) -> bool:
    return all(form.replace(EDGE, "").isdigit() for form in forms)


def _number_forms(text: str, digits: str) -> list[str]:
    """Digits alone: any digits of a phone, a postal code or a place. With something between them (1-3) the numbers of a
    house; from four digits on they may be the beginning of a phone as well.
    """
    place = fold_place(text)
    if place.count(EDGE) < 3 and digits == to_ascii_digits(text).strip():
        return [digits]
    return [place, digits] if len(digits) >= RUN else [place]


def _holds(form: str) -> Q:
    is_digits = form.isdigit()
    terms = digit_runs(form) if is_digits and len(form) >= RUN else bigrams(form)
    # of two or three digits all pairs: phones and postal codes, which have no pairs, hold them too
    if not is_digits or len(form) >= RUN:
        terms = rarest(Household, "search_terms", terms)
    where = Q(search_terms__contains=terms)
    # the whole word; not LIKE, which the planner takes for far rarer than the pair of characters that it repeats
    return where if terms == [form] else where & Q(search_text__holds=form)


def _any_of(actor: Actor, where: Q) -> QuerySet[Household]:
    """Half a town may share the beginning of a phone: any sixty of them are read, not all of them to know the newest."""
    return Household.objects.visible_to(actor).defer("search_terms").filter(where).order_by()[: MOST + 1]


def _newest(actor: Actor, where: Q) -> QuerySet[Household]:
    """By a sort of what is found: along the index of ids half the register would be read for a common name."""
    rows = Household.objects.visible_to(actor).defer("search_terms").filter(where)
    return rows.order_by(F("pk") * -1)[: MOST + 1]


def _distance(household: Household, words: list[list[str]], whole: str) -> int:
    """How far the house numbers typed are from those that stand there: 0 the very ones, 1 they go on, 2 others come first.
    ``whole``: all that was typed as one place, where it stands so.
    """
    stands = household.search_text
    forms = [whole] if whole in stands else [form for forms in words for form in forms]
    return max((_number_distance(stands, form) for form in forms if EDGE in form), default=0)


def _number_distance(text: str, form: str) -> int:
    best, at = 2, text.find(form)
    while at >= 0:
        before, after = text[at - 1 : at], text[at + len(form) : at + len(form) + 1]
        is_whole = not (form.startswith(EDGE) and before.isdigit())
        best = min(best, 2 if not is_whole else 1 if form.endswith(EDGE) and after.isdigit() else 0)
        at = text.find(form, at + 1)
    return best


def _reason(household: Household, words: list[list[str]], *, is_hidden: bool) -> str:
    """Why the household was found; "" when only what is hidden holds a word."""
    reasons = []
    for forms in words:
        lines = [line for line in household.search_text.split("\n") if any(form in line for form in forms)]
        if is_hidden:
            lines = [line for line in lines if line[:1] not in REASONS]
        if not lines:
            return ""
        reasons.append(REASONS.get(lines[0][:1], "世帯名"))
    return "・".join(dict.fromkeys(reasons))
