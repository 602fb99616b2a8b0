import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DaemonReport, VolumeReport } from '../../src/app/admin/report.ts'
import { dryRunText, statusText } from '../../src/app/admin/text.ts'

const plain = (_: string, text: string) => text
const NOW = '2026-11-30T12:00:00.000Z'

function volume(name: string, more: Partial<VolumeReport> = {}): VolumeReport {
  return {
    name,
    state: 'mounted',
    mounts: [{ id: 'a'.repeat(64), since: NOW, isUnsure: false }],
    generation: { number: 2, since: '2026-11-30T11:59:48.000Z' },
    lastRender: '2026-11-30T11:59:58.000Z',
    nextRefreshInMs: 58_000,
    refresh: 'every 1m, next in 58s',
    staleSince: null,
    lastError: null,
    warnings: [],
    files: [],
    ...more,
  }
}

const REPORT: DaemonReport = {
  version: '0.1.0',
  now: NOW,
  volumes: [
    volume('project_db-credentials'),
    volume('old', { state: 'idle', mounts: [], generation: null, lastRender: null, nextRefreshInMs: null }),
    volume('web', {
      generation: { number: 1, since: '2026-11-27T12:00:00.000Z' },
      staleSince: '2026-11-30T11:45:00.000Z',
      lastError: `2026-11-30T11:45:00.000Z volume web: ${'bao://kv/app/key '.repeat(6)}no answer`,
      warnings: ['the engine has restarted\u001b[31m since'],
    }),
    volume('unknown', { state: 'unrecorded', generation: null }),
  ],
  providers: [
    { name: 'local', kind: 'local', callers: 1, status: undefined },
    {
      name: 'prod-vault',
      kind: 'bao',
      callers: 12,
      status: {
        requestsLastHour: 812,
        requests: 5000,
        limits: [
          { limit: '5/s', left: 5 },
          { limit: '1000/h', left: 188 },
        ],
        failures: 0,
      },
    },
    {
      name: 'bws',
      kind: 'bws',
      callers: 1,
      status: { requestsLastHour: 60, requests: 60, limits: [], failures: 7, paused: 'bws is failing' },
    },
    {
      name: 'dev',
      kind: 'bao',
      callers: 1,
      status: { requestsLastHour: 0, requests: 0, limits: [], failures: 0 },
    },
    {
      name: 'op',
      kind: 'op',
      callers: 1,
      status: { requestsLastHour: 1, requests: 1, limits: [], failures: 0 },
      trouble: 'op refused the token',
    },
  ],
}

test('the status: one row says that a rotated secret is in place', () => {
  const text = statusText(REPORT, { paint: plain })
  assert.match(text, /^locket 0\.1\.0: 4 volumes, 3 mounted, 1 stale\n\nvolume +state +mounts +generation /)
  assert.match(text, /^project_db-credentials +mounted +1 +2 +12s +2s +58s$/m)
  assert.match(text, /^old +idle +0 +- +- +- +-$/m)
  assert.match(text, /^web +stale +1 +1 +3d +2s +58s$/m)
  assert.match(text, /^ {2}stale since 2026-11-30 11:45:00 UTC, 15m ago$/m)
  assert.match(text, /^unknown +unrecorded +1 +\? +- /m)
  assert.match(text, /^local +local +1 +- +- +-$/m)
  assert.match(text, /^prod-vault +bao +12 +812 +5 of 5\/s, 188 of 1000\/h +ok$/m)
  assert.match(text, /^bws +bws +1 +60 +- +paused\n {2}paused: bws is failing$/m)
  assert.match(text, /^dev +bao +1 +0 +- +-$/m)
  assert.match(text, /^op +op +1 +1 +- +failing\n {2}failing: op refused the token$/m)
})

test('on a terminal no line has more than its columns; in a pipe a note is one line', () => {
  const columns = 80
  const narrow = statusText(REPORT, { paint: plain, columns }).split('\n')
  assert.deepEqual(
    narrow.filter((line) => line.length > columns),
    [],
  )
  assert.ok(narrow.some((line) => line.startsWith('    bao://kv')))
  const piped = statusText(REPORT, { paint: plain }).split('\n')
  assert.equal(piped.filter((line) => line.includes('bao://')).length, 1)
})

test('colours are where the state is, and no control character of a name or error comes through', () => {
  const painted = statusText(REPORT, { paint: (color, text) => `<${color}>${text}</>` })
  for (const part of ['<green>mounted</>', '<yellow>stale</>', '<red>unrecorded</>', '<red>paused</>'])
    assert.ok(painted.includes(part), part)
  assert.ok(!painted.includes('\u001b'))
})

test('a dry run is a list of sizes and names', () => {
  const files = [
    { path: 'db/password', bytes: 12 },
    { path: 'x', bytes: null },
  ]
  assert.equal(
    dryRunText({ files, references: 2, warnings: ['w'] }),
    '   bytes  file\n      12  db/password\nleft out  x\nwarning: w\n2 files, 2 references, 12 bytes; nothing was written\n',
  )
})
