"""What the campaigns room adds to the application."""

from __future__ import annotations

from flask import Flask

from campaigns import credit, metrics, segments, sweeps, views, webhook_door, webhooks
from campaigns.alerting import words as alert_words
from campaigns.alerting.watch import look_for_causes, tell_of_pause
from campaigns.commands import reopen_void_campaigns
from campaigns.commands.erasing import forget_person, tidy_erased_messages
from campaigns.commands.survey_codes import send_survey_code
from campaigns.conversation.commands import tidy_conversations
from campaigns.events import CampaignFinished, CampaignPaused, ReceiptsRecorded
from campaigns.inbox import views as inbox_views
from campaigns.queries.holders import holder_of_survey_link
from campaigns.queries.imports import has_texted_import
from campaigns.subscribers import (
    doubt_neighbourhood_on_dispute,
    end_consent_on_disowned_number,
    judge_reach_on_finish,
    judge_reach_on_late_receipts,
    record_permissions_on_answers,
    suppress_number_on_opt_out,
)
from campaigns.views.past import message_timeline
from contacts.queries import register_import_user, register_timeline_source
from contacts.queries.link_holders import register_link_reader
from contacts.queries.references import register_reference_holder
from engage.events import subscribe
from engage.jobs import register_sweep
from engage.vault import EncryptedColumn, register_encrypted_columns
from surveys.entrances.texts import register_code_sender
from surveys.events import NeighbourhoodDisputed, NumberDisowned, OptOutRequested, ResponsesArrived


def install(app: Flask) -> None:
    app.register_blueprint(views.blueprint)
    app.register_blueprint(webhooks.blueprint)
    webhook_door.install(app)
    views.install(app)
    inbox_views.install(app)
    sweeps.install(app)
    credit.install(app)
    metrics.install(app)
    segments.install(app)
    subscribe(app, OptOutRequested, suppress_number_on_opt_out)
    subscribe(app, ResponsesArrived, record_permissions_on_answers)
    subscribe(app, NumberDisowned, end_consent_on_disowned_number)
    subscribe(app, NeighbourhoodDisputed, doubt_neighbourhood_on_dispute)
    subscribe(app, CampaignFinished, judge_reach_on_finish)
    subscribe(app, ReceiptsRecorded, judge_reach_on_late_receipts)
    subscribe(app, CampaignPaused, tell_of_pause)
    alert_words.install()
    register_timeline_source(app, message_timeline)
    register_import_user(app, has_texted_import)
    register_reference_holder(app, forget_person)
    register_link_reader(app, holder_of_survey_link)
    register_code_sender(app, send_survey_code)
    register_sweep(app, "officers_alerts", lambda s: 60.0, look_for_causes)
    register_sweep(app, "void_approvals", lambda s: 300.0, reopen_void_campaigns)
    register_sweep(app, "conversations", lambda s: 3600.0, tidy_conversations)
    register_sweep(app, "erased_messages", lambda s: 3600.0, tidy_erased_messages)
    register_encrypted_columns(
        app,
        EncryptedColumn("inbound_message", "sender_cipher", "inbound_message:{}", "gateway_id"),
        EncryptedColumn("inbound_message", "text_cipher", "inbound_message:{}", "gateway_id"),
        EncryptedColumn("case_reply", "text_cipher", "case_reply:{}"),
        EncryptedColumn("conversation", "progress_cipher", "conversation:{}"),
    )
