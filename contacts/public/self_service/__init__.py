"""«پیامک‌های من»: after a code by SMS, everything held about the holder of a number, and everything they may do with it."""

from contacts.public.self_service import changing, ending, entering, seeing
from contacts.public.self_service.visit import blueprint

__all__ = ["blueprint", "changing", "ending", "entering", "seeing"]
