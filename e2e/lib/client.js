// A browser app on an origin of its own: one static page, and oidc-client-ts exactly as its authors publish it.

import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)
const library = join(dirname(require.resolve('oidc-client-ts/package.json')), 'dist/browser/oidc-client-ts.min.js')
// One manager for each page, from settings that survive redirects. A hidden frame or a popup hands its answer over.
const START = `
globalThis.manager = () => new oidc.UserManager({
  ...JSON.parse(localStorage.settings),
  userStore: new oidc.WebStorageStateStore({ store: localStorage }),
})
const isAnswer = /[?&](code|error)=/.test(location.search)
if (isAnswer && (parent !== window || opener)) manager().signinCallback()
document.querySelector('#ready').textContent = 'ready ' + typeof oidc.UserManager
`
const FILES = {
  '/oidc-client-ts.js': ['text/javascript', readFileSync(library, 'utf8')],
  '/start.js': ['text/javascript', START],
  '/favicon.ico': ['image/x-icon', ''],
}
const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>A browser app</title><p id="ready"></p>
<script src="/oidc-client-ts.js"></script><script src="/start.js"></script>`

export async function startClient() {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost')
    const [type, body] = FILES[pathname] ?? ['text/html; charset=utf-8', PAGE]
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body)
  })
  await new Promise((found) => server.listen(0, 'localhost', found))
  return {
    origin: `http://localhost:${server.address().port}`,
    stop: () => {
      server.closeAllConnections()
      return new Promise((found) => server.close(found))
    },
  }
}
