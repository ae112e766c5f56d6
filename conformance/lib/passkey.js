// A passkey in software: ES256, discoverable, always verifying its person, attestation `none` (WebAuthn Level 3).
//
// It speaks the JSON forms of WebAuthn (base64url fields), as page scripts post them.

import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

const PRESENT_AND_VERIFIED = 0x05
const ATTESTED = 0x40
const ES256 = -7

export class SoftPasskey {
  #origin
  #credential

  constructor(origin) {
    this.#origin = origin
  }

  /** navigator.credentials.create() */
  create(options) {
    if (!options.pubKeyCredParams.some((param) => param.alg === ES256)) throw new Error('ES256 is not offered')
    if (options.authenticatorSelection?.residentKey !== 'required') throw new Error('residentKey is not required')
    if (options.authenticatorSelection?.userVerification !== 'required') throw new Error('userVerification is not required')
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const id = randomBytes(32)
    this.#credential = { id, privateKey, rpId: options.rp.id, userHandle: options.user.id, counter: 0 }

    const { x, y } = publicKey.export({ format: 'jwk' })
    const coseKey = cbor(new Map([[1, 2], [3, ES256], [-1, 1], [-2, Buffer.from(x, 'base64url')], [-3, Buffer.from(y, 'base64url')]]))
    const length = Buffer.alloc(2)
    length.writeUInt16BE(id.length)
    const authData = Buffer.concat([this.#authenticatorData(PRESENT_AND_VERIFIED | ATTESTED), Buffer.alloc(16), length, id, coseKey])
    const attestationObject = cbor(new Map([['fmt', 'none'], ['attStmt', new Map()], ['authData', authData]]))
    return this.#envelope({
      clientDataJSON: this.#clientData('webauthn.create', options.challenge).toString('base64url'),
      attestationObject: attestationObject.toString('base64url'),
      transports: ['internal'],
    })
  }

  /** navigator.credentials.get() */
  get(options) {
    if (options.userVerification !== 'required') throw new Error('userVerification is not required')
    const credential = this.#credential
    const allowed = options.allowCredentials ?? []
    if (allowed.length > 0 && !allowed.some((one) => one.id === credential.id.toString('base64url'))) {
      throw new Error('none of the allowed credentials is here')
    }
    credential.counter += 1
    const authData = this.#authenticatorData(PRESENT_AND_VERIFIED)
    const clientData = this.#clientData('webauthn.get', options.challenge)
    const signed = Buffer.concat([authData, createHash('sha256').update(clientData).digest()])
    return this.#envelope({
      clientDataJSON: clientData.toString('base64url'),
      authenticatorData: authData.toString('base64url'),
      signature: sign('sha256', signed, credential.privateKey).toString('base64url'),
      userHandle: credential.userHandle,
    })
  }

  #authenticatorData(flags) {
    const tail = Buffer.alloc(5)
    tail.writeUInt8(flags, 0)
    tail.writeUInt32BE(this.#credential.counter, 1)
    return Buffer.concat([createHash('sha256').update(this.#credential.rpId).digest(), tail])
  }

  #clientData(type, challenge) {
    return Buffer.from(JSON.stringify({ type, challenge, origin: this.#origin, crossOrigin: false }))
  }

  #envelope(response) {
    const id = this.#credential.id.toString('base64url')
    return { id, rawId: id, type: 'public-key', response, clientExtensionResults: {}, authenticatorAttachment: 'platform' }
  }
}

/** As much of CBOR (RFC 8949) as an attestation needs: integers, bytes, text and maps. */
function cbor(value) {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value])
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  return Buffer.concat([head(5, value.size), ...[...value].flatMap(([key, item]) => [cbor(key), cbor(item)])])
}

function head(major, argument) {
  if (argument < 24) return Buffer.from([(major << 5) | argument])
  if (argument < 256) return Buffer.from([(major << 5) | 24, argument])
  return Buffer.from([(major << 5) | 25, argument >> 8, argument & 0xff])
}
