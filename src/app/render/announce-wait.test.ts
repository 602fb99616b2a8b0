import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '../../../test/fakes/manual-clock.ts'
import { parseSampleRef } from '../../../test/fakes/sample-refs.ts'
import { createRecordingLog } from '../../../test/fakes/recording-log.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import type { Outcome, Resolve } from '../../core/vocabulary/resolve.ts'
import { Secret } from '../../core/vocabulary/secret.ts'
import { parseTemplate } from '../../core/template/parse.ts'
import { render } from './render.ts'

function renderAt(resolve: Resolve, seconds: number) {
  const clock = createManualClock()
  const log = createRecordingLog()
  const template = parseTemplate(new TextEncoder().encode('{{ op://v/i/a }}'), parseSampleRef, 'a')
  const rendered = render(
    { templates: [{ origin: 'a', template }] },
    {
      policy: 'error',
      maxFileBytes: 1000,
      resolve,
      clock,
      signal: new AbortController().signal,
      timeoutMs: seconds * 1000,
      emit: log.emit,
    },
  )
  return { clock, log, rendered }
}

const value = (): Outcome => ({ ok: true, secret: { value: Secret.fromText('x') } })

test('a long wait is reported after 2 s and then every 10 s, with the time that is left', async () => {
  const { promise, resolve: answer } = Promise.withResolvers<undefined>()
  const { clock, log, rendered } = renderAt(async (refs) => {
    await promise
    return new Map(refs.map(({ id }) => [id, value()]))
  }, 30)
  await clock.advance(1999)
  assert.deepEqual(log.lines, [])
  await clock.advance(1)
  await clock.advance(10_000)
  assert.deepEqual(
    log.lines.map(({ message }) => message),
    ['waiting for an answer of op: 28 s are left', 'waiting for an answer of op: 18 s are left'],
  )
  answer(undefined)
  ;(await rendered).wipe()
  await clock.advance(20_000)
  assert.equal(log.lines.length, 2)
})

test('a wait for another try says what failed', async () => {
  let tries = 0
  const down = new LocketError('unavailable', 'the server refused the connection')
  const { clock, log, rendered } = renderAt(async (refs) => {
    tries += 1
    return new Map(refs.map(({ id }) => [id, tries < 3 ? { ok: false, error: down } : value()]))
  }, 30)
  await clock.advance(2000)
  await clock.advance(2000)
  ;(await rendered).wipe()
  assert.deepEqual(
    log.lines.map(({ message }) => message),
    ['trying again, 28 s are left: the server refused the connection'],
  )
})
