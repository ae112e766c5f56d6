// @alter-ai/connect 0.8.0 (npm), unmodified, in Chromium: its UMD build on a page of the app, against the real hosted page.

import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { CALENDAR, CHAT, PHONE, press, Stage } from './app.js'

describe('@alter-ai/connect 0.8.0', () => {
  let stage
  before(async () => (stage = await Stage.open()))
  afterEach(() => stage.clear())
  after(() => stage?.close())

  test('a window, and a list of one', async () => {
    const visitor = await stage.visitor()
    const session = await stage.session(visitor.person)
    const popup = await visitor.opens(session)
    await press(popup, 'Continue')
    const [, grants] = await visitor.hears('success')
    assert.equal(grants.length, 1)
    const [{ timestamp, grant_id, scopes, metadata, ...told }] = grants
    assert.deepEqual(told, {
      provider: CALENDAR,
      provider_name: 'Fake calendar',
      account_identifier: 'ada@fake.example',
      operation: 'creation',
      status: 'active',
    })
    assert.ok(Date.parse(timestamp))
    assert.ok(scopes.includes('calendar.read'))
    const listed = await stage.backend.listGrants({ userToken: visitor.person.userToken })
    assert.deepEqual(listed.grants.map((grant) => grant.grantId), [grant_id])
    assert.equal(await visitor.page.evaluate(() => widget.isOpen()), false)
    if (!popup.isClosed()) await popup.waitForEvent('close')
    visitor.fine()
  })

  test('no, on our page', async () => {
    const visitor = await stage.visitor()
    const popup = await visitor.opens(await stage.session(visitor.person))
    await press(popup, 'Cancel')
    const [, failure] = await visitor.hears('error')
    assert.equal(failure.code, 'oauth_denied')
    assert.ok(failure.message)
  })

  test('no, at the provider', async () => {
    await stage.world.fake.faults({ error: 'access_denied', status_on: 'authorize' })
    const visitor = await stage.visitor()
    const popup = await visitor.opens(await stage.session(visitor.person))
    await press(popup, 'Continue')
    assert.equal((await visitor.hears('error'))[1].code, 'oauth_denied')
  })

  test('something is wrong at the provider, and the app learns its word for it', async () => {
    await stage.world.fake.faults({ error: 'server_error', status_on: 'authorize' })
    const visitor = await stage.visitor()
    const popup = await visitor.opens(await stage.session(visitor.person))
    await press(popup, 'Continue')
    const [, failure] = await visitor.hears('error')
    assert.equal(failure.code, 'oauth_provider_error')
    assert.equal(failure.details.provider_error, 'server_error')
  })

  test('a session that was used', async () => {
    const visitor = await stage.visitor()
    const session = await stage.session(visitor.person)
    await press(await visitor.opens(session), 'Continue')
    await visitor.hears('success')
    await visitor.opens(session)
    assert.equal((await visitor.hears('error'))[1].code, 'session_expired')
  })

  test('a window that is closed', async () => {
    const visitor = await stage.visitor()
    const popup = await visitor.opens(await stage.session(visitor.person))
    await popup.getByRole('button', { name: 'Continue' }).waitFor()
    await popup.close()
    await visitor.hears('exit')
    assert.deepEqual((await visitor.log()).filter(([kind]) => ['success', 'error'].includes(kind)), [])
  })

  test('a token that is none: the window says so', async () => {
    const visitor = await stage.visitor()
    const popup = await visitor.opens({ sessionToken: 'sess_nothing' })
    await popup.getByText('This link is not whole.').waitFor()
    await popup.close()
    await visitor.hears('exit')
  })

  test('one flow after the other, and one in the window of another', async () => {
    const visitor = await stage.visitor()
    const { page, person } = visitor
    await press(await visitor.opens(await stage.session(person)), 'Continue')
    await visitor.hears('success')
    // The second flow is left alone, and a third takes its window, which has the same name.
    const popup = await visitor.opens(await stage.session(person, { allowedProviders: [CHAT] }))
    await popup.getByRole('heading', { name: /Fake chat/ }).waitFor()
    const third = await stage.session(person, { switchAccount: true })
    await page.evaluate(([token, base]) => open_(token, base, make()), [third.sessionToken, stage.world.issuer])
    await popup.getByRole('heading', { name: /Fake calendar/ }).waitFor()
    await press(popup, 'Continue')
    const [, grants] = await visitor.hears('success')
    assert.deepEqual([grants[0].provider, grants[0].operation], [CALENDAR, 'reauth'])
  })

  test('a window that stands on the first page takes another token', async () => {
    const visitor = await stage.visitor()
    const popup = await visitor.opens({ sessionToken: 'sess_nothing' })
    await popup.getByText('This link is not whole.').waitFor()
    const { sessionToken } = await stage.session(visitor.person)
    await visitor.page.evaluate(([token, base]) => open_(token, base, make()), [sessionToken, stage.world.issuer])
    await press(popup, 'Continue')
    await visitor.hears('success')
  })

  test('a base URL with a slash at its end', async () => {
    const visitor = await stage.visitor()
    const paths = []
    visitor.context.on('request', (request) => paths.push(new URL(request.url()).pathname))
    const popup = await visitor.opens(await stage.session(visitor.person), `${stage.world.issuer}/`)
    await press(popup, 'Continue')
    await visitor.hears('success')
    assert.equal(paths[0], '//sdk/oauth/connect')
  })

  test('several accounts in one window', async () => {
    const visitor = await stage.visitor()
    const popup = await visitor.opens(await stage.session(visitor.person, { allowedProviders: [CALENDAR, CHAT] }))
    for (const name of [/Fake calendar/, /Fake chat/]) {
      await popup.getByRole('link', { name }).click()
      await press(popup, 'Continue')
      await popup.getByRole('button', { name: 'Done' }).waitFor()
    }
    await press(popup, 'Done')
    const [, grants] = await visitor.hears('success')
    assert.deepEqual(grants.map((grant) => grant.provider), [CALENDAR, CHAT])
  })

  test('an account that is linked already: one click, and nobody goes to the provider', async () => {
    const visitor = await stage.visitor()
    await press(await visitor.opens(await stage.session(visitor.person)), 'Continue')
    const [, [first]] = await visitor.hears('success')
    const popup = await visitor.opens(await stage.session(visitor.person))
    await popup.getByText('ada@fake.example').waitFor()
    await press(popup, 'Use this account')
    const [, [again]] = await visitor.hears('success')
    assert.deepEqual([again.grant_id, again.operation], [first.grant_id, 'reauth'])
    assert.equal((await stage.world.fake.stats()).authorizations, 1)
  })

  test('the person may leave the agent out', async () => {
    const visitor = await stage.visitor()
    const name = `agent-${visitor.person.handle}`
    const agent = await stage.backend.agents.create({ name, scopes: { [CALENDAR]: ['calendar.read'] } })
    const ask = () => stage.session(visitor.person, { agent: agent.id })
    const out = await visitor.opens(await ask())
    await out.getByRole('checkbox', { name: new RegExp(name) }).uncheck()
    await press(out, 'Continue')
    await visitor.hears('success')
    const listed = async () => (await stage.backend.listGrants({ userToken: visitor.person.userToken })).grants[0].delegatedAgentIds
    assert.deepEqual(await listed(), [])
    await press(await visitor.opens(await ask()), 'Use this account')
    await visitor.hears('success')
    assert.deepEqual(await listed(), [agent.id])
  })

  describe('on a phone', () => {
    test('the page is left, and the way back brings the result', async () => {
      const visitor = await stage.visitor({ on: PHONE })
      const session = await stage.session(visitor.person)
      const page = await visitor.leaves(session)
      await press(page, 'Continue')
      await page.waitForURL((url) => url.origin === stage.origin)
      const { arrived, bus } = await page.evaluate(() => ({ arrived, bus: log.filter(([kind]) => kind === 'bus') }))
      const back = new URL(arrived)
      assert.deepEqual([back.pathname, back.searchParams.has('back')], ['/app', true])
      const told = Object.fromEntries(back.searchParams)
      assert.equal(told.alter_connect_success, 'true')
      assert.deepEqual([told.provider, told.account_identifier, told.operation], [CALENDAR, 'ada@fake.example', 'creation'])
      const { grants } = await stage.backend.pollConnectSession(session.sessionToken)
      assert.equal(told.grant_id, grants[0].grantId)
      // The package took it, tidied up, and told its own bus.
      assert.equal(bus.length, 1)
      assert.equal(bus[0][1], 'success')
      assert.equal(bus[0][2][0].grant_id, told.grant_id)
      assert.equal(await page.evaluate(() => sessionStorage.length), 0)
      assert.equal(new URL(page.url()).searchParams.has('alter_connect_success'), false)
    })

    test('no comes back as well', async () => {
      const visitor = await stage.visitor({ on: PHONE })
      const page = await visitor.leaves(await stage.session(visitor.person))
      await press(page, 'Cancel')
      await page.waitForURL((url) => url.origin === stage.origin)
      const [, name, failure] = await visitor.hears('bus')
      assert.deepEqual([name, failure.code], ['error', 'oauth_denied'])
    })
  })
})
