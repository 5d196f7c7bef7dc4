"""What a new survey can start from. Contents in Persian: they are an officer's first draft, not interface texts. Pure."""

from collections.abc import Callable

from surveys.definitions import Definition
from surveys.starters.event import event
from surveys.starters.mayor import mayor
from surveys.starters.neighbourhood import neighbourhood
from surveys.starters.permission import PERMISSION_QUESTION, PERMISSION_YES, permission
from surveys.starters.quick_poll import quick_poll
from surveys.starters.services import services
from surveys.starters.weather import weather


def blank(title: str) -> Definition:
    return Definition(title=title)


STARTERS: dict[str, Callable[[str], Definition]] = {
    "quick_poll": quick_poll,
    "services": services,
    "mayor": mayor,
    "weather": weather,
    "neighbourhood": neighbourhood,
    "event": event,
    "blank": blank,
}
"""What an office chooses from, in this order. `permission` isn't among them: a campaign makes it for itself."""

__all__ = ["PERMISSION_QUESTION", "PERMISSION_YES", "STARTERS", "blank", "mayor", "permission", "quick_poll"]
