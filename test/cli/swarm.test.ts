import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { environmentWorld } from './environment-command.ts'

test('locket swarm: words that are wrong, and a socket that is not there', async (t) => {
  const { folder: dir, locket } = await environmentWorld(t)
  const at = ['--docker-socket', join(dir, 'docker.sock'), '--state-dir', dir]
  for (const [args, code, message] of [
    [[], 64, /swarm takes rotate/],
    [['rotat'], 64, /swarm takes rotate/],
    [['rotate', 'x'], 64, /swarm rotate takes only flags/],
    [['rotate', '--interval', '1s'], 78, /must be at least 5s/],
    [['rotate', ...at], 69, /the Docker Engine cannot be reached at .*docker\.sock/],
  ] as const) {
    const ran = await locket(['swarm', ...args])
    assert.equal(ran.code, code, ran.stderr)
    assert.match(ran.stderr, message)
  }
})
