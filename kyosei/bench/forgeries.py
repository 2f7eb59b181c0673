"""Changes to a pack, as an accident, a careless or a careful hand would make them; each has to be found."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zipfile import ZipFile

from budgets.pack.seal import MANIFEST, manifest_bytes, member, seal

Files = dict[str, bytes]
# three of ten leave no trace but the figure: manifest and seal are made anew around it
KINDS: Final = (
    "byte", "cut", "more", "missing", "added", "renamed", "changed", "forged", "forged", "forged",
)  # fmt: skip
FIGURES: Final = (  # columns that say something of minutes or money
    ("entries", (6,)),
    ("costs", (3,)),
    ("results", (4, 5, 6, 7)),
    ("claims", (4, 5, 6, 10, 11, 12, 13, 14, 15, 17)),
    ("claim_months", (2,)),
    ("months", (4, 5, 6, 7, 8)),
    ("shares", (3, 4)),
)


def files_of(path: Path) -> Files:
    with ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_files(path: Path, files: Files, *, forged: bool) -> None:
    """A ZIP of ``files`` with a fresh seal; ``forged``: with a manifest that fits them, as a careful hand would make it."""
    if forged:
        manifest = json.loads(files[MANIFEST])
        manifest.pop("files")
        entries = {
            n: {"sha256": hashlib.sha256(d).hexdigest(), "size": len(d)}
            for n, d in files.items()
            if n != MANIFEST
        }
        files = files | {MANIFEST: manifest_bytes(manifest, entries)}
    with ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(member(name), data)
    seal(path)


def flip(rng: random.Random, data: bytes) -> bytes:
    """One bit of one byte."""
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]


def forge_a_figure(rng: random.Random, files: Files) -> tuple[str, bytes]:
    """Another number in a column that says something of minutes or money."""
    name, columns = rng.choice(FIGURES)
    rows = list(csv.reader(io.StringIO(files[f"csv/{name}.csv"].decode())))
    row = rng.choice([r for r in rows[1:] if name != "claims" or r[1] != "0"])
    column = rng.choice(columns)
    row[column] = str(int(row[column] or 0) + rng.choice((1, 7, 1000, 123_456)))
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return f"csv/{name}.csv", out.getvalue().encode()


def forgeries(pack: Path, changed: Path, count: int, rng: random.Random) -> Iterator[str]:
    """Write ``changed`` anew ``count`` times, each time with another change; says which one it is."""
    original, files = pack.read_bytes(), files_of(pack)
    for n in range(count):
        kind, name = KINDS[n % len(KINDS)], rng.choice(sorted(files))
        if kind == "byte":
            changed.write_bytes(flip(rng, original))
        elif kind == "cut":
            changed.write_bytes(original[: rng.randrange(len(original))])
        elif kind == "more":
            changed.write_bytes(original + bytes([rng.randrange(256)]))
        elif kind == "missing":
            write_files(changed, {k: v for k, v in files.items() if k != name}, forged=False)
        elif kind == "added":
            write_files(changed, files | {f"csv/extra{n}.csv": b"a,b\n"}, forged=False)
        elif kind == "renamed":
            write_files(
                changed, {(f"{k}.old" if k == name else k): v for k, v in files.items()}, forged=False
            )
        elif kind == "changed":
            write_files(changed, files | {name: flip(rng, files[name])}, forged=False)
        else:
            name, data = forge_a_figure(rng, files)
            write_files(changed, files | {name: data}, forged=True)
        yield f"{n} {kind} {name}"
