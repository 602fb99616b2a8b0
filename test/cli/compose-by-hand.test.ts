import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertNoSecret } from '../support/assert-no-secret.ts'
import { environmentWorld } from './environment-command.ts'
import { openTerminal } from './terminal.ts'

const CANARY = 'canary-by-hand-1f6a'

test('a person who calls it reads plain text without values', async (t) => {
  const { locket, store } = await environmentWorld(t)
  await store('a', CANARY)
  const set = ['--env=A=local://a', '--secret=B={{ local://a }}']
  const up = await locket(['compose', 'up', ...set, 'locket'])
  assert.deepEqual([up.code, up.stdout], [0, 'LOCKET_B has a value\nLOCKET_A has a value\n'])
  assert.match(up.stderr, /^\S+ INFO compose\.set all variables have a value count=2\n$/)
  assertNoSecret(up.stdout + up.stderr, [CANARY])
  const raw = await locket(['compose', 'up', '--raw', ...set, 'locket'])
  assert.equal(raw.stdout, 'B has a value\nA has a value\n')
  const announced = { COMPOSE_PROVIDER_MESSAGES: 'setenv,get-service-config' }
  assert.equal((await locket(['compose', 'up', ...set, 'locket'], announced)).stdout, up.stdout)
  const down = await locket(['compose', 'down', 'locket'])
  assert.deepEqual(
    [down.code, down.stdout],
    [0, 'down has nothing to do: locket stores nothing for locket\n'],
  )
  const missing = await locket(['compose', 'up', '--env=A=local://none', 'locket'])
  assert.deepEqual([missing.code, missing.stdout], [66, ''])
  assert.match(missing.stderr, /^locket: local:\/\/none: there is no such secret/)
  const wrong = await locket(['compose', 'dwn', 's'])
  assert.deepEqual([wrong.code, wrong.stdout], [64, ''])
  assert.match(wrong.stderr, /^locket: compose takes up, down, stop or metadata \(did you mean down\?\)/)
})

test('a terminal gets plain text, also with the project name that Compose gives', async (t) => {
  const { folder, env, program, store } = await environmentWorld(t)
  await store('a', CANARY)
  const words = [...program, 'compose', '--project-name=demo', 'up', '--env=A=local://a', 'locket']
  const terminal = openTerminal(t, words.join(' '), { cwd: folder, env })
  assert.equal(await terminal.ended, 0)
  assert.match(terminal.screen(), /^LOCKET_A has a value\r$/m)
  assertNoSecret(terminal.screen(), [CANARY])
})
