"""How states, reasons and pauses are told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from campaigns.kinds import CampaignKind
from campaigns.states import CampaignState, MessageState
from engage.sms import codes
from engage.web.filters import number
from engage.web.states import StateLook

_C = CampaignState
_K = CampaignKind

KIND_LABELS: dict[str, Any] = {
    _K.SURVEY: _l("invitation to a survey"),
    _K.ANNOUNCEMENT: _l("announcement"),
    _K.SAFETY_ALERT: _l("safety alert"),
    _K.ALL_CLEAR: _l("all-clear"),
    _K.CORRECTION: _l("correction"),
    _K.RESULT: _l("thanks and results"),
    _K.CONVERSATION: _l("survey by SMS"),
}

_M = MessageState

CAMPAIGN_LOOKS: dict[str, StateLook] = {
    _C.DRAFT: StateLook("grey", "pencil", _l("Draft")),
    _C.IN_REVIEW: StateLook("wait", "hourglass", _l("Waiting for approval")),
    _C.APPROVED: StateLook("ok", "shield-check", _l("Approved")),
    _C.SCHEDULED: StateLook("run", "calendar", _l("Scheduled")),
    _C.MATERIALISING: StateLook("run", "users", _l("Preparing recipients")),
    _C.SENDING: StateLook("run", "send", _l("Sending")),
    _C.PAUSED: StateLook("wait", "pause", _l("Paused")),
    _C.SETTLING: StateLook("run", "clock", _l("Waiting for receipts")),
    _C.FINISHED: StateLook("ok", "ok", _l("Finished")),
    _C.CANCELLED: StateLook("grey", "bad", _l("Cancelled")),
}

MESSAGE_LOOKS: dict[str, StateLook] = {
    _M.PENDING: StateLook("grey", "clock", _l("Queued")),
    _M.SENDING: StateLook("run", "refresh", _l("Being sent")),
    _M.UNKNOWN: StateLook("wait", "info", _l("Unknown")),
    _M.ACCEPTED: StateLook("run", "send", _l("Accepted by the gateway")),
    _M.DELIVERED: StateLook("ok", "ok", _l("Delivered")),
    _M.UNDELIVERED: StateLook("bad", "bad", _l("Undelivered")),
    _M.BLOCKED: StateLook("bad", "blocked", _l("Blocked at the operator")),
    _M.CANCELLED: StateLook("grey", "close", _l("Not sent")),
    _M.FAILED: StateLook("bad", "alert", _l("Failed")),
    _M.EXPIRED: StateLook("grey", "hourglass", _l("No receipt came")),
    _M.SUPPRESSED: StateLook("grey", "user-off", _l("Sending not allowed")),
    _M.WRITTEN_OFF: StateLook("wait", "help", _l("Never became known")),
}

CHIP_ORDER = (
    _M.DELIVERED,
    _M.PENDING,
    _M.ACCEPTED,
    _M.SENDING,
    _M.UNDELIVERED,
    _M.BLOCKED,
    _M.FAILED,
    _M.SUPPRESSED,
    _M.CANCELLED,
    _M.UNKNOWN,
    _M.EXPIRED,
    _M.WRITTEN_OFF,
)

GATEWAY_REASONS: dict[str, Any] = {
    "account_disabled": _l("The gateway has switched the account off."),
    "api_key_invalid": _l("The gateway doesn't know the API key."),
    "access_denied": _l("The gateway denies this account the access to the line."),
    "sender_invalid": _l("The gateway doesn't know the line this campaign is sent from."),
    "address_not_allowed": _l("The gateway doesn't accept calls from this server's address."),
    "credit_insufficient": _l("The gateway's credit is used up."),
    "links_not_allowed": _l("The operator hasn't allowed links on this line."),
    "plan_insufficient": _l("The gateway account's plan doesn't include this service."),
    "line_access_needed": _l("The line must first be opened for this account."),
    "address_restricted": _l("The gateway has restricted this server's address."),
    "account_restricted": _l("The gateway has restricted the account."),
    "test_account_only": _l("The gateway account is a trial: it sends to its owner's number alone."),
    "gateway_busy": _l("The gateway is busy."),
    "too_many_calls": _l("The gateway was called too often."),
    "receptor_invalid": _l("The gateway says this number isn't valid."),
    "text_length_invalid": _l("The gateway says the text is too long."),
    "text_characters_invalid": _l("The text holds characters that can't be sent."),
    "parameters_incomplete": _l("The gateway found our request incomplete."),
    "method_unknown": _l("The gateway doesn't know the method that was called."),
    "verb_wrong": _l("The gateway expects the request in another form."),
    "parameters_empty": _l("The gateway found our request empty."),
    "batch_too_large": _l("The gateway found too many messages in one request."),
    "index_too_large": _l("The gateway found too many items in one request."),
    "date_invalid": _l("The gateway couldn't read the date of sending."),
    "arrays_unequal": _l("The gateway found our lists of unequal length."),
    "gateway_error": _l("The gateway broke down while it was working."),
    "code_unknown": _l("The gateway answered with a code nobody has documented."),
}
"""A sentence for every word of `engage.sms.codes.REASONS`."""

MESSAGE_REASONS: dict[str, Any] = {
    "suppressed": _l("Opted out of our texts"),
    "erased": _l("The person's data was erased"),
    "reassigned": _l("The number belongs to somebody else now"),
    "no_consent": _l("No consent to survey invitations"),
    "list_held": _l("The list that brought the consent is held after objections"),
    "prior_relation": _l("No documented consent, and the unit's rules allow no such text"),
    "frequency_cap": _l("Has had as many texts as the cap allows"),
    "answered": _l("Had answered already"),
    "revoked": _l("The link was withdrawn"),
    "survey_closed": _l("The survey had closed"),
    "link_expired": _l("The link had expired"),
    "campaign_cancelled": _l("The campaign was cancelled"),
    "not_after": _l("The last moment for sending had passed"),
    "written_off": _l("Nobody could find out what became of it"),
    "lease_expired": _l("The gateway is being asked; it won't be sent twice"),
    "restored": _l("The database was restored from a backup; the gateway is being asked whether this was sent meanwhile"),
    "timeout": _l("The gateway didn't answer in time; it is being asked"),
    "connection_lost": _l("The connection broke; the gateway is being asked"),
    "connect_timeout": _l("The gateway couldn't be reached"),
    "connection_refused": _l("The gateway couldn't be reached"),
    "certificate_invalid": _l("The gateway's certificate isn't valid"),
    "answer_empty": _l("The gateway's answer was empty; it is being asked"),
    "answer_incomplete": _l("The gateway's answer was incomplete; it is being asked"),
    "answer_mismatched": _l("The gateway's answer didn't fit; it is being asked"),
    "answer_unreadable": _l("The gateway's answer couldn't be read; it is being asked"),
}

WAVE_LABELS: dict[str, Any] = {"first": _l("Invitation"), "reminder": _l("Reminder"), "resend": _l("Sent again")}

WAVE_SKIPS: dict[str, Any] = {
    "answered_enough": _l("left out: enough people had answered"),
    "survey_closed": _l("left out: the survey had closed"),
    "not_after": _l("left out: the last moment for sending had passed"),
}

STATE_NOTES: dict[str, Any] = {
    _M.ACCEPTED: _l("Waiting for the receipt"),
    _M.UNDELIVERED: _l("The phone is off or out of reach"),
    _M.BLOCKED: _l("The citizen has closed this kind of line at the operator"),
    _M.UNKNOWN: _l("The gateway is being asked; it won't be sent twice"),
}


def reason_words(state: MessageState, reason: str | None) -> Any:
    """Why a message is in its state, in a few words; empty where the state says it all."""
    if reason:
        return MESSAGE_REASONS.get(reason) or GATEWAY_REASONS.get(reason) or ""
    return STATE_NOTES.get(state, "")


@dataclass(frozen=True)
class PauseWords:
    """What is said of a pause: its cause, and what to do about it."""

    title: Any
    advice: Any
    kind: str = "bad"


_MEND_AT_GATEWAY = _l("Ask whoever keeps the gateway account to put this right in its panel, then press “Go on sending”.")

_PAUSES: dict[str, PauseWords] = {
    "user": PauseWords(_l("Sending was paused."), _l("It goes on when you press “Go on sending”."), "wait"),
    "window": PauseWords(
        _l("It is outside the sending hours."), _l("Nothing has to be done: sending goes on by itself when the hours begin."), "wait"
    ),
    "credit": PauseWords(
        _l("The gateway's credit is used up."), _l("Charge the account in the gateway's panel, then press “Go on sending”.")
    ),
    "budget": PauseWords(
        _l("The approved cost is used up."),
        _l(
            "The gateway charges more than was approved. Check its prices; if they are right, cancel this campaign and have one for the rest approved."
        ),
    ),
    "error_rate": PauseWords(
        _l("Too many texts failed."), _l("Look at the failed recipients below before you go on: their reasons say what to mend.")
    ),
    "opt_out_rate": PauseWords(
        _l("Too many citizens answered with “stop”."),
        _l("Read the text again as a citizen would. If it is right, go on; if not, cancel the campaign."),
    ),
    "pilot": PauseWords(
        _l("The first texts have gone out."),
        _l("Look at what became of them. The rest follows by itself after the wait, or when you press “Go on sending”."),
        "wait",
    ),
    "not_for_me_rate": PauseWords(
        _l("Too many citizens say that the text isn't for them."),
        _l("The list of numbers seems to be old. Look at where it comes from before you go on; if it is wrong, cancel the campaign."),
    ),
    "restored": PauseWords(
        _l("The database was restored from a backup."),
        _l(
            "Texts that may have been sent after that backup are looked up at the gateway first; what it no longer knows waits for your decision. Waves that had not been prepared yet are not sent. Then press “Go on sending”."
        ),
        "wait",
    ),
    "account_disabled": PauseWords(GATEWAY_REASONS["account_disabled"], _MEND_AT_GATEWAY),
    "api_key_invalid": PauseWords(
        GATEWAY_REASONS["api_key_invalid"],
        _l("Ask the administrator to enter the right key (KAVENEGAR_API_KEY), then press “Go on sending”."),
    ),
    "sender_invalid": PauseWords(
        GATEWAY_REASONS["sender_invalid"], _l("Ask the administrator to enter the right line (KAVENEGAR_LINE), then start a new campaign.")
    ),
    "links_not_allowed": PauseWords(
        GATEWAY_REASONS["links_not_allowed"],
        _l("Without links nobody can answer. Have links for your domain allowed by the gateway's support, then press “Go on sending”."),
    ),
}


def pause_words(code: str | None) -> PauseWords:
    """Words for any pause code: user, window, pilot, credit, budget, error_rate, opt_out_rate, gateway_<number>."""
    found = _PAUSES.get(code or "user")
    if found is not None:
        return found
    number = re.fullmatch(r"gateway_(\d+)", code or "")
    reason = codes.reason_of(int(number[1])) if number else (code or "").removeprefix("gateway_")
    if reason in _PAUSES:
        return _PAUSES[reason]
    return PauseWords(GATEWAY_REASONS.get(reason, GATEWAY_REASONS["code_unknown"]), _MEND_AT_GATEWAY)


def span_words(seconds: int) -> str:
    """«۳ روز», «۱۲ ساعت», «۴۵ دقیقه»"""
    hours = seconds // 3600
    if hours and hours % 24 == 0:
        return _("%(count)s days", count=number(hours // 24))
    if hours:
        return _("%(count)s hours", count=number(hours))
    return _("%(count)s minutes", count=number(max(seconds // 60, 1)))


AUDIT_SENTENCES: dict[str, Any] = {
    "campaign.created": _l("Campaign “%(title)s” was made"),
    "campaign.changed": _l("Campaign “%(title)s” was changed"),
    "campaign.submitted": _l("Campaign “%(title)s” was sent for approval: %(recipients)s recipients, %(cost)s rials"),
    "campaign.approved_by_rule": _l("Campaign “%(title)s” is below the unit's limits and was approved by the rule"),
    "campaign.approved": _l("Campaign “%(title)s” was approved"),
    "campaign.approved_for": _l("Campaign “%(title)s” was approved in the name of %(manager)s"),
    "campaign.returned": _l("Campaign “%(title)s” was sent back for changes"),
    "campaign.launched": _l("The sending of campaign “%(title)s” was started or scheduled"),
    "campaign.restored": _l("Campaign “%(title)s” was stopped because the database was restored from a backup"),
    "campaign.paused": _l("Campaign “%(title)s” was paused"),
    "campaign.reminded_early": _l("The reminder of campaign “%(title)s” was sent before its time"),
    "campaign.resumed": _l("Campaign “%(title)s” went on"),
    "campaign.resent": _l("Campaign “%(title)s” was sent again to %(count)s numbers it had failed at"),
    "campaign.written_off": _l("%(count)s texts of campaign “%(title)s” whose fate nobody knows were given up"),
    "campaign.continued": _l("A new campaign goes on with what was left of “%(title)s”"),
    "line.added": _l("Line %(number)s was added"),
    "line.changed": _l("Line %(number)s was changed"),
    "line.throttled": _l("Line %(number)s sends %(rate)s texts a second at most"),
    "line.unthrottled": _l("Line %(number)s sends as fast as the gateway takes texts"),
    "day.saved": _l("“%(title)s” was entered as a day of rest"),
    "days.saved": _l("%(count)s days of rest were entered"),
    "day.deleted": _l("“%(title)s” is no day of rest any more"),
    "campaign.sent_on_duty": _l("“%(title)s” was sent on duty to %(recipients)s people, without a second person beforehand"),
    "campaign.reviewed": _l("A second person looked at the safety alert “%(title)s”"),
    "campaign.legal_basis_set": _l("Safety alerts may go to numbers that opted out: %(basis)s"),
    "campaign.legal_basis_removed": _l("Safety alerts may no longer go to numbers that opted out"),
    "campaign.ready_saved": _l("The ready text “%(title)s” was saved"),
    "campaign.ready_deleted": _l("The ready text “%(title)s” was deleted"),
    "campaign.word_added": _l("“%(word)s” became a filtered word"),
    "campaign.word_deleted": _l("“%(word)s” is no filtered word any more"),
    "campaign.tried": _l("The text of campaign “%(title)s” was sent to the officer's own phone as a trial: %(pages)s page(s)"),
    "campaign.cancelled": _l("Campaign “%(title)s” was cancelled"),
}
