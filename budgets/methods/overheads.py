"""Overheads (間接費): what serves several streams at once, by direct labour, step by step, or reciprocally.

A cost centre has yen of its own and weights that say whom it serves: streams, and, in two of the methods, other
centres. Amounts stay exact fractions from beginning to end and become whole yen once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from budgets.allocation import K, settle
from budgets.enums import OverheadMethod

CODE_VERSION = "overheads/1"


class OverheadError(ValueError):
    """The weights do not carry the cost, and which centre it is."""


@dataclass(frozen=True, slots=True)
class Centre:
    """``serves``: weights over streams and over the codes of other centres; a centre does not serve itself."""

    code: str
    name: str
    yen: int
    to_streams: Mapping[int, int | Fraction]
    to_centres: Mapping[str, int | Fraction]


@dataclass(frozen=True, slots=True)
class OverheadResult:
    """Yen by stream, and the words that are printed with them: the method, and the order where there is one."""

    yen: dict[int, int]
    exact: dict[int, Fraction]
    method: OverheadMethod
    order: tuple[str, ...]

    @property
    def printed(self) -> str:
        steps = f"（順序：{' → '.join(self.order)}）" if self.order else ""
        return f"{self.method.label}{steps}"


def _check(centres: Sequence[Centre]) -> dict[str, Centre]:
    known = {c.code: c for c in centres}
    if len(known) != len(centres):
        raise OverheadError("同じコードの間接部門が2つあります。")
    for centre in centres:
        if centre.code in centre.to_centres:
            raise OverheadError(f"「{centre.name}」が自分自身に配賦されています。")
        if unknown := set(centre.to_centres) - set(known):
            raise OverheadError(f"「{centre.name}」の配賦先 {'、'.join(sorted(unknown))} がありません。")
        if any(w < 0 for w in (*centre.to_streams.values(), *centre.to_centres.values())):
            raise OverheadError(f"「{centre.name}」の基準に負の値があります。")
    return known


def _parts(centre: Centre, amount: Fraction, weights: Mapping[K, int | Fraction]) -> dict[K, Fraction]:
    whole = sum((Fraction(w) for w in weights.values()), Fraction(0))
    if whole == 0:
        if amount == 0:
            return {}
        raise OverheadError(f"「{centre.name}」の基準の合計が0のため配賦できません。")
    return {key: amount * Fraction(w) / whole for key, w in weights.items()}


def _add(into: dict[K, Fraction], parts: Mapping[K, Fraction]) -> None:
    for key, part in parts.items():
        into[key] = into.get(key, Fraction(0)) + part


def direct_labour(centres: Sequence[Centre]) -> dict[int, Fraction]:
    """Every centre straight to the streams; that centres serve each other is left out."""
    _check(centres)
    exact: dict[int, Fraction] = {}
    for centre in centres:
        _add(exact, _parts(centre, Fraction(centre.yen), centre.to_streams))
    return exact


def step_down(centres: Sequence[Centre], order: Sequence[str]) -> dict[int, Fraction]:
    """One centre after the other in the stated ``order``: to the streams and to the centres that still follow."""
    known = _check(centres)
    if sorted(order) != sorted(known):
        raise OverheadError("階梯式の順序には、すべての間接部門を1回ずつ挙げてください。")
    amounts = {code: Fraction(c.yen) for code, c in known.items()}
    exact: dict[int, Fraction] = {}
    for place, code in enumerate(order):
        centre, following = known[code], set(order[place + 1 :])
        weights = {key: w for key, w in _targets(centre).items() if key[0] or key[1] in following}
        parts = _parts(centre, amounts[code], weights)
        _add(exact, {int(key): part for (is_stream, key), part in parts.items() if is_stream})
        _add(amounts, {str(key): part for (is_stream, key), part in parts.items() if not is_stream})
    return exact


def reciprocal(centres: Sequence[Centre]) -> dict[int, Fraction]:
    """Every centre to all whom it serves at once: the linear equations are solved in exact fractions."""
    known = _check(centres)
    codes = sorted(known)
    share = {code: _parts(known[code], Fraction(1), _targets(known[code])) for code in codes}
    matrix = [
        [Fraction(int(a == b)) - share[b].get((0, a), Fraction(0)) for b in codes] + [Fraction(known[a].yen)]
        for a in codes
    ]
    grown = _solve(matrix)
    exact: dict[int, Fraction] = {}
    for code, amount in zip(codes, grown, strict=True):
        _add(exact, {int(key): amount * part for (is_stream, key), part in share[code].items() if is_stream})
    return exact


Target = tuple[int, int | str]  # (1, stream) or (0, centre)


def _targets(centre: Centre) -> dict[Target, int | Fraction]:
    streams: dict[Target, int | Fraction] = {(1, stream): w for stream, w in centre.to_streams.items()}
    return streams | {(0, code): w for code, w in centre.to_centres.items()}


def _solve(matrix: list[list[Fraction]]) -> list[Fraction]:
    """Gauss and Jordan, exactly. ``matrix`` is square with the right side as its last column."""
    size = len(matrix)
    for column in range(size):
        pivot = next((r for r in range(column, size) if matrix[r][column]), None)
        if pivot is None:
            raise OverheadError("間接部門どうしだけで配賦が回っていて、財源に届きません。")
        matrix[column], matrix[pivot] = matrix[pivot], matrix[column]
        scale = matrix[column][column]
        matrix[column] = [value / scale for value in matrix[column]]
        for row in range(size):
            factor = matrix[row][column]
            if row != column and factor:
                matrix[row] = [a - factor * b for a, b in zip(matrix[row], matrix[column], strict=True)]
    return [row[-1] for row in matrix]


def spread(
    *, centres: Sequence[Centre], method: OverheadMethod, order: Sequence[str] = (),
    positions: Mapping[int, tuple[int, str]] | None = None, truncating: Iterable[int] = (),
    general_id: int | None = None,
) -> OverheadResult:  # fmt: skip
    """Whole yen by stream; they add up to the centres' yen. ``positions`` is the printed order of the streams (ties)."""
    if method == OverheadMethod.STEP_DOWN:
        exact, printed = step_down(centres, order), tuple(_check(centres)[code].name for code in order)
    else:
        exact = reciprocal(centres) if method == OverheadMethod.RECIPROCAL else direct_labour(centres)
        printed = ()
    place = positions or {}
    key_of = {stream: (*place.get(stream, (0, "")), stream) for stream in {*exact, *place}}
    general = None if general_id is None else key_of.get(general_id, (0, "", general_id))
    yen = settle(
        {key_of[s]: amount for s, amount in exact.items()},
        truncating={key_of[s] for s in truncating if s in key_of}, remainder_key=general,
    )  # fmt: skip
    return OverheadResult({key[2]: part for key, part in sorted(yen.items())}, exact, method, printed)
