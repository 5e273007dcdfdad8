"""What goes wrong with keys in devices and at providers, each with a plain sentence; nothing was signed in any case."""
from flask_babel import lazy_gettext as _

from app.gateways.signing.errors import KeyUnavailable


class KeyTrouble(KeyUnavailable):
    """A key elsewhere did not sign, and it is known why. The PIN was right, or nobody looked at it."""

    code = "key_trouble"


class PinBlocked(KeyTrouble):
    """The device or the provider takes no PIN for this key any more."""

    code = "pin_blocked"
    message = _(
        "The signing device or provider has locked this PIN after wrong ones. Nothing was signed; only whoever issued"
        " the device or the certificate can unlock it."
    )


class DeviceAbsent(KeyTrouble):
    """No such token, or it was removed while it worked."""

    code = "device_absent"
    message = _(
        "The signing device is not connected, or was removed while it was signing. Nothing was signed; connect it and"
        " sign again."
    )


class DeviceInUse(KeyTrouble):
    """Somebody is logged in to the token already, so that a PIN would not be looked at."""

    code = "device_in_use"
    message = _("Another program is using the signing device. Nothing was signed; end it there and sign again.")


class DeviceLost(KeyTrouble):
    """The session with the token broke, and broke again when it was opened anew."""

    code = "device_lost"
    message = _("The connection to the signing device broke off twice. Nothing was signed; please try again.")


class DeviceFailed(KeyTrouble):
    """The token, its driver or its settings are not as they should be."""

    code = "device_failed"
    message = _("The signing device reports a fault. Nothing was signed. Contact the administrators.")


class KeyNotThere(KeyTrouble):
    """The device or the provider does not have the configured key with its certificate, or has several."""

    code = "key_not_there"
    message = _(
        "The signing device or provider does not hold the registered key with its certificate. Nothing was signed."
        " Contact the administrators."
    )


class NotThatCertificate(KeyTrouble):
    """The certificate that stands beside the key is another key's, or does not come from a recognised authority."""

    code = "not_that_certificate"
    message = _(
        "The certificate on the signing device or at the provider does not belong to the key. Nothing was signed."
        " Contact the administrators."
    )


class WeakCertificate(KeyTrouble):
    """RSA of less than 2048 bits, another curve, or a certificate over SHA-1 and the like."""

    code = "weak_certificate"
    message = _(
        "The key of the signing device or provider is too short, or its certificate uses an algorithm that is no longer"
        " secure. Nothing was signed. Contact the administrators."
    )


class UntrueSignature(KeyTrouble):
    """What came back is no signature of that key over those bytes; it is thrown away."""

    code = "untrue_signature"
    message = _(
        "What the signing device or provider returned is not your signature of this content. It was thrown away and"
        " counts for nothing. Contact the administrators."
    )


class ProviderSilent(KeyTrouble):
    """No answer in time, or none at all."""

    code = "provider_silent"
    message = _("The signing provider did not answer in time. Nothing was signed; please try again.")


class ProviderFailed(KeyTrouble):
    """An answer that is none: an error of the provider, or something that the interface does not know."""

    code = "provider_failed"
    message = _("The signing provider answered with an error. Nothing was signed; please try again later.")


class AccessRefused(KeyTrouble):
    """The provider does not let this installation in."""

    code = "access_refused"
    message = _(
        "The signing provider does not accept the access of this system, or it has expired. Nothing was signed."
        " Contact the administrators."
    )


class CredentialUnusable(KeyTrouble):
    """The provider has disabled the key, or its certificate is no longer valid there."""

    code = "credential_unusable"
    message = _(
        "The signing provider has disabled this key, or its certificate is no longer valid. Nothing was signed."
    )


class NotConfirmed(KeyTrouble):
    """The owner did not confirm in the provider's application while there was time, or refused."""

    code = "not_confirmed"
    message = _(
        "The signature was not confirmed in the provider's application in time, or was refused there. Nothing was"
        " signed; please try again."
    )


class MadeElsewhere(KeyTrouble):
    """Keys of devices and providers are made there; here they are only registered."""

    code = "made_elsewhere"
    message = _("A key of a signing device or provider is made there and registered here with its certificate.")


TROUBLES: dict[str, type[KeyTrouble]] = {each.code: each for each in KeyTrouble.__subclasses__()}
