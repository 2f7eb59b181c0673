"""住民異動のCSV: reading the file that the register's office hands over each month. No database here.

The layout is kyosei's own (docs/register-import.md); every register system can write it, none writes it by itself.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

from common.errors import RuleViolation
from common.japan.fiscal import month_last
from common.japan.names import fold
from common.japan.wareki import format_wareki, parse_wareki
from common.tabular import BrokenTable, Column, RowError, read_csv
from households.enums import MovementKind as K

KINDS: Final = {
    "出生": K.BIRTH, "死亡": K.DEATH, "転入": K.MOVE_IN, "転出": K.MOVE_OUT, "転居": K.MOVE, "世帯分離": K.SPLIT,
    "世帯合併": K.JOIN, "氏名変更": K.CORRECTION,
}  # fmt: skip
MAX_BYTES: Final = 20 * 1024 * 1024


def _kind(text: str) -> str:
    if text not in KINDS:
        raise ValueError(f"「{text[:20]}」という異動事由はありません（{'・'.join(KINDS)}）。")
    return KINDS[text].value


def _name(text: str) -> str:
    if len(text) > 120:
        raise ValueError("氏名が長すぎます（120文字まで）。")
    return " ".join(text.split())


COLUMNS: Final = (
    Column("number", "異動番号", required=False, optional=True),
    Column("filed_on", "届出日", parse_wareki),
    Column("kind", "異動事由", _kind),
    Column("on", "異動日", parse_wareki),
    Column("register_no", "宛名番号", required=False, optional=True),
    Column("name", "氏名", _name),
    Column("kana", "カナ氏名", _name, required=False, optional=True),
    Column("birth_on", "生年月日", parse_wareki, required=False),
    Column("postal_code", "郵便番号", required=False, optional=True),
    Column("address", "新住所", required=False, optional=True),
    Column("head_no", "世帯主の宛名番号", required=False, optional=True),
    Column("head_name", "世帯主の氏名", _name, required=False, optional=True),
    Column("head_birth_on", "世帯主の生年月日", parse_wareki, required=False, optional=True),
    Column("new_name", "変更後の氏名", _name, required=False, optional=True),
    Column("new_kana", "変更後のカナ氏名", _name, required=False, optional=True),
)


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One row of the file; days as they were read."""

    line: int
    kind: str
    on: date
    name: str
    number: str = ""
    register_no: str = ""
    kana: str = ""
    birth_on: date | None = None
    postal_code: str = ""
    address: str = ""
    head_no: str = ""
    head_name: str = ""
    head_birth_on: date | None = None
    new_name: str = ""
    new_kana: str = ""

    def packed(self) -> dict[str, Any]:
        return {k: v.isoformat() if isinstance(v, date) else v for k, v in asdict(self).items() if v}

    @classmethod
    def unpacked(cls, said: dict[str, Any]) -> RegisterRow:
        days = {k: date.fromisoformat(said[k]) for k in ("on", "birth_on", "head_birth_on") if said.get(k)}
        return cls(**{**said, **days})


def name_key(name: str) -> str:
    """A name as people are compared by it: folded (髙＝高), without the space that offices set differently."""
    return fold(name).replace(" ", "").replace("　", "")


def read_register_file(data: bytes, month: date) -> tuple[list[RegisterRow], list[RowError]]:
    """The rows that can be read, and what is wrong with the others. ``month``: its first day.

    Raises BrokenTable for a file that is none, and for one of another month: the day of filing of every row lies in
    the month that was chosen, so that last month's file, or half of two, is not taken by mistake.
    """
    if len(data) > MAX_BYTES:
        raise BrokenTable("ファイルが大きすぎます（20MBまで）。月ごとに分けてください。")
    errors: list[RowError] = []
    try:
        rows = read_csv(data, COLUMNS)
    except BrokenTable as broken:
        if not broken.errors or not broken.rows:
            raise
        rows, errors = broken.rows, broken.errors
    last = month_last(month)
    other = sorted({row.values["filed_on"] for row in rows if not month <= row.values["filed_on"] <= last})
    if other:
        said = f"{format_wareki(other[0])}の届出（{len(other)}日分）"
        raise BrokenTable(
            f"{format_wareki(month, weekday=False)[:-2]}の異動ではない行があります：{said}。月かファイルを確かめてください。",
            field="month",
        )
    found = []
    for row in rows:
        values = {k: v for k, v in row.values.items() if k != "filed_on" and v is not None}
        try:
            _check(values, row.values["filed_on"])
        except RuleViolation as violation:
            errors.append(RowError(row.line, violation.field or "", violation.message))
            continue
        found.append(RegisterRow(line=row.line, **values))
    return found, sorted(errors, key=lambda error: error.line)


def _check(values: dict[str, Any], filed_on: date) -> None:
    kind = values["kind"]
    if values["on"] > filed_on:
        raise RuleViolation("異動日が届出日より後です。", field="異動日")
    born = values.get("birth_on")
    if born and born > values["on"]:
        raise RuleViolation("生年月日が異動日より後です。", field="生年月日")
    if born is None and not values.get("register_no"):
        raise RuleViolation("宛名番号か生年月日が要ります。", field="生年月日")
    if kind in (K.MOVE, K.MOVE_IN) and not values.get("address"):
        raise RuleViolation("新住所がありません。", field="新住所")
    if kind in (K.BIRTH, K.JOIN) and not (
        values.get("head_no") or (values.get("head_name") and values.get("head_birth_on"))
    ):
        raise RuleViolation("世帯主の宛名番号か、氏名と生年月日が要ります。", field="世帯主の氏名")
    if kind == K.CORRECTION and not values.get("new_name"):
        raise RuleViolation("変更後の氏名がありません。", field="変更後の氏名")
