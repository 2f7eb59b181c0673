"""Parts of the household's page that higher apps bring: each registers its own when it starts, so that the page is one
answer of the server and ``households`` knows nothing of cases or referrals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from accounts.http import ActorRequest
from households.models import Household, Person

Render = Callable[[ActorRequest, Household, Sequence[Person]], str]


@dataclass(frozen=True, slots=True)
class Section:
    """``render`` gives HTML ("" for nothing) for a visible household and the people of the page; for the main column, the
    right one (``is_aside``), or the head of the right one (``is_head``), which a narrow page shows before all else.
    """

    name: str
    position: int
    render: Render
    is_aside: bool = False
    is_head: bool = False


_SECTIONS: dict[str, Section] = {}


def add_section(section: Section) -> None:
    _SECTIONS[section.name] = section


def rendered(
    request: ActorRequest, household: Household, people: Sequence[Person]
) -> tuple[list[str], list[str], list[str]]:
    """The parts of the head, of the main column and of the right one, in order."""
    head: list[str] = []
    main: list[str] = []
    aside: list[str] = []
    for section in sorted(_SECTIONS.values(), key=lambda s: s.position):
        if html := section.render(request, household, people):
            (head if section.is_head else aside if section.is_aside else main).append(html)
    return head, main, aside
