// Chrome's virtual authenticator: it holds discoverable passkeys and verifies its person.
//
// It touches itself only while `touching` runs, so that a page which waits for a passkey in the autofill (conditional
// mediation) goes on waiting until a test picks one.

export class Authenticator {
  #session
  #id

  static async attach(page) {
    const authenticator = new Authenticator()
    const session = await page.context().newCDPSession(page)
    await session.send('WebAuthn.enable', { enableUI: false })
    authenticator.#session = session
    await authenticator.#plugIn()
    return authenticator
  }

  /** Takes this authenticator away and plugs in an empty one. */
  async replace() {
    await this.#session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: this.#id })
    await this.#plugIn()
  }

  /** The person touches the authenticator whenever `deed` makes the browser ask for it. */
  async touching(deed) {
    await this.#presence(true)
    try {
      return await deed()
    } finally {
      await this.#presence(false)
    }
  }

  async passkeys() {
    const { credentials } = await this.#session.send('WebAuthn.getCredentials', { authenticatorId: this.#id })
    return credentials
  }

  async #plugIn() {
    const { authenticatorId } = await this.#session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: false,
      },
    })
    this.#id = authenticatorId
  }

  #presence(enabled) {
    return this.#session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: this.#id, enabled })
  }
}
