"""What surrounds every page: headers, CSRF, refusals, errors, files, forms, words and readiness."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import structlog
from flask import Flask, Response, abort, flash, make_response, request
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage, MultiDict
from wtforms.validators import InputRequired, NumberRange

from engage.clock import FrozenClock
from engage.config import Settings
from engage.refusal import Refused
from engage.web import filters, forms, health, limits, requests_log, shell
from engage.web.csrf import csrf_exempt
from engage.web.refusals import explain, register_refusals

NOON = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


class Sample(forms.BaseForm):
    count = forms.IntegerField("تعداد", [NumberRange(1, 50)])
    day = forms.JalaliDateField("روز")
    at = forms.JalaliDateTimeField("زمان")
    phone = forms.PhoneField("همراه", [InputRequired()])
    rate = forms.DecimalField("نرخ")
    code = forms.CodeField("کد")
    file = forms.UploadField("فایل", suffixes=(".csv",), max_megabytes=1)


@pytest.fixture
def shell_app(settings: Settings) -> Flask:
    app = Flask("shell", static_folder=None)
    app.config.update(SECRET_KEY="shell", MAX_CONTENT_LENGTH=1000)
    app.extensions["engage_settings"] = settings
    app.extensions["engage_clock"] = FrozenClock(NOON)
    shell.install(app)
    register_refusals({"shell_test_over": "از %(limit)s بیشتر است؛ %(name)s."})

    @app.get("/page")
    def page() -> str:
        return "<p>page</p>"

    @app.route("/refuse", methods=["GET", "POST"])
    def refuse() -> str:
        raise Refused("shell_test_over", limit=12500, name="هرندی")

    @app.post("/hook")
    @csrf_exempt
    def hook() -> str:
        return str(len(request.get_data()))

    @app.get("/citizen/<token>")
    def citizen(token: str) -> Response:
        response = make_response("page")
        response.headers["Content-Security-Policy"] = "default-src 'none'"
        return response

    @app.get("/status/<int:status>")
    def status(status: int) -> str:
        abort(status)

    @app.get("/limited")
    @limits.limiter.limit("2 per minute")
    def limited() -> str:
        return "ok"

    @app.get("/token")
    def token() -> str:
        from flask_wtf.csrf import generate_csrf

        flash("kept", "ok")
        return str(generate_csrf())

    return app


@pytest.fixture
def browser_of(shell_app: Flask) -> FlaskClient:
    return shell_app.test_client()


def test_page_carries_the_policy(browser_of: FlaskClient) -> None:
    first, second = browser_of.get("/page"), browser_of.get("/page")
    policy = first.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "img-src 'self' data:" in policy
    assert "unsafe" not in policy
    assert policy != second.headers["Content-Security-Policy"], "a nonce is used once"
    assert first.headers["X-Content-Type-Options"] == "nosniff"
    assert first.headers["Referrer-Policy"] == "same-origin"
    assert first.headers["Cache-Control"] == "no-store"
    assert len(first.headers["X-Request-Id"]) == 12


def test_citizen_page_keeps_its_own_policy_and_gives_no_referrer(browser_of: FlaskClient) -> None:
    response = browser_of.get("/citizen/7Kp3XmQ9vTc")
    assert response.headers["Content-Security-Policy"] == "default-src 'none'"
    assert response.headers["Referrer-Policy"] == "no-referrer"


def test_log_names_the_route_never_the_path(browser_of: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = structlog.testing.LogCapture()
    # Whatever level this run logs at, the request's line is what is looked at.
    monkeypatch.setattr(requests_log, "log", structlog.wrap_logger(None, processors=[sink], wrapper_class=structlog.BoundLogger))
    browser_of.get("/citizen/7Kp3XmQ9vTc?phone=09121234567")
    lines = sink.entries
    (line,) = [each for each in lines if each["event"] == "request"]
    assert line["route"] == "/citizen/<token>" and line["status"] == 200 and line["ms"] >= 0
    assert "7Kp3XmQ9vTc" not in str(lines) and "0912" not in str(lines)


def test_post_without_the_token_is_refused_in_words(browser_of: FlaskClient) -> None:
    response = browser_of.post("/refuse")
    assert response.status_code == 400
    assert "مهلت این فرم گذشته است" in response.get_data(as_text=True)


def test_webhook_needs_no_token(browser_of: FlaskClient) -> None:
    assert browser_of.post("/hook", data="abc").get_data(as_text=True) == "3"


def test_refused_form_leads_back_with_the_sentence(browser_of: FlaskClient) -> None:
    token = browser_of.get("/token").get_data(as_text=True)
    response = browser_of.post("/refuse", data={"csrf_token": token}, headers={"Referer": "http://localhost/page?a=1"})
    assert (response.status_code, response.location) == (303, "/page?a=1")
    with browser_of.session_transaction() as kept:
        assert ("bad", "از ۱۲٬۵۰۰ بیشتر است؛ هرندی.") in kept["_flashes"]


@pytest.mark.parametrize("elsewhere", ["http://evil.example/page", "//evil.example", "http://localhost//evil.example/", "", "nonsense"])
def test_refused_form_never_leads_elsewhere(browser_of: FlaskClient, elsewhere: str) -> None:
    token = browser_of.get("/token").get_data(as_text=True)
    response = browser_of.post("/refuse", data={"csrf_token": token}, headers={"Referer": elsewhere})
    assert response.location == "/"


def test_refusal_for_htmx_goes_to_the_strip_of_messages(browser_of: FlaskClient) -> None:
    token = browser_of.get("/token").get_data(as_text=True)
    response = browser_of.post("/refuse", headers={"HX-Request": "true", "X-CSRFToken": token})
    assert response.status_code == 422
    assert response.headers["HX-Retarget"] == "#notices"
    assert "notice-bad" in response.get_data(as_text=True) and "<html" not in response.get_data(as_text=True)


def test_refusal_for_a_program_is_json(browser_of: FlaskClient) -> None:
    response = browser_of.get("/refuse", headers={"Accept": "application/json"})
    assert response.status_code == 422
    assert response.get_json() == {"error": {"code": "shell_test_over", "message": "از ۱۲٬۵۰۰ بیشتر است؛ هرندی."}}


def test_unknown_refusal_and_missing_value_still_speak(shell_app: Flask) -> None:
    with shell_app.test_request_context():
        assert "brand_new" in explain(Refused("brand_new"))
        assert explain(Refused("shell_test_over", limit=3)) == "از ۳ بیشتر است؛ —."


def test_one_code_is_told_in_one_way() -> None:
    with pytest.raises(ValueError, match="shell_test_over"):
        register_refusals({"shell_test_over": "دیگر"})


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 429, 500, 503])
def test_error_page_in_persian_with_its_status(browser_of: FlaskClient, status: int) -> None:
    response = browser_of.get(f"/status/{status}")
    text = response.get_data(as_text=True)
    assert response.status_code == status
    assert 'lang="fa"' in text and f'<bdi dir="ltr">{status}</bdi>' in text
    assert response.headers["X-Request-Id"] in text
    as_json = browser_of.get(f"/status/{status}", headers={"Accept": "application/json"})
    assert as_json.status_code == status and as_json.get_json()["error"]["code"] == f"http_{status}"


def test_error_page_survives_a_viewer_that_fails(shell_app: Flask) -> None:
    def broken() -> dict[str, Any]:
        raise RuntimeError("database away")

    shell_app.context_processor(broken)
    for path in ("/status/500", "/status/404"):
        response = shell_app.test_client().get(path)
        assert response.status_code == int(path[-3:]) and "کد خطا" in response.get_data(as_text=True)


def test_too_large_a_body_is_said_so(browser_of: FlaskClient) -> None:
    assert browser_of.post("/hook", data=b"x" * 2000).status_code == 413


def test_limit_answers_429(browser_of: FlaskClient) -> None:
    assert [browser_of.get("/limited", environ_base={"REMOTE_ADDR": "203.0.113.9"}).status_code for _ in range(3)] == [200, 200, 429]


def test_limits_name_of_a_socket() -> None:
    assert limits.storage_address("unix:///run/v.sock?db=0") == "redis+unix:///run/v.sock?db=0"
    assert limits.storage_address("redis://localhost:6379/0") == "redis://localhost:6379/0"


def test_static_file_is_kept_for_a_year_by_its_hash(shell_app: Flask) -> None:
    client = shell_app.test_client()
    with shell_app.test_request_context():
        from engage.web.assets import asset

        address = asset("css/console.css")
    response = client.get(address)
    assert response.status_code == 200 and "immutable" in response.headers["Cache-Control"]
    assert "immutable" not in client.get("/static/css/console.css").headers["Cache-Control"]
    assert "immutable" in client.get("/static/vendor/vazirmatn-33.0.3.woff2").headers["Cache-Control"]
    assert client.get("/static/../shell.py").status_code == 404


def test_ready_only_when_everything_answers(shell_app: Flask) -> None:
    client = shell_app.test_client()
    health.register_readiness(shell_app, "fine", lambda: None)
    assert client.get("/readyz").get_json() == {"status": "ready", "checks": ["fine"]}

    def away() -> None:
        raise ConnectionError("password=secret")

    health.register_readiness(shell_app, "database", away)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.get_json() == {"status": "unready", "failed": {"database": "ConnectionError"}}
    assert client.get("/healthz").status_code == 200


def test_session_cookie_is_guarded(browser_of: FlaskClient, settings: Settings) -> None:
    cookie = browser_of.get("/token").headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert ("Secure" in cookie) == settings.base_url.startswith("https://")


def filled(app: Flask, **values: Any) -> Sample:
    with app.test_request_context(method="POST"):
        form = Sample(MultiDict(values), meta={"csrf": False})
        form.validate()
        return form


@pytest.mark.parametrize("typed", ["12", "۱۲", "١٢", " ۱۲ "])
def test_number_in_any_digits(shell_app: Flask, typed: str) -> None:
    assert filled(shell_app, count=typed).count.data == 12


def test_number_with_separators_and_decimals(shell_app: Flask) -> None:
    form = filled(shell_app, count="۱۲٬۵۰۰", rate="۲٫۷")
    assert form.count.data == 12500 and str(form.rate.data) == "2.7"
    assert form.count.errors == ["عدد باید میان 1 تا 50 باشد."]


@pytest.mark.parametrize("typed", ["۱۴۰۵/۰۹/۰۱", "1405-9-1", "١٤٠٥/٠٩/٠١", "۱ آذر ۱۴۰۵"])
def test_jalali_date_in_any_writing(shell_app: Flask, typed: str) -> None:
    assert filled(shell_app, day=typed).day.data == date(2026, 11, 22)


def test_day_that_does_not_exist_is_refused_and_kept_as_typed(shell_app: Flask) -> None:
    form = filled(shell_app, day="۱۴۰۴/۱۲/۳۰")
    assert form.day.data is None and "چنین تاریخی نیست" in form.day.errors[0]
    assert form.day._value() == "۱۴۰۴/۱۲/۳۰"


@pytest.mark.parametrize("typed", ["۱۴۰۵/۰۹/۰۱ ۱۲:۰۰", "1405/9/1 12:00", "۱ آذر ۱۴۰۵، ۱۲:۰۰"])
def test_jalali_time_is_tehrans(shell_app: Flask, typed: str) -> None:
    assert filled(shell_app, at=typed).at.data == NOON


@pytest.mark.parametrize("typed", ["۱۴۰۵/۰۹/۰۱ ۲۵:۰۰", "۱۴۰۵/۰۹/۰۱", "۱۲:۰۰", "؟"])
def test_time_that_does_not_exist_is_refused(shell_app: Flask, typed: str) -> None:
    assert filled(shell_app, at=typed).at.errors


def test_phone_becomes_e164(shell_app: Flask) -> None:
    assert filled(shell_app, phone="۰۹۱۲ ۱۲۳ ۴۵۶۷").phone.data == "+989121234567"
    assert "شمارهٔ همراه نیست" in filled(shell_app, phone="۰۲۱۸۸۸۸").phone.errors[0]
    assert filled(shell_app).phone.errors == ["این بخش را پر کنید."]


def test_code_keeps_latin_digits(shell_app: Flask) -> None:
    assert filled(shell_app, code=" ۱۲۳۴۵۶ ").code.data == "123456"


@pytest.mark.parametrize(
    ("name", "content", "said"), [("a.exe", b"x", "پذیرفته نیست"), ("a.csv", b"", "خالی"), ("a.csv", b"x" * 1048577, "بزرگ‌تر از ۱")]
)
def test_file_that_does_not_fit_is_refused(shell_app: Flask, name: str, content: bytes, said: str) -> None:
    assert said in filled(shell_app, file=FileStorage(io.BytesIO(content), filename=name)).file.errors[0]


def test_file_that_fits_is_read_from_its_start(shell_app: Flask) -> None:
    form = filled(shell_app, file=FileStorage(io.BytesIO(b"a,b"), filename="A.CSV"))
    assert not form.file.errors and form.file.data.read() == b"a,b"


def test_times_in_the_words_of_an_office(shell_app: Flask) -> None:
    with shell_app.test_request_context():
        said = [filters.ago(NOON - timedelta(minutes=m)) for m in (0, 5, 180, 26 * 60, 60 * 24 * 40)]
    assert said == ["همین حالا", "۵ دقیقه پیش", "امروز، ۰۹:۰۰", "دیروز، ۱۰:۰۰", "۲۱ مهر ۱۴۰۵، ۱۲:۰۰"]


def test_phone_on_screen_is_masked(shell_app: Flask) -> None:
    assert str(filters.mask_phone("+989121234567")) == '<bdi dir="ltr" class="tel">۰۹۱۲***۴۵۶۷</bdi>'
    assert "***" in filters.mask_phone("<script>") and "<script>" not in filters.mask_phone("<script>")


def test_shell_refuses_an_app_that_would_hide_its_files(settings: Settings) -> None:
    with pytest.raises(ValueError, match="static_folder"):
        shell.install(Flask("other"))
