"""`engage users …`."""

from __future__ import annotations

import json
import sys
from typing import Protocol

import click
from flask import Flask

from engage.identity import commands
from engage.identity.queries import find_unit, list_users
from engage.identity.rules import Role
from engage.refusal import Refused


class _Backstage(Protocol):
    def app(self) -> Flask: ...


@click.group("users")
def group() -> None:
    """Accounts of the staff."""


@group.command("add")
@click.option("--email", required=True)
@click.option("--name", required=True, help="First and last name.")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]))
@click.option("--unit", "unit_slug", required=True, help="Public id of the unit.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
@click.option("--must-change", is_flag=True, help="Ask for a new password at the first sign-in.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def add(
    backstage: _Backstage, email: str, name: str, role: str, unit_slug: str, password_stdin: bool, must_change: bool, as_json: bool
) -> None:
    """Make an account with a role in a unit."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    with backstage.app().app_context():
        unit = find_unit(unit_slug)
        if unit is None:
            raise Refused("unit_missing")
        user_id = commands.create_user(
            email=email, name=name, password=password, role=role, unit_id=unit.id, must_change_password=must_change, actor_id=None
        )
    if as_json:
        click.echo(json.dumps({"user": user_id, "email": email.strip().casefold(), "role": role, "unit": unit_slug}))
    else:
        click.echo(f"{email}: {role}, {unit.name}")


@group.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_obj
def show(backstage: _Backstage, as_json: bool) -> None:
    """All accounts with their roles."""
    with backstage.app().app_context():
        people = list_users()
    if as_json:
        rows = [
            {
                "email": person.email,
                "name": person.name,
                "active": person.active,
                "second_factor": person.has_second_factor,
                "roles": [{"role": grant.role, "unit": grant.unit_name} for grant in person.grants],
            }
            for person in people
        ]
        click.echo(json.dumps({"users": rows}, ensure_ascii=False))
        return
    for person in people:
        held = ", ".join(f"{grant.role} {grant.unit_name}" for grant in person.grants)
        click.echo(f"{person.email}  {person.name}  {'' if person.active else '(closed)  '}{held}")
