"""Staff pages of surveys: lists, the editor, settings, versions, trials, files, preview, publishing."""

from surveys.views import editor, exchange, lists, preview, publishing, settings, trying, versions
from surveys.views.base import blueprint

__all__ = ["blueprint", "editor", "exchange", "lists", "preview", "publishing", "settings", "trying", "versions"]
