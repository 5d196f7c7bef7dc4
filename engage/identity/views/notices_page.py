"""«اعلان‌ها»: what the person was told, and what should come by SMS as well."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from engage.identity import notices
from engage.identity.forms import NoticeTextsForm
from engage.identity.guard import acting, forget_actor, guarded
from engage.identity.labels import NOTICE_GROUP_ICONS
from engage.identity.rules import NoticeGroup, Permission
from engage.identity.views import blueprint
from engage.web.flashes import flash_done


@blueprint.get("/notices")
@guarded(Permission.HOME)
def notices_page() -> ResponseReturnValue:
    """The person's own, newest first; what is shown counts as read, also for the bell above it."""
    user = acting().user
    before_id = max(request.args.get("before", 0, type=int), 0)
    rows, next_id = notices.read_notices(user.id, before_id=before_id or None)
    if any(row.is_new for row in rows):
        forget_actor()
        user = acting().user
    form = NoticeTextsForm(formdata=None, groups=[str(group) for group in NoticeGroup if group not in user.texts_off])
    return render_template(
        "identity/notices.html",
        rows=rows,
        icons=NOTICE_GROUP_ICONS,
        next_url=url_for("identity.notices_page", before=next_id) if next_id else None,
        first_url=url_for("identity.notices_page") if before_id else None,
        form=form,
        has_phone=user.phone_confirmed_at is not None,
    )


@blueprint.post("/notices/texts")
@guarded(Permission.HOME)
def choose_notice_texts() -> ResponseReturnValue:
    form = NoticeTextsForm()
    if form.validate():
        notices.choose_texts(acting().id, [NoticeGroup(each) for each in form.groups.data or []])
        flash_done(_("Saved: which notices also come by SMS."))
    return redirect(url_for("identity.notices_page"), code=303)
