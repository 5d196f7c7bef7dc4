"""Use cases of the campaigns room: each is one function and one transaction."""

from campaigns.commands.advance import active_campaign_ids, advance_campaign
from campaigns.commands.control import cancel_campaign, cancel_pending_messages, expire_leases, pause_campaign, remind_now, resume_campaign
from campaigns.commands.draft import Draft, Estimate, create_campaign, draft_of, estimate_campaign, update_campaign
from campaigns.commands.inbound import handle_inbound, receive_inbound
from campaigns.commands.materialise import analyse_after, materialise_wave
from campaigns.commands.permission import draft_permission_campaign, permission_by_text, record_permissions
from campaigns.commands.poll import poll_receipts
from campaigns.commands.receipts import apply_receipts, drop_old_receipts, store_receipts
from campaigns.commands.reconcile import count_due, reconcile_unknown
from campaigns.commands.review import approve_campaign, check_gateway, launch_campaign, return_campaign, submit_campaign

__all__ = [
    "Draft",
    "Estimate",
    "active_campaign_ids",
    "advance_campaign",
    "analyse_after",
    "apply_receipts",
    "approve_campaign",
    "cancel_campaign",
    "cancel_pending_messages",
    "check_gateway",
    "count_due",
    "create_campaign",
    "draft_of",
    "draft_permission_campaign",
    "drop_old_receipts",
    "estimate_campaign",
    "expire_leases",
    "handle_inbound",
    "launch_campaign",
    "materialise_wave",
    "pause_campaign",
    "permission_by_text",
    "poll_receipts",
    "receive_inbound",
    "record_permissions",
    "reconcile_unknown",
    "remind_now",
    "resume_campaign",
    "return_campaign",
    "store_receipts",
    "submit_campaign",
    "update_campaign",
]
