"""A roll from a workbook: whole or not at all, twice is once, every fault is named, nobody gets another's rights."""

import datetime as dt
import stat
import unicodedata

import pytest
from flask_appbuilder.security.sqla.models import User
from openpyxl import Workbook
from sqlalchemy import func, select

from app.extensions import db
from app.models import (
    FOREVER,
    Appointment,
    AuditEntry,
    ContactAddress,
    MemberStaff,
    Office,
    Organisation,
    Person,
    Refusal,
)
from app.workflows import accounts, contacts
from app.workflows.engine.rights import MEMBERS
from app.workflows.login_tries import Account, account_of, fits
from tests.setup.books import HEADS, PEOPLE, POSTS, SINCE, UNITS, UNWRITABLE, book, fill, saved

pytestmark = pytest.mark.usefixtures("founded")

NOON = dt.datetime(2026, 11, 1, 5, tzinfo=dt.UTC)
TABLES = (Organisation, Person, User, Appointment, MemberStaff, ContactAddress)


def counts():
    return [db.session.scalar(select(func.count()).select_from(table)) for table in TABLES]


@pytest.fixture
def bring_in(shell, tmp_path):
    """Import a workbook; what the command said."""

    def run(content, *options, passwords=True, typed=""):
        path = tmp_path / "roll.xlsx"
        path.write_bytes(content)
        place = ["--passwords", tmp_path / f"passwords-{len(list(tmp_path.iterdir()))}.tsv"] if passwords else []
        return shell("roll", "import", path, *place, *options, typed=typed)

    return run


def by_name(name):
    return db.session.scalars(select(Person).where(Person.full_name == name)).one()


def given(tmp_path):
    (path,) = tmp_path.glob("passwords-*.tsv")
    return dict(line.split("\t") for line in path.read_text().splitlines())


def test_the_template_filled_in_becomes_the_roll(shell, bring_in, tmp_path):
    assert shell("roll", "template", tmp_path / "t.xlsx").exit_code == 0
    answer = bring_in(fill((tmp_path / "t.xlsx").read_bytes()))
    assert answer.exit_code == 0, answer.output
    assert counts() == [4, 10, 8, 9, 1, 10]  # the administrator was there
    members = db.session.scalars(select(Appointment.post).where(Appointment.office.in_(MEMBERS)).order_by("rank")).all()
    assert members == [row[2] for row in POSTS[:5]]
    ba = by_name("Phạm Văn Ba")
    assert (ba.appointments[0].organisation.name, ba.appointments[0].valid_from) == ("Bộ Xây dựng", SINCE)
    assert (ba.appointments[0].valid_to, ba.fictional) == (FOREVER, False)
    unit = db.session.scalars(select(Organisation).where(Organisation.abbreviation == "VTH")).one()
    assert unit.parent.abbreviation == "VPCP"
    staff = db.session.scalars(select(MemberStaff)).one()
    assert (staff.member.full_name, staff.aide.full_name) == ("Phạm Văn Ba", "La Hoài Miên")
    addresses = {(row.channel, row.address) for row in db.session.scalars(select(ContactAddress))}
    assert {("sms", "+84912345601"), ("sms", "+84912345606"), ("mail", "ba@example.vn")} <= addresses
    assert all(row.confirmed_at for row in db.session.scalars(select(ContactAddress)))


def test_the_template_is_understood_in_english_too(shell, bring_in, tmp_path):
    shell("roll", "template", tmp_path / "t.xlsx", "--lang", "en")
    answer = bring_in(fill((tmp_path / "t.xlsx").read_bytes()), "--lang", "en")
    assert answer.exit_code == 0, answer.output
    assert "People: 9 added, 0 on record" in answer.output


def test_first_passwords_are_written_once_for_their_owner_alone(bring_in, tmp_path):
    assert bring_in(book()).exit_code == 0
    (path,) = tmp_path.glob("passwords-*.tsv")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert given(tmp_path).keys() == {row[2] for row in PEOPLE if row[2]}
    user = by_name("Trần Văn Một").user
    account = account_of(user.id)
    assert isinstance(account, Account)
    assert fits(account, given(tmp_path)["mot"])
    assert accounts.keeps_given_password(user.id)
    assert all(word not in str(entry.payload) for word in given(tmp_path).values()
               for entry in db.session.scalars(select(AuditEntry)))  # fmt: skip


def test_twice_is_the_same_as_once(bring_in):
    assert bring_in(book()).exit_code == 0
    before, entries = counts(), db.session.scalar(select(func.count()).select_from(AuditEntry))
    answer = bring_in(book())
    assert answer.exit_code != 0  # somebody keeps the roll now: no longer the terminal's office
    assert "--as" in answer.output
    assert counts() == before
    assert db.session.scalar(select(func.count()).select_from(AuditEntry)) == entries


def own_password(username, password="Ruby-Tim!Xuong7"):
    """The owner has chosen a password of his own."""
    user = db.session.scalars(select(User).where(User.username == username)).one()
    account = account_of(user.id)
    accounts.change_own_password(account.actor, user.id, password, 0, NOON)
    return password


def test_later_a_clerk_and_an_administrator_bring_it_in_by_their_passwords(bring_in):
    bring_in(book())
    before = counts()
    clerk = own_password("bay")
    answer = bring_in(book(), "--as", "bay", typed=f"{clerk}\n", passwords=False)
    assert answer.exit_code == 0, answer.output
    assert counts() == before
    more = [*PEOPLE, ["30", "Kiều Nam Bách", "kieu", "thanh_vien", "kieu@example.vn", None]]
    answer = bring_in(book(People=more), "--as", "bay", typed=f"{clerk}\n")
    assert (answer.exit_code, counts()) == (1, before)
    assert "C11" in answer.output
    assert "--administrator" in answer.output
    admin = own_password("quantri")
    both = ("--as", "bay", "--administrator", "quantri")
    answer = bring_in(book(People=more), *both, typed=f"{clerk}\n{admin}\n")
    assert answer.exit_code == 0, answer.output
    assert by_name("Kiều Nam Bách").user.username == "kieu"
    told = {entry.fact: entry.actor_id for entry in db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))}
    assert told["RollImported"] == by_name("Ngô Thị Bảy").id
    assert told["AccountCreated"] == by_name("Lý Văn Mười Một").id


def test_neither_a_wrong_nor_a_first_password_nor_another_office_will_do(bring_in, tmp_path):
    bring_in(book())
    first = given(tmp_path)["bay"]
    before = counts()
    more = [*PEOPLE, ["30", "Kiều Nam Bách", None, None, None, None]]
    for name, word in (("bay", "wrong"), ("bay", first), ("nobody", "x"), ("mot", own_password("mot"))):
        answer = bring_in(book(People=more), "--as", name, typed=f"{word}\n", passwords=False)
        assert (answer.exit_code, counts()) == (1, before), (name, answer.output)
    codes = set(db.session.scalars(select(Refusal.code)))
    assert {"sign_in_refused", "password_given", "not_allowed"} <= codes


def test_a_preview_says_the_same_and_changes_nothing(bring_in, tmp_path):
    before = counts()
    answer = bring_in(book(), "--dry-run", passwords=False)
    assert (answer.exit_code, counts()) == (0, before)
    assert "Chức vụ: thêm 8, đã có 0" in answer.output
    assert "xem trước" in answer.output
    assert bring_in(book()).exit_code == 0


def test_accounts_are_made_only_where_their_passwords_have_a_place(bring_in, tmp_path):
    before = counts()
    answer = bring_in(book(), passwords=False)
    assert (answer.exit_code, counts()) == (1, before)
    (tmp_path / "there").write_text("old")
    answer = bring_in(book(), "--passwords", tmp_path / "there", passwords=False)
    assert (answer.exit_code, counts(), (tmp_path / "there").read_text()) == (1, before, "old")
    answer = bring_in(book(), "--passwords", tmp_path / "no" / "folder", passwords=False)
    assert (answer.exit_code, counts()) == (1, before)
    answer = bring_in(book(), "--passwords", UNWRITABLE / "first.tsv", passwords=False)
    assert (answer.exit_code, counts(), str(UNWRITABLE) in answer.output) == (1, before, True)


def test_a_template_for_a_folder_that_takes_nothing_is_refused_in_a_sentence(shell):
    answer = shell("roll", "template", UNWRITABLE / "t.xlsx")
    assert (answer.exit_code, str(UNWRITABLE) in answer.output) == (1, True)


def with_(rows, at, **changes):
    """The rows with one of them changed at these places."""
    changed = [list(row) for row in rows]
    for place, value in changes.items():
        changed[at][int(place[1:])] = value
    return changed


@pytest.mark.parametrize(("sheets", "cell", "said"), [
    ({"Organisations": with_(UNITS, 2, _0=None)}, "A4", "Thiếu"),
    ({"Organisations": with_(UNITS, 2, _1="B" * 201)}, "B4", "200"),
    ({"Organisations": with_(UNITS, 2, _2="kingdom")}, "C4", "Phải là một trong"),
    ({"Organisations": with_(UNITS, 0, _3="XYZ")}, "D2", "tên viết tắt"),
    ({"Organisations": with_(UNITS, 1, _3="VTH")}, "D2", "tên viết tắt"),  # a circle
    ({"Organisations": with_(UNITS, 2, _0="VPCP")}, "A4", "dòng 3"),
    ({"Organisations": with_(UNITS, 2, _4=-1)}, "E4", "số nguyên"),
    ({"People": with_(PEOPLE, 1, _0="1")}, "A3", "dòng 2"),
    ({"People": with_(PEOPLE, 1, _1=None)}, "B3", "Thiếu"),
    ({"People": with_(PEOPLE, 1, _1=12)}, "B3", "văn bản"),
    ({"People": with_(PEOPLE, 1, _1="A\u200e\u202eB")}, "B3", "không nhìn thấy"),
    ({"People": with_(PEOPLE, 1, _1="Lê\nHai")}, "B3", "nhiều dòng"),
    ({"People": with_(PEOPLE, 1, _2="MOT")}, "C3", "dòng 2"),
    ({"People": with_(PEOPLE, 1, _2="quantri")}, "C3", "Lý Văn Mười Một"),
    ({"People": with_(PEOPLE, 1, _2="lê thị hai")}, "C3", "Tên đăng nhập"),
    ({"People": with_(PEOPLE, 1, _3="vua")}, "D3", "Phải là một trong"),
    ({"People": with_(PEOPLE, 1, _3=None)}, "C3", "nhóm màn hình"),
    ({"People": with_(PEOPLE, 1, _4="hai")}, "E3", "thư"),
    ({"People": with_(PEOPLE, 1, _4="mot@example.vn")}, "E3", "thư"),
    ({"People": with_(PEOPLE, 1, _5=912345678)}, "F3", "văn bản"),
    ({"People": with_(PEOPLE, 1, _5="113")}, "F3", ""),
    ({"Posts": with_(POSTS, 2, _0="99")}, "A4", "mã"),
    ({"Posts": with_(POSTS, 2, _1="king")}, "B4", "Phải là một trong"),
    ({"Posts": with_(POSTS, 2, _1="head")}, "B4", "Trần Văn Một"),
    ({"Posts": with_(POSTS, 2, _2="  ")}, "C4", "Thiếu"),
    ({"Posts": with_(POSTS, 2, _4="BYZ")}, "E4", "tên viết tắt"),
    ({"Posts": with_(POSTS, 2, _5="ba")}, "F4", "số nguyên"),
    ({"Posts": with_(POSTS, 2, _5=1000)}, "F4", "số nguyên"),
    ({"Posts": with_(POSTS, 2, _6="31/02/2026")}, "G4", "ngày"),
    ({"Posts": with_(POSTS, 2, _6=20260101)}, "G4", "ngày"),
    ({"Posts": with_(POSTS, 2, _7="01/01/2026")}, "H4", ""),
    ({"Aides": [["3", "3", SINCE, None]]}, "B2", "hai người khác nhau"),
    ({"Aides": [["3", "99", SINCE, None]]}, "B2", "mã"),
    ({"Aides": [["3", "20", SINCE, None, "x"]]}, "E2", "không có tên"),
    ({"Kings": [["x"]]}, "Kings", "trang tính"),
    ({"People": []}, "", "không có người nào"),
    ({"People": None}, "", "không có người nào"),
])  # fmt: skip
def test_a_wrong_row_is_named_with_its_cell_and_nothing_is_changed(bring_in, sheets, cell, said):
    before = counts()
    answer = bring_in(book(**sheets))
    assert (answer.exit_code, counts()) == (1, before), answer.output
    named = [line for line in answer.output.splitlines() if f"{cell}:" in line]
    assert named, answer.output
    assert said in named[0]


def test_every_fault_is_told_at_once(bring_in):
    people = with_(with_(PEOPLE, 1, _4="hai"), 4, _3="vua")
    answer = bring_in(book(People=people, Posts=with_(POSTS, 2, _6="xx")))
    assert "D6:" in answer.output
    assert "G4:" in answer.output
    answer = bring_in(book(People=with_(with_(PEOPLE, 1, _4="hai"), 4, _4="nam"), Posts=with_(POSTS, 1, _5=0)[:1]))
    assert "E3:" in answer.output
    assert "E6:" in answer.output


def test_a_head_in_the_wrong_words_or_in_none_is_named(bring_in):
    made = Workbook()
    made.active.title = "People"
    made.active.append([*HEADS["People"], "Salary"])
    made.active.append(["1", "Trần Văn Một"])
    made.create_sheet("Posts").append(["1", "head"])
    answer = bring_in(saved(made))
    assert answer.exit_code == 1
    assert "People, G1" in answer.output
    assert "“Salary”" in answer.output
    assert "Posts: " in answer.output


def test_names_arrive_composed_whatever_the_office_typed(bring_in):
    apart = unicodedata.normalize("NFD", "Nguyễn Thị Ánh Tuyết")
    answer = bring_in(book(People=[*PEOPLE, ["40", f"  {apart} ", None, None, None, None]]))
    assert answer.exit_code == 0, answer.output
    person = by_name("Nguyễn Thị Ánh Tuyết")
    assert person.name_fold == "nguyen thi anh tuyet"


def test_a_namesake_is_another_person_and_gets_nobodys_rights(bring_in):
    bring_in(book())
    clerk = own_password("bay")
    head = by_name("Trần Văn Một").id
    people = [["50", "Trần Văn Một", None, None, None, None]]
    posts = [["50", "deputy_minister", "Thứ trưởng Bộ Y tế", "BYT", "BYT", 60, SINCE, None]]
    added = book(Organisations=None, People=people, Posts=posts, Aides=None)
    for told in ("thêm 1, đã có 0", "thêm 0, đã có 1"):
        answer = bring_in(added, "--as", "bay", typed=f"{clerk}\n", passwords=False)
        assert answer.exit_code == 0, answer.output
        assert f"Danh sách người: {told}" in answer.output
    assert "trùng tên" not in answer.output
    both = db.session.scalars(select(Person).where(Person.full_name == "Trần Văn Một").order_by(Person.id)).all()
    assert [person.id == head for person in both] == [True, False]
    assert [[post.office for post in person.appointments] for person in both] == [
        [Office.HEAD], [Office.DEPUTY_MINISTER]
    ]  # fmt: skip


def test_what_is_on_record_stays_and_the_difference_is_told(bring_in):
    bring_in(book())
    clerk = own_password("bay")
    changed = book(Organisations=with_(UNITS, 2, _1="Bộ Xây dựng mới"), Posts=with_(POSTS, 2, _2="Bộ trưởng khác"))
    answer = bring_in(changed, "--as", "bay", typed=f"{clerk}\n", passwords=False)
    assert answer.exit_code == 0, answer.output
    assert "Organisations, B4: " in answer.output
    assert "Posts, C4: " in answer.output
    assert by_name("Phạm Văn Ba").appointments[0].post == "Bộ trưởng Bộ Xây dựng"


def test_an_address_that_was_removed_is_not_brought_back(bring_in):
    bring_in(book())
    clerk = own_password("bay")
    owner = account_of(by_name("Trần Văn Một").user_id).actor
    phone = next(row for row in contacts.contacts_of(owner.person_id) if row.channel == "sms")
    contacts.remove_contact(owner, phone.id, NOON)
    bring_in(book(), "--as", "bay", typed=f"{clerk}\n", passwords=False)
    assert [row.channel for row in contacts.contacts_of(owner.person_id)] == ["mail"]


def test_a_workbook_that_is_none_is_refused(bring_in):
    before = counts()
    answer = bring_in(b"PK\x03\x04 nothing")
    assert (answer.exit_code, counts()) == (1, before)
    assert "roll.xlsx: " in answer.output
    assert "Excel" in answer.output
