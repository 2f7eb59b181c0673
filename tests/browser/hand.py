"""A trained hand at a keyboard: presses keys and counts them; and what an ordinary one would need for the same.

The model is the keystroke-level model: S. K. Card, T. P. Moran, A. Newell, "The keystroke-level model for user performance
time with interactive systems", Communications of the ACM 23(7), 1980, pp. 396-410. Its operators are a key (K; 0.28 s for
the average typist who is no secretary, 40 words a minute; 0.20 s at 55 words; 0.75 s for complex codes), a mental
preparation (M; 1.35 s) and the answer of the system (R). R is an assumption here: 1 s for a page, 0.3 s for a part of
one, three times and more what `make bench` allows the server. Nothing points, so no hand leaves the keys.
"""

from __future__ import annotations

from dataclasses import dataclass

ORDINARY, SLOW = 0.28, 0.75  # seconds a key
PREPARATION = 1.35
PAGE, PART = 1.0, 0.3
# how an IME spells what is typed here, in keys; a conversion is Space and Enter
IME = {
    "まなべ": "manabe", "真鍋": "manabe  ", "あかね": "akane ", "事務": "jimu  ", "移動": "idou  ", "会議": "kaigi  ",
    "地域": "tiiki  ", "集い": "tudoi  ", "朝礼": "tyourei  ", "巡回": "junkai  ",
}  # fmt: skip
SWITCHES = 2  # the IME on before a Japanese word and off after it


@dataclass(frozen=True, slots=True)
class Effort:
    """What was done: keys, preparations, whole pages and parts of pages waited for."""

    keys: int
    preparations: int
    pages: int
    parts: int

    def seconds(self, key: float = ORDINARY) -> float:
        return self.keys * key + self.preparations * PREPARATION + self.pages * PAGE + self.parts * PART


class Hand:
    """Presses keys and counts them: a chord is as many keys as it has, a word the keys that an IME needs for it."""

    def __init__(self, page) -> None:
        self.page, self.keys, self.preparations = page, 0, 0

    def prepare(self) -> None:
        """A mental preparation before what comes next."""
        self.preparations += 1

    def press(self, chord: str) -> None:
        self.keys += len(chord.split("+"))
        self.page.keyboard.press(chord)

    def word(self, word: str) -> None:
        self.keys += len(IME.get(word, word))
        self.page.keyboard.type(word)

    def line(self, text: str) -> None:
        """Words with spaces between them; every Japanese one switches the IME on and off, and must have its spelling."""
        for word in text.split():
            if not word.isascii():
                self.keys += len(IME[word]) + SWITCHES
            else:
                self.keys += len(word)
        self.keys += text.count(" ")
        self.page.keyboard.type(text)

    def free_text(self, words: str) -> None:
        self.page.keyboard.type(words)
