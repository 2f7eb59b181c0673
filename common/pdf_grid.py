"""Many pages of one plain form as PDF, written page by page: for thousands of sheets, where laying out HTML is too slow.

Memory does not grow with the pages (eight bytes each), time is linear. The font is the system's Japanese one, cut down
once to the characters of the document and embedded. Text is placed, lines are drawn; nothing is laid out.
"""

from __future__ import annotations

import io
import subprocess
import zlib
from array import array
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

from fontTools import subset
from fontTools.ttLib import TTFont

from common.pdf import PdfUnavailable

A4: Final = (595.28, 841.89)  # points
FAMILIES: Final = "BIZ UDGothic,Noto Sans CJK JP:lang=ja"


@cache
def font_file() -> tuple[str, int]:
    """The file and the number in it of the font that fontconfig names for Japanese."""
    command = ["fc-match", "-f", "%{file}|%{index}", FAMILIES]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout  # noqa: S603
        path, index = found.rsplit("|", 1)
        return path, int(index)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise PdfUnavailable(
            "PDFに使う日本語の書体がこのサーバーにありません。管理者に連絡してください。"
        ) from error


class Face:
    """The font cut down to ``text``: codes and widths of its characters, and the file to embed."""

    def __init__(self, text: Iterable[str]) -> None:
        path, index = font_file()
        font = TTFont(path, fontNumber=index, lazy=True)
        options = subset.Options(
            layout_features=[], name_IDs=[], hinting=False, notdef_outline=True, drop_tables=["GSUB", "GPOS"]
        )
        cutter = subset.Subsetter(options)
        cutter.populate(text="".join(sorted(set(text) | set(" 　…〓0123456789"))))
        cutter.subset(font)
        out = io.BytesIO()
        font.save(out)
        self.is_cff = "CFF " in font
        whole = TTFont(io.BytesIO(out.getvalue()))
        # of an OpenType font with CFF outlines only these: readers agree on them, and not on the wrapper
        self.data = bytes(whole.reader["CFF "]) if self.is_cff else out.getvalue()
        self._read(whole)

    def _read(self, font: TTFont) -> None:
        units, metrics, best = font["head"].unitsPerEm, font["hmtx"], font.getBestCmap()
        is_keyed = self.is_cff and hasattr(font["CFF "].cff.topDictIndex[0], "ROS")
        self.code: dict[str, int] = {}
        self.width: dict[str, float] = {}
        for point, name in best.items():
            code = int(name[3:]) if is_keyed and name.startswith("cid") else font.getGlyphID(name)
            self.code[chr(point)] = code
            self.width[chr(point)] = metrics[name][0] * 1000 / units
        self.ascent = round(font["hhea"].ascent * 1000 / units)
        self.descent = round(font["hhea"].descent * 1000 / units)

    def hex(self, text: str) -> str:
        """The text as codes; a character that the font lacks is 〓, as on every other form."""
        return "".join(f"{self.code.get(c, self.code.get('〓', 0)):04X}" for c in text)

    def length(self, text: str, size: float) -> float:
        return sum(self.width.get(c, 1000.0) for c in text) * size / 1000


class Page:
    """What is drawn on a page; origin at the top left, in points."""

    def __init__(self, face: Face) -> None:
        self.face, self.parts = face, ["0.5 w"]

    def text(self, x: float, y: float, text: str, size: float = 9, *, right: bool = False) -> None:
        """One line; ``right``: it ends at ``x``."""
        if not text:
            return
        at = x - self.face.length(text, size) if right else x
        self.parts.append(f"BT /F {size:g} Tf {at:.2f} {A4[1] - y:.2f} Td <{self.face.hex(text)}> Tj ET")

    def fitted(self, x: float, y: float, text: str, width: float, size: float = 9) -> None:
        """One line, cut with … where it is too long; never between a character and its selector."""
        if self.face.length(text, size) > width:
            while text and self.face.length(text + "…", size) > width:
                text = text[:-1]
            text += "…"
        self.text(x, y, text, size)

    def line(self, x1: float, y1: float, x2: float, y2: float) -> None:
        self.parts.append(f"{x1:.2f} {A4[1] - y1:.2f} m {x2:.2f} {A4[1] - y2:.2f} l S")

    def box(self, x: float, y: float, width: float, height: float) -> None:
        self.parts.append(f"{x:.2f} {A4[1] - y - height:.2f} {width:.2f} {height:.2f} re S")


class GridPdf:
    """A PDF file that grows by a page at a time."""

    def __init__(self, path: Path, face: Face, title: str) -> None:
        self.file: IO[bytes] = path.open("wb")
        self.face, self.title = face, title
        self.offsets = array("Q")
        self.pages = array("I")
        self.at = 0
        self._write(b"%PDF-1.6\n%\xe2\xe3\xcf\xd3\n")
        self.catalog, self.tree, self.font, self.info = (self._reserve() for _ in range(4))

    def __enter__(self) -> GridPdf:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._end()
        finally:
            self.file.close()

    def add(self, page: Page) -> None:
        body = zlib.compress("\n".join(page.parts).encode("ascii"), 6)
        content = self._object(
            f"<</Length {len(body)}/Filter/FlateDecode>>stream\n".encode() + body + b"\nendstream"
        )
        number = self._object(
            f"<</Type/Page/Parent {self.tree} 0 R/MediaBox[0 0 {A4[0]} {A4[1]}]"
            f"/Resources<</Font<</F {self.font} 0 R>>>>/Contents {content} 0 R>>".encode()
        )
        self.pages.append(number)

    def _write(self, data: bytes) -> None:
        self.file.write(data)
        self.at += len(data)

    def _reserve(self) -> int:
        self.offsets.append(0)
        return len(self.offsets)

    def _object(self, body: bytes, number: int | None = None) -> int:
        number = number or self._reserve()
        self.offsets[number - 1] = self.at
        self._write(f"{number} 0 obj\n".encode() + body + b"\nendobj\n")
        return number

    def _end(self) -> None:
        self._fonts()
        self._object(f"<</Type/Catalog/Pages {self.tree} 0 R/Lang(ja)>>".encode(), self.catalog)
        title = ("\ufeff" + self.title).encode("utf-16-be").hex()
        self._object(f"<</Title<{title}>>>".encode(), self.info)
        kids = " ".join(f"{n} 0 R" for n in self.pages)
        self._object(f"<</Type/Pages/Count {len(self.pages)}/Kids[{kids}]>>".encode(), self.tree)
        start = self.at
        self._write(f"xref\n0 {len(self.offsets) + 1}\n0000000000 65535 f \n".encode())
        for offset in self.offsets:
            self._write(f"{offset:010d} 00000 n \n".encode())
        self._write(
            f"trailer<</Size {len(self.offsets) + 1}/Root {self.catalog} 0 R/Info {self.info} 0 R>>\n"
            f"startxref\n{start}\n%%EOF\n".encode()
        )

    def _stream(self, data: bytes, more: str = "") -> int:
        body = zlib.compress(data, 6)
        head = f"<</Length {len(body)}/Filter/FlateDecode{more}>>stream\n".encode()
        return self._object(head + body + b"\nendstream")

    def _fonts(self) -> None:
        face = self.face
        file = self._stream(
            face.data, "/Subtype/CIDFontType0C" if face.is_cff else f"/Length1 {len(face.data)}"
        )
        key = "FontFile3" if face.is_cff else "FontFile2"
        descriptor = self._object(
            f"<</Type/FontDescriptor/FontName/KYOSEI+Sheet/Flags 4/FontBBox[-200 {face.descent} 1200 {face.ascent}]/ItalicAngle 0"
            f"/Ascent {face.ascent}/Descent {face.descent}/CapHeight {face.ascent}/StemV 80/{key} {file} 0 R>>".encode()
        )
        widths = " ".join(f"{face.code[c]}[{face.width[c]:.0f}]" for c in sorted(face.code))
        kind = "CIDFontType0" if face.is_cff else "CIDFontType2"
        extra = "" if face.is_cff else "/CIDToGIDMap/Identity"
        child = self._object(
            f"<</Type/Font/Subtype/{kind}/BaseFont/KYOSEI+Sheet/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
            f"/Supplement 0>>/FontDescriptor {descriptor} 0 R/DW 1000/W[{widths}]{extra}>>".encode()
        )
        cmap = self._stream(self._to_unicode())
        self._object(
            f"<</Type/Font/Subtype/Type0/BaseFont/KYOSEI+Sheet/Encoding/Identity-H/DescendantFonts[{child} 0 R]"
            f"/ToUnicode {cmap} 0 R>>".encode(),
            self.font,
        )

    def _to_unicode(self) -> bytes:
        pairs = sorted((code, char) for char, code in self.face.code.items())
        blocks = []
        for n in range(0, len(pairs), 100):
            part = pairs[n : n + 100]
            lines = "\n".join(
                f"<{code:04X}> <{char.encode('utf-16-be').hex().upper()}>" for code, char in part
            )
            blocks.append(f"{len(part)} beginbfchar\n{lines}\nendbfchar")
        head = (
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapName /Adobe-Identity-UCS def\n"
            "/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        )
        tail = "\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"
        return (head + "\n".join(blocks) + tail).encode("ascii")


def page_of(pdf: GridPdf) -> Page:
    """An empty page."""
    return Page(pdf.face)


def characters(*texts: Any) -> set[str]:
    """The characters of many texts, for ``Face``."""
    return {c for text in texts for c in str(text)}
