"""A small application that shows every part of the shell on a few pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Flask, render_template, render_template_string, request
from jinja2 import ChoiceLoader, DictLoader
from wtforms import BooleanField, PasswordField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from engage.clock import FrozenClock
from engage.config import Settings
from engage.refusal import Refused
from engage.web import charts, shell
from engage.web.flashes import flash_undo
from engage.web.forms import BaseForm, IntegerField, JalaliDateField, MultiCheckboxField, PhoneField, UploadField
from engage.web.nav import NavItem, register_nav
from engage.web.refusals import register_refusals
from engage.web.states import StateLook

NOON = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
CAMPAIGN = {
    "sending": StateLook("run", "send", "در حال ارسال"),
    "draft": StateLook("grey", "pencil", "پیش‌نویس"),
    "paused": StateLook("wait", "pause", "متوقف موقت"),
    "finished": StateLook("ok", "ok", "پایان‌یافته"),
    "cancelled": StateLook("bad", "bad", "لغوشده"),
}
PARTS = """
{% extends "web/base.html" %}
{% from "web/macros.html" import state, stats, work, notice, chips, empty, pagination, crumb, link_button, action, tile, tag, copy_button %}
{% block title %}کارتابل امروز{% endblock %}
{% block lead %}سلام نرگس، سه کار منتظر شماست.{% endblock %}
{% block state %}{{ state(looks, "sending") }}{% endblock %}
{% block crumb %}{{ crumb("/", "پویش‌ها") }}{% endblock %}
{% block head_actions %}{{ link_button("#", "هشدار ایمنی", "warning") }}{{ link_button("#", "ورود فهرست", "upload") }}{{ link_button("#", "پویش تازه", "plus", "primary") }}{% endblock %}
{% block main %}
<div class="cols"><div class="stack-y">
  <section class="card" aria-labelledby="h-do"><div class="card-header"><h2 class="card-title" id="h-do">نیازمند اقدام</h2><span class="count">{{ 3|number }}</span></div>
  <ul class="tasks">
    <li class="task">{{ tile("pause", "bad") }}<div><p class="task-title">«نظافت محله» متوقف است؛ اعتبار تمام شد</p><p class="meta">{{ 3916|number }} پیامک در صف مانده · {{ 5648800|rial }} کم است</p></div>{{ link_button("#", "راهنمای شارژ", small=true) }}</li>
    <li class="task">{{ tile("dispute", "bad") }}<div><p class="task-title">۱ اعتراض به رضایت</p><p class="meta">مهدی صفایی · {{ "+989191238820"|mask_phone }} · ارسال به او از {{ now|clock_time }} قطع شده است</p></div>{{ action("/refuse", "رسیدگی", small=true) }}</li>
  </ul></section>
  <section class="card" aria-labelledby="h-run"><div class="card-header"><h2 class="card-title" id="h-run">در جریان</h2><span class="count">{{ 2|number }}</span></div>
  {% call work("من شهردارم", "#", "نظرسنجی · مهلت پاسخ " ~ (now|jalali(with_year=false)), "run", "message", "در حال پاسخ‌گیری", 1312, 8104, (1312|number) ~ " پاسخ از " ~ (8104|number)) %}{{ stats([("دعوت", 8839|number, ""), ("تحویل", 8104|number, ""), ("پاسخ", 1312|number, (share(1312, 8104)) ~ " تحویل‌شده‌ها")], small=true) }}{% endcall %}
  {% include "gallery_work.html" %}
  </section>
  {{ notice("wait", "۲٬۳۸۰ گیرنده در صف مانده‌اند و پیامکی برایشان نمی‌رود.", title="نرگس احمدی ساعت ۱۳:۴۰ ارسال را متوقف کرد.") }}
  {{ notice("ok", "دفتر رضایت دست‌نخورده است.") }}{{ notice("info", "نسخهٔ تازه‌ای از این گزارش هست.") }}<p><button type="button" class="btn" id="live" hx-post="/refuse" hx-target="#work-1">توقف زنده</button></p>
  <section class="card"><div class="card-header"><h2 class="card-title">گیرندگان</h2></div><div class="card-body card-chips">{{ chips([("همه", 6540, "#", true, "", ""), ("تحویل‌شده", 3486, "#", false, "ok", "ok"), ("تحویل‌نشده", 171, "#", false, "bad", "bad")], "وضعیت") }}</div>
  <div class="table-wrap"><table class="grid-table as-cards" role="table"><thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">نام</th><th role="columnheader" scope="col">شماره</th><th role="columnheader" scope="col">وضعیت</th><th role="columnheader" scope="col">زمان</th></tr></thead><tbody role="rowgroup">
  {% for name, key in looks.items() %}<tr role="row"><td role="cell" class="td-head"><a class="row-link" href="#">زهرا کاظمی</a> {{ tag("معتمد محله") }}</td><td role="cell" data-label="شماره">{{ "+989121234567"|mask_phone }}</td><td role="cell" class="td-state">{{ state(looks, name) }}</td><td role="cell" data-label="زمان">{{ before|ago }}</td></tr>{% endfor %}
  </tbody></table></div>{{ pagination(1, 5, 6540, none, "#") }}</section>
</div><div class="stack-y">
  <section class="card"><div class="card-header"><h2 class="card-title">اعتبار پیامک</h2></div><div class="card-body">{{ stats([("موجودی درگاه", 10684000|number, "ریال")]) }}<div class="gap">{{ credit }}</div><p class="meta">حدود {{ 14778000|toman }}</p>{{ copy_button("https://m12.example/7Kp3XmQ9vTc", "رونوشت لینک") }}</div></section>
  <section class="card">{% call empty("هنوز مخاطبی ندارید", "برای شروع، فهرست مخاطبان را وارد کنید.", "users") %}{{ link_button("#", "ورود فهرست", "upload") }}{% endcall %}</section>
</div></div>
{% endblock %}
"""
WORK = """{% from "web/macros.html" import work %}{{ work("من شهردارم · یادآوری", "#", "پویش · خط ۲", "run", "send", "در حال ارسال", done, 6540, (done|number) ~ " از " ~ (6540|number) ~ " گیرنده", "پایان حدود ۱۵:۴۰", refresh=("/work" if done < 4165 else ""), id="work-1") }}"""
FORM = """
{% extends "web/task.html" %}
{% from "web/macros.html" import field, error_summary, wizard, button, crumb, link_button, notice %}
{% block title %}ورود فهرست: فایل{% endblock %}
{% block lead %}گام ۲ از ۴{% endblock %}
{% block crumb %}{{ crumb("/", "مخاطبان") }}{% endblock %}
{% block wizard %}{{ wizard(["فایل", "ستون‌ها", "پیش‌نمایش", "مبنا و تأیید"], 2, "گام‌های ورود فهرست", {1: "#"}) }}{% endblock %}
{% block step %}<div class="narrow">{{ error_summary(form) }}<section class="card"><div class="card-body">
<form method="post" id="f" enctype="multipart/form-data" novalidate data-dirty-guard>{{ form.csrf_token }}
{{ field(form.name) }}{{ field(form.phone) }}{{ field(form.secret) }}<div class="form-row">{{ field(form.day, hint="مانند ۱۴۰۵/۰۹/۰۱") }}{{ field(form.count, optional=true) }}</div>
{{ field(form.purpose) }}{{ field(form.basis, cards=true) }}{{ field(form.channels) }}{{ field(form.agree) }}{{ field(form.file) }}{{ field(form.note, rows=3) }}
</form>
<div class="editor"><textarea id="t" rows="2" aria-label="متن پیامک" data-sms-counter="#c" data-sms-fixed="38">منطقه ۱۲: روشنایی کوچه چطور است؟</textarea></div>
<div class="counter" id="c" aria-live="polite"><progress class="progress progress-full" max="70" value="70" aria-label="۷۰ از ۷۰ نویسه"></progress><div class="counter-line"><span class="strong" data-sms-line data-one="{used} از {limit} نویسه · ۱ صفحه" data-more="{used} نویسه · {pages} صفحه">۷۰ از ۷۰ نویسه · ۱ صفحه</span></div></div>
</div></section></div>{% endblock %}
{% block actionbar %}<a class="btn btn-back" href="/">{{ icon("previous") }}<span class="word">فایل</span></a><span class="meta wide push">چیزی هنوز ذخیره نشده است.</span>{{ button("ادامه", form="f", after="next") }}{% endblock %}
"""
CHARTS = """
{% extends "web/base.html" %}
{% block title %}نتیجهٔ نظرسنجی{% endblock %}
{% block main %}<div class="cols"><div class="stack-y">{% for title, drawing in drawings[:5] %}<section class="card"><div class="card-header"><h2 class="card-title">{{ title }}</h2></div><div class="card-body stack-s"><div>{{ drawing }}</div></div></section>{% endfor %}</div>
<div class="stack-y">{% for title, drawing in drawings[5:] %}<section class="card"><div class="card-header"><h2 class="card-title">{{ title }}</h2></div><div class="card-body stack-s"><div>{{ drawing }}</div></div></section>{% endfor %}</div></div>{% endblock %}
"""
DOOR = """
{% extends "web/auth.html" %}{% from "web/macros.html" import field, button %}
{% block title %}ورود همکاران{% endblock %}{% block lead %}سامانهٔ روابط عمومی شهرداری تهران{% endblock %}
{% block form %}<form method="post">{{ form.csrf_token }}{{ field(form.phone, hint="با رقم فارسی یا لاتین، هر دو پذیرفته است.", autocomplete="username") }}{{ field(form.secret, autocomplete="current-password") }}{{ button("ورود") }}</form>{% endblock %}
{% block note %}{{ icon("phone") }} در گام بعد کد شش‌رقمی برنامهٔ رمزساز را می‌پرسیم.{% endblock %}
"""


@dataclass
class Unit:
    id: int
    name: str
    depth: int = 0


@dataclass
class Viewer:
    name: str = "نرگس احمدی"
    initial: str = "ن"
    role_label: str = "کارشناس روابط عمومی"
    unit: Unit = field(default_factory=lambda: Unit(12, "شهرداری منطقهٔ ۱۲"))
    units: list[Unit] = field(default_factory=lambda: [Unit(12, "شهرداری منطقهٔ ۱۲")] + [Unit(n, f"ناحیهٔ {n}", 1) for n in range(1, 10)])
    is_authenticated: bool = True
    tasks_count: int = 3

    def may(self, permission: str) -> bool:
        return permission != "never"


class GalleryForm(BaseForm):
    name = StringField("نام گروه", [InputRequired()], description="همان نامی که در پویش‌ها دیده می‌شود.")
    phone = PhoneField("شمارهٔ همراه", [InputRequired()])
    secret = PasswordField("گذرواژه")
    day = JalaliDateField("مهلت پاسخ")
    count = IntegerField("تعداد")
    purpose = SelectField("موضوع", choices=[("survey", "دعوت به نظرسنجی"), ("news", "خبر محله")])
    basis = RadioField("مبنا", choices=[("consent", "رضایت ثبت‌شده"), ("relation", "ارتباط پیشین")], default="consent")
    channels = MultiCheckboxField("کانال‌ها", choices=[("sms", "پیامک"), ("paper", "فرم کاغذی")])
    agree = BooleanField("متن رضایت را دیده‌ام")
    file = UploadField("فایل", suffixes=(".xlsx", ".csv"), max_megabytes=1)
    note = TextAreaField("توضیح")


def drawings() -> list[tuple[str, Any]]:
    bars = [
        charts.Bar("روشنایی خیابان و کوچه‌های باریک", 412, low=0.30, high=0.36),
        charts.Bar("نظافت محله", 362, low=0.25, high=0.31),
        charts.Bar("زمین بازی", 298, low=0.2, high=0.26),
        charts.Bar("نظری ندارم", 40, fill="dk"),
    ]
    groups = [
        charts.Bar("هرندی", 120, share=0.48, low=0.40, high=0.56, verdict="less"),
        charts.Bar("پامنار", 90, share=0.63, low=0.52, high=0.74, verdict="same"),
        charts.Bar("ارگ", 4, hidden=True, note="کمتر از ۱۰ پاسخ"),
        charts.Bar("همهٔ منطقه", 1312, share=0.62, strong=True),
    ]
    hours = [
        charts.Column(label, done, plan)
        for label, done, plan in [
            ("۹", 200, 0),
            ("۱۰", 950, 0),
            ("۱۱", 1080, 0),
            ("۱۲", 1140, 0),
            ("۱۳", 790, 400),
            ("۱۴", 0, 1200),
            ("۱۵", 0, 780),
        ]
    ]
    days = [charts.Column(f"{n} آذر", 40 * n % 170) for n in range(1, 29)]
    parts = [
        charts.Part("تحویل‌شده", 3486, "ok"),
        charts.Part("پذیرفتهٔ درگاه، در انتظار رسید", 412, "soft"),
        charts.Part("نرسیده یا نامشخص", 262, "bad"),
        charts.Part("در صف", 2380, "track"),
    ]
    return [
        ("کدام کار اول باشد؟", charts.bar_table(bars, caption="۱٬۱۱۲ پاسخ؛ خط نازک: حاشیهٔ خطا")),
        ("رضایت در محله‌ها", charts.bar_table(groups, caption="سهم راضی و خیلی راضی", label_head="محله")),
        ("ساعت‌به‌ساعت", charts.columns(hours, label="پیامک در هر ساعت", last_tick="۱۶")),
        ("روزبه‌روز", charts.columns(days, label="پاسخ در هر روز")),
        (
            "رضایت از نظافت",
            charts.scale_strip(["خیلی راضی", "راضی", "متوسط", "ناراضی", "خیلی ناراضی"], [310, 503, 260, 150, 40], caption="رضایت"),
        ),
        ("پیشرفت", charts.breakdown(parts, total_label="گیرندگان")),
        (
            "مسیر مشارکت",
            charts.funnel(
                [charts.Step("گیرندگان", 6540), charts.Step("تحویل‌شده", 3486), charts.Step("لینک بازشده", 902), charts.Step("پاسخ", 387)],
                stacked=True,
            ),
        ),
        ("در ستون کناری", charts.bar_table(bars, caption="همان نمودار، زیر هم", stacked=True)),
        ("راهنما", charts.keys([("accent", "انجام‌شده"), ("plan", "برنامهٔ باقی‌مانده")])),
    ]


def gallery_app(settings: Settings, viewer: Viewer | None) -> Flask:
    app = Flask("gallery", static_folder=None)
    app.config.update(SECRET_KEY="gallery", TESTING=False)
    app.extensions["engage_settings"] = settings
    app.extensions["engage_clock"] = FrozenClock(NOON)
    shell.install(app)
    app.context_processor(lambda: {"viewer": viewer})
    app.jinja_env.loader = ChoiceLoader([app.jinja_env.loader, DictLoader({"gallery_work.html": WORK})])  # type: ignore[list-item]
    register_refusals({"gallery_refused": "این کار شدنی نیست؛ %(count)s گیرنده مانده است."})
    rooms = {name: Blueprint(name, name) for name in ("home", "contacts", "surveys", "campaigns", "reports", "identity")}
    progress = {"done": 4160}

    @rooms["home"].get("/")
    def index() -> str:
        if request.args.get("undo"):
            flash_undo("«روشنایی کوچه‌ها» بایگانی شد.", "/refuse")
        parts = [charts.Part("آزاد", 1400000), charts.Part("رزرو پویش‌ها", 4284000, "soft"), charts.Part("ذخیرهٔ هشدار", 5000000, "off")]
        return render_template_string(
            PARTS, looks=CAMPAIGN, now=NOON, before=NOON - timedelta(hours=26), done=4160, credit=charts.breakdown(parts)
        )

    @rooms["home"].get("/work")
    def work() -> str:
        progress["done"] += 5
        return render_template("gallery_work.html", done=progress["done"])

    @rooms["home"].route("/door", methods=["GET", "POST"])
    def door() -> str:
        return render_template_string(DOOR, form=GalleryForm())

    @rooms["home"].post("/refuse")
    def refuse() -> str:
        raise Refused("gallery_refused", count=2380)

    @rooms["home"].get("/crash")
    def crash() -> str:
        raise RuntimeError("a secret 09121234567")

    @rooms["contacts"].route("/contacts", methods=["GET", "POST"])
    def index_contacts() -> str:
        form = GalleryForm()
        form.validate_on_submit()
        return render_template_string(FORM, form=form)

    @rooms["reports"].get("/reports")
    def index_reports() -> str:
        return render_template_string(CHARTS, drawings=drawings())

    for name in ("surveys", "campaigns"):
        rooms[name].add_url_rule(f"/{name}", "index", lambda: "")
    rooms["identity"].add_url_rule("/settings", "settings", lambda: "")
    rooms["identity"].add_url_rule("/account", "account_page", lambda: "")
    rooms["identity"].add_url_rule("/unit", "switch_unit", lambda: "", methods=["POST"])
    rooms["identity"].add_url_rule("/out", "sign_out", lambda: "", methods=["POST"])
    for room in rooms.values():
        app.register_blueprint(room)
    app.add_url_rule("/contacts", "contacts.index", app.view_functions["contacts.index_contacts"], methods=["GET", "POST"])
    for order, (key, label, icon, endpoint) in enumerate(
        [
            ("home", "کارتابل", "inbox", "home.index"),
            ("contacts", "مخاطبان", "users", "contacts.index_contacts"),
            ("surveys", "نظرسنجی‌ها", "clipboard-list", "surveys.index"),
            ("campaigns", "پویش‌ها", "speakerphone", "campaigns.index"),
            ("reports", "گزارش‌ها", "chart", "reports.index_reports"),
            ("settings", "تنظیمات", "settings", "identity.settings"),
        ]
    ):
        register_nav(app, NavItem(key, label, icon, endpoint, "see", order))
    register_nav(app, NavItem("secret", "پنهان", "lock", "home.crash", "never"))
    return app
