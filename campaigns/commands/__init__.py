"""Use cases of the campaigns room: each is one function and one transaction."""

from campaigns.commands.advance import active_campaign_ids, advance_campaign
from campaigns.commands.alerts import review_alert, send_alert, send_all_clear, set_legal_basis
from campaigns.commands.asking import due_for_inbound, has_unsynced_lines, poll_inbound, sync_blocked_lines
from campaigns.commands.closing import cancel_pending_messages, expire_leases, expire_pending_messages, write_off_unknown
from campaigns.commands.content import (
    ReadyDraft,
    add_filtered_word,
    delete_filtered_word,
    delete_ready_text,
    note_used,
    require_clean,
    save_ready_text,
)
from campaigns.commands.continuing import continue_campaign
from campaigns.commands.control import cancel_campaign, pause_campaign, resume_campaign
from campaigns.commands.days import delete_day, save_day, save_days
from campaigns.commands.draft import Draft, Estimate, create_campaign, draft_of, estimate_campaign, update_campaign
from campaigns.commands.following import draft_correction, draft_result
from campaigns.commands.inbound import handle_inbound, receive_inbound
from campaigns.commands.lines import LineDraft, require_line, save_line, seed_first_line
from campaigns.commands.materialise import analyse_after, materialise_wave
from campaigns.commands.mending import mend_stamps_ahead
from campaigns.commands.permission import draft_permission_campaign, permission_by_text, record_permissions
from campaigns.commands.poll import poll_receipts
from campaigns.commands.receipts import apply_receipts, drop_old_receipts, store_receipts
from campaigns.commands.reconcile import count_due, reconcile_unknown
from campaigns.commands.review import (
    approve_campaign,
    check_gateway,
    launch_campaign,
    reopen_void_campaigns,
    return_campaign,
    submit_campaign,
)
from campaigns.commands.waves import remind_now, resend_failed

__all__ = [
    "Draft",
    "Estimate",
    "LineDraft",
    "ReadyDraft",
    "active_campaign_ids",
    "add_filtered_word",
    "advance_campaign",
    "analyse_after",
    "apply_receipts",
    "approve_campaign",
    "cancel_campaign",
    "cancel_pending_messages",
    "check_gateway",
    "continue_campaign",
    "count_due",
    "create_campaign",
    "delete_day",
    "delete_filtered_word",
    "delete_ready_text",
    "draft_correction",
    "draft_of",
    "draft_permission_campaign",
    "draft_result",
    "drop_old_receipts",
    "due_for_inbound",
    "estimate_campaign",
    "expire_leases",
    "expire_pending_messages",
    "handle_inbound",
    "has_unsynced_lines",
    "launch_campaign",
    "materialise_wave",
    "mend_stamps_ahead",
    "note_used",
    "pause_campaign",
    "permission_by_text",
    "poll_inbound",
    "poll_receipts",
    "receive_inbound",
    "reconcile_unknown",
    "record_permissions",
    "remind_now",
    "reopen_void_campaigns",
    "require_clean",
    "require_line",
    "resend_failed",
    "resume_campaign",
    "return_campaign",
    "review_alert",
    "save_day",
    "save_days",
    "save_line",
    "save_ready_text",
    "seed_first_line",
    "send_alert",
    "send_all_clear",
    "set_legal_basis",
    "store_receipts",
    "submit_campaign",
    "sync_blocked_lines",
    "update_campaign",
    "write_off_unknown",
]
