"""Templates and stylesheets fit the policy: nothing inline but what carries the nonce, nothing that htmx would have to evaluate."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel
from jinja2 import Environment

from engage.web import filters, vendor
from engage.web.i18n import PACKAGE, room_directories

FORBIDDEN = {
    "a style attribute": re.compile(r"""<[^>]*\sstyle\s*=""", re.I | re.S),
    "hx-on": re.compile(r"\bhx-on", re.I),
    "an inline event handler": re.compile(r"""<[a-z][^>]*\son[a-z]+\s*=\s*["']""", re.I | re.S),
    "a js: or javascript: value": re.compile(r"""=\s*["']\s*(?:js|javascript):""", re.I),
    "an htmx trigger filter": re.compile(r"""hx-trigger\s*=\s*(?:"[^"]*\[|'[^']*\[)""", re.I),
    "<style> without the nonce": re.compile(r"<style(?![^>]*nonce)", re.I),
    "<script> without the nonce": re.compile(r"<script(?![^>]*nonce)", re.I),
}
PHYSICAL = re.compile(
    r"(?<![\w-])(?:(?:margin|padding|border)-(?:left|right)(?:-\w+)?|(?:left|right)\s*:|float\s*:\s*(?:left|right)|text-align\s*:\s*(?:left|right)"
    r"|border-(?:top|bottom)-(?:left|right)-radius|inset-(?:left|right))"
)


def templates() -> Iterator[Path]:
    for room in room_directories():
        for folder in sorted(room.rglob("templates")):
            yield from sorted(path for path in folder.rglob("*") if path.suffix in (".html", ".xml", ".svg"))


def without_comments(text: str) -> str:
    return re.sub(r"\{#.*?#\}|<!--.*?-->", "", text, flags=re.S)


def faults_of(text: str) -> list[str]:
    # Jinja's own tags may hold quotes and «>»; their place is taken by a word so that the HTML around them reads whole.
    html = re.sub(r"\{%.*?%\}", " ", without_comments(text), flags=re.S)
    html = re.sub(r"\{\{.*?\}\}", lambda match: "nonce" if "csp_nonce" in match[0] else "x", html, flags=re.S)
    return [name for name, pattern in FORBIDDEN.items() if pattern.search(html)]


@pytest.mark.parametrize("path", list(templates()), ids=lambda path: str(path.relative_to(PACKAGE.parent)))
def test_template_fits_the_policy(path: Path) -> None:
    assert faults_of(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "bad",
    [
        '<p style="color:red">',
        '<p class="{{ a }}" style=x>',
        '<a hx-on:click="go()">',
        '<a onclick="go()">',
        "<a hx-vals='js:{a: 1}'>",
        '<a href="javascript:go()">',
        '<a hx-trigger="click[ctrlKey]">',
        "<style>a{}</style>",
        "<script>go()</script>",
    ],
)
def test_the_check_itself_finds(bad: str) -> None:
    assert faults_of(bad)


def test_the_check_lets_the_nonce_through() -> None:
    assert faults_of('<script nonce="{{ csp_nonce() }}">go()</script><style nonce="{{ csp_nonce() }}">a{}</style><a data-one="1">') == []


def own_stylesheets() -> list[Path]:
    return sorted((PACKAGE / "web" / "static" / "css").glob("*.css"))


@pytest.mark.parametrize("path", own_stylesheets(), ids=lambda path: path.name)
def test_stylesheet_has_no_physical_direction(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.S)
    assert [text[max(0, m.start() - 40) : m.end() + 10] for m in PHYSICAL.finditer(text)] == []


@pytest.mark.parametrize("bad", ["margin-left: 1px", "{ left: 0 }", "text-align: right", "float:left"])
def test_the_physical_check_itself_finds(bad: str) -> None:
    assert PHYSICAL.search(bad)


def test_vendor_files_are_there() -> None:
    assert vendor.missing_vendor_files() == [], "run `make setup` (it runs `npm ci` and `python -m engage.web.vendor`)"


def test_stylesheets_name_only_files_that_are_there() -> None:
    for path in own_stylesheets():
        for name in re.findall(r'url\("([^"]+)"\)', path.read_text("utf-8")):
            assert (path.parent / name).resolve().is_file(), f"{path.name} names {name}"


@pytest.fixture(scope="module")
def environment() -> Environment:
    """Jinja as the shell sets it up: an unknown filter or test fails at compiling."""
    app = Flask("templates", static_folder=None)
    Babel(app)
    filters.install(app)
    return app.jinja_env


@pytest.mark.parametrize("path", list(templates()), ids=lambda path: str(path.relative_to(PACKAGE.parent)))
def test_template_compiles_and_imports_what_there_is(path: Path, environment: Environment) -> None:
    text = path.read_text("utf-8")
    environment.compile(text, filename=str(path))
    macros = set(re.findall(r"{% macro (\w+)", (PACKAGE / "web" / "templates" / "web" / "macros.html").read_text("utf-8")))
    for names in re.findall(r"""{%-?\s*from\s+["']web/macros\.html["']\s+import\s+(.*?)(?:\s+with(?:out)? context)?\s*-?%}""", text, re.S):
        wanted = {name.split(" as ")[0].strip() for name in names.split(",")}
        assert wanted <= macros, f"web/macros.html has no {sorted(wanted - macros)}"


def test_icons_named_in_templates_exist() -> None:
    from engage.web.icons import NAMES

    for path in templates():
        for name in re.findall(r"""(?<![\w.])icon\(\s*["']([\w-]+)["']""", path.read_text("utf-8")):
            assert name in NAMES, f"{path.name} asks for an icon named {name}"
