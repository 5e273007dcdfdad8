"""Decides in which words and with which status the document store refuses."""

from flask_babel import lazy_gettext as _


class StorageError(Exception):
    """A refusal of the store; adapters show `message` with `http_status`."""

    code = "storage_failed"
    http_status = 500
    message = _("The file could not be stored.")

    def __str__(self) -> str:
        return str(self.message)


class TooLarge(StorageError):
    code = "too_large"
    http_status = 413
    message = _("The file is larger than allowed.")


class StorageFull(StorageError):
    code = "storage_full"
    http_status = 507
    message = _("The document store is full; nothing was saved. Please tell the administrator.")


class StorageUnavailable(StorageError):
    """The store fails in another way: read-only, gone, not ours, broken. What is known of the file does not change."""

    code = "storage_unavailable"
    http_status = 503
    message = _("The document store cannot be used now. Nothing was changed; please tell the administrator.")


class NotStored(StorageError):
    code = "not_stored"
    http_status = 404
    message = _("The file is not in the document store.")


class Altered(StorageError):
    """Somebody changed the bytes under their hash: nothing may be signed, sealed or shown of them."""

    code = "altered"
    message = _("The file in the document store is not the one that was kept there. Tell the administrator at once.")
