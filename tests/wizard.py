"""The import wizard walked by forms: files, steps and what came of them."""

from __future__ import annotations

import io
from collections.abc import Callable

from flask.testing import FlaskClient

from contacts import commands, queries
from contacts.rules.consent import Basis
from contacts.rules.people import Person
from contacts.rules.states import ImportState

BASIS = {"basis": "consent", "purpose": "survey_invitation", "evidence": "فرم‌های سرای محله"}


def csv(*rows: str) -> bytes:
    return "\n".join(rows).encode()


def upload(browser: FlaskClient, content: bytes, name: str = "فهرست.csv") -> tuple[str, str]:
    """(public id, the step that comes next)"""
    answer = browser.post("/console/contacts/imports/new", data={"file": (io.BytesIO(content), name)})
    assert answer.status_code == 303, answer.text
    parts = answer.location.split("/")
    return parts[4], parts[5]


def page(browser: FlaskClient, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, (path, answer.status_code, answer.location)
    return answer.text


def send(browser: FlaskClient, slug: str, step: str, status: int = 303, **data: str) -> str:
    answer = browser.post(f"/console/contacts/imports/{slug}/{step}", data={name.replace("_", "-", 1): value for name, value in data.items()})
    assert answer.status_code == status, answer.text
    return answer.text


def state_of(slug: str) -> ImportState:
    record = queries.get_import(slug)
    assert record is not None
    return record.state


def finish(browser: FlaskClient, slug: str, drain: Callable[[], int]) -> queries.ImportRecord:
    answer = browser.post(f"/console/contacts/imports/{slug}/basis", data=BASIS)
    assert answer.status_code == 303, answer.text
    drain()
    record = queries.get_import(slug)
    assert record is not None
    return record


def add(unit_id: int, phone: str, place: str = "سنگلج") -> int:
    return commands.add_contact(unit_id, phone, Person("زهرا", "کاظمی", place), purpose="survey_invitation", basis=Basis.CONSENT, evidence="فرم", actor_id=None)


def stop(number: str, unit_id: int) -> None:
    contact = queries.get_contact(add(unit_id, number))
    assert contact is not None
    commands.suppress_identity(contact.identity_id, source="officer", actor_id=None)
