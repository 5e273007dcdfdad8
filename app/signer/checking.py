"""Whether the keys in devices and at remote providers can be reached; no PIN is used."""

from app.gateways.signing import KeysElsewhere, Signer, SigningError, certificate_facts
from app.gateways.signing.csc import Client, Service
from app.gateways.signing.pkcs11 import tokens_in
from app.gateways.signing.providers import Providers


def check(providers: Providers) -> int:
    """Print what each provider says of itself and each key's certificate; how many of them said nothing."""
    signer = providers.around(KeysElsewhere(), tuple, None)
    modules = sorted({key.module for key in providers.devices.values()})
    lines = [_module(each) for each in modules] + [_service(each) for each in providers.services]
    lines += [_key(signer, each) for each in providers.references]
    for line, _reached in lines:
        print(line)
    return sum(not reached for _line, reached in lines)


def _module(path: str) -> tuple[str, bool]:
    """Which tokens are in its slots: a wrong path and a wrong label look alike from afar."""
    try:
        labels = tokens_in(path)
    except SigningError as refused:
        return f"module {path}: {refused.code}", False
    return f"module {path}: tokens {', '.join(map(repr, labels)) or 'none'}", True


def _service(service: Service) -> tuple[str, bool]:
    client = Client(service)
    try:
        told, keys = client.info(), client.credentials()
    except SigningError as refused:
        return f"service {service.name}: {refused.code}", False
    return f"service {service.name}: {told.get('name', '?')}, CSC {told.get('specs', '?')}, {len(keys)} keys", True


def _key(signer: Signer, key_ref: str) -> tuple[str, bool]:
    try:
        facts = certificate_facts(signer.certificate(key_ref))
    except SigningError as refused:
        return f"{key_ref}: {refused.code}", False
    return f"{key_ref}: {facts.name}, until {facts.not_after:%Y-%m-%d}, {facts.issuer}, sha256 {facts.sha256}", True
