import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import { test } from 'node:test'
import { createManualClock } from '../../../test/fakes/manual-clock.ts'
import { askCompose } from './ask-compose.ts'

function channel() {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()]
  return { stdin, stdout, signal: new AbortController().signal }
}

const question = { type: 'get-service-config', maxBytes: 20 }

test('a Compose that announces and never answers is named after ten seconds', async () => {
  const clock = createManualClock()
  const ways = channel()
  const asked = assert.rejects(askCompose(question, ways, clock), {
    code: 'timeout',
    message: 'Docker Compose announced get-service-config and did not answer it within 10 s',
  })
  ways.stdin.write('{"half')
  await clock.advance(9999)
  assert.equal(ways.stdin.destroyed, false)
  await clock.advance(1)
  await asked
  assert.equal(ways.stdin.destroyed, true)
  assert.equal(ways.stdout.read().toString(), '{"type":"get-service-config"}\n')
})

test('the first line is the answer, in any pieces; no timer stays', async () => {
  for (const pieces of [['{"a":1}\n{"b"'], ['{"a"', ':1}', '\n'], ['{"a":1}\n\n']]) {
    const clock = createManualClock()
    const ways = { ...channel(), stdin: Readable.from(pieces.map((piece) => Buffer.from(piece))) }
    assert.equal((await askCompose(question, ways, clock)).toString(), '{"a":1}')
    assert.equal(clock.sleepers(), 0)
  }
})

test('a line that never ends is refused at its limit', async () => {
  const ways = channel()
  ways.stdin.write('x'.repeat(21))
  await assert.rejects(askCompose(question, ways, createManualClock()), { code: 'too_large' })
})
