// Passkeys: what an authenticator is asked about one text (a ballot, a locked screen), and its answer as it travels.

export const encoded = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
export const decoded = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));

export const supported = () => isSecureContext && "PublicKeyCredential" in window;

/** Not made, or not confirmed: called off, timed out, no such passkey in this device. */
export const calledOff = (problem) => problem instanceof DOMException;

/** SHA-256 of the tag, a zero byte and the text: good for this one and no other. */
async function challengeOf(tag, told) {
  const bytes = new TextEncoder().encode(`${tag}\0${told}`);
  return crypto.subtle.digest("SHA-256", bytes);
}

/** Asks the authenticator about exactly this text. `asked` comes with the prepared ballot, or for the locked screen. */
export async function confirmText(asked, told) {
  const challenge = await challengeOf(asked.tag, told);
  const allowCredentials = asked.credentials.map(({ id, transports }) => ({ type: "public-key", id: decoded(id), transports }));
  const publicKey = { challenge, rpId: asked.host, allowCredentials, userVerification: "required", timeout: asked.timeout };
  const { rawId, response } = await navigator.credentials.get({ publicKey });
  return {
    id: encoded(rawId),
    client_data: encoded(response.clientDataJSON),
    authenticator_data: encoded(response.authenticatorData),
    signature: encoded(response.signature),
  };
}
