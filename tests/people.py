"""People and units for tests: made by the product's own commands, signed in without the cost of a password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, current_app
from flask.testing import FlaskClient
from sqlalchemy import select

from engage.clock import now
from engage.db import db, transaction
from engage.identity import commands, sessions
from engage.identity.models import Unit, User
from engage.identity.rules import Role

PASSWORD = "سپیدار کنار رود ۱۲"


def make_units() -> tuple[int, int, int, int]:
    """Tehran above districts 12 and 6; Herandi below 12."""
    city = commands.create_unit(parent_id=None, kind="municipality", name="شهرداری تهران", sms_name="شهرداری تهران", slug="tehran")
    d12 = commands.create_unit(parent_id=city, kind="district", name="شهرداری منطقهٔ ۱۲", sms_name="منطقهٔ ۱۲", slug="d12")
    d6 = commands.create_unit(parent_id=city, kind="district", name="شهرداری منطقهٔ ۶", sms_name="منطقهٔ ۶", slug="d6")
    herandi = commands.create_unit(parent_id=d12, kind="neighbourhood", name="محلهٔ هرندی", sms_name="هرندی", slug="herandi")
    return city, d12, d6, herandi


def make_person(
    unit_id: int, role: Role | str = Role.OFFICER, *, email: str = "", name: str = "نرگس احمدی", password: str = PASSWORD
) -> int:
    """A user's id. Their second factor counts as set up, so that every page opens for them."""
    count = len(db.session.scalars(select(User.id)).all())
    user_id = commands.create_user(email=email or f"person{count}@example.ir", name=name, password=password, role=role, unit_id=unit_id)
    with transaction() as session:
        user = session.get_one(User, user_id)
        user.totp_secret = b"set up"
    return user_id


def sign_in(client: FlaskClient, user_id: int) -> FlaskClient:
    """The client's browser is signed in as this user, by a session of the product's own making."""
    app: Flask = client.application
    with app.test_request_context("/console/"):
        from flask import session as made

        sessions.open_session(db.session.get_one(User, user_id))
        values = dict(made)
    with client.session_transaction() as cookie:
        cookie.clear()
        cookie.update(values)
    return client


def proof_of(user_id: int) -> dict[str, str]:
    """What this person types to confirm a decision now: a code of an app that is set up anew for it."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    authenticator = app.extensions["security"].totp_factory
    with transaction() as session:
        user = session.get_one(User, user_id)
        user.totp_secret, user.totp_counter = authenticator.new_secret(user), None
        source = authenticator._source(user.totp_secret, user)
    moment = int(now().timestamp())
    code = authenticator._totp.from_source(source).generate(moment).token
    db.session.rollback()
    return {"proof": code}


@contextmanager
def without_csrf(app: Flask) -> Iterator[None]:
    """Forms are posted without a token. Tests of the token itself don't use this."""
    app.config["WTF_CSRF_ENABLED"] = False
    try:
        yield
    finally:
        app.config["WTF_CSRF_ENABLED"] = True


def unit_path(unit_id: int) -> str:
    return db.session.get_one(Unit, unit_id).path
