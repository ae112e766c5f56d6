// Our own @procura/connect, as the server serves it, in the same flows; and its client for backends.

import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import * as errors from '../../sdk/packages/connect/src/server/index.js'
import { answers, opens } from '../lib/linking.js'
import { CALENDAR, CHAT, PHONE, press, Stage } from './app.js'

const EVENTS = ['OPEN', 'PROVIDER_SELECTED', 'OAUTH_STARTED', 'OAUTH_COMPLETE']

describe('@procura/connect', () => {
  let stage
  before(async () => (stage = await Stage.open()))
  afterEach(() => stage.clear())
  after(() => stage?.close())

  const visits = (more = {}) => stage.visitor({ widget: 'own', ...more })

  test('a window: one connection, and all that happened on the way', async () => {
    const visitor = await visits()
    const popup = await visitor.opens(await stage.session(visitor.person))
    await press(popup, 'Continue')
    const [, connection] = await visitor.hears('success')
    assert.deepEqual([connection.provider, connection.account_identifier, connection.operation], [CALENDAR, 'ada@fake.example', 'creation'])
    assert.deepEqual(await visitor.names(), EVENTS)
    const [, , complete] = (await visitor.log()).find(([, name]) => name === 'OAUTH_COMPLETE')
    assert.deepEqual(complete.connections.map((one) => one.grant_id), [connection.grant_id])
    if (!popup.isClosed()) await popup.waitForEvent('close')
    visitor.fine()
  })

  test('several accounts: the first, and all of them', async () => {
    const visitor = await visits()
    const popup = await visitor.opens(await stage.session(visitor.person, { allowedProviders: [CALENDAR, CHAT] }))
    for (const name of [/Fake calendar/, /Fake chat/]) {
      await popup.getByRole('link', { name }).click()
      await press(popup, 'Continue')
      await popup.getByRole('button', { name: 'Done' }).waitFor()
    }
    await press(popup, 'Done')
    assert.equal((await visitor.hears('success'))[1].provider, CALENDAR)
    const [, , complete] = (await visitor.log()).find(([, name]) => name === 'OAUTH_COMPLETE')
    assert.deepEqual(complete.connections.map((one) => one.provider), [CALENDAR, CHAT])
    const chosen = (await visitor.log()).filter(([, name]) => name === 'PROVIDER_SELECTED').map(([, , { provider }]) => provider)
    assert.deepEqual(chosen, [CALENDAR, CHAT])
  })

  test('no, and something wrong, each with its code', async () => {
    const visitor = await visits()
    await press(await visitor.opens(await stage.session(visitor.person)), 'Cancel')
    assert.equal((await visitor.hears('error'))[1].code, 'oauth_denied')
    await stage.world.fake.faults({ error: 'temporarily_unavailable', status_on: 'authorize' })
    await press(await visitor.opens(await stage.session(visitor.person)), 'Continue')
    const [, failure] = await visitor.hears('error')
    assert.deepEqual([failure.code, failure.details.provider_error], ['oauth_provider_error', 'temporarily_unavailable'])
  })

  test('a session that was used', async () => {
    const visitor = await visits()
    const session = await stage.session(visitor.person)
    await press(await visitor.opens(session), 'Continue')
    await visitor.hears('success')
    await visitor.opens(session)
    assert.equal((await visitor.hears('error'))[1].code, 'session_expired')
  })

  test('a window that is closed is an exit, as soon as the server says that nothing goes on there', async () => {
    const visitor = await visits()
    const popup = await visitor.opens(await stage.session(visitor.person))
    await popup.getByRole('button', { name: 'Continue' }).waitFor()
    await popup.close()
    await visitor.hears('exit')
    assert.equal((await visitor.names()).at(-1), 'EXIT')
  })

  test('a provider that cuts the window off: the result comes all the same', async () => {
    await stage.world.fake.faults({ auto_approve: false })
    const visitor = await visits()
    const popup = await visitor.opens(await stage.session(visitor.person))
    await cutsOff(popup, '*/calendar/authorize*')
    await press(popup, 'Continue')
    await popup.getByRole('button', { name: /Ada|Allow/ }).first().waitFor()
    assert.equal(await popup.evaluate(() => window.opener), null)
    await popup.getByRole('button', { name: /Ada|Allow/ }).first().click()
    const [, connection] = await visitor.hears('success')
    assert.equal(connection.account_identifier, 'ada@fake.example')
    await popup.getByRole('heading', { name: 'Connected' }).waitFor()
    assert.deepEqual((await visitor.log()).filter(([kind]) => kind === 'exit'), [])
  })

  test('on a phone the result is there on the page of the way back', async () => {
    const visitor = await visits({ on: PHONE })
    const page = await visitor.leaves(await stage.session(visitor.person, { widget: 'own' }))
    await press(page, 'Continue')
    await page.waitForURL((url) => url.origin === stage.origin)
    const [, connection] = await visitor.hears('success')
    assert.deepEqual([connection.provider, connection.account_identifier], [CALENDAR, 'ada@fake.example'])
    assert.equal(new URL(page.url()).searchParams.has('alter_connect_success'), false)
    visitor.fine()
  })

  test('on a phone no comes back as well', async () => {
    const visitor = await visits({ on: PHONE })
    const page = await visitor.leaves(await stage.session(visitor.person, { widget: 'own' }))
    await press(page, 'Cancel')
    await page.waitForURL((url) => url.origin === stage.origin)
    assert.equal((await visitor.hears('error'))[1].code, 'oauth_denied')
  })

  describe('its client for backends', () => {
    const { ChooseAccountError, ConnectAgainError, FixCallError, SignInAgainError, ReplaceKeyError } = errors

    async function linked(person, options) {
      const session = await stage.session(person, { ...options, returnUrl: undefined })
      const pages = await opens(person.browser, session.connectUrl)
      await answers(person.browser, pages)
      const { status, grants } = await stage.backend.pollConnectSession(session.sessionToken)
      assert.equal(status, 'completed')
      return grants[0]
    }

    test('a session, how it stands, and what came of it', async () => {
      const person = await stage.world.person()
      const session = await stage.session(person)
      assert.equal(session.connectUrl, `${stage.world.issuer}/sdk/oauth/connect#session=${session.sessionToken}`)
      assert.equal((await stage.backend.pollConnectSession(session.sessionToken)).status, 'pending')
      const { grantId } = await linked(person)
      const { grants } = await stage.backend.listGrants({ userToken: person.userToken, providerId: CALENDAR })
      assert.deepEqual(grants.map((grant) => grant.grantId), [grantId])
      await stage.backend.revokeGrant(grantId, { reason: 'a test' })
      assert.deepEqual((await stage.backend.listGrants({ userToken: person.userToken, status: 'active' })).grants, [])
    })

    test('calls go through the proxy', async () => {
      const person = await stage.world.person()
      const { grantId } = await linked(person)
      for (const whose of [{ grantId }, { provider: CALENDAR, userToken: person.userToken }]) {
        const answer = await stage.backend.request('/calendar/echo', { method: 'POST', json: { a: 1 }, ...whose })
        assert.equal(answer.status, 200)
        const arrived = await answer.json()
        assert.deepEqual([arrived.method, arrived.body], ['POST', '{"a":1}'])
      }
      await stage.world.fake.faults({ account: 'bob' })
      await linked(person, { switchAccount: true })
      const call = stage.backend.request('/calendar/echo', { provider: CALENDAR, userToken: person.userToken })
      await assert.rejects(call, (failure) => failure instanceof ChooseAccountError && failure.details.candidates.length === 2)
    })

    test('every refusal is named by what to do', async () => {
      const person = await stage.world.person()
      const cases = [
        [ConnectAgainError, () => stage.backend.request('/calendar/echo', { provider: CALENDAR, userToken: person.userToken })],
        [SignInAgainError, () => stage.backend.createConnectSession({ userToken: 'not.a.jwt' })],
        [FixCallError, () => stage.backend.createConnectSession({ allowedOrigin: '*' })],
        [ReplaceKeyError, () => new errors.App({ issuer: stage.world.issuer, appKey: 'alter_rk_abcdefghijklmnopqrstuv_iwpykn' }).listGrants()],
      ]
      for (const [kind, deed] of cases) {
        await assert.rejects(deed(), (failure) => (assert.equal(failure.constructor.name, kind.name), true))
      }
    })

    test('agents, their keys, and what they are let in to', async () => {
      const person = await stage.world.person()
      const agent = await stage.backend.agents.create({ name: `own-${person.handle}`, scopes: { [CALENDAR]: ['calendar.read'] } })
      const { grantId } = await linked(person)
      const passed = await stage.backend.delegate(grantId, agent.id)
      assert.deepEqual([passed.parentGrantId, passed.depth], [grantId, 1])
      const own = new errors.App({ issuer: stage.world.issuer, appKey: agent.apiKey })
      assert.equal((await own.listGrants()).grants.length, 1)
      await stage.backend.agents.suspend(agent.id)
      await assert.rejects(own.listGrants(), (failure) => failure instanceof errors.CheckAgentError)
      await stage.backend.agents.resume(agent.id)
      await stage.backend.revokeDelegation(grantId, agent.id)
      assert.equal((await own.listGrants()).grants.length, 0)
      await stage.backend.agents.revoke(agent.id)
    })
  })
})

/** Whatever the window gets from there says that it wants to have nothing to do with its opener. */
async function cutsOff(popup, urlPattern) {
  const session = await popup.context().newCDPSession(popup)
  await session.send('Fetch.enable', { patterns: [{ urlPattern, requestStage: 'Response' }] })
  session.on('Fetch.requestPaused', async ({ requestId, responseStatusCode, responseHeaders }) => {
    // A redirect has no body, and is not where the browser stays.
    if (responseStatusCode !== 200) return session.send('Fetch.continueRequest', { requestId })
    const { body, base64Encoded } = await session.send('Fetch.getResponseBody', { requestId })
    await session.send('Fetch.fulfillRequest', {
      requestId,
      responseCode: responseStatusCode,
      responseHeaders: [...responseHeaders, { name: 'Cross-Origin-Opener-Policy', value: 'same-origin' }],
      body: base64Encoded ? body : Buffer.from(body).toString('base64'),
    })
  })
}
