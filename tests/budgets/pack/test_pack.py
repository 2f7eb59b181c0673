"""A pack recomputes from its own CSV, holds no name, and no change to it stays unseen."""

from __future__ import annotations

import csv
import io
import random
import re
import shutil
import subprocess
from io import StringIO
from zipfile import ZipFile

import pytest
from django.core.management import call_command
from openpyxl import load_workbook
from pypdf import PdfReader

from budgets.actions.claims import ClaimData, file_claim, save_claim
from budgets.enums import RemainderRule
from budgets.models import ApportionmentRow, StreamYear
from budgets.pack.build import build
from budgets.pack.seal import FILES, MANIFEST
from budgets.pack.verify import verify
from budgets.settlement.actuals import month_actuals
from budgets.settlement.inputs import claim_inputs, share_changes
from budgets.settlement.selectors import year_table
from kyosei.bench.forgeries import files_of, forgeries, write_files
from kyosei.bench.pack_year import make_pack
from tests import factories as f
from tests.budgets.claims import YEAR, Book, lock_months, make_shares


@pytest.fixture
def locked(db, worker, center_worker, finance, time_machine):
    time_machine.move_to(f.NOW)
    streams = make_shares()
    StreamYear.objects.filter(stream=streams["poverty"]).update(
        standard_yen=500_000, remainder_rule=RemainderRule.TRUNCATE_TO_GENERAL
    )
    lock_months([worker, center_worker], finance)
    claim = save_claim(
        stream=streams["care"], fiscal_year=YEAR, version=0, actor=finance.actor, at=f.NOW,
        data=ClaimData(other_yen=12_345, income_yen=6_789, granted_yen=900_000),
    )  # fmt: skip
    shown = claim_inputs(
        finance.actor, claim, month_actuals(finance.actor, YEAR), share_changes(finance.actor, YEAR)
    )
    file_claim(claim=claim, typed=None, expected_hash=shown.digest(), actor=finance.actor, at=f.NOW)
    return streams


@pytest.fixture
def pack(locked, finance, tmp_path):
    path = tmp_path / "pack.zip"
    build(YEAR, actor=finance.actor, at=f.NOW, path=path, work_dir=tmp_path, tick=lambda *a: None)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, bytes]:
    """The files of a made-up pack, for what needs no database."""
    path = tmp_path_factory.mktemp("made") / "pack.zip"
    make_pack(path, 1_200, workers=4)
    assert verify(path).problems == []
    return files_of(path)


def texts_of(files: dict[str, bytes]) -> dict[str, str]:
    """What can be read in each file: the text of the PDFs and the cells of the workbook too."""
    found = {}
    for name, data in files.items():
        if name.endswith(".pdf"):
            found[name] = "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
        elif name.endswith(".xlsx"):
            with ZipFile(io.BytesIO(data)) as book:
                found |= {f"{name}/{part}": book.read(part).decode() for part in book.namelist()}
        else:
            found[name] = data.decode()
    return found


def test_it_agrees_to_the_yen_from_its_csv_alone(pack, django_assert_num_queries):
    with django_assert_num_queries(0):
        report = verify(pack)
    assert report.problems == []
    assert (report.months, report.claims) == (12, 5)
    assert report.rows == ApportionmentRow.objects.filter(run__is_final=True).count()
    out = StringIO()
    call_command("verify_pack", str(pack), stdout=out)
    assert "1円まで一致しました" in out.getvalue()


def test_it_holds_no_name_and_no_case_number(pack, worker, center_worker):
    files = files_of(pack)
    assert set(files) == FILES | {MANIFEST}
    for name, text in texts_of(files).items():
        for secret in (worker.staff.name, worker.staff.username, center_worker.staff.name, "K07-00001"):
            assert secret not in text, name
    first = next(csv.DictReader(io.StringIO(files["csv/entries.csv"].decode())))
    assert re.fullmatch(r"S[0-9a-f]{12}", first["staff"])
    assert re.fullmatch(r"K[0-9a-f]{12}", first["case"])


def test_two_packs_do_not_match_by_pseudonym(locked, finance, pack, tmp_path):
    other = tmp_path / "other.zip"
    build(YEAR, actor=finance.actor, at=f.NOW, path=other, work_dir=tmp_path, tick=lambda *a: None)
    staff = [
        {r["staff"] for r in csv.DictReader(io.StringIO(files_of(p)["csv/costs.csv"].decode()))}
        for p in (pack, other)
    ]
    assert len(staff[0]) == len(staff[1]) == 2
    assert not staff[0] & staff[1]


COLUMNS = "DFHJLMNOP"
NO_OFFICE = (
    "LibreOffice (soffice) is not installed, so its recomputation was not tried. It is large and therefore optional:"
    " apt-get install --no-install-recommends libreoffice-calc"
)


def figures_of(t) -> list[int]:
    """What the form shows in COLUMNS."""
    outside = [t.parts[payer] for payer in ("state", "prefecture", "premium_1", "premium_2")]
    return [t.total, t.net, t.eligible, t.selected, *outside, t.municipal]


def test_the_cells_of_the_workbook_recompute_every_yen(pack, finance):
    book = Book(files_of(pack)["settlement.xlsx"])
    stored = [r.yen for r in ApportionmentRow.objects.filter(run__is_final=True)]
    got = [v for v in book.column("按分", "N", 3) if v]
    assert sorted(got) == sorted(y for y in stored if y)
    table = year_table(finance.actor, YEAR)
    for n, line in enumerate((x for x in table.lines if x.table), start=3):
        values = [book.value("精算書", f"{letter}{n}") for letter in COLUMNS]
        assert values == figures_of(line.table), line.stream.code


def test_libreoffice_recomputes_the_same(pack, finance, tmp_path):
    """The workbook without its stored values, opened and recomputed by LibreOffice: every row and every settlement."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip(NO_OFFICE)
    source = tmp_path / "settlement.xlsx"
    book = load_workbook(io.BytesIO(files_of(pack)["settlement.xlsx"]))
    book.save(source)  # openpyxl keeps formulas and drops their values
    home = (tmp_path / "home").as_uri()
    subprocess.run(
        [office, f"-env:UserInstallation={home}", "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir",
         str(tmp_path / "out"), str(source)], check=True, timeout=300,
    )  # fmt: skip
    assert all(cell.value is None for cell in load_workbook(source, data_only=True)["精算書"]["D"][2:])
    book = load_workbook(tmp_path / "out" / "settlement.xlsx", data_only=True)
    stored = ApportionmentRow.objects.filter(run__is_final=True).values_list("yen", flat=True)
    got = [cell.value for cell in book["按分"]["N"][2:] if cell.value]
    assert sorted(got) == sorted(y for y in stored if y)
    lines = [line for line in year_table(finance.actor, YEAR).lines if line.table]
    for n, line in enumerate(lines, start=3):
        assert [book["精算書"][f"{letter}{n}"].value for letter in COLUMNS] == figures_of(line.table)
    assert len(lines) == 5


def test_each_of_200_random_changes_is_found(pack, tmp_path):
    """Bytes of the file; files missing, added, renamed or changed under a new seal; figures under a new manifest as well."""
    changed = tmp_path / "changed.zip"
    assert [what for what in forgeries(pack, changed, 200, random.Random(7)) if verify(changed).agrees] == []


@pytest.mark.parametrize("forged", [False, True])
@pytest.mark.parametrize(
    ("kind", "words"),
    [("missing", "ファイルがありません"), ("added", "ファイルが"), ("renamed", "ファイルがありません")],
)
@pytest.mark.parametrize(
    "name", ["csv/costs.csv", "csv/approvals.csv", "rules.json", "README.txt", "pdf/seisan.pdf"]
)
def test_a_pack_with_a_file_missing_added_or_renamed_is_named(made, tmp_path, kind, words, name, forged):
    """Under a fresh seal, and under a fresh manifest too: also of files that no figure depends on."""
    files, changed = dict(made), tmp_path / "changed.zip"
    other = {"missing": name, "added": f"{name}.2", "renamed": name}[kind]
    if kind == "missing":
        del files[name]
    elif kind == "added":
        files[other] = files[name]
    else:
        files[f"{name}.old"] = files.pop(name)
    write_files(changed, files, forged=forged)
    told = [
        words_ for words_ in verify(changed).problems if words in words_ and words_.endswith(f"：{other}")
    ]
    assert told
    if kind == "renamed":
        assert any(words_.endswith(f"{name}.old") for words_ in verify(changed).problems)


def test_the_command_fails_and_names_the_place(pack, tmp_path):
    files = files_of(pack)
    rows = list(csv.reader(io.StringIO(files["csv/results.csv"].decode())))
    rows[1][7] = str(int(rows[1][7]) + 1)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    broken = tmp_path / "broken.zip"
    write_files(broken, files | {"csv/results.csv": text.getvalue().encode()}, forged=True)
    out = StringIO()
    with pytest.raises(SystemExit) as stopped:
        call_command("verify_pack", str(broken), stdout=out)
    assert stopped.value.code == 1
    assert "2025-04" in out.getvalue()
    assert "一致しません" in out.getvalue()
    with pytest.raises(SystemExit):
        call_command("verify_pack", str(pack), sha256="0" * 64, stdout=StringIO())


def test_what_is_no_pack_is_said_in_words(tmp_path):
    for data in (b"", b"not a zip at all" * 20):
        path = tmp_path / "x.zip"
        path.write_bytes(data)
        assert verify(path).problems
