"""Campaigns, their waves, every message, what the gateway said about it, and the lines they go out on."""

from __future__ import annotations

from campaigns.models.campaigns import Campaign, Wave
from campaigns.models.conversations import Conversation
from campaigns.models.inbound import CaseReply, InboundCase, InboundKeyword, InboundMessage, InboxSetting
from campaigns.models.lines import CalendarDay, SmsLine
from campaigns.models.messages import Message, MessageNumbers, Receipt, SendBatch
from campaigns.models.trials import TrialText
from campaigns.models.words import AlertPolicy, FilteredWord, ReadyText

__all__ = [
    "AlertPolicy",
    "CalendarDay",
    "Campaign",
    "CaseReply",
    "Conversation",
    "FilteredWord",
    "InboundCase",
    "InboundKeyword",
    "InboundMessage",
    "InboxSetting",
    "Message",
    "MessageNumbers",
    "ReadyText",
    "Receipt",
    "SendBatch",
    "SmsLine",
    "TrialText",
    "Wave",
]
