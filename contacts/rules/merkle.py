"""The Merkle tree of RFC 9162, section 2.1, over leaves that stream by. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()


class MerkleTree:
    """The root over any number of leaves in their order; keeps one hash for each bit of their count."""

    __slots__ = ("_stack", "count")

    def __init__(self) -> None:
        self.count = 0
        self._stack: list[bytes] = []
        """Roots of the whole subtrees so far, the largest first; their sizes are the bits of `count`."""

    def add(self, leaves: Iterable[bytes]) -> None:
        """Put leaves behind those that are there."""
        stack, count = self._stack, self.count
        for leaf in leaves:
            node = sha256(b"\x00" + leaf).digest()
            full = count
            while full & 1:
                node = sha256(b"\x01" + stack.pop() + node).digest()
                full >>= 1
            stack.append(node)
            count += 1
        self.count = count

    def root(self) -> bytes:
        """The hash over all leaves added so far; more may follow."""
        if not self._stack:
            return EMPTY_ROOT
        node = self._stack[-1]
        for left in reversed(self._stack[:-1]):
            node = sha256(b"\x01" + left + node).digest()
        return node


def merkle_root(leaves: Iterable[bytes]) -> bytes:
    """The root over `leaves` in their order."""
    tree = MerkleTree()
    tree.add(leaves)
    return tree.root()
