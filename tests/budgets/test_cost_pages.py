"""人件費: the grid and the file. Every bad row is named, nothing comes in by halves."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook

from accounts.enums import Role
from budgets.models import CostUpload, PersonnelCost, WorkMonth
from tests import factories as f
from tests.budgets.test_apportionment_run import MONTH, work
from tests.conftest import persona

IMPORT = "/apportionment/202610/costs/import/"


@pytest.fixture(autouse=True)
def month(db, worker, time_machine):
    time_machine.move_to(f.NOW)
    f.make_streams()
    work(worker.staff, worker.agency, {"care": 60})


def upload(client, data: bytes, name: str = "jinkenhi.csv"):
    return client.post(IMPORT, {"file": SimpleUploadedFile(name, data)})


def table(*rows: str) -> str:
    return "\r\n".join(["職員番号,氏名,人件費", *rows, ""])


@pytest.mark.parametrize(
    ("given", "words"), [("412,345.5", "円未満"), ("-1", "0円以上"), ("たくさん", "金額として読めません")]
)
def test_wrong_amount_is_told_beside_its_field(worker, finance, given, words):
    answer = finance.client.post("/apportionment/202610/costs/", {f"yen_{worker.staff.pk}": given})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not PersonnelCost.objects.exists()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "cp932"])
def test_file_is_previewed_then_written(worker, finance, encoding):
    client = finance.client
    text = table(f'{worker.staff.username},{worker.staff.name},"412,345"')
    preview = upload(client, text.encode(encoding))
    assert preview.status_code == 200
    assert not PersonnelCost.objects.exists()
    answer = client.post("/apportionment/202610/costs/confirm/", {"payload": preview.context["payload"]})
    assert answer.status_code == 302
    assert PersonnelCost.objects.get(month=MONTH).yen == 412_345


def test_workbook_is_read_too(worker, finance):
    book = Workbook()
    book.active.append(["職員番号", "氏名", "人件費"])
    book.active.append([worker.staff.username, worker.staff.name, 412345])
    data = io.BytesIO()
    book.save(data)
    assert upload(finance.client, data.getvalue(), "jinkenhi.xlsx").context["total"] == 412_345


def test_every_bad_row_is_named_with_its_line(worker, colleague, finance):
    text = table(
        f"{worker.staff.username},{worker.staff.name},412345.5",
        "nobody,,100",
        f"{colleague.staff.username},別の名前,100",
        f"{worker.staff.username},,-5",
    )
    answer = upload(finance.client, text.encode())
    page = answer.content.decode()
    assert answer.status_code == 422
    for words in (
        "2行目「人件費」：円未満",
        "3行目「職員番号」",
        "4行目「氏名」",
        "5行目「職員番号」：2行目と同じ",
        "5行目「人件費」",
    ):
        assert words in page
    assert not PersonnelCost.objects.exists()


def test_faults_of_several_kinds_are_told_at_once(worker, colleague, finance):
    text = table(
        "nobody,,100",
        f"{worker.staff.username},412345",
        f"{colleague.staff.username},,-5",
        f"{worker.staff.username},,1,2,3",
        f'{worker.staff.username},"西,100',
    )
    page = upload(finance.client, text.encode()).content.decode()
    for words in (
        "2行目「職員番号」", "3行目：項目の数が2個", "4行目「人件費」：0円以上", "5行目：項目の数が5個",
        "6行目：この行から先が読めません",
    ):  # fmt: skip
        assert words in page


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (table("a,b,1").encode("utf-16"), "UTF-16"),
        (b"", ""),
    ],
)
def test_file_that_cannot_be_read_says_why(finance, data, words):
    answer = upload(finance.client, data)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_change_between_preview_and_confirmation_writes_nothing(worker, finance):
    client = finance.client
    payload = upload(client, table(f"{worker.staff.username},,412345").encode()).context["payload"]
    client.post("/apportionment/202610/costs/", {f"yen_{worker.staff.pk}": "400,000"})
    client.post("/apportionment/202610/costs/confirm/", {"payload": payload})
    client.post("/apportionment/202610/costs/confirm/", {"payload": payload + "x"})
    assert PersonnelCost.objects.get().yen == 400_000


def test_locked_month_takes_no_cost(worker, finance):
    WorkMonth.objects.create(month=MONTH, state="locked", locked_at=f.NOW, locked_by=finance.staff)
    answer = finance.client.post("/apportionment/202610/costs/", {f"yen_{worker.staff.pk}": "1"})
    assert answer.status_code == 422
    assert "締められている" in answer.content.decode()


# ── 費目 and files with other headings ──────────────────────────────────────────────────────────────────────


OTHER = "職員コード,名前,給料月額,扶養手当,期末手当,共済組合負担金,所属,総額"


def test_items_are_typed_and_make_the_sum(worker, finance):
    client, url = finance.client, "/apportionment/202610/costs/?by=items"
    pk = worker.staff.pk
    sent = {f"salary_{pk}": "280,000", f"allowance_{pk}": "52,345", f"insurance_{pk}": "80,000"}
    assert client.post(url, sent | {f"wage_{pk}": "1.5"}).status_code == 422
    assert client.post(url, sent).status_code == 302
    row = PersonnelCost.objects.get()
    assert (row.yen, row.items) == (412_345, {"salary": 280_000, "allowance": 52_345, "insurance": 80_000})
    assert "280,000" in client.get(url).content.decode()
    client.post("/apportionment/202610/costs/", {f"yen_{pk}": "412,345"})  # the same sum: the items stay
    assert PersonnelCost.objects.get().items
    client.post("/apportionment/202610/costs/", {f"yen_{pk}": "400,000"})
    assert (PersonnelCost.objects.get().yen, PersonnelCost.objects.get().items) == (400_000, {})


def test_columns_are_asked_once_and_remembered(worker, colleague, finance, second_clerk):
    client = finance.client
    line = f"{worker.staff.username},{worker.staff.name},280000,12345,40000,80000,保健室,412345"
    data = "\r\n".join([OTHER, line, ""]).encode("cp932")
    answer = upload(client, data)
    assert answer.status_code == 302
    page = client.get(answer.url)
    form = page.context["form"]
    guess = {h: form.initial[f"column_{n}"] for n, h in enumerate(form.headings)}
    assert guess == {
        "職員コード": "username", "名前": "name", "給料月額": "salary", "扶養手当": "allowance", "期末手当": "allowance",
        "共済組合負担金": "insurance", "所属": "", "総額": "yen",
    }  # fmt: skip
    assert second_clerk.client.get(answer.url).status_code == 404
    sent = {f"column_{n}": guess[h] for n, h in enumerate(form.headings)}
    for change in ({"column_0": ""}, {"column_1": "username"}, {"column_7": "yen", "column_1": "yen"}):
        assert client.post(answer.url, sent | change).status_code == 422
    preview = client.post(answer.url, sent)
    assert preview.status_code == 200
    assert not CostUpload.objects.exists()
    client.post("/apportionment/202610/costs/confirm/", {"payload": preview.context["payload"]})
    row = PersonnelCost.objects.get()
    assert (row.yen, row.items) == (412_345, {"salary": 280_000, "allowance": 52_345, "insurance": 80_000})
    again = upload(second_clerk.client, data)  # another clerk, the same headings: nothing is asked
    assert (again.status_code, again.context["total"]) == (200, 412_345)


def test_a_sum_that_is_not_the_items_sum_is_named(worker, colleague, finance):
    head = "職員番号,給料,手当,人件費"
    rows = [f"{worker.staff.username},1000,200,1300", f"{colleague.staff.username},,,", "x,1,1,2"]
    page = upload(finance.client, "\r\n".join([head, *rows, ""]).encode()).content.decode()
    for words in (
        "2行目「人件費」：費目の合計 1,200円と違います",
        "3行目「人件費」：金額がありません",
        "4行目「職員番号」",
    ):
        assert words in page
    assert not PersonnelCost.objects.exists()


@pytest.fixture
def second_clerk(finance):
    return persona(finance.agency, Role.FINANCE_CLERK, name="堀 美里")
