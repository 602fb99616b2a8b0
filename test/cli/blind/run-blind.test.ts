import assert from 'node:assert/strict'
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { blindRun, VALUE } from './blind-run.ts'

test('the command gets placeholders, and keeps its exit code; nothing is left behind', async (t) => {
  const { start, flags, folder } = await blindRun(t, {
    mapping: (api) => `
TOKEN = { ref = "dotenv://TOKEN", blind = { hosts = ["${api}"], header = "x-key", prefix = "ghp_", length = 40 } }
OTHER_TOKEN = "dotenv://OTHER_TOKEN"
SHOWN = { ref = "dotenv://OTHER_TOKEN", blind = false }`,
  })
  const script = 'echo "$TOKEN $OTHER_TOKEN $SHOWN"; cat "$SSL_CERT_FILE"; echo "$SSL_CERT_FILE"; exit 7'
  const run = start(['run', '--blind', ...flags, '--', 'sh', '-c', script], { TMPDIR: folder })
  assert.equal(await run.ended, 7, run.err())
  assert.match(run.out(), /^ghp_[A-Za-z0-9]{36} locketblind[A-Za-z0-9]{43} canary-blind-run-other-33\n/)
  assert.match(run.out(), /-----BEGIN CERTIFICATE-----/)
  assert.match(run.err(), /WARN blind.unbound .* variables=OTHER_TOKEN/)
  assert.match(run.err(), /WARN blind.visible .* variables=SHOWN/)
  assert.ok(!run.err().includes('canary'))
  assert.deepEqual((await readdir(folder)).toSorted(), ['.env', 'locket.toml'])
  assert.ok(tmpdir() !== folder)
})

test('settings that would give the command a value are refused in blind mode', async (t) => {
  const { start, flags } = await blindRun(t)
  for (const more of [['--env', 'A={{dotenv://TOKEN}}'], ['--secret', 'a={{dotenv://TOKEN}}'], ['--watch']]) {
    const run = start(['run', '--blind', ...flags, ...more, '--', 'echo', 'started'])
    assert.equal(await run.ended, 64, run.err())
    assert.match(run.err(), /--blind does not work with /)
    assert.equal(run.out(), '')
  }
})

test('nothing is started when a value is missing', async (t) => {
  const { start, flags } = await blindRun(t, { mapping: () => 'GONE = "dotenv://GONE"' })
  const run = start(['run', '--blind', ...flags, '--', 'echo', 'started'])
  assert.notEqual(await run.ended, 0)
  assert.equal(run.out(), '')
})

test('a Node that ignores proxies is named', async (t) => {
  const { start, flags, folder } = await blindRun(t)
  const old = join(folder, 'node')
  await writeFile(old, '#!/bin/sh\n[ "$1" = --version ] && echo v20.11.0\nexit 0\n')
  await chmod(old, 0o755)
  const run = start(['run', '--blind', ...flags, '--', old, 'agent.js'])
  assert.equal(await run.ended, 0)
  assert.match(run.err(), /WARN blind.old-node Node v20.11.0 ignores proxy variables/)
})

test('each swap and each refusal is a line of the audit log, without the value', async (t) => {
  const { start, flags, folder, target } = await blindRun(t)
  const log = join(folder, 'audit.log')
  const script = `curl -sS -H "Authorization: Bearer $TOKEN" "https://$API/echo?q=1"; curl -sS https://localhost:1/`
  const audit = ['--audit-log', log, '--audit-on-failure', 'deny']
  const run = start(['run', '--blind', ...flags, ...audit, '--', 'sh', '-c', script])
  await run.ended
  assert.equal(target.arrived.length, 1, run.err())
  const lines = (await readFile(log, 'utf8')).trim().split('\n')
  const facts = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(
    facts.map(({ action, outcome, command, note, values }) => ({ action, outcome, command, note, values })),
    [
      {
        action: 'swap',
        outcome: 'ok',
        command: 'run',
        note: `GET https://${target.api}/echo`,
        values: [{ reference: 'TOKEN in header authorization', outcome: 'ok' }],
      },
      {
        action: 'refuse',
        outcome: 'denied',
        command: 'run',
        note: 'CONNECT https://localhost:1: no secret is bound to localhost:1',
        values: undefined,
      },
    ],
  )
  assert.ok(!lines.join().includes(VALUE))
  const verified = start(['audit', 'verify', log])
  assert.equal(await verified.ended, 0, verified.err())
  const shown = start(['audit', 'show', log])
  assert.equal(await shown.ended, 0, shown.err())
  assert.match(shown.out(), /swap/)
})
