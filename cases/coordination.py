"""連携の型: who leads a new case, who is told of it, and by when a conference is due, as six models that a municipality chooses from.

One table (``RULES``) and a few functions without database or clock. Sources: MHLW 2019 reference material on 地域共生社会,
「包括的な支援体制の整備における体制変化」 (名張市, 坂井市), 「秋田県小坂町の例」, 「「なごみの家」を核とした包括的な支援体制の構築」 (江戸川区);
社会福祉法106条の4第2項 for the sub-projects. A model speaks when a case begins. Afterwards the lead moves only where somebody accepts it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from django.db.models import TextChoices

from accounts.enums import AgencyKind
from common.japan.business_days import add_working_days


class Model(TextChoices):
    CENTRAL_DIRECTOR = "central_director", "中央のエリアディレクター"
    DIRECTOR_PER_SECTOR = "director_per_sector", "分野ごとのエリアディレクター"
    PROMOTER_TAKES = "promoter_takes", "推進員が複合ケースを受ける"
    PROMOTER_CONVENES = "promoter_convenes", "推進員は会議だけを開く"
    ONE_STOP = "one_stop", "総合相談窓口に集める"
    HUBS = "hubs", "地域の拠点と後ろ盾"


class Project(TextChoices):
    """The sub-projects of 重層的支援体制整備事業; the city or entrusted bodies run each, one or several."""

    COUNSELLING = "counselling", "包括的相談支援（1号）"
    PARTICIPATION = "participation", "参加支援（2号）"
    COMMUNITY = "community", "地域づくり（3号）"
    OUTREACH = "outreach", "アウトリーチ等を通じた継続的支援（4号）"
    COOPERATION = "cooperation", "多機関協働（5号）"


class Leads(StrEnum):
    RECEIVER = "receiver"  # whoever heard the person
    CENTER = "center"  # the agency that the setting names
    HUB = "hub"  # the desk of the household's area


class Hears(StrEnum):
    CENTER = "center"
    SECTOR_OFFICES = "sector_offices"  # the directors' offices of the case's sectors
    OPERATORS = "operators"  # who runs 多機関協働: those of the case's sectors and those without one


@dataclass(frozen=True, slots=True)
class Rule:
    """One model. ``complex_*`` is for a case of two or more sectors; ``hears_simple``: told of every case.

    ``center``: what the central agency is called ("": the model has none). ``coordinator_leads``: whether who coordinates
    may ever be lead; None leaves it to the municipality. ``conference_days``: working days from the opening of a complex case
    to its conference (None: the model holds none).
    """

    simple_lead: Leads
    complex_lead: Leads
    hears: Hears
    hears_simple: bool
    conference_days: int | None
    center: str
    coordinator_leads: bool | None
    place: str
    says: str


RULES: Final[dict[Model, Rule]] = {
    Model.CENTRAL_DIRECTOR: Rule(
        Leads.RECEIVER, Leads.RECEIVER, Hears.CENTER, hears_simple=False, conference_days=10,
        center="エリアディレクターを置く機関", coordinator_leads=None, place="名張市 当初",
        says="相談は受けた部署が担い、複数の分野のケースはすべて、一か所のエリアディレクターが調整します。",
    ),
    Model.DIRECTOR_PER_SECTOR: Rule(
        Leads.RECEIVER, Leads.RECEIVER, Hears.SECTOR_OFFICES, hears_simple=False, conference_days=10,
        center="", coordinator_leads=None, place="名張市 現在",
        says="相談は受けた部署が担い、複数の分野のケースは、その分野のエリアディレクターたちが集まって調整します。",
    ),
    Model.PROMOTER_TAKES: Rule(
        Leads.RECEIVER, Leads.CENTER, Hears.CENTER, hears_simple=False, conference_days=None,
        center="相談支援包括化推進員のいる機関", coordinator_leads=True, place="坂井市 当初",
        says="一つの分野の相談は受けた部署が担い、複数の分野のケースは推進員が主担当になります。",
    ),
    Model.PROMOTER_CONVENES: Rule(
        Leads.RECEIVER, Leads.RECEIVER, Hears.CENTER, hears_simple=False, conference_days=14,
        center="相談支援包括化推進員のいる機関", coordinator_leads=False, place="坂井市 現在",
        says="推進員はケースを持たず、複数の分野のケースについて関係機関の会議を開きます。主担当は受けた部署です。",
    ),
    Model.ONE_STOP: Rule(
        Leads.CENTER, Leads.CENTER, Hears.CENTER, hears_simple=True, conference_days=None,
        center="総合相談窓口", coordinator_leads=True, place="小坂町（まるねっと）",
        says="どこで受けた相談も総合相談窓口に集まり、窓口が主担当になります。",
    ),
    Model.HUBS: Rule(
        Leads.RECEIVER, Leads.HUB, Hears.OPERATORS, hears_simple=False, conference_days=20,
        center="", coordinator_leads=True, place="江戸川区（なごみの家）",
        says="複数の分野のケースは、住まいの地域の拠点が主担当になり、多機関協働を担う機関が後ろから支えます。",
    ),
}  # fmt: skip
DEFAULT: Final = Model.DIRECTOR_PER_SECTOR
NEEDS_CENTER: Final = tuple(model for model, rule in RULES.items() if rule.center)


@dataclass(frozen=True, slots=True)
class Post:
    """What the rules ask of an agency; ``area`` None: the whole municipality."""

    pk: int
    kind: str = AgencyKind.DESK
    sector: str = ""
    area: int | None = None
    may_lead: bool = True


@dataclass(frozen=True, slots=True)
class Setup:
    """A model with the agencies of its municipality: ``center`` and ``operators`` (of 多機関協働) are ids among ``posts``."""

    model: Model
    posts: tuple[Post, ...]
    center: int | None = None
    operators: tuple[int, ...] = ()
    coordinator_may_lead: bool | None = None
    conference_days: int | None = None

    @property
    def rule(self) -> Rule:
        return RULES[self.model]

    @property
    def center_post(self) -> Post | None:
        return next((post for post in self.posts if post.pk == self.center), None)


@dataclass(frozen=True, slots=True)
class Begun:
    """A case as it begins: its sectors, the area of the household and the area above that, who heard it, and the day."""

    sectors: tuple[str, ...]
    receiver: Post
    on: date
    areas: tuple[int, ...] = ()

    @property
    def is_complex(self) -> bool:
        return len(set(self.sectors)) > 1


@dataclass(frozen=True, slots=True)
class Decision:
    """``lead`` is an agency; ``told`` are those that hear of the case, ``convener`` the one of them that calls a conference."""

    lead: int
    told: tuple[int, ...]
    convener: int | None
    conference_on: date | None


def decide(setup: Setup, begun: Begun) -> Decision:
    """What the model does with a case that begins."""
    lead = lead_of(setup, begun)
    told = tuple(pk for pk in told_of(setup, begun) if pk != lead)
    convener = convener_of(setup, begun, told)
    return Decision(lead, told, convener, conference_due(setup, begun, convener))


def lead_of(setup: Setup, begun: Begun) -> int:
    """The agency that leads. Where the model's own is missing or may not lead, whoever heard the person does."""
    wanted = setup.rule.complex_lead if begun.is_complex else setup.rule.simple_lead
    found: Post | None = None
    if wanted is Leads.CENTER:
        found = setup.center_post
    elif wanted is Leads.HUB:
        found = _hub(setup, begun)
    return found.pk if found is not None and may_lead(setup, found) else begun.receiver.pk


def _hub(setup: Setup, begun: Begun) -> Post | None:
    """The desk of the household's own area; a receiver that is a desk stays the one that the household knows."""
    if begun.receiver.kind == AgencyKind.DESK:
        return begun.receiver
    desks = [p for p in setup.posts if p.kind == AgencyKind.DESK and p.area is not None]
    return next((p for area in begun.areas for p in desks if p.area == area), None)


def told_of(setup: Setup, begun: Begun) -> tuple[int, ...]:
    """Who hears of a case by the model, besides its lead."""
    if not (begun.is_complex or setup.rule.hears_simple):
        return ()
    return coordinators(setup, begun.sectors, begun.areas)


def coordinators(setup: Setup, sectors: Iterable[str], areas: tuple[int, ...]) -> tuple[int, ...]:
    """Who coordinates cases of some sectors in an area, in the order of the directory."""
    wanted = set(sectors)
    if setup.rule.hears is Hears.CENTER:
        return (setup.center,) if setup.center_post is not None and setup.center is not None else ()
    if setup.rule.hears is Hears.OPERATORS:
        return tuple(
            p.pk for p in setup.posts if p.pk in setup.operators and (not p.sector or p.sector in wanted)
        )
    return tuple(
        p.pk
        for p in setup.posts
        if p.kind == AgencyKind.DIRECTOR_OFFICE and p.sector in wanted and covers(p, areas)
    )


def covers(post: Post, areas: tuple[int, ...]) -> bool:
    """Whether a household of these areas is its own; one whose area nobody knows belongs to all."""
    return post.area is None or not areas or post.area in areas


def convener_of(setup: Setup, begun: Begun, told: tuple[int, ...]) -> int | None:
    """Who calls the conference: of those told the one of the receiver's sector, else the first."""
    if not begun.is_complex or not told:
        return None
    sector = {post.pk: post.sector for post in setup.posts}
    own = [pk for pk in told if begun.receiver.sector and sector.get(pk) == begun.receiver.sector]
    return (own or list(told))[0]


def conference_due(setup: Setup, begun: Begun, convener: int | None) -> date | None:
    """The last working day for the conference of a complex case; None where the model holds none."""
    days = setup.conference_days if setup.conference_days is not None else setup.rule.conference_days
    if convener is None or not begun.is_complex or not days or setup.rule.conference_days is None:
        return None
    return add_working_days(begun.on, days)


def is_coordinator(setup: Setup, post: Post) -> bool:
    """A post that coordinates under the model and so may be barred from leading."""
    return post.kind == AgencyKind.DIRECTOR_OFFICE or (bool(setup.rule.center) and post.pk == setup.center)


def may_lead(setup: Setup, post: Post) -> bool:
    """An agency barred by the directory never leads, a coordinating one only if the setting lets it."""
    return post.may_lead and not (setup.coordinator_may_lead is False and is_coordinator(setup, post))
