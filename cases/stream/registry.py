"""What the stream is made of: every app adds its own sources when it starts, so that imports still only look down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone

from accounts.actor import Actor
from accounts.roles import Permission
from cases.models import Case, CasePartner, SupportPlan
from cases.models.case import sees_case
from common.japan.wareki import format_wareki, format_wareki_short
from common.kept_sql import kept
from households.contact import Shield

Data = dict[str, Any]


@dataclass(frozen=True)
class Reader:
    """Who reads the stream of what: of a household that the reader sees, or (not ``is_whole``) of one such case.
    ``cases`` are those that the reader sees, ``closed_ids`` the others of the household, ``agency_id`` the reader's own.
    ``asked``: what ``ask_with_cases`` found, by name and case, of all cases of the household.
    ``memo``: what two kinds of rows need to know and one of them has asked.
    """

    actor: Actor
    shield: Shield
    household_id: int
    cases: tuple[Case, ...]
    closed_ids: tuple[int, ...] = ()
    is_whole: bool = True
    probed: frozenset[str] = frozenset()
    agency_id: int | None = None
    asked: Mapping[str, Mapping[int, Sequence[int]]] = field(default_factory=dict, compare=False, repr=False)
    memo: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def case_ids(self) -> list[int]:
        return [case.pk for case in self.cases]

    @cached_property
    def numbers(self) -> dict[int, str]:
        return {case.pk: case.number for case in self.cases}

    def asked_ids(self, name: str) -> list[int]:
        """Of the whole household, or of the one case."""
        found = self.asked.get(name, {})
        return [pk for case, ids in found.items() if self.is_whole or case in self.case_ids for pk in ids]

    def ids_of_sector(self, sector: str) -> tuple[int, ...]:
        """The cases that the reader sees and that are about a sector."""
        return tuple(case.pk for case in self.cases if sector in case.sectors)

    def scoped(self, manager: Any) -> QuerySet[Any]:
        """Rows of a model with ``case`` and a scope in which seeing the case is enough. Its own ``visible_to`` is asked
        where the household has cases that the reader does not see: it may show rows of those.
        """
        rows: QuerySet[Any] = manager.filter(case__in=self.case_ids)
        if self.is_whole and self.closed_ids:
            rows = manager.visible_to(self.actor).filter(case__household=self.household_id)
        return rows


def _cases(actor: Actor, household: int) -> QuerySet[Any]:
    """Every case of a household, whether the actor sees it, who takes part, and which kinds of rows it has at all."""
    partners = CasePartner.objects.filter(case=OuterRef("pk")).order_by("pk")
    plans = SupportPlan.objects.filter(case=OuterRef("pk")).order_by("-ordinal")
    probes = {
        f"probe_{kind}": source.probe() for kind, source in _SOURCES.items() if source.probe is not None
    }
    asked = {
        f"asked_{name}": ArraySubquery(ids(actor).filter(case=OuterRef("pk")).order_by("pk").values("pk"))
        for name, ids in _ASKED.items()
    }
    named = JSONObject(
        id="agency_id",
        name="agency__short_name",
        kind="agency__kind",
        staff="staff_id",
        person="staff__name",
        is_current=Q(ended_at__isnull=True),
    )
    return (
        Case.objects.filter(household=household)
        .select_related("household", "lead_agency", "lead_staff")
        .defer("household__search_text", "household__search_terms")
        .annotate(
            is_seen=sees_case(actor, "pk"),
            plan_state=Subquery(plans.values("state")[:1]),
            taking_part=ArraySubquery(partners.values(json=named)),
            **probes,
            **asked,
        )
        .order_by("-opened_at", "-pk")
    )


def reader_for(actor: Actor, shield: Shield, household_id: int) -> Reader:
    """The reader of a household that the caller has found to be visible. One query."""
    if not actor.has(Permission.CASE_VIEW):
        return Reader(actor, shield, household_id, (), agency_id=actor.agency_id)
    rows = kept(_cases, actor, on=timezone.localdate(), household=household_id)
    asked = [kind for kind, source in _SOURCES.items() if source.probe is not None]
    return Reader(
        actor, shield, household_id, tuple(case for case in rows if case.is_seen),
        closed_ids=tuple(case.pk for case in rows if not case.is_seen),
        probed=frozenset(kind for kind in asked if any(getattr(case, f"probe_{kind}") for case in rows)),
        agency_id=actor.agency_id,
        asked={name: {case.pk: getattr(case, f"asked_{name}") for case in rows} for name in _ASKED},
    )  # fmt: skip


def of_case(reader: Reader, pk: int | None) -> Reader:
    """The same reader, of one of the cases alone."""
    cases = tuple(case for case in reader.cases if case.pk == pk)
    return Reader(
        reader.actor,
        reader.shield,
        reader.household_id,
        cases,
        is_whole=False,
        probed=reader.probed,
        agency_id=reader.agency_id,
        asked=reader.asked,
    )


@dataclass(frozen=True, slots=True)
class Words:
    """What a row says, before the shield has read it."""

    title: str
    text: str = ""
    next: str = ""
    url: str = ""
    who: str = ""
    is_mark: bool = False
    is_closed: bool = False
    ask: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of row.

    ``rows`` is scoped to the reader. ``at`` and the values of ``data`` are paths or expressions of it; ``agency``,
    ``staff`` and ``person`` are paths of foreign keys ("" where the kind has none). ``words`` turns what was read into
    words; ``says_who`` is False where agency and worker are left to it. ``group`` is the choice of the filter.

    ``may``: only for whoever has it. ``is_plain``: for which readers ``rows`` follows from the ids of the cases and of
    the household alone (``cases.stream.compiled``). ``probe``: whether a case has any row at all, whoever reads; asked
    with the cases, so that a costly scope is not asked for nothing. ``tells``: whether this reader is told of such rows.
    """

    kind: str
    group: str
    rows: Callable[[Reader], QuerySet[Any] | None]
    at: Any
    words: Callable[[Reader, int, Data], Words]
    data: Mapping[str, Any] = field(default_factory=dict)
    agency: str = ""
    staff: str = ""
    person: str = ""
    is_day: bool = False
    is_milestone: bool = False
    milestones: Q | None = None
    by_agency: Callable[[int], Q] | None = None
    by_sector: Callable[[Reader, str], Q] | None = None
    may: Permission | None = None
    is_plain: Callable[[Reader], bool] | None = None
    probe: Callable[[], Exists] | None = None
    tells: Callable[[Reader], bool] | None = None

    def may_have_rows(self, reader: Reader) -> bool:
        """What needs no query to say."""
        if self.may is not None and not reader.actor.has(self.may):
            return False
        return self.probe is None or self.kind in reader.probed


GROUPS: Final[dict[str, str]] = {
    "c": "相談受付", "n": "支援経過", "a": "見立て", "p": "プラン・評価", "r": "つなぎ", "g": "会議・決定事項", "w": "見守り", "o": "アウトリーチ",
    "s": "同意", "h": "世帯の異動", "m": "開始・終結・交代", "x": "閲覧できない記録",
}  # fmt: skip
_SOURCES: dict[str, Source] = {}
_ASKED: dict[str, Callable[[Actor], QuerySet[Any]]] = {}


def always(reader: Reader) -> bool:
    return True


def nobody_protected(reader: Reader) -> bool:
    """Nobody of the household is, or was there, protected from the reader: no row is left out for it."""
    return reader.household_id not in reader.shield.read_in


def has_agency(reader: Reader) -> bool:
    return reader.agency_id is not None


def sees_all_cases(reader: Reader) -> bool:
    """``Reader.scoped`` asks no scope then."""
    return not (reader.is_whole and reader.closed_ids)


def add_source(*sources: Source) -> None:
    """Called by the app that knows the rows, when it starts. A kind stands once."""
    for source in sources:
        if _SOURCES.setdefault(source.kind, source) is not source:
            raise ValueError(f"two sources of the stream are called {source.kind}")


def ask_with_cases(name: str, ids: Callable[[Actor], QuerySet[Any]]) -> None:
    """Rows of a model with ``case`` and a costly scope (``ids`` gives those that the actor may read, whatever the case):
    which there are of each case is asked in the one query of the cases, and kept with it.
    """
    _ASKED[name] = ids


def source_of(kind: str) -> Source:
    return _SOURCES[kind]


def all_sources() -> list[Source]:
    return [_SOURCES[kind] for kind in sorted(_SOURCES)]


def add_group(key: str, label: str) -> None:
    """A choice of the filter that only a higher app knows."""
    GROUPS[key] = label


@dataclass(frozen=True, slots=True)
class Line:
    """One row as this reader may have it."""

    at: datetime
    kind: str
    pk: int
    title: str
    text: str = ""
    who: str = ""
    about: str = ""
    minutes: int | None = None
    next: str = ""
    url: str = ""
    number: str = ""
    ask: str = ""
    is_mark: bool = False
    is_closed: bool = False
    is_day: bool = False

    @property
    def cursor(self) -> str:
        return f"{self.at.isoformat()}|{self.kind}|{self.pk}"

    @property
    def iso(self) -> str:
        return self.at.isoformat()

    @property
    def day(self) -> str:
        return self.at.date().isoformat()

    @property
    def when(self) -> str:
        """令和8年11月23日（月）10:32, or the day alone where the kind knows no more."""
        if self.is_day:
            return self.short_day
        return f"{format_wareki(self.at.date())}{self.at.hour}:{self.at.minute:02}"

    @property
    def short_day(self) -> str:
        return format_wareki_short(self.at.date())

    @property
    def tells_more(self) -> bool:
        """Whether the head of the row says more than what and who; most rows do not."""
        return bool(self.about or self.ask)

    @property
    def first_words(self) -> str:
        return " ".join(self.text.split())[:80]

    @property
    def opening(self) -> str:
        """What stands of a long text until it is opened."""
        return f"{self.text[: OPENING - 1]}…" if len(self.text) > OPENING else self.text

    @property
    def is_long(self) -> bool:
        return len(self.text) > LONG

    @property
    def is_fetched(self) -> bool:
        """Whether the page holds the opening alone, and the rest comes when somebody opens it."""
        return len(self.text) > MOST


LONG: Final = 140
OPENING: Final = 200
MOST: Final = 600
