"""The sentence for every refusal of this room: what is wrong, and what to do."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from campaigns.views.labels import GATEWAY_REASONS

SENTENCES: dict[str, Any] = {
    "campaign_unknown": _l("There is no such campaign."),
    "campaign_changed": _l("Somebody saved this campaign in the meantime. Look at it as it is now before you go on."),
    "campaign_not_editable": _l("This campaign is no longer a draft, so it can't be changed. Have it sent back for changes first."),
    "state_forbids": _l("The campaign has moved on, so this can't be done any more. Look at where it stands now."),
    "audience_empty": _l("Nobody is left under these conditions. Take one of them away."),
    "poll_question_empty": _l("Write the question."),
    "poll_options_few": _l("Write at least two options, one a line."),
    "poll_options_many": _l("At most %(most)s options fit on a phone. Take some away."),
    "poll_options_same": _l("Two options are the same. Change one of them."),
    "phone_unconfirmed": _l("Confirm your own mobile number on your account's page first; the trial goes there."),
    "trials_used_up": _l("You have sent yourself %(most)s trials today. There are more tomorrow."),
    "title_empty": _l("Give the campaign a title."),
    "text_empty": _l("Write the text of the message."),
    "text_characters_invalid": GATEWAY_REASONS["text_characters_invalid"],
    "text_has_own_link": _l("Take the address out of the text: every citizen's own link is added by itself."),
    "text_too_long": _l("The text is too long: at most %(most)s characters."),
    "placeholder_unknown": _l("The text holds {%(name)s}, which nobody can fill in. These can be: %(known)s"),
    "window_invalid": _l("Sending hours lie between %(start)s and %(end)s and end after they begin."),
    "outside_window": _l(
        "Texts of this campaign go out between %(start)s and %(end)s alone. Choose a time within these hours, or wait for them."
    ),
    "survey_not_open": _l("The survey of this campaign isn't open for answers. Publish it, or choose another one."),
    "survey_without_deadline": _l("The survey has no last day for answers. Set one on the survey's page first."),
    "window_never_opens": _l(
        "The sending hours of the campaign and of its line never meet before its last moment, so it would never go out."
    ),
    "resting_day": _l("Texts of this campaign rest on this day. They may go out from %(opens)s on."),
    "survey_missing": _l("Choose the survey this campaign is about."),
    "begin_not_possible": _l("%(word)s stands for the beginning of a conversation; take it out of this text."),
    "conversation_anonymous": _l(
        "An anonymous survey can't be asked by SMS, because a text says whose number it came from. Invite to it by links."
    ),
    "conversation_without_question": _l("This survey asks nothing, so it can't be a conversation."),
    "conversation_too_many": _l("A conversation has at most %(most)s questions. Shorten the survey, or invite to it by links."),
    "conversation_type": _l("Question %(number)s (“%(label)s”) can't be answered by SMS. Make it a simpler one, or invite by links."),
    "conversation_options": _l("Question %(number)s (“%(label)s”) has more than %(most)s options, too many for a text."),
    "conversation_too_long": _l("Question %(number)s (“%(label)s”) takes more than %(most)s pages as a text. Shorten it."),
    "conversation_information": _l("The information “%(label)s” is too long for a text. Shorten it to %(most)s characters."),
    "parent_missing": _l("Choose the campaign this one follows."),
    "deadline_missing": _l("The text names a last day to answer, and there is no survey that has one."),
    "text_has_foreign_link": _l("The text holds the address %(address)s. Only addresses of the office's own may be sent."),
    "reminders_not_possible": _l("Only who is asked something can be reminded."),
    "reminders_too_many": _l("At most %(most)s reminders may go out."),
    "reminders_unordered": _l("Each reminder has to be later than the one before it."),
    "reminder_stop_invalid": _l("The share of answers above which a reminder is left out lies between 0 and 100 per cent."),
    "planned_after_last_moment": _l("Sending would begin after its last moment. Choose an earlier start or a later last moment."),
    "spread_invalid": _l("Texts can be spread over %(most)s days at most."),
    "pilot_invalid": _l("Say how many texts go out first, and how long they are waited for."),
    "legal_basis_not_possible": _l("Only safety alerts may go to numbers that opted out."),
    "page_outdated": _l("This page is out of date. Open it again; nothing was sent."),
    "count_differs": _l("The number isn't right: this goes to %(count)s people. Type that number to send it."),
    "legal_basis_missing": _l("No law is documented for sending to numbers that opted out. An administrator can enter one."),
    "legal_basis_long": _l("At most %(most)s characters."),
    "not_an_alert": _l("This campaign isn't a safety alert."),
    "reviewer_is_author": _l("You sent this alert, so somebody else has to look at it."),
    "alert_reviewed": _l("Somebody has looked at this alert already."),
    "nothing_to_correct": _l("This campaign has reached nobody yet, so there is nothing to correct."),
    "nobody_took_part": _l("Nobody has taken part through this campaign yet."),
    "notice_too_long": _l("The correction has at most %(most)s characters."),
    "text_filtered": _l("Operators hold texts back that contain: %(words)s. Write it in other words."),
    "filtered_word_invalid": _l("Write a word or a phrase of at most %(most)s characters."),
    "ready_title_empty": _l("Give the text a title."),
    "ready_text_missing": _l("This ready text was deleted meanwhile."),
    "line_unknown": _l("Line %(line)s isn't in use for this unit. Choose another one."),
    "line_without_links": _l("Line %(line)s may not send links. Choose another one, or have links allowed by the operator."),
    "line_not_for_alerts": _l("Line %(line)s is for advertising and doesn't reach everybody at every hour. Alerts need a service line."),
    "line_invalid": _l("The number of a line has 4 to 20 digits."),
    "line_changed_meanwhile": _l(
        "A colleague changed this line meanwhile. What you typed is still here: compare it with the list of lines, then save again."
    ),
    "line_known": _l("Line %(line)s is listed already. Open it in the list to change it."),
    "line_kind_unknown": _l("A line is for service or for advertising."),
    "line_throttle_invalid": _l("Texts a second: a number above zero, or nothing for no limit."),
    "line_prices_invalid": _l("A price can't be negative."),
    "line_hours_invalid": _l("Hours of this line lie between %(start)s and %(end)s and end after they begin."),
    "day_kind_unknown": _l("A day is a holiday or one of mourning."),
    "days_missing": _l("The list holds no day."),
    "days_too_many": _l("At most %(most)s days can be entered at once."),
    "sending_deadline_passed": _l("The last moment for sending has passed. Choose a new one to go on."),
    "text_names_past_day": _l(
        "The text names %(day)s as the last day to answer, which isn't true any more. Make a new campaign of what is left; it needs a new approval."
    ),
    "kind_not_continuable": _l("This kind of campaign can't be gone on with. Cancel it, and write a new one."),
    "nothing_left": _l("Nobody is left whom this campaign hasn't written to."),
    "states_not_resendable": _l("Only texts that didn't arrive can be sent again."),
    "nothing_to_resend": _l("No text of this campaign failed to arrive."),
    "resend_waiting": _l("The texts are being sent again already."),
    "resends_too_many": _l("Nobody is written to more than %(most)s times again."),
    "resend_over_budget": _l("What was approved doesn't cover the %(cost)s rials of sending again. Write a new campaign for it."),
    "nothing_to_write_off": _l("Nothing can be given up yet: the gateway can still be asked about it."),
    "schedule_in_past": _l("The time chosen for sending has passed. Choose a later one, or start now."),
    "schedule_after_deadline": _l("The survey closes before the time chosen for sending. Choose an earlier one."),
    "approver_unfit": _l("Only a manager of the unit approves, or whom they have named as delegate for these days."),
    "approval_expired": _l("The approval is too old to start with. The campaign goes back to its author for a new one."),
    "approval_prices": _l("A page costs more now than was approved. Make it a draft again and send it for approval."),
    "approval_survey": _l("The survey was published anew since. Make the campaign a draft again and send it for approval."),
    "approval_deadline": _l("The last day to answer was moved since. Make the campaign a draft again and send it for approval."),
    "credit_not_free": _l(
        "Only %(free)s rials of the credit are free and the campaign needs up to %(cost)s. The rest is set aside for other campaigns and for safety alerts (%(protected)s). Charge the account in the gateway's panel."
    ),
    "month_invalid": _l("There is no such month."),
    "approver_is_author": _l("You wrote this campaign, so somebody else has to approve it."),
    "credit_insufficient": _l(
        "The gateway's credit is %(credit)s rials and the campaign needs up to %(cost)s. Charge the account in the gateway's panel, then try again."
    ),
    "credit_missing": _l("The gateway's credit is used up. Charge the account in the gateway's panel, then try again."),
    "gateway_unavailable": _l("The SMS gateway doesn't answer. Nothing was sent; try again in a few minutes."),
    "gateway_debug": _l("The gateway account is in its trial mode and would deliver nothing. Switch “debugmode” off in its panel first."),
    "no_reminder_waiting": _l("No reminder is waiting: none was planned, or it has gone out already."),
    "actor_unknown": _l("There is no active user of the address %(email)s."),
    "actor_not_permitted": _l("%(email)s may not do this in the campaign's unit."),
    "time_unreadable": _l("The time can't be read. Write it like 1405/09/02 10:00"),
} | {f"gateway_{reason}": sentence for reason, sentence in GATEWAY_REASONS.items()}
