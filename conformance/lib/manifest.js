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

/** What an app offers to others, as the manifest spells it. `scopes`: their names, each with its risk. */
export function resource(key, app, audience, scopes, fields = {}) {
  const words = Object.entries(scopes).map(([name, risk]) => ({ name, text: `Do what ${name} means`, risk }))
  return { key, app, name: `Suite ${key}`, audience, scopes: words, ...fields }
}

export function manifest(apps, resources = []) {
  const organization = '[[organization]]\nkey = "suite"\nname = "Conformance Suite"\n'
  const tables = (kind, all) => all.map((one) => `[[${kind}]]\n${lines(one)}`)
  return [organization, ...tables('app', apps), ...tables('resource', resources)].join('\n')
}

function lines(table) {
  return Object.entries(table)
    .map(([name, value]) => `${name} = ${toml(value)}\n`)
    .join('')
}

// JSON's strings, numbers and booleans are TOML's too.
function toml(value) {
  if (Array.isArray(value)) return `[${value.map(toml).join(', ')}]`
  if (typeof value !== 'object') return JSON.stringify(value)
  return `{ ${Object.entries(value).map(([name, inner]) => `${name} = ${toml(inner)}`).join(', ')} }`
}
