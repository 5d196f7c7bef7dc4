"""Every route is guarded or public, and every role gets from every page exactly what its permissions say."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import AnyConverter, Rule

from engage.identity.rules import Permission, Role
from tests.people import make_person, make_units, sign_in

SHELL = frozenset({"web.static", "web.healthz", "web.readyz", "web.metrics"})
"""Below the identity room: static files and the machine's health, nothing of anybody's."""

OPENS: dict[Permission, frozenset[Role]] = {
    Permission.HOME: frozenset(Role),
    Permission.CONTACTS_VIEW: frozenset({Role.ADMIN, Role.OFFICER}),
    Permission.CONTACTS_EDIT: frozenset({Role.ADMIN, Role.OFFICER}),
    Permission.CONTACTS_IMPORT: frozenset({Role.ADMIN, Role.OFFICER}),
    Permission.CONTACTS_RELEASE: frozenset({Role.ADMIN}),
    Permission.CONTACTS_MANAGE: frozenset({Role.ADMIN}),
    Permission.CONTACTS_EXPORT: frozenset({Role.ADMIN, Role.OFFICER}),
    Permission.SURVEYS_VIEW: frozenset(Role),
    Permission.SURVEYS_EDIT: frozenset({Role.ADMIN, Role.OFFICER}),
    Permission.SURVEYS_COLLECT: frozenset({Role.ADMIN, Role.OFFICER}),
    Permission.RESPONSES_READ: frozenset({Role.ADMIN, Role.OFFICER}),
    Permission.CAMPAIGNS_VIEW: frozenset(Role),
    Permission.CAMPAIGNS_EDIT: frozenset({Role.ADMIN, Role.OFFICER}),
    Permission.CAMPAIGNS_APPROVE: frozenset({Role.MANAGER}),
    Permission.CAMPAIGNS_CONTROL: frozenset(Role),
    Permission.REPORTS_VIEW: frozenset(Role),
    Permission.REPORTS_EXPORT: frozenset(Role),
    Permission.REPORTS_DECIDE: frozenset({Role.ADMIN, Role.MANAGER}),
    Permission.SETTINGS_VIEW: frozenset(Role),
    Permission.UNITS_MANAGE: frozenset({Role.ADMIN}),
    Permission.USERS_MANAGE: frozenset({Role.ADMIN}),
    Permission.AUDIT_VIEW: frozenset({Role.ADMIN}),
}
"""Written out by hand, apart from the product's own table: whoever changes a right changes it here, too, in sight of the reviewer."""

OWN_ACCOUNT = frozenset({"identity.account_page", "identity.password_page", "identity.authenticator_page", "identity.sign_out"})
"""All that opens before the second factor is set up."""


def _some_value(rule: Rule, name: str) -> object:
    converter = rule._converters[name]
    return sorted(converter.items)[0] if isinstance(converter, AnyConverter) else "officer" if name == "role" else 1


def _views(app: Flask) -> dict[str, object]:
    return {name: view for name, view in app.view_functions.items() if name not in SHELL}


def test_the_table_names_every_permission() -> None:
    assert set(OPENS) == set(Permission)


def test_every_route_is_guarded_or_public(app: Flask) -> None:
    unmarked = [name for name, view in _views(app).items() if hasattr(view, "permission") == hasattr(view, "is_public")]
    assert unmarked == []


def test_every_console_route_is_guarded_but_the_door(app: Flask) -> None:
    views = _views(app)
    open_ones = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/console") and hasattr(views.get(rule.endpoint), "is_public")
    }
    assert open_ones == {"identity.sign_in", "identity.sign_in_code"}


def test_every_guarded_route_lies_in_the_console(app: Flask) -> None:
    views = _views(app)
    outside = [
        r.rule for r in app.url_map.iter_rules() if hasattr(views.get(r.endpoint), "permission") and not r.rule.startswith("/console")
    ]
    assert outside == []


def test_only_the_own_account_opens_before_the_second_factor(app: Flask) -> None:
    assert {name for name, view in _views(app).items() if getattr(view, "is_unfinished", False)} == OWN_ACCOUNT


@pytest.mark.parametrize("role", list(Role))
def test_pages_open_for_the_roles_of_the_table(app: Flask, client: FlaskClient, role: Role) -> None:
    _, district, _, _ = make_units()
    sign_in(client, make_person(district, role))
    wrong = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        permission = getattr(view, "permission", None)
        if permission is None or rule.arguments or "GET" not in (rule.methods or ()):
            continue
        status = client.get(rule.rule).status_code
        allowed = role in OPENS[permission]
        if (status == 403) == allowed or status >= 500:
            wrong.append((rule.rule, status, allowed))
    assert wrong == []


@pytest.mark.parametrize("role", list(Role))
def test_deeds_are_refused_to_roles_outside_the_table(app: Flask, client: FlaskClient, role: Role) -> None:
    _, district, _, _ = make_units()
    sign_in(client, make_person(district, role))
    app.config["WTF_CSRF_ENABLED"] = False
    wrong = []
    try:
        with app.test_request_context():
            for rule in app.url_map.iter_rules():
                permission = getattr(app.view_functions[rule.endpoint], "permission", None)
                if permission is None or "POST" not in (rule.methods or ()) or role in OPENS[permission]:
                    continue
                values = {name: _some_value(rule, name) for name in rule.arguments}
                address = app.url_map.bind("m12.example.ir").build(rule.endpoint, values, method="POST")
                status = client.post(address).status_code
                if status != 403:
                    wrong.append((rule.rule, status))
    finally:
        app.config["WTF_CSRF_ENABLED"] = True
    assert wrong == []


def test_strangers_are_led_to_the_door(app: Flask, client: FlaskClient) -> None:
    for rule in app.url_map.iter_rules():
        if hasattr(app.view_functions[rule.endpoint], "permission") and not rule.arguments and "GET" in (rule.methods or ()):
            response = client.get(rule.rule)
            assert (response.status_code, response.location.split("?")[0]) == (303, "/console/sign-in"), rule.rule


def test_an_unmarked_route_is_never_served(app: Flask) -> None:
    other = Flask("other")
    other.add_url_rule("/naked", "naked", lambda: "naked")
    from engage.identity import guard

    guard.install(other)
    other.testing = True
    with pytest.raises(RuntimeError, match="neither guarded nor public"):
        other.test_client().get("/naked")
