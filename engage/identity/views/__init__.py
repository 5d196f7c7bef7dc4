"""Pages of this room: the door, one's own account, the first page, and settings."""

from flask import Blueprint

blueprint = Blueprint("identity", __name__, url_prefix="/console", template_folder="../templates")
home_blueprint = Blueprint("home", __name__, url_prefix="/console", template_folder="../templates")
