"""Campaigns, their waves, every message, and what the gateway said about it."""

from __future__ import annotations

from campaigns.models.campaigns import Campaign, Wave
from campaigns.models.inbound import InboundMessage
from campaigns.models.messages import Message, MessageNumbers, Receipt, SendBatch

__all__ = ["Campaign", "InboundMessage", "Message", "MessageNumbers", "Receipt", "SendBatch", "Wave"]
