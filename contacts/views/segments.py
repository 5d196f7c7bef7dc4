"""Segments: the list, and the builder, which works as a plain form; htmx only counts while one chooses."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from contacts import commands, queries
from contacts.forms import SegmentForm
from contacts.queries import AudienceFilter, SegmentRecord
from contacts.rules.consent import DEFAULT_PURPOSE
from contacts.rules.segments import Field, Group, Kind, Mode, Options, Parameter
from contacts.segments.compile import criteria_of, fields_of
from contacts.segments.criteria import scope_of
from contacts.views import blueprint
from contacts.views.rule_form import DEEDS, Node, TypedRule, apply_deed, node_in, node_of, propose_defaults, read_typed, shown_value
from engage import persian
from engage.clock import today_in_tehran
from engage.identity.guard import acting, authorize, current_unit, guarded, visible_unit_ids
from engage.identity.queries import UnitNode, get_unit, user_names
from engage.identity.rules import Permission
from engage.refusal import Refused
from engage.web.flashes import flash_done, flash_undo
from engage.web.refusals import explain, wants_fragment

MANY = 8
"""With more options than this a list to scroll takes the place of boxes."""


@blueprint.get("/segments")
@guarded(Permission.CONTACTS_VIEW)
def segments() -> str:
    archived = request.args.get("show") == "archived"
    units = visible_unit_ids(Permission.CONTACTS_VIEW)
    records = queries.list_segments(units, acting().id, archived=archived)
    return render_template(
        "contacts/segments.html",
        records=records,
        archived=archived,
        sentences={each.slug: queries.say_rule(each.rule, scope_of(each.unit_id)) for each in records},
        names=user_names({each.author_id for each in records if each.author_id is not None}),
        units={node.id: node.name for node in acting().units},
        unit=current_unit(),
    )


@blueprint.route("/segments/new", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_EDIT)
def new_segment() -> Any:
    return _builder(None, current_unit())


@blueprint.route("/segments/<slug>", methods=["GET", "POST"])
@guarded(Permission.CONTACTS_EDIT)
def segment(slug: str) -> Any:
    record, unit = _authorized(slug)
    return _builder(record, unit)


@blueprint.post("/segments/<slug>/duplicate")
@guarded(Permission.CONTACTS_EDIT)
def duplicate_segment(slug: str) -> Response:
    record, _unit = _authorized(slug)
    copy = commands.duplicate_segment(slug, _("Copy of %(title)s", title=record.title))
    flash_done(_("The copy is private until you share it."))
    return redirect(url_for(".segment", slug=copy), code=303)


@blueprint.post("/segments/<slug>/archive")
@guarded(Permission.CONTACTS_EDIT)
def archive_segment(slug: str) -> Response:
    _authorized(slug)
    commands.archive_segment(slug)
    flash_undo(_("The segment was archived."), url_for(".restore_segment", slug=slug))
    return redirect(url_for(".segments"), code=303)


@blueprint.post("/segments/<slug>/restore")
@guarded(Permission.CONTACTS_EDIT)
def restore_segment(slug: str) -> Response:
    _authorized(slug)
    commands.restore_segment(slug)
    flash_done(_("The segment is offered again."))
    return redirect(url_for(".segment", slug=slug), code=303)


def _authorized(slug: str) -> tuple[SegmentRecord, UnitNode]:
    authorize(Permission.CONTACTS_EDIT, queries.segment_unit(slug, acting().id))
    record = queries.get_segment(slug, acting().id)
    unit = get_unit(record.unit_id) if record else None
    if record is None or unit is None:
        abort(404)
    return record, unit


def _builder(record: SegmentRecord | None, unit: UnitNode) -> Any:
    scope = scope_of(unit.id)
    fields = fields_of(criteria_of(scope))
    form = SegmentForm()
    form.purpose.choices = list(queries.list_purposes().items())
    if request.method == "GET":
        root = node_of(record.rule) if record else Node(mode=Mode.ALL, parts=[Node(path="r-0", place="1")])
        if record is not None:
            form.title.data, form.sharing.data = record.title, "shared" if record.is_shared else "private"
        return _page(record, unit, form, read_typed(root, fields), fields)
    root = node_in(request.form)
    deed = request.args.get("do", "")
    if deed in DEEDS:
        apply_deed(root, deed, request.args.get("at", ""))
        propose_defaults(root, fields)
        if wants_fragment():
            return render_template("contacts/_segment_rule.html", root=root, is_fragment=True, **_frame(record, fields))
        return _page(record, unit, form, TypedRule(root, read_typed(node_in(request.form), fields).rule), fields)
    typed = read_typed(root, fields)
    if deed == "consent" and wants_fragment():
        return render_template("contacts/_segment_consent.html", unit=unit, counts=_counts(unit, typed, _purpose(form)))
    if deed == "count":
        if wants_fragment():
            return render_template("contacts/_segment_count.html", here=_here(record), **_found(unit, typed), counts=None)
        return _page(record, unit, form, typed, fields)
    if not form.validate() or typed.rule is None:
        return _page(record, unit, form, typed, fields), 422
    try:
        slug = _save(record, unit, form, typed.rule)
    except Refused as refused:
        flash(explain(refused), "bad")
        return _page(record, unit, form, typed, fields), 422
    flash_done(_("The segment was saved."))
    return redirect(url_for(".segment", slug=slug), code=303)


def _save(record: SegmentRecord | None, unit: UnitNode, form: SegmentForm, rule: Group) -> str:
    is_shared = form.sharing.data != "private"
    if record is None:
        return commands.create_segment(unit.id, form.title.data or "", rule, is_shared=is_shared)
    commands.update_segment(record.slug, form.title.data or "", rule, is_shared=is_shared)
    return record.slug


def _purpose(form: SegmentForm) -> str:
    chosen = form.purpose.data
    return str(chosen) if chosen in dict(form.purpose.choices) else DEFAULT_PURPOSE


def _page(record: SegmentRecord | None, unit: UnitNode, form: SegmentForm, typed: TypedRule, fields: dict[str, Field]) -> str:
    return render_template(
        "contacts/segment.html",
        form=form,
        root=typed.root,
        problems=typed.problems,
        is_mine=record is None or record.author_id == acting().id,
        is_fragment=False,
        counts=_counts(unit, typed, _purpose(form)),
        **_found(unit, typed),
        **_frame(record, fields),
    )


def _frame(record: SegmentRecord | None, fields: dict[str, Field]) -> dict[str, Any]:
    """What the tree of inputs needs."""
    offered: dict[str, list[Field]] = {}
    for each in fields.values():
        if each.is_offered:
            offered.setdefault(str(each.group), []).append(each)
    return {
        "record": record,
        "here": _here(record),
        "fields": fields,
        "offered": offered,
        "Kind": Kind,
        "options_of": _options_of,
        "shown_value": shown_value,
        "many": MANY,
        "modes": [(Mode.ALL, _("all of these hold")), (Mode.ANY, _("any of these holds")), (Mode.NONE, _("none of these holds"))],
    }


def _options_of(parameter: Parameter) -> Options:
    return parameter.options() if callable(parameter.options) else parameter.options


def _here(record: SegmentRecord | None) -> str:
    return url_for(".segment", slug=record.slug) if record else url_for(".new_segment")


def _found(unit: UnitNode, typed: TypedRule) -> dict[str, Any]:
    """The rule in words, how many people it finds and ten of them; nothing while it can't be asked."""
    if typed.rule is None:
        return {"found": None, "sentence": "", "people": [], "unit": unit, "age_of": _age}
    scope = scope_of(unit.id)
    return {
        "found": queries.count_people(typed.rule, scope),
        "sentence": queries.say_rule(typed.rule, scope),
        "people": queries.preview_people(typed.rule, scope),
        "unit": unit,
        "age_of": _age,
    }


def _counts(unit: UnitNode, typed: TypedRule, purpose: str) -> queries.AudienceCount | None:
    """Why some of them may not be written to. It looks at everybody's consent, so a page being edited asks for it afterwards."""
    if typed.rule is None:
        return None
    counts = queries.count_audience(AudienceFilter(unit.id, typed.rule), purpose)
    return counts if acting().is_central else counts.hiding_other_units()


def _age(birth_year: int | None) -> int | None:
    return None if birth_year is None else persian.to_jalali(today_in_tehran().date())[0] - birth_year
