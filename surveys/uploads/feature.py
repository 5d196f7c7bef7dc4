"""Puts citizens' files into an application."""

from __future__ import annotations

from flask import Flask

from engage.jobs import register_sweep
from engage.vault import EncryptedColumn, register_encrypted_columns
from surveys.uploads.commands import delete_loose_uploads
from surveys.uploads.queries import KEY_CONTEXT
from surveys.uploads.views import blueprint


def install(app: Flask) -> None:
    app.register_blueprint(blueprint)
    register_encrypted_columns(app, EncryptedColumn("response_upload", "key_cipher", KEY_CONTEXT))
    register_sweep(app, "survey_uploads", lambda settings: 3600.0, delete_loose_uploads)
