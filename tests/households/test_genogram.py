"""The drawing of a 家族図 by itself: who stands where, what joins whom, and who is inside the outline of the home."""

from __future__ import annotations

from datetime import date
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from households.genogram.drawing import HALF, Drawing, draw
from households.genogram.figures import Bond, Figure, Tie
from households.genogram.places import CELL

GRANDMOTHER, FATHER, MOTHER, SON, DAUGHTER, AUNT = range(1, 7)


def person(key: int, shape: str, year: int, **more: bool) -> Figure:
    return Figure(key, f"人{key}", shape, birth_on=date(year, 4, 1), **more)


FAMILY = [
    person(GRANDMOTHER, "female", 1940, lives_here=True), person(FATHER, "male", 1968, lives_here=True, is_center=True),
    person(MOTHER, "female", 1970), person(SON, "male", 1998), person(DAUGHTER, "female", 2001, lives_here=True),
    person(AUNT, "female", 1972),
]  # fmt: skip
BONDS = [
    Bond(Tie.PARENT, GRANDMOTHER, FATHER), Bond(Tie.FORMER_SPOUSE, FATHER, MOTHER), Bond(Tie.PARENT, FATHER, SON),
    Bond(Tie.PARENT, MOTHER, SON), Bond(Tie.PARENT, FATHER, DAUGHTER), Bond(Tie.PARENT, MOTHER, DAUGHTER),
    Bond(Tie.PARENT, GRANDMOTHER, AUNT),
]  # fmt: skip


def at(drawing: Drawing) -> dict[int, tuple[int, int]]:
    return {symbol.figure.key: (symbol.x, symbol.y) for symbol in drawing.symbols}


def inside(drawing: Drawing, x: int, y: int) -> bool:
    return any(r.x <= x <= r.x + r.width and r.y <= y <= r.y + r.height for r in drawing.home)


def test_generations_stand_below_each_other_and_a_couple_side_by_side():
    places = at(draw(FAMILY, BONDS))
    assert places[GRANDMOTHER][1] < places[FATHER][1] < places[SON][1]
    assert places[FATHER][1] == places[MOTHER][1] == places[AUNT][1]
    assert places[MOTHER][0] - places[FATHER][0] == CELL  # the man left
    assert places[SON][0] < places[DAUGHTER][0]  # the eldest left
    middle = (places[FATHER][0] + places[MOTHER][0]) / 2
    assert abs((places[SON][0] + places[DAUGHTER][0]) / 2 - middle) <= 1


def test_only_who_lives_together_is_inside_the_outline_and_it_is_one_piece():
    drawing = draw(FAMILY, BONDS)
    for symbol in drawing.symbols:
        assert inside(drawing, symbol.x, symbol.y) == symbol.figure.lives_here, symbol.figure
    assert pieces(drawing) == 1


def pieces(drawing: Drawing) -> int:
    left = list(drawing.home)
    count = 0
    while left:
        count += 1
        waiting = [left.pop()]
        for one in waiting:
            touching = [
                r for r in left
                if one.x <= r.x + r.width and r.x <= one.x + one.width and one.y <= r.y + r.height and r.y <= one.y + one.height
            ]  # fmt: skip
            waiting += touching
            left = [r for r in left if r not in touching]
    return count


def test_a_divorce_has_two_strokes_and_children_of_two_parents_one_bar():
    drawing = draw(FAMILY, BONDS)
    divorce = [line for line in drawing.lines if line.kind == Tie.FORMER_SPOUSE]
    assert [line.path.count("l8 -18") for line in divorce] == [2]
    assert (
        len([line for line in drawing.lines if line.kind == Tie.PARENT]) == 2
    )  # grandmother's, and the couple's
    assert [kind for kind, _ in drawing.legend] == [Tie.FORMER_SPOUSE, Tie.PARENT]


def test_parents_of_one_child_without_a_recorded_tie_are_said_to_be_unrecorded():
    drawing = draw(FAMILY, [bond for bond in BONDS if bond.kind != Tie.FORMER_SPOUSE])
    assert Tie.COPARENTS in {line.kind for line in drawing.lines}


def test_nobody_is_drawn_as_nothing():
    assert draw([], []).symbols == []


people = st.lists(
    st.tuples(st.sampled_from(["male", "female", "unknown", "other"]), st.integers(1930, 2025), st.booleans()),
    min_size=1, max_size=14,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(people, st.data())
def test_whatever_the_family_nobody_stands_on_another_and_the_home_holds_its_own_only(made, data):
    figures = [
        person(n, shape, year, lives_here=here, is_center=n == 0)
        for n, (shape, year, here) in enumerate(made)
    ]
    pairs = list(combinations(range(len(figures)), 2))
    chosen = data.draw(st.lists(st.sampled_from(pairs), max_size=20, unique=True)) if pairs else []
    bonds = [
        Bond(data.draw(st.sampled_from([t for t in Tie if t != Tie.COPARENTS])), *pair) for pair in chosen
    ]
    drawing = draw(figures, bonds)
    assert sorted(at(drawing)) == list(range(len(figures)))
    for one, other in combinations(drawing.symbols, 2):
        assert one.y != other.y or abs(one.x - other.x) >= CELL - 1
    for symbol in drawing.symbols:
        assert HALF < symbol.x < drawing.width - HALF
        assert HALF < symbol.y < drawing.height - HALF
        assert inside(drawing, symbol.x, symbol.y) == symbol.figure.lives_here
    assert pieces(drawing) == any(figure.lives_here for figure in figures)
