"""Staff pages of the contact base."""

from flask import Blueprint

blueprint = Blueprint("contacts", "contacts", url_prefix="/console/contacts", template_folder="templates")
