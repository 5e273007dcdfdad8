"""Which signer and which store this installation has, from its configuration."""

from pathlib import Path

from flask import Flask

from app.gateways import signing, storage


def choose_gateways(app: Flask) -> None:
    """Point the gateways at the folders of the configuration; missing keys show up when somebody signs."""
    if signer := app.config.get("SIGNER"):  # tests hand in a signer with its authority
        signing.use(*signer)
    elif Path(app.config["INSTALLATION_KEY"]).exists() and Path(app.config["AUTHORITY"]).exists():
        installation_key = Path(app.config["INSTALLATION_KEY"])
        authority = signing.Authority.load(Path(app.config["AUTHORITY"]), installation_key.read_bytes())
        cost = app.config.get("ARGON2_COST")
        signer = signing.SoftwareSigner(Path(app.config["KEYS"]), installation_key, authority, cost)
        signing.use(signer, authority.chain())
    storage.use(app.config.get("STORE") or storage.Storage(app.config["STORAGE"]))
