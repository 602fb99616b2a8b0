import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { idOf } from '../../fixtures/servers/connect-data.ts'
import { oddAnswers, onServer, type OddSubject } from '../provider/odd-answers.ts'
import { TOKEN, subject } from './op-connect-server.ts'
import { CANARY, codesOf, fetched, parsed, within } from '../provider/provider-attempt.ts'

const ITEM = {
  id: idOf(2),
  title: 'i',
  fields: [{ id: 'f', label: 'f', value: CANARY }],
  files: [{ id: idOf(3), name: 'file', size: 3 }],
}

const odd: OddSubject = {
  subject,
  settings: (url) => ({ host: url, token: TOKEN }),
  references: ['op://v/i/f', 'op://v/i/file', 'op://v/i/*'],
  steps: [
    { name: 'file', isAt: (url) => url.endsWith('/content'), good: CANARY },
    { name: 'item', isAt: (url) => url.includes(`/items/${idOf(2)}`), good: JSON.stringify(ITEM) },
    {
      name: 'titles',
      isAt: (url) => url.includes('/items'),
      good: JSON.stringify([{ id: idOf(2), title: 'i' }]),
    },
    { name: 'vaults', isAt: () => true, good: JSON.stringify([{ id: idOf(1), name: 'v' }]) },
  ],
  keys: ['id', 'title', 'name', 'fields', 'files', 'sections', 'value', 'label', 'type', 'section'],
  around: [(fields) => ({ ...ITEM, fields }), (files) => ({ ...ITEM, files })],
  canaries: [TOKEN],
}

oddAnswers(odd)

const FIELD = parsed(subject, 'op://v/i/f')
const FILE = parsed(subject, 'op://v/i/file')

test('no redirect is followed, so the token goes nowhere else', async (t) => {
  const reached: string[] = []
  const thief = createServer((request, response) => {
    reached.push(request.headers.authorization ?? 'none')
    response.end('[]')
  })
  await new Promise<void>((resolve) => thief.listen(0, '127.0.0.1', resolve))
  t.after(() => thief.close())
  const { port } = thief.address() as AddressInfo
  for (const status of [301, 302, 303, 307, 308]) {
    const opened = await onServer(t, odd, (_, response) => {
      response.writeHead(status, { location: `http://127.0.0.1:${port}/${CANARY}` }).end(CANARY)
    })
    assert.deepEqual(await codesOf(opened, [FIELD]), ['provider_protocol'])
  }
  assert.deepEqual(reached, [])
})

test('a page of text is not an answer, with any status', async (t) => {
  for (const [status, code] of [
    [200, 'provider_protocol'],
    [401, 'auth'],
    [502, 'unavailable'],
  ] as const) {
    const opened = await onServer(t, odd, (_, response) => response.writeHead(status).end(`${CANARY}<html>`))
    assert.deepEqual(await codesOf(opened, [FIELD]), [code])
  }
})

test('a body that trickles ends at the deadline', async (t) => {
  const opened = await onServer(t, odd, (_, response) => {
    response.write('[')
  })
  const outcomes = await within(1500, fetched(opened, [FIELD, FILE], AbortSignal.timeout(250)))
  assert.ok([...outcomes.values()].every((outcome) => !outcome.ok && outcome.error.code === 'timeout'))
})
