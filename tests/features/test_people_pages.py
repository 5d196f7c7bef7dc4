"""People of the contact base on their pages: found, corrected, tagged, noted, exported."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import text

from contacts import commands, queries
from contacts.queries.finding import PAGE_SIZE, SearchFilter
from contacts.rules.consent import Basis
from contacts.rules.custom_values import CustomKind
from contacts.rules.people import Person
from contacts.rules.rows import person_keys
from engage.db import db
from engage.identity.rules import Role
from tests.make import make_contacts, make_number
from tests.people import make_person, make_units, sign_in, without_csrf

BASE = "/console/contacts"


@pytest.fixture
def units(app) -> Iterator[tuple[int, int, int, int]]:
    made = make_units()
    with without_csrf(app):
        yield made


@pytest.fixture
def officer(client: FlaskClient, units) -> FlaskClient:
    return sign_in(client, make_person(units[1]))


def add(unit_id: int, first: str = "زهرا", last: str = "کاظمی", phone: str | None = None, **more) -> int:
    person = Person(first, last, more.pop("neighbourhood", "هرندی"), more.pop("gender", "female"), more.pop("birth_year", 1362), **more)
    return commands.add_contact(unit_id, phone or make_number(), person, purpose="survey_invitation", basis=Basis.CONSENT, evidence="فرم ۳۱۸")


def page(browser: FlaskClient, path: str = "/") -> str:
    answer = browser.get(BASE + path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.text


def names(units: list[int], **wanted) -> list[str]:
    return [each.name for each in queries.search_contacts(units, SearchFilter(**wanted)).items]


def test_a_name_is_found_by_beginnings_of_its_words_in_any_order_and_spelling(units) -> None:
    d12 = units[1]
    add(d12, "سید علی‌رضا", "کاظمی نیا")
    add(d12, "مریم", "صادقی")
    for words in ("کاظ", "كاظمي", "نیا سید", "رضا", "علی رضا", "کاظمی سی"):
        assert names([d12], words=words) == ["سید علی‌رضا کاظمی نیا"], words
    for words in ("اظمی", "کاظمی مریم", "ضا", "' | :*", "کاظ\\", "%", "_", "!", "&"):
        assert names([d12], words=words) == [], words
    assert names([units[2]], words="کاظمی") == []


def test_a_further_name_of_a_shared_number_is_found_too(units) -> None:
    contact_id = add(units[1])
    with db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO contact_alias (contact_id, first_name, last_name, name_key, created_at) VALUES (:id, 'مریم', 'صادقی', :key, now())"
            ),
            {"id": contact_id, "key": person_keys("مریم", "صادقی")[0]},
        )
    assert names([units[1]], words="صادقی") == ["زهرا کاظمی"]


def test_a_number_is_found_whole_in_any_writing_and_never_in_part(units) -> None:
    add(units[1], phone="+989121234567")
    for words in ("09121234567", "۰۹۱۲ ۱۲۳ ۴۵۶۷", "+98 912 123 4567", "00989121234567", "٠٩١٢١٢٣٤٥٦٧"):
        assert names([units[1]], words=words) == ["زهرا کاظمی"], words
    for words in ("0912123456", "4567", "0912", "09121234568"):
        assert names([units[1]], words=words) == [], words


def test_people_are_found_by_every_field_alone_and_together(units) -> None:
    d12 = units[1]
    key = commands.add_field(d12, "شغل", CustomKind.CHOICE, options=["کسبه", "کارمند"], actor_id=None)
    first, second = add(d12), add(d12, "رضا", "نوری", gender="male", birth_year=1380, neighbourhood="پامنار")
    tag = commands.make_tag(d12, "داوطلب", actor_id=None)
    commands.tag_contact(first, tag, actor_id=None)
    commands.update_contact(second, Person("رضا", "نوری", "پامنار", "male", 1380), language="az", custom={key: "کسبه"}, actor_id=None)
    commands.withdraw_consent(second, "survey_invitation", actor_id=None)
    one, two = ["زهرا کاظمی"], ["رضا نوری"]
    assert names([d12], neighbourhood="هرندی") == one and names([d12], gender="male") == two
    assert names([d12], age_from=40) == one and names([d12], age_to=30) == two and names([d12], age_from=41, age_to=50) == one
    assert names([d12], tag_id=tag) == one and names([d12], language="az") == two
    assert names([d12], field=key) == two and names([d12], field=key, value="کسبه") == two and names([d12], field=key, value="کارمند") == []
    assert names([d12], standing="given") == one and names([d12], standing="withdrawn") == two and names([d12], standing="none") == []
    assert names([d12], standing="given", neighbourhood="پامنار") == []
    commands.suppress_number(queries.get_contact(first).phone, "sms", actor_id=None)
    assert names([d12], standing="suppressed") == one and names([d12], standing="given") == []
    assert SearchFilter.from_json(SearchFilter(tag_id=tag, field=key, value="کسبه").to_json()) == SearchFilter(tag_id=tag, field=key, value="کسبه")


def test_pages_follow_one_another_in_persian_order_without_gap_or_repetition(units) -> None:
    _, d12, _, herandi = units
    last_names = ["پارسا", "چمنی", "ژاله", "کاظمی", "گودرزی", "یزدانی", "آذری", "بهاری", "هاشمی", "وحیدی"] * 6
    for number, last in enumerate(last_names):
        add(herandi if number % 3 else d12, "زهرا", last, neighbourhood="")
    order = "آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"
    for units_seen in ([d12, herandi], [herandi]):
        seen, after = [], None
        while True:
            found = queries.search_contacts(units_seen, after=after)
            seen += found.items
            if found.previous is not None:
                back = queries.search_contacts(units_seen, before=found.previous)
                assert [each.id for each in back.items] == [each.id for each in seen[-len(found.items) - PAGE_SIZE : -len(found.items)]]
            if found.next is None:
                break
            after = found.next
        assert len({each.id for each in seen}) == len(seen) == found.count
        ranks = [order.index(each.name.split()[1][0]) for each in seen]
        assert ranks == sorted(ranks)


def test_the_list_searches_by_address_and_shows_each_condition_as_a_chip(officer: FlaskClient, units) -> None:
    add(units[1])
    add(units[1], "رضا", "نوری", gender="male", birth_year=1380, neighbourhood="پامنار")
    shown = page(officer, "/?gender=female&age_from=۴۰&neighbourhood=هرندی")
    assert "زهرا کاظمی" in shown and "رضا نوری" not in shown
    assert shown.count('class="chip"') == 3 and "از ۴۰ سال" in shown
    assert "کسی پیدا نشد" in page(officer, "/?q=ناشناس")
    assert "زهرا کاظمی" in page(officer, "/?gender=nonsense&tag=99999&standing=x&after=9999999&field=zz&value=1")


def test_own_fields_are_typed_shown_in_persian_and_checked(officer: FlaskClient, units) -> None:
    city, d12, d6, herandi = units
    for title, kind, options in (
        ("شغل", CustomKind.CHOICE, ["کسبه", "کارمند"]),
        ("تاریخ مراجعه", CustomKind.DATE, ()),
        ("تعداد فرزند", CustomKind.NUMBER, ()),
        ("داوطلب", CustomKind.YES_NO, ()),
        ("نشانی", CustomKind.TEXT, ()),
    ):
        commands.add_field(city, title, kind, options=options, actor_id=None)
    contact_id = add(herandi)
    ids = {field.title: field.id for field in queries.fields_of(herandi)}
    form = {"first_name": "زهرا", "last_name": "کاظمی", "neighbourhood": "", "gender": "", "birth_year": "", "language": "az"}
    wrong = form | {f"own_{ids['تاریخ مراجعه']}": "۱۴۰۴/۱۲/۳۰", f"own_{ids['تعداد فرزند']}": "سه"}
    answer = officer.post(f"{BASE}/{contact_id}/edit", data=wrong)
    assert answer.status_code == 422 and answer.text.count("field-error") == 2
    right = form | {
        f"own_{ids['شغل']}": "کسبه",
        f"own_{ids['تاریخ مراجعه']}": "۱۴۰۵/۹/۱",
        f"own_{ids['تعداد فرزند']}": "۱٬۲۰۰",
        f"own_{ids['داوطلب']}": "yes",
        f"own_{ids['نشانی']}": "کوچهٔ ۳",
    }
    assert officer.post(f"{BASE}/{contact_id}/edit", data=right).status_code == 303
    record = queries.get_contact(contact_id)
    assert sorted(map(str, record.custom.values())) == sorted(["کسبه", "2026-11-22", "1200", "True", "کوچهٔ ۳"]) and record.language == "az"
    shown = page(officer, f"/{contact_id}")
    for words in ("۱٬۲۰۰", "بله", "۱ آذر ۱۴۰۵", "کوچهٔ ۳", "ترکی آذربایجانی"):
        assert words in shown, words
    blank = form | {f"own_{field_id}": "" for field_id in ids.values()}
    assert officer.post(f"{BASE}/{contact_id}/edit", data=blank).status_code == 303
    assert queries.get_contact(contact_id).custom == {}


def test_an_admin_makes_orders_and_archives_fields_and_an_officer_may_not(client: FlaskClient, officer: FlaskClient, units, app) -> None:
    city, d12, d6, herandi = units
    assert officer.get(f"{BASE}/fields").status_code == 403
    admin = sign_in(app.test_client(), make_person(d12, Role.ADMIN))
    assert "هنوز فیلدی" in admin.get(f"{BASE}/fields").text
    assert admin.post(f"{BASE}/fields", data={"title": "شغل", "kind": "choice", "options": "کسبه"}).status_code == 422
    for title, kind, options in (("شغل", "choice", "کسبه\nکارمند"), ("نشانی", "text", "")):
        assert admin.post(f"{BASE}/fields", data={"title": title, "kind": kind, "options": options}).status_code == 303
    trade, address = queries.fields_of(d12)
    assert (trade.title, trade.options, address.title) == ("شغل", ("کسبه", "کارمند"), "نشانی")
    admin.post(f"{BASE}/fields/{address.id}/move", data={"to": "up"})
    assert [field.title for field in queries.fields_of(herandi)] == ["نشانی", "شغل"]
    assert queries.fields_of(d6) == () and queries.fields_of(city) == ()
    taken = admin.post(f"{BASE}/fields", data={"title": "دیگر", "kind": "text", "key": trade.key})
    assert taken.status_code == 422 and "field-error" in taken.text
    assert admin.post(f"{BASE}/fields/{trade.id}", data={"title": "پیشه", "options": "کسبه\nکارمند\nبیکار"}).status_code == 303
    admin.post(f"{BASE}/fields/{trade.id}/archive")
    assert [field.title for field in queries.fields_of(d12)] == ["نشانی"]
    admin.post(f"{BASE}/fields/{trade.id}/restore")
    assert queries.find_field(herandi, trade.key).options == ("کسبه", "کارمند", "بیکار")
    with pytest.raises(Exception, match="field_key_taken"):
        commands.add_field(city, "بالاتر", "text", key=trade.key, actor_id=None)
    assert commands.add_field(d6, "دیگری", "text", key=trade.key, actor_id=None) == trade.key


def test_tags_are_made_on_the_way_renamed_merged_and_deleted(officer: FlaskClient, units) -> None:
    city, d12, d6, herandi = units
    above = commands.make_tag(city, "سفیر", actor_id=None)
    first, second = add(d12), add(herandi, "رضا", "نوری")
    officer.post(f"{BASE}/{first}/tags", data={"name": "داوطلب"})
    officer.post(f"{BASE}/{second}/tags", data={"name": "  داوطلبِ "})
    officer.post(f"{BASE}/{second}/tags", data={"tag": above})
    tags = {tag.name: tag.id for tag in queries.tags_of(herandi)}
    assert set(tags) >= {"داوطلب", "سفیر"} and "داوطلب" in page(officer, f"/{first}")
    own = tags["داوطلب"]
    assert officer.post(f"{BASE}/tags/{own}", data={"name": "همیار"}).status_code == 303
    assert "همیار" in page(officer, "/tags") and "سفیر" in page(officer, "/tags")
    assert officer.post(f"{BASE}/tags", data={"name": "موقت"}).status_code == 303
    spare = next(tag.id for tag in queries.tags_of(d12) if tag.name == "موقت")
    commands.tag_contact(first, spare, actor_id=None)
    assert officer.post(f"{BASE}/tags/{spare}", data={"name": "همیار"}).status_code == 422
    officer.post(f"{BASE}/tags/{spare}/merge", data={"into": own})
    assert queries.get_contact(first).tag_ids == (own,) and not any(tag.id == spare for tag in queries.tags_of(d12))
    officer.post(f"{BASE}/{first}/tags/{own}/remove")
    assert queries.get_contact(first).tag_ids == ()
    officer.post(f"{BASE}/tags/{own}/delete")
    assert own not in queries.get_contact(second).tag_ids and above in queries.get_contact(second).tag_ids
    assert officer.get(f"{BASE}/tags/{above}").status_code == 404  # the city's tags aren't the district's to change
    # A tag of another district can't be stuck to a contact of this one.
    strange = commands.make_tag(d6, "غریبه", actor_id=None)
    officer.post(f"{BASE}/{first}/tags", data={"tag": strange})
    with pytest.raises(Exception, match="tag_missing"):
        commands.tag_contact(first, strange, actor_id=None)
    assert queries.get_contact(first).tag_ids == ()


def test_notes_are_written_shown_with_their_author_and_deleted(officer: FlaskClient, units) -> None:
    contact_id, other = add(units[1]), add(units[1], "رضا", "نوری")
    assert officer.post(f"{BASE}/{contact_id}/notes", data={"text": " "}).status_code == 422
    officer.post(f"{BASE}/{contact_id}/notes", data={"text": "عصرها پاسخ می‌دهد <b>"})
    shown = page(officer, f"/{contact_id}")
    assert "عصرها پاسخ می‌دهد &lt;b&gt;" in shown and "نرگس احمدی" in shown
    note = db.session.scalar(text("SELECT id FROM contact_note"))
    assert officer.post(f"{BASE}/{other}/notes/{note}/delete").status_code == 404
    assert officer.post(f"{BASE}/{contact_id}/notes/{note}/delete").status_code == 303
    assert "عصرها" not in page(officer, f"/{contact_id}")


def test_the_past_tells_consents_and_changes_under_chips(officer: FlaskClient, units) -> None:
    contact_id = add(units[1])
    officer.post(f"{BASE}/{contact_id}/tags", data={"name": "داوطلب"})
    officer.post(f"{BASE}/{contact_id}/edit", data={"first_name": "زهره", "last_name": "کاظمی", "neighbourhood": "هرندی", "gender": "female", "birth_year": "1362"})
    shown = page(officer, f"/{contact_id}")
    assert "فرم ۳۱۸" in shown and "می‌پذیرم" in shown and "show=consent" in shown and "show=change" in shown
    changes = page(officer, f"/{contact_id}?show=change")
    assert "داوطلب" in changes and "نام" in changes and "فرم ۳۱۸" not in changes


def export(browser: FlaskClient, **data) -> object:
    return browser.post(f"{BASE}/export", data=data)


def test_an_export_is_whole_harmless_in_persian_and_in_the_audit_log(officer: FlaskClient, units) -> None:
    _, d12, d6, herandi = units
    key = commands.add_field(d12, "=1+1", CustomKind.YES_NO, actor_id=None)
    one = add(d12, "=HYPERLINK(1)", "کاظمی", "+989121234567")
    add(herandi, "رضا", "نوری", "+989351234567", gender="male")
    add(d6, "پنهان", "غریبه", "+989361234567")
    commands.update_contact(one, Person("=HYPERLINK(1)", "کاظمی", "هرندی", "female", 1362), custom={key: True}, actor_id=None)
    assert "۲ مخاطب" in page(officer, "/export")
    answer = export(officer, format="csv")
    assert answer.status_code == 200 and answer.data.startswith(b"\xef\xbb\xbf")
    header, *rows = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert header[0] == "شمارهٔ همراه" and [row[0] for row in rows] == ["09121234567", "09351234567"]
    assert rows[0][1] == "'=HYPERLINK(1)" and rows[0][4] == "زن" and "بله" in rows[0] and "رضایت دارد" in " ".join(rows[0])
    assert "غریبه" not in answer.text
    answer = export(officer, format="xlsx", q="نوری")
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in sheet[1:]] == ["09351234567"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        assert b'rightToLeft="1"' in book.read("xl/worksheets/sheet1.xml") and b"<f>" not in book.read("xl/worksheets/sheet1.xml")
    taken = db.session.execute(text("SELECT detail FROM audit_entry WHERE action = 'contacts_exported' ORDER BY id")).scalars().all()
    assert taken == [{"count": 2, "format": "csv"}, {"count": 1, "format": "xlsx"}]
    assert export(officer, format="pdf").status_code == 400
    assert export(officer, format="csv", q="ناشناس").status_code == 303
    checked = export(officer, format="csv", scope="checked", contact=[str(one), "999999"])
    assert len(checked.data.decode().strip().splitlines()) == 2


def test_a_manager_takes_nothing_out(app, units) -> None:
    manager = sign_in(app.test_client(), make_person(units[1], Role.MANAGER))
    for path in ("", "/export", "/bulk", "/bulk/new", "/tags", "/fields"):
        assert manager.get(f"{BASE}{path or '/'}").status_code == 403, path


def test_a_thousand_people_of_many_units_are_counted_and_paged_alike(units) -> None:
    _, d12, _, herandi = units
    make_contacts(d12, 60, first_name="زهرا", last_name="کاظمی", search_key="زهرا کاظمی", sort_key="کاظمی زهرا")
    make_contacts(herandi, 40, first_name="زهرا", last_name="کاظمی", search_key="زهرا کاظمی", sort_key="کاظمی زهرا")
    assert queries.count_contacts([d12, herandi]) == 100 and queries.count_contacts([herandi]) == 40
    assert queries.search_contacts([d12, herandi], SearchFilter(words="کاظمی")).count == 100
