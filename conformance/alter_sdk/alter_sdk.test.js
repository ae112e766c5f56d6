// alter-sdk 0.29.0 (PyPI), unmodified. The tests are in Python, beside this file; here are the server and the people.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { Linking, SECRET } from '../lib/linking.js'
import { prepareVenv, python, room } from '../lib/python.js'
import { openPeople } from './people.js'

const folder = `${room}alter_sdk`
const GIVES_UP_AFTER_MS = 90_000
// A part of a name, to run only the tests that have it.
const only = process.env.ALTER_SDK_ONLY ? [process.env.ALTER_SDK_ONLY] : []
const areas = readdirSync(folder).filter((file) => /^test_\w+\.py$/.test(file)).map((file) => file.slice(0, -3)).sort()

describe('alter-sdk 0.29.0', () => {
  let world
  let people
  before(async () => {
    prepareVenv()
    world = await Linking.open()
    people = await openPeople(world)
  })
  after(async () => {
    people?.close()
    await world?.close()
  })

  for (const area of areas) {
    test(area.slice('test_'.length).replaceAll('_', ' '), async (of) => {
      let count = 0
      for await (const { name, failure } of outcomes(area)) {
        count += 1
        await of.test(name, () => assert.equal(failure, null, failure ?? ''))
      }
      assert.ok(count > 0 || only.length > 0, 'not one test ran')
    })
  }

  async function* outcomes(area) {
    const told = {
      issuer: world.issuer,
      key: world.key,
      careful_key: world.classicKey,
      judged_key: world.values['app_key.judged.value'],
      secret: SECRET,
      client_id: world.client.client_id,
      fake: world.fake.url,
      own_issuer: world.own.url,
      people: people.url,
    }
    const child = spawn(python, ['run.py', area, ...only], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, PYTHONDONTWRITEBYTECODE: '1', WORLD: JSON.stringify(told) },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (said += part))
    const impatient = setTimeout(() => child.kill('SIGKILL'), GIVES_UP_AFTER_MS)
    const ended = new Promise((found) => child.once('close', found))
    for await (const line of createInterface({ input: child.stdio[3] })) yield JSON.parse(line)
    const code = await ended
    clearTimeout(impatient)
    if (code !== 0) throw new Error(`python ended with ${code}:\n${said}`)
  }
})
