"""A person proves once more that they are the one who is signed in, before a decision that binds the office."""

from __future__ import annotations

from engage.db import db, transaction
from engage.identity import passwords
from engage.identity.authenticator import Authenticator
from engage.identity.commands.rights import locked_user
from engage.identity.commands.signing_in import charge_try, forgive_tries
from engage.identity.models import User
from engage.refusal import Refused


def prove_person(user_id: int, typed: str, authenticator: Authenticator) -> str:
    """How they proved it: "code" of the authenticator app where they have one (used up by it), else "password".

    Guessing waits as long as at the door. Refused: "sign_in_wait", "code_wrong", "password_wrong", "user_missing".
    """
    user = db.session.get(User, user_id)
    if user is None or not user.active:
        raise Refused("user_missing")
    charge_try(user.email)
    with transaction() as session:
        user = locked_user(user_id)
        if user.totp_secret is not None:
            if not authenticator.is_code(typed.strip(), user.totp_secret, user):
                raise Refused("code_wrong")
            how = "code"
        elif passwords.is_password_of(user, typed):
            how = "password"
        else:
            raise Refused("password_wrong")
        session.flush()
        forgive_tries(user.email)
        return how
