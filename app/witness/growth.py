"""Whether a log only grew: RFC 9162, section 2.1.4.2, written once more and apart from the log's own proofs."""

from collections.abc import Sequence
from hashlib import sha256

EMPTY = sha256(b"").digest()


def only_grew(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `size` entries begins with that of `old` entries; of nothing everything is an extension."""
    if old in (0, size):
        return not proof and (old == 0 or old_root == root) and (size != 0 or root == EMPTY)
    if old > size:
        return False
    proof = ([old_root] if old & (old - 1) == 0 else []) + list(proof)
    if not proof:
        return False
    fn, sn = old - 1, size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = proof[0]
    for c in proof[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = _node(c, fr), _node(c, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = _node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old_root and sr == root


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()
