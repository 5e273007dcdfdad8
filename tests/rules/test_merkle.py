"""The tree of RFC 9162, against the reference vectors of certificate transparency and by properties."""

from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.workflows.rules.merkle import (
    Frontier,
    Node,
    consistency_proof,
    consistency_ranges,
    inclusion_proof,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    range_root,
    root,
    verify_consistency,
    verify_inclusion,
)

DATA = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
LEAVES = [leaf_hash(bytes.fromhex(data)) for data in DATA]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
A, B, C = (
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
)


@cache
def many(size):
    return tuple(leaf_hash(str(number).encode()) for number in range(size))


@cache
def root_of(size):
    return root(many(size))


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_reference_tree(size):
    assert root(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(
    ("index", "size", "proof"),
    [
        (0, 1, []),
        (0, 8, [A, B, C]),
        (5, 8, ["bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0", ROOTS[4]]),
        (2, 3, [ROOTS[2]]),
        (1, 5, ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", B,
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"]),
    ],
)  # fmt: skip
def test_inclusion_proofs_are_those_of_the_reference_tree(index, size, proof):
    assert [each.hex() for each in inclusion_proof(index, LEAVES[:size])] == proof


@pytest.mark.parametrize(
    ("earlier", "size", "proof"),
    [
        (1, 1, []),
        (1, 8, [A, B, C]),
        (6, 8, ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0", ROOTS[4]]),
        (2, 5, [B, "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"]),
    ],
)  # fmt: skip
def test_consistency_proofs_are_those_of_the_reference_tree(earlier, size, proof):
    assert [each.hex() for each in consistency_proof(earlier, LEAVES[:size])] == proof


def test_a_leaf_cannot_pass_for_a_node():
    left, right = LEAVES[:2]
    assert leaf_hash(left + right) != node_hash(left, right) == sha256(b"\1" + left + right).digest()


@pytest.mark.parametrize("size", range(1, 18))
def test_every_leaf_of_a_small_tree_is_proved_in_its_place_alone(size):
    leaves = many(size)
    for index in range(size):
        proof = inclusion_proof(index, leaves)
        fits = [
            (place, other)
            for place in range(-1, size + 2)
            for other in range(size + 2)
            if verify_inclusion(leaves[index], place, other, proof, root_of(size))
        ]
        assert (index, size) in fits
        assert {place for place, other in fits if other == size} == {index}


@settings(deadline=None)
@given(st.integers(1, 300), st.data())
def test_a_leaf_is_proved_and_no_changed_proof_is_believed(size, data):
    leaves, tree_root = many(size), root_of(size)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, leaves)
    assert verify_inclusion(leaves[index], index, size, proof, tree_root)
    assert not verify_inclusion(leaf_hash(b"other"), index, size, proof, tree_root)
    assert not verify_inclusion(leaves[index], index, size, proof, leaf_hash(b"other"))
    assert not verify_inclusion(leaves[index], index, size, [*proof, tree_root], tree_root)
    if proof:
        assert not verify_inclusion(leaves[index], index, size, proof[:-1], tree_root)
        at = data.draw(st.integers(0, len(proof) - 1))
        broken = [*proof[:at], leaf_hash(b"other"), *proof[at + 1 :]]
        assert not verify_inclusion(leaves[index], index, size, broken, tree_root)


@settings(deadline=None)
@given(st.integers(1, 300), st.data())
def test_growth_is_proved_and_a_rewritten_past_is_not(size, data):
    earlier = data.draw(st.integers(1, size))
    proof = consistency_proof(earlier, many(size))
    assert verify_consistency(earlier, root_of(earlier), size, root_of(size), proof)
    other = leaf_hash(b"other")
    assert not verify_consistency(earlier, other, size, root_of(size), proof)
    assert not verify_consistency(earlier, root_of(earlier), size, other, proof)
    assert not verify_consistency(earlier, root_of(earlier), size, root_of(size), [*proof, other])
    if proof:
        assert not verify_consistency(earlier, root_of(earlier), size, root_of(size), proof[:-1])
        at = data.draw(st.integers(0, len(proof) - 1))
        broken = [*proof[:at], other, *proof[at + 1 :]]
        assert not verify_consistency(earlier, root_of(earlier), size, root_of(size), broken)


@pytest.mark.parametrize("size", range(1, 18))
def test_every_earlier_size_of_a_small_tree_is_proved_for_itself_alone(size):
    for earlier in range(1, size + 1):
        proof = consistency_proof(earlier, many(size))
        for claimed in range(-1, size + 2):
            believed = verify_consistency(claimed, root_of(earlier), size, root_of(size), proof)
            assert believed == (claimed == earlier), (claimed, earlier, size)


def test_a_size_outside_the_tree_has_no_proof():
    for index in (-1, 3):
        with pytest.raises(IndexError):
            inclusion_proof(index, many(3))
    for earlier in (0, 4):
        with pytest.raises(IndexError):
            consistency_proof(earlier, many(3))


def test_an_empty_proof_proves_no_growth():
    assert not verify_consistency(3, root_of(3), 5, root_of(5), [])
    assert not verify_consistency(2, root_of(2), 4, root_of(4), [])


def test_a_frontier_knows_size_and_root_after_every_leaf():
    frontier = Frontier()
    assert (frontier.size, frontier.root(), frontier.to_json()) == (0, root([]), [])
    for size in range(300):
        assert frontier.append(many(300)[size]) == size
        assert frontier.size == size + 1
        assert frontier.root() == root_of(size + 1)


def test_a_frontier_is_kept_as_text_and_goes_on_where_it_was():
    for size in range(34):
        frontier = Frontier()
        for each in many(size):
            frontier.append(each)
        assert len(frontier.to_json()) == size.bit_length()
        again = Frontier.from_json(frontier.to_json())
        again.append(many(size + 1)[size])
        assert (again.size, again.root()) == (size + 1, root_of(size + 1))
        assert frontier.size == size


def test_a_frontier_refuses_what_is_no_hash():
    for levels in (["00"], [ROOTS[1], ""], ["zz"]):
        with pytest.raises(ValueError, match=r"frontier|hexadecimal"):
            Frontier.from_json(levels)
    with pytest.raises(ValueError, match="32 bytes"):
        Frontier().append(b"short")


@cache
def stored(size):
    """Every full subtree, as it is kept with the leaf that completed it."""
    frontier, found = Frontier(), {}
    for number, each in enumerate(many(size)):
        for level, hashed in enumerate([each, *frontier.grow(each)]):
            node = Node(level, number >> level)
            assert node.completed_by == number
            found[node] = hashed
    return found


def test_every_full_subtree_is_kept_once():
    assert len(stored(300)) == sum(300 >> level for level in range(9))
    assert all(hashed == root(many(300)[node.number << node.level :][: 1 << node.level])
               for node, hashed in stored(300).items())  # fmt: skip


@pytest.mark.parametrize("size", range(301))
def test_kept_subtrees_give_every_root_and_every_proof(size):
    node = stored(300).__getitem__
    assert range_root(0, size, node) == root_of(size)
    for index in {0, size // 3, size // 2, size - 1} & set(range(size)):
        proof = [range_root(begin, end, node) for begin, end in inclusion_ranges(index, size)]
        assert proof == inclusion_proof(index, many(size))
    for earlier in {1, size // 3, size // 2, size - 1, size} & set(range(1, size + 1)):
        proof = [range_root(begin, end, node) for begin, end in consistency_ranges(earlier, size)]
        assert proof == consistency_proof(earlier, many(size))


@settings(deadline=None)
@given(st.integers(1, 300), st.data())
def test_kept_subtrees_prove_any_leaf_and_any_growth(size, data):
    node = stored(300).__getitem__
    index, earlier = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    proof = [range_root(begin, end, node) for begin, end in inclusion_ranges(index, size)]
    assert verify_inclusion(many(size)[index], index, size, proof, root_of(size))
    proof = [range_root(begin, end, node) for begin, end in consistency_ranges(earlier, size)]
    assert verify_consistency(earlier, root_of(earlier), size, root_of(size), proof)


def test_ranges_outside_the_tree_are_refused():
    for refused in (lambda: inclusion_ranges(3, 3), lambda: inclusion_ranges(-1, 3), lambda: consistency_ranges(0, 3),
                    lambda: consistency_ranges(4, 3)):  # fmt: skip
        with pytest.raises(IndexError):
            refused()
