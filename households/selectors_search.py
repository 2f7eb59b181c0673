"""Finding households by their name and by where they are."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.actor import Actor
from common.japan.names import bigrams, fold_text, split_words
from common.kept_where import kept_where
from common.rare_terms import rarest
from households.contact import Shield
from households.household_search import ADDRESS, POSTAL
from households.models import Household
from households.person_search import PHONE, RUN, digit_runs, digits_of

MOST = 60
REASONS = {ADDRESS: "住所", POSTAL: "郵便番号", PHONE: "世帯の電話"}


@dataclass(frozen=True, slots=True)
class FoundHousehold:
    household: Household
    reason: str


def search_households(actor: Actor, text: str, shield: Shield) -> list[FoundHousehold]:
    """Those that the actor sees and that hold every word, newest first; one query.

    Where the address is hidden from the reader (支援措置), neither it nor the phone or the postal code finds anything.
    """
    words = [word for part in split_words(text) if (word := fold_text(part))]
    digits = digits_of(text) if words and all(word.isdigit() for word in words) else ""
    if digits:
        words = [digits]
    if not words or any(len(word) < 2 for word in words):
        return []
    where = Q()
    for word in words:
        terms = digit_runs(word) if word.isdigit() and len(word) >= RUN else bigrams(word)
        # of two or three digits all pairs: phones and postal codes, which have no pairs, hold them too
        if not word.isdigit() or len(word) >= RUN:
            terms = rarest(Household, "search_terms", terms)
        where &= Q(search_terms__contains=terms)
        if terms != [word]:
            # the whole word; not LIKE, which the planner takes for far rarer than the pair of characters that it repeats
            where &= Q(search_text__holds=word)
    found = []
    first = kept_where(_any_of if digits else _newest, actor, where, on=timezone.localdate())
    for household in sorted(first, key=lambda row: -row.pk):
        reason = _reason(household, words, is_hidden=shield.hides(household))
        if reason:
            found.append(FoundHousehold(household, reason))
    return found[:MOST]


def _any_of(actor: Actor, where: Q) -> QuerySet[Household]:
    """Half a town may share the beginning of a phone: any sixty of them are read, not all of them to know the newest."""
    return Household.objects.visible_to(actor).defer("search_terms").filter(where).order_by()[: MOST + 1]


def _newest(actor: Actor, where: Q) -> QuerySet[Household]:
    """By a sort of what is found: along the index of ids half the register would be read for a common name."""
    rows = Household.objects.visible_to(actor).defer("search_terms").filter(where)
    return rows.order_by(F("pk") * -1)[: MOST + 1]


def _reason(household: Household, words: list[str], *, is_hidden: bool) -> str:
    """Why the household was found; "" when only what is hidden holds a word."""
    reasons = []
    for word in words:
        lines = [line for line in household.search_text.split("\n") if word in line]
        if is_hidden:
            lines = [line for line in lines if line[:1] not in REASONS]
        if not lines:
            return ""
        reasons.append(REASONS.get(lines[0][:1], "世帯名"))
    return "・".join(dict.fromkeys(reasons))
