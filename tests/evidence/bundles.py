"""Whole evidence bundles with real keys and no database, and what somebody who holds the server could make of them."""

import base64
import datetime as dt
import importlib.util
import json
import random
import subprocess
import tempfile
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509 import ocsp as x509_ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.gateways.signing import Authority, sign_detached
from app.workflows.rules import merkle
from app.workflows.rules.ballot import act_statement, ballot_statement, poll_definition, roll_code
from app.workflows.rules.calendar import iso_utc
from app.workflows.rules.canonical import canonical, digest, tagged_digest
from app.workflows.rules.evidence import bundle
from app.workflows.rules.log import ballot_leaf, closing_leaf, opening_leaf
from app.workflows.rules.rulesets import RuleParameters
from tests.gateways.signing_cases import Holder
from tests.rules.poll_case import definition_fields

TOOL = Path(__file__).parents[2] / "tools/verify_evidence.py"
OPENED = dt.datetime(2026, 11, 21, 2, 0, 3, tzinfo=dt.UTC)
OURS = "e-Cabinet"
POOL = 12  # people whose keys are made once


def load_tool() -> Any:
    """The tool as a module of its own; nothing of the application is in it."""
    spec = importlib.util.spec_from_file_location("verify_evidence", TOOL)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tool = load_tool()


@cache
def authority(name: str) -> Authority:
    return Authority.create(None, OPENED - dt.timedelta(days=300), name=name)


@cache
def person(index: int, of: str = OURS, days: int = 365) -> Holder:
    """Member `index`; every fifth has an RSA key."""
    key = rsa.generate_private_key(65537, 2048) if index % 5 == 4 else ec.generate_private_key(ec.SECP256R1())
    issued = OPENED - dt.timedelta(days=200)
    return Holder(
        key, authority(of).issue(f"Người Giả Định {index}", "Bộ trưởng", "Chính phủ", key.public_key(), issued, days)
    )


@cache
def passkey_of(index: int) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def note_keys() -> tuple[ed25519.Ed25519PrivateKey, ed25519.Ed25519PrivateKey]:
    return ed25519.Ed25519PrivateKey.generate(), ed25519.Ed25519PrivateKey.generate()


@dataclass
class Case:
    """A closed vote as its exact signed parts; `files` assembles whatever they are by now."""

    definition: dict[str, Any]
    ballots: list[tuple[bytes, bytes]] = field(default_factory=list)
    acts: list[tuple[str, bytes, bytes]] = field(default_factory=list)
    certificates: list[bytes] = field(default_factory=list)
    extras: dict[str, bytes] = field(default_factory=dict)
    annulled: bool = False

    @cached_property
    def parameters(self) -> dict[str, Any]:
        return dict(self.definition["rule_set"]["parameters"])

    @property
    def poll_hash(self) -> str:
        return tagged_digest(canonical(self.definition))

    def statement(self, index: int, choice: str, number: int, **changes: Any) -> dict[str, Any]:
        """The ballot of roll index `index` as the next one in the log."""
        hashes_so_far = [merkle.leaf_hash(canonical(entry)) for entry in self.entries()[:-1]]
        before = [digest(said) for said, _cms in self.ballots if json.loads(said)["member"] == roll_code(index)]
        fields = {
            "poll_id": self.definition["poll_id"], "poll_hash": self.poll_hash, "choice": choice,
            "member": roll_code(index), "roll_index": index, "place": "in_room", "remark": "", "reservation": False,
            "supersedes": f"sha256:{before[-1]}" if before else None,
            "seen": {"size": len(hashes_so_far), "root": merkle.root(hashes_so_far).hex()},
            "nonce": b64(sha256(f"{self.poll_hash} {number}".encode()).digest()[:16]),
            "server_time": iso_utc(OPENED + dt.timedelta(seconds=number)), **changes,
        }  # fmt: skip
        return fields if "odd" in changes else ballot_statement(**fields)

    def signed(self, statement: dict[str, Any], by: Holder | None = None) -> tuple[bytes, bytes]:
        by = by or person(statement["roll_index"])
        data = canonical(statement)
        return data, sign_detached(by.key, by.certificate, data, OPENED)

    def vote(self, index: int, choice: str, **changes: Any) -> "Case":
        self.ballots.append(self.signed(self.statement(index, choice, len(self.ballots) + 1, **changes)))
        return self

    def act(self, kind: str, by: int = 1, **changes: Any) -> "Case":
        leaf_hashes = [merkle.leaf_hash(canonical(entry)) for entry in self.entries()]
        head = self.definition["roll"][by - 1]
        choice = self.standing().get(head["member"]) if kind == "tie_confirmation" else None
        fields = {
            "type": kind, "poll_id": self.definition["poll_id"], "poll_hash": self.poll_hash, "person": head["name"],
            "post": head["post"], "reason": "" if kind == "tie_confirmation" else "Nhầm câu hỏi", "choice": choice,
            "seen": {"size": len(leaf_hashes), "root": merkle.root(leaf_hashes).hex()},
            "nonce": "AAECAwQFBgcICQoLDA0ODw", "server_time": iso_utc(OPENED + dt.timedelta(minutes=5)), **changes,
        }  # fmt: skip
        data = canonical(act_statement(**fields))
        self.acts.append((kind, data, sign_detached(person(by).key, person(by).certificate, data, OPENED)))
        return self

    def standing(self) -> dict[str, str]:
        return {(said := json.loads(data))["member"]: said["choice"] for data, _cms in self.ballots}

    def entries(self) -> list[dict[str, Any]]:
        """The log as it follows from definition and ballots."""
        found = [opening_leaf(self.poll_hash, self.definition["opened_at"])]
        for number, (data, cms) in enumerate(self.ballots, start=1):
            at = iso_utc(OPENED + dt.timedelta(seconds=number + 1))
            found.append(ballot_leaf(number, digest(data), digest(cms), json.loads(data)["member"], at))
        closed = iso_utc(OPENED + dt.timedelta(seconds=len(self.ballots) + 30))
        return [*found, closing_leaf(len(found), closed, len(self.ballots))]

    def name(self, number: int) -> str:
        return f"ballots/{number:04d}-{json.loads(self.ballots[number - 1][0])['member']}"

    def files(self, log: dict[str, Any] | None = None) -> dict[str, bytes]:
        """Every file but the manifest; log and result follow from the parts unless a log is given."""
        files = {"poll.json": canonical(self.definition), "log.json": canonical(log or log_of(self.entries()))}
        for number, (data, cms) in enumerate(self.ballots, start=1):
            files |= {f"{self.name(number)}.json": data, f"{self.name(number)}.p7s": cms}
        for number, (kind, data, cms) in enumerate(self.acts, start=1):
            files |= {f"acts/{number:04d}-{kind}.json": data, f"acts/{number:04d}-{kind}.p7s": cms}
        files |= {f"certificates/{digest(der)}.cer": der for der in self.certificates}
        if not self.annulled:
            files |= counted(files)
        return {**files, **self.extras}

    def zip(self) -> bytes:
        return packed(self.files())

    def but(self, **changes: Any) -> "Case":
        """Another case with other parts; this one stays as it is."""
        return replace(self, **{"ballots": list(self.ballots), "acts": list(self.acts), "extras": dict(self.extras),
                                "definition": json.loads(json.dumps(self.definition)), **changes})  # fmt: skip


def log_of(entries: list[dict[str, Any]]) -> dict[str, Any]:
    leaf_hashes = [merkle.leaf_hash(canonical(entry)) for entry in entries]
    leaves = [{"hash": each.hex(), "payload": entry} for each, entry in zip(leaf_hashes, entries, strict=True)]
    return {
        "v": 1,
        "ctx": "vn.ecabinet.log.v1",
        "size": len(leaves),
        "root": merkle.root(leaf_hashes).hex(),
        "leaves": leaves,
    }


def counted(files: dict[str, bytes]) -> dict[str, bytes]:
    """result.json and computation.json as a lying server would write them: to fit, whatever the ballots are."""
    poll, log = json.loads(files["poll.json"]), json.loads(files["log.json"])
    poll["hash"] = tagged_digest(files["poll.json"])
    ballots = []
    names = sorted(name for name in files if name.startswith("ballots/") and name.endswith(".json"))
    for number, name in enumerate(names, start=1):
        entry = next((e["payload"] for e in log["leaves"][number:] if e["payload"]["kind"] == "ballot"), None)
        ballots.append(tool.Ballot(number, name[:-5], files[name], json.loads(files[name]), entry))
    acts = [
        json.loads(files[name]) | {"sha256": digest(files[name])} for name in files if "tie_confirmation.json" in name
    ]
    count = tool.Count(poll, ballots, acts[0] if acts else None)
    flat = {"entries": [each["payload"] for each in log["leaves"]], "size": log["size"], "root": log["root"],
            "hashes": [bytes.fromhex(each["hash"]) for each in log["leaves"]]}  # fmt: skip
    return {"result.json": canonical(count.result(flat)), "computation.json": canonical(count.computation())}


def manifest_of(files: dict[str, bytes], **changes: Any) -> bytes:
    listed = [{"name": name, "size": len(data), "sha256": digest(data)} for name, data in sorted(files.items())]
    try:
        poll_id = json.loads(files["poll.json"])["poll_id"]
    except (KeyError, ValueError, RecursionError):
        poll_id = 7
    head = {"v": 1, "ctx": "vn.ecabinet.evidence.v1", "format": 1, "poll_id": poll_id,
            "poll_hash": tagged_digest(files.get("poll.json", b""))}  # fmt: skip
    return canonical({**head, "files": listed, **changes})


def packed(files: dict[str, bytes], **changes: Any) -> bytes:
    """A zip whose manifest fits."""
    files = {name: data for name, data in files.items() if name != "manifest.json"}
    return bundle({**files, "manifest.json": manifest_of(files, **changes)})


def honest(seed: int, members: int | None = None, rich: bool = False) -> Case:
    """A vote as chance has it: who votes, how often, how it ends; `rich` has every optional file."""
    chance = random.Random(seed)  # noqa: S311 - what is drawn by lot here is no secret
    members = members or chance.randint(3, POOL)
    majority = chance.choice([(1, 2), (1, 2), (2, 3)])
    parameters = RuleParameters(
        vote_change_allowed=chance.random() < 0.8 or rich, tie=chance.choice(["head", "head", "fails"]),
        majority_numerator=majority[0], majority_denominator=majority[1],
    )  # fmt: skip
    fields = definition_fields(members=members, in_room=members, remote=0, parameters=parameters)
    fields |= {
        "poll_id": seed % 1000 + 1, "opened_at": iso_utc(OPENED),
        "visibility": chance.choice(["named", "named_not_displayed"]),
        "question": f"Thông qua dự thảo Nghị quyết số {seed}?",
    }  # fmt: skip
    for entry in fields["roll"]:
        entry["certificate_sha256"] = digest(person(entry["index"]).certificate)
    if members > 3 and chance.random() < 0.3 and not rich:
        fields["roll"][-1]["certificate_sha256"] = None
    if seed % 2 == 0:  # as it is written today; a vote of older times says nothing of it
        for entry in fields["roll"]:
            entry["key_place"] = entry["certificate_sha256"] and place_of(entry["index"])
    case = Case(poll_definition(**fields))
    case.certificates = [person(index).certificate for index in range(1, members + 1)] + list(authority(OURS).chain())
    mood = chance.choice([["agree"] * 6 + ["disagree", "other"], ["agree", "disagree"], ["agree", "disagree", "other"]])
    voters = [entry["index"] for entry in fields["roll"] if entry["certificate_sha256"]]
    chance.shuffle(voters)
    for index in voters if rich or chance.random() < 0.6 else voters[: chance.randint(0, len(voters))]:
        _vote(case, index, chance, mood)
    if parameters.vote_change_allowed and case.ballots:
        for _ in range(2 if rich else chance.randint(0, 3)):
            _vote(case, json.loads(chance.choice(case.ballots)[0])["roll_index"], chance, mood)
    return _ended(case, chance, rich)


def _vote(case: Case, index: int, chance: random.Random, mood: list[str]) -> None:
    choice = chance.choice(mood)
    remark = chance.choice(["", "", "Đề nghị rà soát điều 3.\nXin cảm ơn!", 'Dấu "ngoặc" và \\ chéo', "𝄞 đủ chữ"])
    case.vote(index, choice, remark=remark, reservation=choice != "agree" and chance.random() < 0.5,
              place=chance.choice(["in_room", "remote"]))  # fmt: skip


def _ended(case: Case, chance: random.Random, rich: bool) -> Case:
    if chance.random() < 0.15 and not rich:
        case.annulled = True
        return case.act("poll_annulment")
    outcome = json.loads(case.files()["result.json"])["outcome"]
    if outcome == "tie_confirm" and chance.random() < 0.7:
        case.act("tie_confirmation")
    if rich:
        add_everything(case)
    elif chance.random() < 0.5:
        case.extras["key-places.json"] = key_places(case)
    return case


# -- the optional files


def add_everything(case: Case) -> None:
    case.certificates += [stamping().root, stamping().certificate]
    for number in range(1, len(case.ballots) + 1):
        case.extras |= {f"{case.name(number)}.tsr": stamp(case.ballots[number - 1][1])}
        index = json.loads(case.ballots[number - 1][0])["roll_index"]
        answer = {f"{case.name(number)}.crl": crl()} if number % 2 else {f"{case.name(number)}.ocsp": ocsp(index)}
        case.extras |= {f"{case.name(number)}.passkey.json": passkey(case, number), **answer}
    case.extras |= {"tally.pdf": b"%PDF-1.7\n%%EOF\n", "HOW-TO-VERIFY.md": "Cách kiểm tra\n".encode()}
    case.extras |= {**log_proofs(case), "key-places.json": key_places(case)}


def place_of(index: int) -> str:
    return ("software", "pkcs11", "csc")[index % 3]


def key_places(case: Case, **changes: str) -> bytes:
    """Where the keys of the roll are kept, as the installation says; `changes` by member."""
    keys = [
        {"certificate_sha256": entry["certificate_sha256"],
         "place": changes.get(entry["member"], place_of(entry["index"]))}
        for entry in case.definition["roll"] if entry["certificate_sha256"]
    ]  # fmt: skip
    return kept_places(keys)


def kept_places(keys: list[dict[str, str]]) -> bytes:
    return canonical({"v": 1, "ctx": "vn.ecabinet.key-places.v1", "keys": keys})


@cache
def crl() -> bytes:
    return authority(OURS).crl(OPENED)


def signature_value(cms: bytes) -> bytes:
    return bytes(tool.signature_value(cms))


@dataclass(frozen=True)
class Stamping:
    key: bytes
    certificate: bytes
    root: bytes


@cache
def stamping(name: str = "Dấu thời gian") -> Stamping:
    """An authority for time stamps, and the certificate that gives them."""
    since, until = OPENED - dt.timedelta(days=100), OPENED + dt.timedelta(days=1000)
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name, own = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} {end}")]) for end in ("gốc", "TSA"))

    def made(subject: x509.Name, public: Any, authority_: bool) -> bytes:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(root_name).public_key(public)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(since).not_valid_after(until)
        builder = builder.add_extension(x509.BasicConstraints(authority_, None), critical=True)
        if not authority_:
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(usage, critical=True)
        return builder.sign(root_key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    return Stamping(
        Holder(key, b"").pem(), made(own, key.public_key(), False), made(root_name, root_key.public_key(), True)
    )


TSA = """[tsa]
serial = {0}/serial
crypto_device = builtin
signer_cert = {0}/tsa.pem
signer_key = {0}/tsa.key
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
"""


def stamp(cms: bytes, by: Stamping | None = None, token: bool = True) -> bytes:
    """RFC 3161 over the signature value in a CMS, made by openssl at the time of this run: as a token or an answer."""
    by = by or stamping()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        pem = subprocess.run(
            ["openssl", "x509", "-inform", "DER"], input=by.certificate, capture_output=True, check=True
        )
        given = {"value": signature_value(cms), "tsa.pem": pem.stdout, "tsa.key": by.key, "serial": b"01\n"}
        for name, content in {**given, "conf": TSA.format(folder).encode()}.items():
            (place / name).write_bytes(content)
        for command in (
            ["-query", "-data", "value", "-sha256", "-cert", "-out", "query"],
            [
                "-reply",
                "-config",
                "conf",
                "-section",
                "tsa",
                "-queryfile",
                "query",
                "-out",
                "reply",
                *(["-token_out"] if token else []),
            ],
        ):
            subprocess.run(["openssl", "ts", *command], cwd=place, capture_output=True, check=True)
        return (place / "reply").read_bytes()


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def passkey(case: Case, number: int, flags: int = 5, over: int | None = None) -> bytes:
    """What a device with the passkey of that member answers about ballot `number` (or, wrongly, about `over`)."""
    statement = case.ballots[(over or number) - 1][0]
    key = passkey_of(json.loads(case.ballots[number - 1][0])["roll_index"])
    numbers = key.public_key().public_numbers()
    cose = (
        b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20"
        + numbers.x.to_bytes(32, "big")
        + b"\x22\x58\x20"
        + numbers.y.to_bytes(32, "big")
    )
    challenge = sha256(b"vn.ecabinet.passkey.ballot.v1\0" + statement).digest()
    client = json.dumps(
        {"type": "webauthn.get", "challenge": b64(challenge), "origin": "https://hop.example.vn:8443"}
    ).encode()
    data = sha256(b"hop.example.vn").digest() + bytes([flags]) + b"\0\0\0\7"
    signature = key.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
    return canonical({
        "tag": "vn.ecabinet.passkey.ballot.v1", "credential_id": b64(b"key"), "public_key": b64(cose),
        "client_data_json": b64(client), "authenticator_data": b64(data), "signature": b64(signature),
    })  # fmt: skip


def vkey(name: str, kind: int, key: ed25519.Ed25519PrivateKey) -> str:
    raw = bytes([kind]) + key.public_key().public_bytes_raw()
    return f"{name}+{key_id(name, raw).hex()}+{base64.b64encode(raw).decode()}"


def key_id(name: str, raw: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + raw).digest()[:4]


def log_proofs(case: Case, place: int = 5, size: int = 11, subject: int | None = None) -> dict[str, bytes]:
    """Checkpoint, keys and inclusion of the poll's root in a log of an installation with `size` entries."""
    return log_proofs_of(case.entries(), subject or case.definition["poll_id"], "poll_closed", place, size)


def log_proofs_of(
    entries: list[dict[str, Any]], subject: int, kind: str, place: int = 5, size: int = 11
) -> dict[str, bytes]:
    """The same for the root over any entries, as the entry of that kind about that subject."""
    root = merkle.root([merkle.leaf_hash(canonical(entry)) for entry in entries]).hex()
    leaf = canonical({"v": 1, "kind": kind, "subject_id": subject, "body_id": 1, "at": iso_utc(OPENED),
                      "size": len(entries), "root": root})  # fmt: skip
    leaves = [merkle.leaf_hash(leaf if at == place else bytes([at])) for at in range(size)]
    text = f"e-cabinet.example.vn/log\n{size}\n{base64.b64encode(merkle.root(leaves)).decode()}\n"
    key, witness = note_keys()
    log_key, witness_key = vkey("e-cabinet.example.vn/log", 1, key), vkey("witness.example.vn", 4, witness)
    at = int(OPENED.timestamp())
    lines = [
        ("e-cabinet.example.vn/log", log_key, key.sign(text.encode())),
        ("witness.example.vn", witness_key,
         at.to_bytes(8, "big") + witness.sign(f"cosignature/v1\ntime {at}\n{text}".encode())),
    ]  # fmt: skip
    note = text + "\n"
    for name, named, made in lines:
        note += f"— {name} {base64.b64encode(bytes.fromhex(named.split('+')[1]) + made).decode()}\n"
    proof = [each.hex() for each in merkle.inclusion_proof(place, leaves)]
    included = {"leaf": base64.b64encode(leaf).decode(), "index": place, "size": size, "proof": proof}
    return {
        "checkpoint.txt": note.encode(),
        "keys.json": canonical({"log": log_key, "witnesses": [witness_key]}),
        "inclusion.json": canonical(included),
    }


@cache
def ocsp(index: int, of: str = OURS, about: str = OURS, revoked: bool = False) -> bytes:
    """What the authority `of` answers about a member's certificate a day after the vote, as the worker asks it."""
    issuing = x509.load_der_x509_certificate(authority(about).chain()[0])
    certificate = x509.load_der_x509_certificate(person(index).certificate)
    request = x509_ocsp.OCSPRequestBuilder().add_certificate(certificate, issuing, hashes.SHA256()).build()
    asked = replace(authority(of))
    if revoked:
        asked.revoke(person(index).certificate, OPENED - dt.timedelta(days=1))
    return asked.ocsp(request.public_bytes(serialization.Encoding.DER), OPENED + dt.timedelta(days=1))


@cache
def crl_with(index: int) -> bytes:
    """The revocations of another copy of our authority, on which this member's certificate stands since yesterday."""
    copy = replace(authority(OURS))
    copy.revoke(person(index).certificate, OPENED - dt.timedelta(days=1))
    return copy.crl(OPENED)
