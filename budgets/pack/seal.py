"""The sealed ZIP: a manifest of SHA-256 inside, and a seal over every byte of the file at its end.

The seal is the comment of the ZIP: 64 hexadecimal digits of the SHA-256 over everything before them. So a changed
byte is found wherever it stands, also in the ZIP's own headers. Who changes a pack and seals it anew is found by the
recomputation (every figure), and by the file's hash that the trail holds (everything else).
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

MANIFEST: Final = "manifest.json"
FILES: Final = frozenset({  # a pack is whole with these; the first version had neither plans nor studies
    "README.txt", "rules.json", "settlement.xlsx", "pdf/seisan.pdf", "pdf/anbun-stream.pdf", "pdf/anbun-agency.pdf",
    *(f"csv/{name}.csv" for name in (
        "entries", "months", "streams", "costs", "plans", "studies", "adjustments", "results", "claims", "claim_months",
        "shares", "approvals",
    )),
})  # fmt: skip
ADDED_LATER: Final = frozenset({"csv/plans.csv", "csv/studies.csv"})
MARK: Final = b"kyosei-pack sha256="
DIGITS: Final = 64
BLOCK: Final = 1 << 20
_STAMP: Final = (1980, 1, 1, 0, 0, 0)  # the same content gives the same file


def member(name: str) -> ZipInfo:
    info = ZipInfo(name, date_time=_STAMP)
    info.compress_type = ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info


class HashingWriter:
    """Writes through and remembers the hash and the size."""

    def __init__(self, out: IO[bytes]) -> None:
        self.out, self.sha, self.size = out, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self.sha.update(data)
        self.size += len(data)
        return self.out.write(data)

    def entry(self) -> dict[str, Any]:
        return {"sha256": self.sha.hexdigest(), "size": self.size}


def manifest_bytes(head: dict[str, Any], files: dict[str, Any]) -> bytes:
    """The one way to write a manifest: any other byte in it is a change."""
    return json.dumps(head | {"files": files}, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def seal(path: Path) -> str:
    """Write the seal into the comment of a finished ZIP; returns the SHA-256 of the whole file."""
    with ZipFile(path, "a") as archive:
        archive.comment = MARK + b"0" * DIGITS
    digest = _digest_before_seal(path)
    with path.open("r+b") as file:
        file.seek(-DIGITS, 2)
        file.write(digest.encode())
    return file_digest(path)


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest_before_seal(path: Path) -> str:
    sha, left = hashlib.sha256(), path.stat().st_size - DIGITS
    with path.open("rb") as file:
        while left > 0 and (block := file.read(min(BLOCK, left))):
            sha.update(block)
            left -= len(block)
    return sha.hexdigest()


def check_seal(path: Path) -> Iterator[str]:
    """What is wrong with the file as a whole."""
    if path.stat().st_size < DIGITS + len(MARK):
        yield "監査資料のファイルではありません（短すぎます）。"
        return
    with path.open("rb") as file:
        file.seek(-DIGITS - len(MARK), 2)
        mark, digits = file.read(len(MARK)), file.read(DIGITS)
    if mark != MARK:
        yield "封印がありません（ファイルの終わりが変えられています）。"
    elif digits != _digest_before_seal(path).encode():
        yield "封印が合いません（ファイルのどこかが変えられています）。"


def check_members(archive: ZipFile, read: Mapping[str, tuple[str, int]]) -> Iterator[str]:
    """Every file of the manifest is there as it was, and nothing else is; the manifest names what a pack consists of, also
    where somebody wrote it anew. ``read``: what is known of files that were
    read to their end already."""
    names = [info.filename for info in archive.infolist()]
    yield from (
        f"同じ名前のファイルが2つあります：{name}"
        for name in sorted({n for n in names if names.count(n) > 1})
    )
    if MANIFEST not in names:
        yield f"{MANIFEST} がありません。"
        return
    try:
        raw = archive.read(MANIFEST)
        manifest = json.loads(raw)
        files = manifest.pop("files")
        wanted = {str(name): (str(e["sha256"]), int(e["size"])) for name, e in files.items()}
    except (BadZipFile, zlib.error, ValueError, KeyError, TypeError, AttributeError, EOFError):
        yield f"{MANIFEST} が読めません。"
        return
    if raw != manifest_bytes(manifest, files):
        yield f"{MANIFEST} の書き方が変えられています。"
    whole = FILES - ADDED_LATER if manifest.get("version") == 1 else FILES
    yield from (f"監査資料に要るファイルがありません：{name}" for name in sorted(whole - set(wanted)))
    yield from (
        f"監査資料にないはずのファイルが目録にあります：{name}" for name in sorted(set(wanted) - whole)
    )
    yield from (f"ファイルがありません：{name}" for name in sorted(set(wanted) - set(names)))
    yield from (
        f"目録にないファイルがあります：{name}" for name in sorted(set(names) - set(wanted) - {MANIFEST})
    )
    for name in sorted(set(wanted) & set(names)):
        try:
            found = read[name] if name in read else _member_digest(archive, name)
        except (BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
            yield f"ファイルが壊れています：{name}"
            continue
        if found != wanted[name]:
            yield f"ファイルの内容が変わっています：{name}"


def _member_digest(archive: ZipFile, name: str) -> tuple[str, int]:
    sha, size = hashlib.sha256(), 0
    with archive.open(name) as file:
        while block := file.read(BLOCK):
            sha.update(block)
            size += len(block)
    return sha.hexdigest(), size
