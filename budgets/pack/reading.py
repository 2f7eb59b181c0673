"""Reads the CSV of a pack row by row, and takes the hash of each file in the same pass."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, Final
from zipfile import ZipFile

BLOCK: Final = 1 << 18


class BrokenPack(Exception):
    """A file of the pack cannot be read; the sentence says which."""


class _Hashing(io.RawIOBase):
    """Reads through and remembers the hash and the size of what was read."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source, self.sha, self.size, self.is_whole = source, hashlib.sha256(), 0, False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer)
        data = self.source.read(len(view))
        view[: len(data)] = data
        self.sha.update(data)
        self.size += len(data)
        self.is_whole = not data  # the archive has checked its own sum by now
        return len(data)


@dataclass
class Reading:
    """An open pack. ``digests``: hash and size of every file that was read to its end."""

    archive: ZipFile
    digests: dict[str, tuple[str, int]] = field(default_factory=dict)

    def rows(self, name: str, head: tuple[str, ...]) -> Iterator[list[str]]:
        """The rows below the head, each with as many fields as the head."""
        with self.reader(name, head) as reader:
            for row in reader:
                if len(row) != len(head):
                    raise BrokenPack(f"csv/{name}.csv の{reader.line_num}行目の項目の数が違います。")
                yield row

    @contextmanager
    def reader(self, name: str, head: tuple[str, ...]) -> Iterator[Any]:
        """The csv reader itself, after its head: for the one file where a generator between costs too much."""
        path = f"csv/{name}.csv"
        try:
            source = self.archive.open(path)
        except KeyError:
            raise BrokenPack(f"{path} がないため、計算し直せません。") from None
        with source:
            raw = _Hashing(source)
            text = io.TextIOWrapper(io.BufferedReader(raw, BLOCK), "utf-8-sig", newline="")
            reader = csv.reader(text, strict=True)
            try:
                if tuple(next(reader, ())) != head:
                    raise BrokenPack(f"{path} の見出しが違います。")
                yield reader
            except (csv.Error, UnicodeDecodeError):
                raise BrokenPack(f"{path} が読めません。") from None
        if raw.is_whole:
            self.digests[path] = (raw.sha.hexdigest(), raw.size)


class Numbers(dict[str, int]):
    """Names to small whole numbers, in the order in which they are first met."""

    def __missing__(self, name: str) -> int:
        self[name] = number = len(self) + 1
        return number

    def names(self) -> list[str]:
        """By number; there is no number 0."""
        return ["", *self]
