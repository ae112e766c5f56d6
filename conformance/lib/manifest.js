// What the suites register through `procura apply`: one app for each way of being a client.

import { randomBytes } from 'node:crypto'

export const CALLBACK = 'https://client.test/callback'
export const SIGNED_OUT = 'https://client.test/signed-out'

/** An app as the manifest spells it, with made-up id and secret. */
export function app(key, fields = {}) {
  const isPublic = fields.type === 'public'
  return {
    key,
    organization: 'suite',
    name: `Suite ${key}`,
    client_id: `app_${randomBytes(16).toString('hex')}`,
    ...(isPublic ? {} : { client_secret: randomBytes(24).toString('base64url') }),
    website_url: 'https://client.test',
    redirect_uris: [CALLBACK],
    post_logout_redirect_uris: [SIGNED_OUT],
    ...fields,
  }
}

export function manifest(apps) {
  const organization = '[[organization]]\nkey = "suite"\nname = "Conformance Suite"\n'
  return [organization, ...apps.map((one) => `[[app]]\n${lines(one)}`)].join('\n')
}

// JSON's strings, numbers, booleans and lists of strings are TOML's too.
function lines(table) {
  return Object.entries(table)
    .map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`)
    .join('')
}
