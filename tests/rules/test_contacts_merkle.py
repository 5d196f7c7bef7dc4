"""The tree of RFC 9162: the same root as its definition, whatever way the leaves stream in; any change changes it."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from contacts.rules.merkle import EMPTY_ROOT, MerkleTree, merkle_root

leaves = st.lists(st.binary(max_size=4), max_size=40)


def by_definition(items: list[bytes]) -> bytes:
    """RFC 9162, section 2.1.1, word for word."""
    if not items:
        return sha256(b"").digest()
    if len(items) == 1:
        return sha256(b"\x00" + items[0]).digest()
    split = 1
    while split * 2 < len(items):
        split *= 2
    return sha256(b"\x01" + by_definition(items[:split]) + by_definition(items[split:])).digest()


def test_the_root_of_nothing_and_a_known_root():
    assert merkle_root([]) == EMPTY_ROOT
    # RFC 6962's well-known test vector: seven leaves of certificate-transparency.
    items = [bytes.fromhex(each) for each in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]
    assert merkle_root(items).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(leaves)
def test_it_is_the_tree_of_the_standard(items):
    assert merkle_root(items) == by_definition(items)


@given(leaves, st.integers(0, 40))
def test_how_leaves_are_cut_into_pages_makes_no_difference(items, cut):
    tree = MerkleTree()
    tree.add(items[:cut])
    tree.root()
    tree.add(items[cut:])
    assert (tree.root(), tree.count) == (by_definition(items), len(items))


@given(leaves.filter(bool), st.data())
def test_a_changed_removed_added_or_moved_leaf_changes_the_root(items, data):
    at = data.draw(st.integers(0, len(items) - 1))
    root = merkle_root(items)
    assert merkle_root([*items[:at], items[at] + b"x", *items[at + 1 :]]) != root
    assert merkle_root(items[:at] + items[at + 1 :]) != root
    assert merkle_root([*items[:at], b"new", *items[at:]]) != root
    turned = items[::-1]
    assert (merkle_root(turned) == root) == (turned == items)
