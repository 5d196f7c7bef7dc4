"""Puts this part of reports into an application."""

from __future__ import annotations

from flask import Flask


def install(app: Flask) -> None:
    pass
