"""Use cases of this room, one function and one transaction each."""

from engage.identity.commands.audit import record_audit
from engage.identity.commands.delegating import name_delegate, revoke_delegation
from engage.identity.commands.own_account import (
    begin_enrolment,
    change_own_password,
    confirm_enrolment,
    remove_second_factor,
    renew_recovery_codes,
)
from engage.identity.commands.people import (
    create_user,
    deactivate_user,
    grant_role,
    reactivate_user,
    rename_user,
    reset_second_factor,
    revoke_role,
    set_password,
)
from engage.identity.commands.proving import prove_person
from engage.identity.commands.signing_in import check_code, check_password, switch_unit
from engage.identity.commands.texted_codes import (
    ask_to_confirm_phone,
    confirm_phone,
    prove_by_code,
    remove_phone,
    request_code,
)
from engage.identity.commands.units import create_unit, update_unit

__all__ = [
    "ask_to_confirm_phone",
    "begin_enrolment",
    "change_own_password",
    "check_code",
    "check_password",
    "confirm_enrolment",
    "confirm_phone",
    "create_unit",
    "create_user",
    "deactivate_user",
    "grant_role",
    "name_delegate",
    "prove_by_code",
    "prove_person",
    "reactivate_user",
    "record_audit",
    "remove_phone",
    "remove_second_factor",
    "rename_user",
    "renew_recovery_codes",
    "request_code",
    "reset_second_factor",
    "revoke_delegation",
    "revoke_role",
    "set_password",
    "switch_unit",
    "update_unit",
]
