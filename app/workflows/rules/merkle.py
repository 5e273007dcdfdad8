"""What proves that the log of a poll only grew: the Merkle tree of RFC 9162, section 2.1."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """A leaf is hashed behind a zero byte, so that no leaf can pass for an inner node."""
    return sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Merkle tree hash of a list of leaf hashes; the empty tree is SHA-256 of nothing."""
    if not leaf_hashes:
        return EMPTY_ROOT
    if len(leaf_hashes) == 1:
        return leaf_hashes[0]
    split = _split(len(leaf_hashes))
    return node_hash(root(leaf_hashes[:split]), root(leaf_hashes[split:]))


def inclusion_proof(index: int, leaf_hashes: Sequence[bytes]) -> list[bytes]:
    """Sibling hashes from leaf `index` (from 0) up to the root; IndexError for a leaf outside the tree."""
    size = len(leaf_hashes)
    if not 0 <= index < size:
        raise IndexError(f"leaf {index} of a tree of {size}")
    if size == 1:
        return []
    split = _split(size)
    if index < split:
        return [*inclusion_proof(index, leaf_hashes[:split]), root(leaf_hashes[split:])]
    return [*inclusion_proof(index - split, leaf_hashes[split:]), root(leaf_hashes[:split])]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], tree_root: bytes) -> bool:
    """RFC 9162 section 2.1.3.2: whether `leaf` (a leaf hash) stands at `index` in the tree of `size` leaves."""
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == tree_root


def consistency_proof(earlier: int, leaf_hashes: Sequence[bytes]) -> list[bytes]:
    """Hashes which show that the tree of the first `earlier` leaves only grew; IndexError outside 1…size."""
    if not 0 < earlier <= len(leaf_hashes):
        raise IndexError(f"an earlier size of {earlier} in a tree of {len(leaf_hashes)}")
    return _subproof(earlier, leaf_hashes, whole=True)


def _subproof(earlier: int, leaf_hashes: Sequence[bytes], *, whole: bool) -> list[bytes]:
    if earlier == len(leaf_hashes):
        return [] if whole else [root(leaf_hashes)]
    split = _split(len(leaf_hashes))
    if earlier <= split:
        return [*_subproof(earlier, leaf_hashes[:split], whole=whole), root(leaf_hashes[split:])]
    return [*_subproof(earlier - split, leaf_hashes[split:], whole=False), root(leaf_hashes[:split])]


def verify_consistency(earlier: int, earlier_root: bytes, size: int, tree_root: bytes, proof: Sequence[bytes]) -> bool:
    """RFC 9162 section 2.1.4.2: whether the tree of `size` leaves begins with the tree of `earlier` leaves."""
    if not 0 < earlier <= size:
        return False
    if earlier == size:
        return not proof and earlier_root == tree_root
    path = [earlier_root, *proof] if earlier & (earlier - 1) == 0 else list(proof)
    if not path:
        return False
    node, last = earlier - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old == earlier_root and new == tree_root


def _split(size: int) -> int:
    """The largest power of two smaller than `size` (size > 1)."""
    return 1 << ((size - 1).bit_length() - 1)


class Node(NamedTuple):
    """A full subtree of 2^level leaves, the `number`-th of its level from the left (both from 0)."""

    level: int
    number: int

    @property
    def completed_by(self) -> int:
        """The leaf (from 0) whose arrival made it full."""
        return ((self.number + 1) << self.level) - 1


Range = tuple[int, int]  # leaves from … up to, but not including; as the splits of RFC 9162 make them


def full_subtrees(begin: int, end: int) -> list[Node]:
    """The full subtrees, from left to right and ever lower, of which the subtree over a range of leaves is made."""
    found = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        found.append(Node(level, begin >> level))
        begin += 1 << level
    return found


def range_root(begin: int, end: int, node: Callable[[Node], bytes]) -> bytes:
    """Hash of the subtree over a range of leaves, out of the hashes of full subtrees."""
    hashes = [node(each) for each in full_subtrees(begin, end)]
    if not hashes:
        return EMPTY_ROOT
    found = hashes.pop()
    while hashes:
        found = node_hash(hashes.pop(), found)
    return found


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The subtrees whose hashes are the inclusion proof of a leaf, in its order; IndexError outside the tree."""
    if not 0 <= index < size:
        raise IndexError(f"leaf {index} of a tree of {size}")
    found, begin, end = [], 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin = middle
    return found[::-1]


def consistency_ranges(earlier: int, size: int) -> list[Range]:
    """The subtrees whose hashes are the proof of consistency, in its order; IndexError outside 1…size."""
    if not 0 < earlier <= size:
        raise IndexError(f"an earlier size of {earlier} in a tree of {size}")
    found, begin, end = [], 0, size
    while earlier != end:
        middle = begin + _split(end - begin)
        if earlier <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((begin, middle))
            begin = middle
    if begin:
        found.append((begin, end))
    return found[::-1]


class Frontier:
    """The right edge of a growing tree: enough to append and to know the root, in O(log n).

    Level i holds the hash of a full subtree of 2^i leaves, or None: the levels in use are the size in binary.
    """

    def __init__(self, levels: Sequence[bytes | None] = ()) -> None:
        if any(level is not None and len(level) != HASH_BYTES for level in levels):
            raise ValueError("a frontier holds SHA-256 hashes")
        if levels and levels[-1] is None:
            raise ValueError("the highest level of a frontier is in use")
        self._levels = list(levels)

    @property
    def size(self) -> int:
        return sum(1 << height for height, level in enumerate(self._levels) if level is not None)

    def append(self, leaf: bytes) -> int:
        """Add a leaf hash and return its index (from 0)."""
        index = self.size
        self.grow(leaf)
        return index

    def grow(self, leaf: bytes) -> list[bytes]:
        """Add a leaf hash; the hashes of the full subtrees that it completes, two leaves high and upwards."""
        if len(leaf) != HASH_BYTES:
            raise ValueError("a leaf hash has 32 bytes")
        carried, height, completed = leaf, 0, []
        while height < len(self._levels) and (full := self._levels[height]) is not None:
            carried = node_hash(full, carried)
            completed.append(carried)
            self._levels[height] = None
            height += 1
        if height == len(self._levels):
            self._levels.append(carried)
        else:
            self._levels[height] = carried
        return completed

    def root(self) -> bytes:
        full = [level for level in self._levels if level is not None]
        if not full:
            return EMPTY_ROOT
        found = full[0]
        for left in full[1:]:
            found = node_hash(left, found)
        return found

    def to_json(self) -> list[str]:
        """Levels from the lowest, hex or "" where unused; the size follows from them."""
        return ["" if level is None else level.hex() for level in self._levels]

    @classmethod
    def from_json(cls, levels: Sequence[str]) -> "Frontier":
        return cls([bytes.fromhex(level) if level else None for level in levels])


def roots(leaf_hashes: Sequence[bytes]) -> list[str]:
    """The root after 0, 1, 2 … leaves, in hex."""
    frontier, found = Frontier(), [EMPTY_ROOT.hex()]
    for each in leaf_hashes:
        frontier.append(each)
        found.append(frontier.root().hex())
    return found
