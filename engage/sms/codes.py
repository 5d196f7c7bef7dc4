"""What a sender must do about each `return.status` of the gateway (pure)."""

from __future__ import annotations

from enum import StrEnum


class CodeClass(StrEnum):
    """The few things one can do about a return code."""

    OK = "ok"
    HALT = "halt"
    """Stop the campaign with the reason; a person must act."""
    RETRY = "retry"
    """Certainly not sent: back off, try again."""
    RECIPIENT = "recipient"
    """One message of the batch is at fault, the gateway doesn't say which: split until it is found."""
    DEFECT = "defect"
    """We called it wrongly: nothing was sent, and the next batch would fare the same."""
    SERVER = "server"
    """The gateway broke while working (5xx): it may have sent."""
    UNKNOWN = "unknown"
    """A code nobody documented: a permanent failure, never a loop."""


_HALT = {
    401: "account_disabled",
    403: "api_key_invalid",
    407: "access_denied",
    412: "sender_invalid",
    416: "address_not_allowed",
    418: "credit_insufficient",
    420: "links_not_allowed",
    426: "plan_insufficient",
    427: "line_access_needed",
    429: "address_restricted",
    430: "account_restricted",
    501: "test_account_only",
}
_RETRY = {409: "gateway_busy", 451: "too_many_calls"}
_RECIPIENT = {411: "receptor_invalid", 413: "text_length_invalid", 422: "text_characters_invalid"}
_DEFECT = {
    400: "parameters_incomplete",
    404: "method_unknown",
    405: "verb_wrong",
    406: "parameters_empty",
    414: "batch_too_large",
    415: "index_too_large",
    417: "date_invalid",
    419: "arrays_unequal",
}
_CLASSES: dict[int, CodeClass] = {
    200: CodeClass.OK,
    **dict.fromkeys(_HALT, CodeClass.HALT),
    **dict.fromkeys(_RETRY, CodeClass.RETRY),
    **dict.fromkeys(_RECIPIENT, CodeClass.RECIPIENT),
    **dict.fromkeys(_DEFECT, CodeClass.DEFECT),
}
_REASONS = {**_HALT, **_RETRY, **_RECIPIENT, **_DEFECT}

REASONS: frozenset[str] = frozenset({*_REASONS.values(), "gateway_error", "code_unknown"})
"""Every word `reason_of` may answer with; whoever shows reasons to people needs a text for each."""


def classify(code: int) -> CodeClass:
    """The class of any integer; 5xx that mean nothing else are SERVER, what nobody documented is UNKNOWN."""
    known = _CLASSES.get(code)
    if known is not None:
        return known
    return CodeClass.SERVER if 500 <= code <= 599 else CodeClass.UNKNOWN


def reason_of(code: int) -> str:
    """A stable word for a code other than 200."""
    known = _REASONS.get(code)
    if known is not None:
        return known
    return "gateway_error" if 500 <= code <= 599 else "code_unknown"
