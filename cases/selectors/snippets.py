"""The part of a text in which searched words stand, with the words marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from common.japan.names import fold_text

BEFORE, LENGTH = 20, 110


@dataclass(frozen=True, slots=True)
class Snippet:
    """A text cut to about 110 characters, in parts: (words, whether they are what was searched)."""

    parts: tuple[tuple[str, bool], ...]


NOTHING = Snippet(())


def snippet_of(texts: Sequence[str], words: Sequence[str]) -> Snippet | None:
    """From the first text that holds a word; ``None`` unless each of ``words`` (folded) stands in some text."""
    folded = [fold_text(text) for text in texts]
    if not all(any(word in text for text in folded) for word in words):
        return None
    for text, form in zip(texts, folded, strict=True):
        if any(word in form for word in words):
            return Snippet(_parts(text, words))
    return None


def _parts(text: str, words: Sequence[str]) -> tuple[tuple[str, bool], ...]:
    marks = sorted(_places(text, words))
    start = max(marks[0][0] - BEFORE, 0) if marks else 0
    end = min(start + LENGTH, len(text))
    parts: list[tuple[str, bool]] = [("…", False)] if start else []
    at = start
    for first, last in marks:
        if first < at or first >= end:
            continue
        parts += [(text[at:first], False), (text[first : min(last, end)], True)]
        at = min(last, end)
    parts.append((text[at:end] + ("…" if end < len(text) else ""), False))
    return tuple((part.replace("\n", " "), marked) for part, marked in parts if part)


def _places(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Where the words stand in the text as it was written. A place whose folding depends on its neighbours is not
    marked; the text is shown all the same.
    """
    forms = [_char(char) for char in text]
    folded = "".join(forms)
    at = [n for n, form in enumerate(forms) for _ in form]
    places: list[tuple[int, int]] = []
    for word in words:
        found = folded.find(word)
        while found >= 0 and len(places) < 20:
            places.append((at[found], at[found + len(word) - 1] + 1))
            found = folded.find(word, found + len(word))
    return places


@lru_cache(maxsize=8192)
def _char(char: str) -> str:
    return fold_text(char)
