import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import * as fc from 'fast-check'
import { formatError, isLocketError } from '../../src/core/errors.ts'
import { idOf } from '../fixtures/servers/connect-data.ts'
import { TOKEN, subject } from './op-connect-server.ts'
import { CANARY, codesOf, fetched, open, parsed, within } from './provider-attempt.ts'
import type { Opened } from './provider-attempt.ts'

const DEADLINE_MS = 250

/** A client on a server that answers as `listener` likes. */
async function onServer(t: TestContext, listener: RequestListener, path = ''): Promise<Opened> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const opened = open(subject, {
    settings: { host: `http://127.0.0.1:${port}${path}`, token: TOKEN },
    put: () => Promise.reject(new Error('nothing to put')),
    missing: 'op://a/b/c',
    canaries: [TOKEN, CANARY],
    knobs: {},
  })
  t.after(async () => {
    await opened.client[Symbol.asyncDispose]()
    server.closeAllConnections()
    server.close()
  })
  return opened
}

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
    const opened = await onServer(t, (_, response) => {
      response.writeHead(status, { location: `http://127.0.0.1:${port}/${CANARY}` }).end(CANARY)
    })
    assert.deepEqual(await codesOf(opened, [FIELD]), ['provider_protocol'])
  }
  assert.deepEqual(reached, [])
})

test('a page of text is no answer, whatever its status', async (t) => {
  for (const [status, code] of [
    [200, 'provider_protocol'],
    [401, 'auth'],
    [502, 'unavailable'],
  ] as const) {
    const opened = await onServer(t, (_, response) => response.writeHead(status).end(`${CANARY}<html>`))
    assert.deepEqual(await codesOf(opened, [FIELD]), [code])
  }
})

test('an answer without end is given up, with its connection', async (t) => {
  let sent = 0
  const closed = Promise.withResolvers<void>()
  const opened = await onServer(t, (_, response) => {
    response.once('close', () => closed.resolve())
    pour(response, (bytes) => (sent += bytes))
  })
  assert.deepEqual(await within(10_000, codesOf(opened, [FIELD])), ['too_large'])
  await within(1000, closed.promise)
  assert.ok(sent < 80 * 1024 * 1024, `${sent} bytes`)
})

test('a body that trickles ends at the deadline', async (t) => {
  const opened = await onServer(t, (_, response) => {
    response.write('[')
  })
  const outcomes = await within(1500, fetched(opened, [FIELD, FILE], AbortSignal.timeout(DEADLINE_MS)))
  assert.ok([...outcomes.values()].every((outcome) => !outcome.ok && outcome.error.code === 'timeout'))
})

test('whatever the server answers, the outcome is a value or an error that shows nothing of it', async (t) => {
  let odd: Oddity = { at: 'vaults', how: 'json', json: '', status: 200 }
  const opened = await onServer(t, (request, response) => answer(request.url ?? '', response, odd))
  let failures = 0
  let values = 0
  await fc.assert(
    fc.asyncProperty(oddity(), async (next) => {
      odd = next
      // `fetched` searches every error and log line for the canary, which is in every text of the answers.
      const outcomes = await within(
        DEADLINE_MS + 1000,
        fetched(opened, [FIELD, FILE], AbortSignal.timeout(DEADLINE_MS)),
      )
      for (const outcome of outcomes.values()) {
        if (outcome.ok) values += 1
        else {
          failures += 1
          assert.ok(
            isLocketError(outcome.error) && outcome.error.code !== 'internal',
            formatError(outcome.error),
          )
        }
      }
    }),
    { seed: 7, numRuns: 150 },
  )
  assert.ok(failures > 50 && values > 10, `${failures} failures, ${values} values`)
})

interface Oddity {
  readonly at: 'vaults' | 'titles' | 'item' | 'file'
  readonly how: 'json' | 'status' | 'truncated' | 'cut' | 'bytes' | 'text' | 'gzip' | 'hang'
  readonly json: string
  readonly status: number
}

/** Anything that JSON can say, with the canary in every text, and the keys of the protocol among the keys. */
function oddity(): fc.Arbitrary<Oddity> {
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 4 }, tie('leaf'), fc.array(tie('tree'), { maxLength: 4 }), tie('object')),
    leaf: fc.oneof(
      fc.constant(CANARY),
      fc.constant(null),
      fc.integer(),
      fc.boolean(),
      fc.constantFrom('f', 'v', 'i'),
    ),
    object: fc.dictionary(
      fc.constantFrom(
        'id',
        'title',
        'name',
        'fields',
        'files',
        'sections',
        'value',
        'label',
        'type',
        '__proto__',
        'section',
      ),
      tie('tree'),
    ),
  }))
  const item = tree.map((fields) => ({ ...ITEM, fields }))
  const file = tree.map((files) => ({ ...ITEM, files }))
  return fc.record({
    at: fc.constantFrom('vaults', 'titles', 'item', 'file'),
    how: fc.constantFrom(
      'json',
      'json',
      'json',
      'status',
      'truncated',
      'cut',
      'bytes',
      'text',
      'gzip',
      'hang',
    ),
    json: fc.oneof(tree, item, file).map((value) => JSON.stringify(value)),
    status: fc.constantFrom(200, 204, 206, 300, 304, 400, 401, 403, 404, 413, 429, 500, 503, 599),
  })
}

const ITEM = {
  id: idOf(2),
  title: 'i',
  fields: [{ id: 'f', label: 'f', value: CANARY }],
  files: [{ id: idOf(3), name: 'file', size: 3 }],
}

function answer(url: string, response: ServerResponse, odd: Oddity): void {
  const [at, good] = goodAnswer(url)
  if (at !== odd.at) {
    response.end(good)
    return
  }
  const body = Buffer.from(odd.json)
  const half = body.subarray(0, body.length >> 1)
  if (odd.how === 'json') response.end(body)
  if (odd.how === 'status')
    response.writeHead(odd.status).end(odd.status === 204 || odd.status === 304 ? undefined : body)
  if (odd.how === 'truncated') response.end(half)
  if (odd.how === 'cut')
    response.writeHead(200, { 'content-length': body.length + 1 }).write(half, () => response.destroy())
  if (odd.how === 'bytes') response.end(Buffer.concat([Buffer.from([0xff, 0xfe, 0]), Buffer.from(CANARY)]))
  if (odd.how === 'text') response.end(`${CANARY} ${odd.json}`)
  if (odd.how === 'gzip') response.writeHead(200, { 'content-encoding': 'gzip' }).end(body)
}

function goodAnswer(url: string): [Oddity['at'], string] {
  if (url.endsWith('/content')) return ['file', CANARY]
  if (url.includes(`/items/${idOf(2)}`)) return ['item', JSON.stringify(ITEM)]
  if (url.includes('/items')) return ['titles', JSON.stringify([{ id: idOf(2), title: 'i' }])]
  return ['vaults', JSON.stringify([{ id: idOf(1), name: 'v' }])]
}

function pour(response: ServerResponse, count: (bytes: number) => void): void {
  const chunk = Buffer.alloc(1024 * 1024, `"${CANARY}",`)
  const more = (): void => {
    while (!response.destroyed) {
      count(chunk.length)
      if (!response.write(chunk)) break
    }
  }
  response.on('drain', more)
  response.write('[')
  more()
}
