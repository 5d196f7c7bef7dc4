"""«کارتابل امروز»: what waits for me, what runs, what comes next."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from engage.identity import home
from engage.identity.guard import current_unit, guarded
from engage.identity.rules import Permission
from engage.identity.viewer import current_viewer
from engage.identity.views import home_blueprint


def _card_html(card: home.CardBlock) -> Markup:
    return Markup(render_template(card.template, **card.context))


@home_blueprint.get("/")
@guarded(Permission.HOME)
def index() -> ResponseReturnValue:
    return render_template("home/index.html", home=home.assemble(current_viewer(), current_unit()), card_html=_card_html)
