"""How much one address may ask for: loosely, because thousands of phones share one carrier's address.

What protects a number is counted per number (`contacts.rules.codes`); what protects a code is its few tries.
"""

from __future__ import annotations

from engage.web.limits import limiter

asking = limiter.shared_limit("300 per 10 minutes; 3000 per day", scope="citizen-codes", methods=["POST"])
"""Pages that send a text."""
typing = limiter.shared_limit("600 per 10 minutes", scope="citizen-typing", methods=["POST"])
"""Pages on which a code is typed."""
missing = limiter.shared_limit("60 per minute", scope="citizen-misses", deduct_when=lambda response: response.status_code == 404)
"""Addresses that lead nowhere; right ones cost nothing."""
