"""住民異動の取り込み: what a month's file changes, and what it never does."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Appointment
from common.tabular import BrokenTable, write_csv
from households.actions.lives import record_death
from households.actions.movements import Moved, withdraw_movement
from households.actions.persons import PersonData, update_household, update_person
from households.actions.protection import protect_address
from households.actions.register_import import BROKEN, CHOOSE, NEW, STANDS, Plan, plan_import, take_in
from households.contact import shield_for
from households.models import FormerAddress, FormerName, Household, HouseholdMember, HouseholdMovement, Person
from households.register_file import read_register_file
from tests import factories as f

pytestmark = pytest.mark.django_db
OCTOBER = date(2026, 10, 1)
HEAD = (
    "異動番号", "届出日", "異動事由", "異動日", "宛名番号", "氏名", "カナ氏名", "生年月日", "郵便番号", "新住所",
    "世帯主の宛名番号", "世帯主の氏名", "世帯主の生年月日", "変更後の氏名", "変更後のカナ氏名",
)  # fmt: skip
NEW_HOME = "美旗野市青峰2丁目8番地"


def row(
    kind,
    name,
    born,
    *,
    on="R8.10.10",
    filed="R8.10.14",
    no="",
    register_no="",
    kana="",
    address="",
    head=("", ""),
    new="",
):
    return (no, filed, kind, on, register_no, name, kana, born, "", address, "", *head, new, "")


def csv_of(*rows, encoding="utf-8-sig") -> bytes:
    return write_csv([HEAD, *rows], encoding)


def read(*rows, month=OCTOBER):
    found, errors = read_register_file(csv_of(*rows), month)
    assert errors == []
    return found


def plan(rows, who, **kw):
    return plan_import(rows=rows, actor=who.actor, shield=shield_for(who.actor), at=f.NOW, **kw)


def take(rows, who, **kw):
    return take_in(rows=rows, actor=who.actor, shield=shield_for(who.actor), at=f.NOW, **kw)


def live(worker, family, given, born, **kw) -> Person:
    person = f.make_person(family, given, birth_on=born, **kw)
    home = f.make_household(f"{family} 世帯", person=person, agency=worker.agency, actor=worker.actor)
    Household.objects.filter(pk=home.pk).update(address="美旗野市梅ヶ原1丁目3番地")
    return person


@pytest.fixture
def mother(worker) -> Person:
    return live(worker, "髙﨑", "芳江", date(1946, 3, 1))


def home_of(person: Person) -> Household:
    return Household.objects.filter(members__person=person).order_by("-pk").first()


def join_in(worker, person: Person, home: Household, relation="child") -> None:
    HouseholdMember.objects.filter(person=person).delete()
    HouseholdMember.objects.create(
        household=home, person=person, relation=relation, lives_together=True, during=(None, None)
    )


def test_each_kind_becomes_the_movement_that_a_hand_would_write(worker, mother):
    son = f.make_person("髙﨑", "修", birth_on=date(1976, 5, 1))
    join_in(worker, son, home_of(mother))
    wife = live(worker, "相沢", "遥", date(1990, 2, 2))
    gone = live(worker, "三上", "勇", date(1960, 1, 5))
    rows = read(
        row("転居", "高崎 芳江", "S21.3.1", address=NEW_HOME), row("転居", "高崎 修", "S51.5.1", address=NEW_HOME),
        row("氏名変更", "相沢 遥", "H2.2.2", new="澤井 遥"),
        row("出生", "相沢 湊", "R8.10.3", on="R8.10.3", head=("相沢 遥", "H2.2.2")),
        row("死亡", "三上 勇", "S35.1.5"),
        row("転出", "誰も知らぬ 人", "S40.1.1", address="よその県"),
    )  # fmt: skip
    seen = plan(rows, worker)
    assert [(step.state, len(step.people)) for step in seen.steps] == [(NEW, 2), (NEW, 1), (NEW, 0), (NEW, 1)]
    assert seen.others == 1
    assert not HouseholdMovement.objects.exists()  # a preview writes nothing
    take(rows, worker)
    home = home_of(mother)
    assert home.address == NEW_HOME
    assert FormerAddress.objects.get().address == "美旗野市梅ヶ原1丁目3番地"
    wife.refresh_from_db()
    gone.refresh_from_db()
    assert (wife.family_name, FormerName.objects.get().family_name) == ("澤井", "相沢")
    assert gone.died_on == date(2026, 10, 10)
    assert Person.objects.get(given_name="湊").memberships.get().household == home_of(wife)
    assert not Person.objects.filter(family_name="誰も知らぬ").exists()
    assert set(HouseholdMovement.objects.values_list("source", flat=True)) == {"register"}


def test_the_same_file_again_changes_nothing(worker, mother):
    rows = read(
        row("転居", "髙﨑芳江", "S21.3.1", address=NEW_HOME, no="A-1"),
        row("死亡", "髙﨑 芳江", "S21.3.1", on="R8.10.12"),
    )
    take(rows, worker)
    before = list(HouseholdMovement.objects.values_list("pk", flat=True))
    assert {step.state for step in plan(rows, worker).steps} == {STANDS}
    take(rows, worker)
    assert list(HouseholdMovement.objects.values_list("pk", flat=True)) == before
    assert FormerAddress.objects.count() == 1


KINDS = {
    "birth": lambda: row("出生", "髙﨑 望", "R8.10.3", on="R8.10.3", head=("髙﨑 芳江", "S21.3.1")),
    "death": lambda: row("死亡", "髙﨑 修", "S51.5.1"),
    "move_in": lambda: row("転入", "髙﨑 修", "S51.5.1", address=NEW_HOME),
    "move_out": lambda: row("転出", "髙﨑 修", "S51.5.1", address="よその県"),
    "move": lambda: row("転居", "髙﨑 修", "S51.5.1", address=NEW_HOME),
    "split": lambda: row("世帯分離", "髙﨑 修", "S51.5.1"),
    "join": lambda: row("世帯合併", "髙﨑 修", "S51.5.1", head=("相沢 遥", "H2.2.2")),
    "rename": lambda: row("氏名変更", "髙﨑 修", "S51.5.1", register_no="0007", new="三上 修"),
}


@pytest.fixture
def son(worker, mother) -> Person:
    """Lives with his mother; 相沢 遥 has a household of her own."""
    son = f.make_person("髙﨑", "修", birth_on=date(1976, 5, 1), register_no="0007")
    join_in(worker, son, home_of(mother))
    live(worker, "相沢", "遥", date(1990, 2, 2))
    return son


def state() -> list[list[str]]:
    models = (Person, Household, HouseholdMember, HouseholdMovement, FormerAddress, FormerName)
    return [sorted(str(r) for r in model.objects.values()) for model in models]


@pytest.mark.parametrize("kind", KINDS)
def test_re_import_of_every_kind_changes_nothing(worker, son, kind):
    rows = read(KINDS[kind]())
    assert [step.state for step in take(rows, worker).steps] == [NEW]
    before = state()
    assert [(step.state, step.said) for step in plan(rows, worker).steps] == [(STANDS, "")]
    take(rows, worker)
    assert state() == before


def correct(worker, son, kind) -> None:
    """What a worker puts right after the import: a name, an address, a day; else they take the movement back."""
    if kind in ("birth", "rename"):
        person = Person.objects.get(given_name="望") if kind == "birth" else Person.objects.get(pk=son.pk)
        data = PersonData("見上", "のぞみ" if kind == "birth" else "修", birth_on=person.birth_on)
        update_person(person=person, data=data, version=person.version, actor=worker.actor, at=f.NOW)
    elif kind in ("move", "move_in"):
        home = home_of(son)
        update_household(
            household=home, name=home.name, area=None, postal_code="", address=f"{NEW_HOME} コーポ青峰203", phone="",
            version=home.version, actor=worker.actor, at=f.NOW,
        )  # fmt: skip
    else:
        movement = HouseholdMovement.objects.get()
        withdraw_movement(movement=movement, reason="別の人でした", actor=worker.actor, at=f.NOW)
    if kind == "death":
        moved = Moved(date(2026, 10, 11), (son.pk,))
        record_death(household=home_of(son), moved=moved, actor=worker.actor, at=f.NOW)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_worker_corrected_after_the_import_stays(worker, son, kind):
    rows = read(KINDS[kind]())
    take(rows, worker)
    correct(worker, son, kind)
    before = state()
    assert [step.state for step in plan(rows, worker).steps] == [STANDS]
    take(rows, worker)
    assert state() == before


def test_what_a_hand_took_back_the_register_may_still_say(worker, son):
    """Only a movement that came from the register stays taken back."""
    moved = Moved(date(2026, 10, 10), (son.pk,))
    by_hand = record_death(household=home_of(son), moved=moved, actor=worker.actor, at=f.NOW)
    withdraw_movement(movement=by_hand, reason="まだわからない", actor=worker.actor, at=f.NOW)
    assert [step.state for step in take(read(KINDS["death"]()), worker).steps] == [NEW]


def test_a_child_is_not_born_again_when_the_mother_has_moved_since(worker, son, mother):
    rows = read(KINDS["birth"]())
    take(rows, worker)
    HouseholdMember.objects.filter(person=mother).update(during=(None, date(2026, 10, 1)))
    live(worker, "別", "人", date(1950, 1, 1))
    HouseholdMember.objects.create(
        household=f.make_household("新 世帯", agency=worker.agency, actor=worker.actor), person=mother,
        relation="self", lives_together=True, during=(date(2026, 10, 1), None),
    )  # fmt: skip
    assert [step.state for step in plan(rows, worker).steps] == [STANDS]


def test_who_moves_alone_is_a_household_of_their_own_and_it_can_be_taken_back(worker, mother):
    son = f.make_person("髙﨑", "修", birth_on=date(1976, 5, 1))
    old = home_of(mother)
    join_in(worker, son, old)
    take(read(row("転居", "髙﨑 修", "S51.5.1", address=NEW_HOME)), worker)
    assert home_of(son) != old
    assert home_of(son).address == NEW_HOME
    movement = HouseholdMovement.objects.get()
    withdraw_movement(movement=movement, reason="別の人でした", actor=worker.actor, at=f.NOW)
    assert HouseholdMember.objects.get(person=son).household == old


def test_who_moves_in_alone_leaves_the_others_where_they_live(worker, mother):
    son = f.make_person("髙﨑", "修", birth_on=date(1976, 5, 1))
    old = home_of(mother)
    join_in(worker, son, old)
    take(read(row("転入", "髙﨑 修", "S51.5.1", address=NEW_HOME)), worker)
    assert (home_of(son).address, home_of(mother).address) == (NEW_HOME, "美旗野市梅ヶ原1丁目3番地")
    assert home_of(mother) == old
    assert not FormerAddress.objects.exists()


def test_what_a_rule_forbids_is_named_and_the_rest_goes_in(worker, mother):
    other = live(worker, "三上", "勇", date(1960, 1, 5))
    Person.objects.filter(pk=mother.pk).update(died_on=date(2026, 9, 1))
    rows = read(
        row("転居", "髙﨑 芳江", "S21.3.1", address=NEW_HOME), row("死亡", "髙﨑 芳江", "S21.3.1"),
        row("出生", "髙﨑 望", "R8.10.3", on="R8.10.3", head=("三上 勇", "S35.1.5")),
    )  # fmt: skip
    seen = plan(rows, worker)
    assert [step.state for step in seen.steps] == [BROKEN, BROKEN, NEW]
    assert "死亡日より後の異動です" in seen.steps[0].said
    take(rows, worker)
    assert HouseholdMovement.objects.get().household == home_of(other)


def test_two_of_one_name_and_birthday_are_left_to_a_person(worker, mother):
    twin = live(worker, "高崎", "芳江", date(1946, 3, 1))
    rows = read(row("死亡", "髙﨑 芳江", "S21.3.1"))
    (step,) = plan(rows, worker).steps
    assert (step.state, {p.pk for p in step.candidates}) == (CHOOSE, {mother.pk, twin.pk})
    take(rows, worker)
    assert not HouseholdMovement.objects.exists()
    stranger = f.make_person("別", "人", birth_on=date(1946, 3, 1))
    take(rows, worker, picks={rows[0].line: stranger.pk})  # a forged choice is none
    assert not HouseholdMovement.objects.exists()
    take(rows, worker, picks={rows[0].line: twin.pk})
    twin.refresh_from_db()
    assert twin.died_on == date(2026, 10, 10)


def test_the_number_is_learnt_and_finds_who_was_renamed(worker, mother):
    take(read(row("転居", "髙﨑 芳江", "S21.3.1", address=NEW_HOME, register_no="0001")), worker)
    mother.refresh_from_db()
    assert mother.register_no == "0001"
    rows = read(row("死亡", "まったく 別名", "S21.3.1", register_no="0001"))
    assert [p.pk for p in plan(rows, worker).steps[0].people] == [mother.pk]


def test_only_ones_own_households_and_never_a_hidden_one(worker, stranger, center_worker, mother):
    one = row("転居", "髙﨑 芳江", "S21.3.1", address=NEW_HOME)
    rows = read(one)
    assert plan(rows, stranger).steps == []
    case = f.make_case(worker.actor, household=home_of(mother))
    case.person = mother
    case.save()
    f.share_by_consent(case, worker.actor, center_worker.actor)
    assert len(plan(rows, center_worker).steps) == 1
    protect_address(
        person=mother, units=[], first_on=f.TODAY, last_on=date(2027, 11, 22), actor=worker.actor, at=f.NOW
    )
    assert len(plan(rows, worker).steps) == 1
    assert plan(rows, center_worker) == Plan([], 1)  # as somebody unknown: not even that there was a row
    page = upload(center_worker, csv_of(one)).content.decode()
    assert NEW_HOME not in page
    assert "芳江" not in page
    take(rows, center_worker)
    assert not HouseholdMovement.objects.exists()


# ── The file ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_of_another_month_is_refused_whole():
    with pytest.raises(BrokenTable) as error:
        read_register_file(
            csv_of(row("死亡", "山田 花子", "S21.3.1"), row("死亡", "山田 次郎", "S21.3.1", filed="R8.11.2")),
            OCTOBER,
        )
    assert error.value.field == "month"
    assert "令和8年11月2日" in error.value.message


@pytest.mark.parametrize(
    ("bad", "column"),
    [
        (row("引っ越し", "山田 花子", "S21.3.1"), "異動事由"), (row("死亡", "山田 花子", "S21.13.1"), "生年月日"),
        (row("死亡", "", "S21.3.1"), "氏名"), (row("死亡", "山田 花子", ""), "生年月日"),
        (row("転居", "山田 花子", "S21.3.1"), "新住所"), (row("死亡", "山田 花子", "S21.3.1", on="R8.10.20"), "異動日"),
        (row("出生", "山田 花子", "R8.10.20", on="R8.10.10", head=("山田 太郎", "S60.1.1")), "生年月日"),
        (row("出生", "山田 花子", "R8.10.10"), "世帯主の氏名"), (row("氏名変更", "山田 花子", "S21.3.1"), "変更後の氏名"),
        (row("死亡", "山" * 121, "S21.3.1"), "氏名"),
    ],
)  # fmt: skip
def test_a_bad_row_is_named_with_its_line_and_column_and_the_others_are_read(bad, column):
    rows, errors = read_register_file(csv_of(bad, row("死亡", "岡部 正", "S30.1.1")), OCTOBER)
    assert [r.name for r in rows] == ["岡部 正"]
    assert [(e.line, e.column) for e in errors] == [(2, column)]


@pytest.mark.parametrize(
    "data", [b"", "氏名,生年月日\r\n山田,S21.3.1\r\n".encode(), b"\x00\x01", b"PK\x03\x04rest"]
)
def test_what_is_no_such_file_is_said(data):
    with pytest.raises(BrokenTable):
        read_register_file(data, OCTOBER)


def test_cp932_ivs_and_emoji(worker, mother):
    rows, errors = read_register_file(csv_of(row("死亡", "髙﨑 芳江", "S21.3.1"), encoding="cp932"), OCTOBER)
    assert not errors
    assert plan(rows, worker).steps[0].people == [mother]
    odd = live(worker, "葛\U000e0100城", "🍀", date(1980, 1, 1))
    rows = read(row("死亡", "葛城 🍀", "S55.1.1"))
    assert plan(rows, worker).steps[0].people == [odd]


# ── The pages ───────────────────────────────────────────────────────────────────────────────────────────────


def upload(who, data: bytes, month="R8.10"):
    return who.client.post(
        "/households/register/", {"month": month, "file": SimpleUploadedFile("idou.csv", data)}
    )


def payload(answer) -> str:
    return re.search(r'name="payload" value="([^"]+)"', answer.content.decode())[1]


def test_from_the_file_to_the_household(worker, mother):
    answer = upload(
        worker,
        csv_of(
            row("転居", "髙﨑 芳江", "S21.3.1", address=NEW_HOME),
            row("転居", "知らぬ 人", "S2.1.1", address="遠く"),
        ),
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert NEW_HOME in page
    assert "知らぬ" not in page
    assert "2行＝取り込む1・対象外1。" in page
    sent = payload(answer)
    first = worker.client.post("/households/register/apply/", {"payload": sent}, follow=True).content.decode()
    assert "1件の異動を取り込みました" in first
    again = worker.client.post(
        "/households/register/apply/", {"payload": sent}, follow=True
    ).content.decode()  # a double click
    assert "新しい異動はありませんでした" in again
    assert HouseholdMovement.objects.count() == 1
    assert (
        "住民基本台帳から" in worker.client.get(f"/households/{home_of(mother).pk}/history/").content.decode()
    )


def test_a_forged_old_or_borrowed_preview_takes_nothing_in(worker, colleague, mother):
    sent = payload(upload(worker, csv_of(row("死亡", "髙﨑 芳江", "S21.3.1"))))
    for who, words in ((worker, "x" + sent), (colleague, sent), (worker, "")):
        answer = who.client.post("/households/register/apply/", {"payload": words}, follow=True)
        assert "もう一度ファイルを選んでください" in answer.content.decode()
    assert not HouseholdMovement.objects.exists()


def test_the_lines_of_the_preview_add_up(worker, mother):
    """Two mistakes in one line are one line."""
    mixed = csv_of(
        row("転居", "知らぬ 人", "S2.1.1", address="遠く"),
        row("転居", "髙﨑 芳江", "S21.3.1", address=NEW_HOME),
        row("転居", "髙﨑 芳江", "S21.3.1", on="R8.13.1", filed="来週", address=NEW_HOME),
        row("引越し", "髙﨑 芳江", "S21.3.1"),
    )
    page = upload(worker, mixed).content.decode()
    assert "4行＝取り込む1・対象外1・読めない2。" in page
    assert "読めないところが3か所あります" in page


def test_the_pages_say_what_is_wrong(worker, finance):
    wrong = upload(worker, csv_of(row("死亡", "山田 花子", "S21.3.1", filed="R8.9.30", on="R8.9.1")))
    assert wrong.status_code == 422
    assert "令和8年9月30日" in wrong.content.decode()
    assert "10月の異動ではない行があります" in wrong.content.decode()
    empty = upload(worker, b"")
    assert empty.status_code == 422
    nothing = upload(worker, csv_of(row("死亡", "山田 花子", "S21.3.1")))
    assert "取り込む異動はありません" in nothing.content.decode()
    assert finance.client.get("/households/register/").status_code == 403


def test_who_lost_the_right_meanwhile_takes_nothing_in(worker, mother):
    sent = payload(upload(worker, csv_of(row("死亡", "髙﨑 芳江", "S21.3.1"))))
    client = worker.client
    Appointment.objects.filter(staff=worker.staff).update(during=(date(2024, 4, 1), f.TODAY))
    client.post("/households/register/apply/", {"payload": sent})
    assert not HouseholdMovement.objects.exists()


@pytest.mark.parametrize("many", [10, 400])
def test_rows_about_strangers_cost_no_query(worker, mother, many, django_assert_max_num_queries):
    rows = read(*(row("死亡", f"山田 {n}", f"S{20 + n % 40}.{1 + n % 12}.2") for n in range(many)))
    actor, shield = worker.actor, shield_for(worker.actor)
    with django_assert_max_num_queries(6):
        assert plan_import(rows=rows, actor=actor, shield=shield, at=f.NOW).others == many
