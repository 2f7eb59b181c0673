"""What can happen in a demo story. ``ago`` counts days back from today, ``in_days`` forward; ``who`` is a sign-in name."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Someone:
    """An invented person; ``age`` today. ``birthday_in``: days until the next birthday, where it matters."""

    family: str
    given: str
    family_kana: str
    given_kana: str
    age: int | None
    sex: str
    phone: str = ""
    workplace: str = ""
    note: str = ""
    birthday_in: int | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """相談受付. ``about`` names the person it is about (the household's own key: 本人; "": nobody named).

    ``consent_ends_in``: days from today on which a yes ends; None: no end was agreed.
    """

    ago: int
    who: str
    way: str
    minutes: int
    text: str
    concerns: str = ""
    pressing: str = ""
    outcome: str = "support"
    caller: str = "self"
    name: str = ""
    relation: str = ""
    consent: str = "unknown"
    route: str = ""
    about: str = "本人"
    consent_ends_in: int | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A person joins the household; ``kin``: their kind of kinship towards 本人."""

    ago: int
    who: str
    key: str
    person: Someone
    relation: str
    kin: str = ""
    is_key: bool = False
    lives_together: bool = True


@dataclass(frozen=True, slots=True)
class Note:
    ago: int
    who: str
    way: str
    minutes: int
    text: str
    next_in: int | None = None
    next_text: str = ""
    about: str = ""
    counterpart: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    ago: int
    who: str
    kind: str
    text: str
    about: str = "本人"
    sector: str = ""
    issue: str = ""


@dataclass(frozen=True, slots=True)
class Consent:
    ago: int
    who: str
    state: str


@dataclass(frozen=True, slots=True)
class Refer:
    """つなぎ. ``days``: from sending to the deadline."""

    ago: int
    who: str
    to: str
    purpose: str
    parts: str = "basic concerns problems"
    days: float = 7
    message: str = ""
    ground: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of ``who``'s agency to the referral that waits for it there."""

    ago: int
    who: str
    event: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Withdraw:
    ago: int
    who: str
    to: str
    note: str


@dataclass(frozen=True, slots=True)
class Escalate:
    """The job that raises what nobody answered in time."""

    ago: int


@dataclass(frozen=True, slots=True)
class PlanLine:
    problem: str
    agency: str
    action: str
    frequency: str
    due_in: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    ago: int
    who: str
    hope: str
    long_goal: str
    short_goal: str
    lines: tuple[PlanLine, ...]
    services: str = ""
    starts_ago: int = 0
    months: int = 6


@dataclass(frozen=True, slots=True)
class Decide:
    ago: int
    who: str
    where: str


@dataclass(frozen=True, slots=True)
class Evaluate:
    ago: int
    who: str
    achievement: str
    judgement: str
    note: str
    remaining: str = ""
    wish: str = ""
    changes: str = ""


@dataclass(frozen=True, slots=True)
class Close:
    """終結. ``follow_in``: days from today of the first look; None with a reason for none. ``to``: the agency asked."""

    ago: int
    who: str
    reason: str
    note: str
    follow_in: int | None = None
    no_follow_up: str = ""
    kind: str = "close"
    every: str = "3"
    way: str = "phone"
    turns: int | None = None
    to: str = ""
    ask: str = ""


@dataclass(frozen=True, slots=True)
class FollowUpDone:
    """One contact of the turn that waits; ``next_in``: days from today, else the rhythm decides."""

    ago: int
    who: str
    result: str
    note: str
    minutes: int = 15
    way: str = ""
    next_in: int | None = None


@dataclass(frozen=True, slots=True)
class Reopen:
    ago: int
    who: str
    reason: str


Step = (
    Contact | Member | Note | Item | Consent | Refer | Answer | Withdraw | Escalate | Plan | Decide | Evaluate | Close
    | FollowUpDone | Reopen
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Story:
    """One household from its first contact on."""

    key: str
    person: Someone | None
    address: str
    steps: tuple[Step, ...]
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    story: str
    text: str
    who: str
    due_in: int
    outcome: str = ""  # done, with this outcome


@dataclass(frozen=True, slots=True)
class Topic:
    story: str
    topic: str
    situation: str = ""
    ask: str = ""
    conclusion: str = ""
    minutes: int = 20
    with_referral_to: str = ""
    settles: bool = False


@dataclass(frozen=True, slots=True)
class Sitting:
    """会議. ``ago`` negative: planned in so many days; ``called_ago``: when it was convened."""

    ago: int
    called_ago: int
    who: str
    kind: str
    title: str
    place: str
    sector: str
    hour: int
    minutes: int
    attendees: tuple[str, ...]
    topics: tuple[Topic, ...]
    decisions: tuple[Decision, ...] = ()
    summary: str = ""
    accepted: tuple[str, ...] = field(default=())  # who has accepted secrecy beforehand
