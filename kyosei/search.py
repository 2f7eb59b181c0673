"""The one search field: people, households, cases, consultations and texts, each through its own scope, each with
the reason why it was found.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.actor import Actor
from accounts.roles import Permission
from cases.models import Case, Consultation
from cases.selectors.case_page import for_list
from cases.selectors.intake import with_households
from common.japan.fiscal import fiscal_year
from common.kept_sql import filled_up, kept
from households.contact import Shield
from households.models import Household, HouseholdMember
from households.selectors_people import FoundPeople, search_people
from households.selectors_search import search_households

SHOWN: Final = 8  # of each group before 「もっと見る」
PAGE: Final = 20  # afterwards
YEARS: Final = 6  # fiscal years in which a bare number is looked up
LABELS: Final = {"people": "人", "households": "世帯", "cases": "ケース", "consultations": "相談受付"}


@dataclass(frozen=True, slots=True)
class Group:
    """One kind of result: the rows shown, how many were found (``is_cut``: at least), and where more are."""

    kind: str
    rows: Sequence[Any]
    total: int
    is_cut: bool = False
    page: int = 1
    next_page: int | None = None
    has_weaker: bool = False

    @property
    def label(self) -> str:
        return LABELS[self.kind]


@dataclass(frozen=True, slots=True)
class Hit:
    """A household, case or consultation with the words that say why it was found."""

    row: Any
    reason: str


@dataclass(frozen=True, slots=True)
class SearchResults:
    """``people`` are identity only (findable); households, cases and consultations are what the actor may open."""

    groups: list[Group] = field(default_factory=list)
    has_weaker: bool = False

    @property
    def total(self) -> int:
        return sum(group.total for group in self.groups)

    def rows(self, kind: str) -> Sequence[Any]:
        return next((group.rows for group in self.groups if group.kind == kind), [])


def search_all(
    actor: Actor, query: str, shield: Shield, *, show: str = "", page: int = 1, weaker: bool = False
) -> SearchResults:
    """The first of each kind, or one page of the kind ``show``. Names are folded and ranked, numbers are matched from
    their beginning or by their running number.
    """
    query = query.strip()
    if not query:
        return SearchResults()
    people = search_people(actor, query, weaker=weaker)
    homes = _households(actor, query, people, shield)
    found: dict[str, Sequence[Any]] = {
        "cases": _cases(actor, query, homes),
        "households": homes,
        "consultations": _consultations(actor, query),
        "people": people.hits,
    }
    groups = [
        _group(kind, rows, show=show, page=page, is_cut=people.is_cut and kind == "people")
        for kind, rows in found.items()
        if rows and show in ("", kind)
    ]
    for n, group in enumerate(groups):
        if group.kind == "people":
            groups[n] = Group(
                "people",
                with_households(list(group.rows), shield),
                group.total,
                group.is_cut,
                group.page,
                group.next_page,
            )
    return SearchResults(groups, has_weaker=people.has_weaker and show in ("", "people"))


def _group(kind: str, rows: Sequence[Any], *, show: str, page: int, is_cut: bool) -> Group:
    first, last = ((page - 1) * PAGE, page * PAGE) if show else (0, SHOWN)
    return Group(
        kind,
        rows[first:last],
        len(rows),
        is_cut,
        page,
        (page + 1 if show else 1) if last < len(rows) else None,
    )


def _households(actor: Actor, query: str, people: FoundPeople, shield: Shield) -> list[Hit]:
    """By name and place; and those that the people found belong or belonged to."""
    reasons = {hit.person.pk: hit for hit in people.hits}
    hits = {
        hit.household.pk: Hit(hit.household, hit.reason) for hit in search_households(actor, query, shield)
    }
    members = kept(_memberships, actor, on=timezone.localdate(), people=filled_up(list(reasons)))
    for member in members:
        who = reasons[member.person_id]
        said = f"世帯員の{who.reason}（{who.person.display_name}）"
        hits.setdefault(member.household_id, Hit(member.household, said))
    return list(hits.values())


def _memberships(actor: Actor, people: list[int]) -> QuerySet[HouseholdMember]:
    visible = Household.objects.visible_to(actor)
    rows = HouseholdMember.objects.filter(person__in=people, household__in=visible).select_related(
        "household"
    )
    return rows.only("person_id", "household__name").order_by("-household_id", "pk")


def _cases(actor: Actor, query: str, homes: list[Hit]) -> list[Hit]:
    numbers = number_condition("number", "K", query)
    of_homes = [hit.row.pk for hit in homes[:PAGE]]
    rows: Iterable[Case]
    if numbers is None:
        rows = kept(_cases_of, actor, on=timezone.localdate(), households=filled_up(of_homes))
    else:
        rows = _newest(actor, Q(household__in=of_homes) | numbers)
    by_home = {hit.row.pk: hit.reason for hit in homes}
    hits = [
        Hit(case, by_home.get(case.household_id, "") if not _is_number(case.number, query) else "ケース番号")
        for case in rows
    ]
    return sorted(hits, key=lambda hit: hit.reason != "ケース番号")


def _cases_of(actor: Actor, households: list[int]) -> QuerySet[Case]:
    return _newest(actor, Q(household__in=households))


def _newest(actor: Actor, wanted: Q) -> QuerySet[Case]:
    rows = for_list(Case.objects.visible_to(actor).filter(wanted))
    return rows.order_by("-opened_at", "-pk")[: PAGE * 3]


def _consultations(actor: Actor, query: str) -> list[Hit]:
    numbers = number_condition("receipt_no", "U", query)
    if numbers is None or not actor.has(Permission.CONSULTATION_RECEIVE):
        return []
    rows = (
        Consultation.objects.visible_to(actor)
        .filter(numbers)
        .select_related("agency", "person")
        .order_by("-started_at", "-pk")[: PAGE * 3]
    )
    return [Hit(row, "受付番号") for row in rows]


def _squeezed(query: str) -> str:
    return re.sub(r"[\s‐‑–—−ー-]", "", unicodedata.normalize("NFKC", query).upper())


def number_condition(column: str, letter: str, query: str) -> Q | None:
    """Where a number is meant: U08-00042 from its beginning (hyphen and zeros may be missing), or 42 alone."""
    text = _squeezed(query)
    if match := re.fullmatch(rf"{letter}(\d{{2}})(\d*)", text):
        year, running = match.groups()
        found = Q(**{f"{column}__startswith": f"{letter}{year}-{running}"})
        return found | Q(**{column: f"{letter}{year}-{int(running):05d}"}) if running else found
    if re.fullmatch(r"\d{1,7}", text) and int(text):
        year = fiscal_year(timezone.localdate()) - 2018
        return Q(
            **{
                f"{column}__in": [
                    f"{letter}{n:02d}-{int(text):05d}" for n in range(year, max(year - YEARS, 0), -1)
                ]
            }
        )
    return None


def _is_number(number: str, query: str) -> bool:
    text = _squeezed(query)
    plain = number.replace("-", "")
    if text[:1].isdigit():
        return text.isdigit() and plain[3:].lstrip("0") == text.lstrip("0")
    return bool(text) and (
        plain.startswith(text) or (text[:3] == plain[:3] and text[3:].lstrip("0") == plain[3:].lstrip("0"))
    )
