import io
from datetime import date

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.forms import parse_yen
from common.japan.wareki import parse_wareki
from common.tabular import BrokenTable, Column, Sheet, SheetColumn, read_csv, read_xlsx, write_csv, write_xlsx

COLUMNS = [
    Column("name", "氏名"),
    Column("on", "日付", parse_wareki),
    Column("yen", "金額", parse_yen, required=False),
]
GOOD = '氏名,日付,金額\r\n髙橋 花子,R8.11.23,"412,345"\r\n岡部,2026-11-24,\r\n'

cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12).map(str.strip)
lines = st.text(st.sampled_from("=+-@＝'\"あ,\n\r\t 1"), max_size=8).map(str.strip)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_reads_each_encoding(encoding):
    rows = read_csv(GOOD.encode(encoding), COLUMNS)
    assert [(row.line, row.values) for row in rows] == [
        (2, {"name": "髙橋 花子", "on": date(2026, 11, 23), "yen": 412_345}),
        (3, {"name": "岡部", "on": date(2026, 11, 24), "yen": None}),
    ]


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (GOOD.encode("utf-16"), "UTF-16"),
        (GOOD.encode("utf-16-le"), "UTF-16"),
        (GOOD.replace("髙", "高").encode("euc_jp"), "EUC-JP"),
        (GOOD.replace("髙", "高").encode("iso2022_jp"), "ISO-2022-JP"),
        (GOOD.encode("cp932") + b"\xfd\xfe\xff", "シフトJISでもありません"),
        (b"PK\x03\x04....", "Excelブック"),
        (b"", "空です"),
        ("名前,日付\n".encode(), "「氏名」「金額」がありません"),
        ("氏名,日付,金額,金額\n".encode(), "重なっています：金額"),
        ('氏名,日付,金額\nあ,R8.1.1,1\n"い,R8.1.1,1\n'.encode(), "3行目から先が読めません"),
    ],
)
def test_refuses_a_file_that_is_no_such_csv(data, part):
    with pytest.raises(BrokenTable, match=part):
        read_csv(data, COLUMNS)


def test_every_bad_row_is_reported_and_nothing_returned():
    text = '氏名,日付,金額\nあ,R8.2.30,1\n"い\nう",R8.1.1,1.5\n,R8.1.1,1\nえ,R8.1.1\n\nお,R8.1.1,1\nか,x,y\n'
    with pytest.raises(BrokenTable) as caught:
        read_csv(text.encode(), COLUMNS)
    assert [(e.line, e.column) for e in caught.value.errors] == [
        (2, "日付"), (3, "金額"), (5, "氏名"), (6, ""), (9, "日付"), (9, "金額"),
    ]  # fmt: skip
    assert "5行に誤り" in caught.value.message
    assert str(caught.value.errors[1]) == "3行目「金額」：円未満は入力できません。"


@given(st.lists(st.tuples(cells | lines, cells | lines), max_size=6))
def test_csv_round_trip(rows):
    columns = [Column("a", "甲", required=False), Column("b", "乙", required=False)]
    back = read_csv(write_csv([("甲", "乙"), *rows]), columns)
    kept = [row for row in rows if any(row)]
    assert [(r.values["a"] or "", r.values["b"] or "") for r in back] == kept


@given(st.text(max_size=10), st.sampled_from("=+-@\t\r＝＋－＠"))
def test_no_text_cell_begins_like_a_formula(text, mark):
    written = write_csv([(mark + text,)]).decode("utf-8-sig")
    assert written.lstrip('"')[0] == "'"


def test_numbers_are_not_guarded_and_dates_are_iso():
    assert (
        write_csv([(-5, 0, None, date(2026, 11, 23), "=A1")]).decode("utf-8-sig")
        == "-5,0,,2026-11-23,'=A1\r\n"
    )


def test_cp932_marks_what_it_lacks_and_keeps_the_rest():
    data = write_csv([("葛\U000e0100城", "𠮷田", "髙﨑", "10〜12", "①")], "cp932")
    assert data.decode("cp932") == "葛城,〓田,髙﨑,10～12,①\r\n"


def sheet(**kw):
    columns = [SheetColumn("氏名"), SheetColumn("日付", "date"), SheetColumn("金額", "yen")]
    rows = [("=1+1", date(2026, 11, 23), 412_345), ("0595", None, 0)]
    return Sheet(**{"name": "按分/11月", "columns": columns, "rows": rows, **kw})


def test_xlsx_keeps_text_as_text_and_zero_apart_from_nothing():
    book = openpyxl.load_workbook(
        io.BytesIO(write_xlsx([sheet(title="令和8年11月分", notes=["名張"], totals=("計", None, 412_345))]))
    )
    page = book["按分・11月"]
    assert [c.value for c in page[3]] == ["氏名", "日付", "金額"]
    assert page["A4"].value == "=1+1" and page["A4"].data_type == "s"
    assert (page["A5"].value, page["B5"].value, page["C5"].value) == ("0595", None, 0)
    assert page["C6"].value == 412_345
    assert page.freeze_panes == "A4"
    assert page.page_setup.orientation == "landscape" and page.page_setup.paperSize == 9
    assert "取扱注意" in page.oddHeader.right.text


def test_xlsx_round_trip():
    rows = read_xlsx(write_xlsx([sheet(rows=[("=1+1", date(2026, 11, 23), 412_345)])]), COLUMNS)
    assert [(r.line, r.values) for r in rows] == [
        (2, {"name": "=1+1", "on": date(2026, 11, 23), "yen": 412_345})
    ]


def test_xlsx_reads_dates_and_whole_numbers():
    book = openpyxl.Workbook()
    book.active.append(["氏名", "日付", "金額"])
    book.active.append(["岡部", date(2026, 11, 23), 1000.0])
    out = io.BytesIO()
    book.save(out)
    assert read_xlsx(out.getvalue(), COLUMNS)[0].values == {
        "name": "岡部",
        "on": date(2026, 11, 23),
        "yen": 1000,
    }
    with pytest.raises(BrokenTable, match="シートがありません"):
        read_xlsx(out.getvalue(), COLUMNS, sheet="なし")
    with pytest.raises(BrokenTable, match="Excelブック"):
        read_xlsx(GOOD.encode(), COLUMNS)
