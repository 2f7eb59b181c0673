"""Refresh static/vendor/ from npm packages, through the npm client (`npm pack`).

    python scripts/vendor.py            # fetch every package at its pinned version
    python scripts/vendor.py --check    # compare the files on disk with the manifest; no network

The manifest holds name, version, licence and the sha256 of every file, and no address: which registry serves
the packages is the npm client's business.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"
MANIFEST = VENDOR / "manifest.json"


@dataclass(frozen=True)
class Package:
    """One npm package: which of its files we ship (path in the tarball -> name here)."""

    name: str
    version: str
    folder: str
    files: dict[str, str]


PACKAGES = (
    Package(
        name="@digital-go-jp/design-tokens",
        version="1.1.9",
        folder="digital-go-jp-design-tokens",
        files={"dist/tokens.css": "tokens.css", "LICENSE": "LICENSE"},
    ),
)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def fetch(package: Package) -> dict[str, object]:
    """Download one package, write its files, return its manifest entry."""
    with tempfile.TemporaryDirectory() as scratch:
        spec = f"{package.name}@{package.version}"
        subprocess.run(["npm", "pack", spec, "--silent", "--pack-destination", scratch], check=True)
        (tarball,) = Path(scratch).glob("*.tgz")
        with tarfile.open(tarball) as archive:
            contents = {source: _member(archive, source) for source in ("package.json", *package.files)}
    target = VENDOR / package.folder
    target.mkdir(parents=True, exist_ok=True)
    digests: dict[str, str] = {}
    for source, name in package.files.items():
        (target / name).write_bytes(contents[source])
        digests[f"{package.folder}/{name}"] = sha256(contents[source])
    about = json.loads(contents["package.json"])
    return {"name": package.name, "version": about["version"], "licence": about["license"], "files": digests}


def _member(archive: tarfile.TarFile, source: str) -> bytes:
    member = archive.extractfile(f"package/{source}")
    if member is None:
        raise SystemExit(f"{source} is not a file in the package")
    return member.read()


def check() -> list[str]:
    """Name every vendored file that differs from the manifest."""
    entries = json.loads(MANIFEST.read_text(encoding="utf-8"))
    listed = {name: digest for entry in entries for name, digest in entry["files"].items()}
    on_disk = {
        path.relative_to(VENDOR).as_posix(): sha256(path.read_bytes())
        for path in VENDOR.rglob("*")
        if path.is_file() and path != MANIFEST
    }
    return sorted(name for name in listed.keys() | on_disk.keys() if listed.get(name) != on_disk.get(name))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="only compare files with the manifest")
    if parser.parse_args().check:
        wrong = check()
        for name in wrong:
            print(f"static/vendor/{name} differs from the manifest", file=sys.stderr)
        return 1 if wrong else 0
    entries = [fetch(package) for package in PACKAGES]
    MANIFEST.write_text(json.dumps(entries, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
