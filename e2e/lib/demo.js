// `procura demo`, with no setting at all, and its four addresses.

import { startServer } from '../../conformance/lib/server.js'
import { test as base } from './test.js'

export const ISSUER = 'http://localhost:8460'
export const NOTES = 'http://localhost:8461'
export const IRIS = 'http://localhost:8462'
export const FAKE = 'http://localhost:8463'

export const test = base.extend({
  demo: [
    async ({}, use) => {
      const usual = { PROCURA_LISTEN: undefined, PROCURA_OPS_LISTEN: undefined, PROCURA_RATE_LIMITS: undefined }
      const demo = await startServer({ args: ['demo'], settings: usual })
      await use(demo)
      await demo.stop()
    },
    { scope: 'worker', timeout: 30_000 },
  ],
  origins: async ({}, use) => use([ISSUER, NOTES, IRIS, FAKE]),
})
