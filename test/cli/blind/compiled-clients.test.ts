import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { checkClient } from './check-client.ts'
import { clientPath } from './blind-run.ts'

// test/expected-skips.json lists both tests: their compilers are too large for a machine of the CI.

function isThere(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`])
    return true
  } catch {
    return false
  }
}

/** Compilers take a while on a busy machine. */
const LIMIT = { timeout: 300_000 } as const

/** Go asks localhost and loopback addresses directly, whatever the variables say. */
function outerAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  const found = all.find(({ family, internal }) => family === 'IPv4' && !internal)
  assert.ok(found !== undefined, 'this machine has an address beside that of loopback')
  return found.address
}

test('Go uses a value that it never gets', { ...LIMIT, skip: isThere('go') ? false : 'no go' }, async (t) => {
  const cache = execFileSync('go', ['env', 'GOCACHE'], { encoding: 'utf8' }).trim()
  const env = { GOCACHE: cache }
  await checkClient(t, ['go', 'run', clientPath('client.go')], { env, at: outerAddress() })
})

test(
  'Java uses a value that it never gets',
  { ...LIMIT, skip: isThere('java') ? false : 'no java' },
  async (t) => {
    await checkClient(t, ['java', clientPath('Client.java')])
  },
)
