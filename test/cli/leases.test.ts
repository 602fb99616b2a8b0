import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { until } from '../../scripts/engine/until.ts'
import { startBaoServer } from '../fixtures/servers/bao.ts'
import { engineOf } from '../fixtures/servers/bao-data.ts'
import type { BaoRole } from '../fixtures/servers/bao-leases.ts'
import { MAIN } from '../support/program.ts'
import { execWorld, program, startProcess } from './exec/exec-command.ts'

const BAO_TOKEN = 'canary-lease-token-2f1'
const BOTH = ['-e', 'U={{ bao://database/creds/app/user }}', '-e', 'P={{ bao://database/creds/app/pw }}']

async function leasedWorld(t: TestContext, { ttlSeconds = 3600, isRenewable = true } = {}) {
  const world = await execWorld(t)
  const fields = (count: number) => ({ user: `user-${count}`, pw: `pw-${count}` })
  const app: BaoRole = { ttlSeconds, maxTtlSeconds: 86_400, isRenewable, fields }
  const server = await startBaoServer({
    data: { mounts: [engineOf('database', 'database', { app })] },
    tokens: { [BAO_TOKEN]: { isRoot: true } },
  })
  t.after(() => server[Symbol.asyncDispose]())
  const env = { BAO_URL: server.url, BAO_TOKEN }
  return {
    ...world,
    server,
    exec: (...args: string[]) => world.exec(args, env),
    start: (...args: string[]) => world.start(args, env),
    locket: async (...args: string[]) => {
      const process_ = startProcess([process.execPath, MAIN, ...args], {
        cwd: world.folder,
        env: { ...world.env, ...env },
      })
      process_.process.stdin?.end()
      return process_.ended
    },
  }
}

test('exec stays as the parent of a command with a lease, and revokes it in the end', async (t) => {
  const { exec, server } = await leasedWorld(t)
  const { code, stdout, stderr } = await exec('--exec', ...BOTH, '--', 'sh', '-c', 'echo "$U $P"; exit 3')
  assert.deepEqual([code, stdout], [3, 'user-1 pw-1\n'], stderr)
  assert.deepEqual([server.leases.all.length, server.leases.live().length], [1, 0])
})

test('exec revokes the lease also when the command cannot be started', async (t) => {
  const { exec, server } = await leasedWorld(t)
  const { code } = await exec(...BOTH, '--', '/nothing/of/that/name')
  assert.equal(code, 127)
  assert.deepEqual([server.leases.all.length, server.leases.live().length], [1, 0])
})

test('exec ends although the lease cannot be revoked, and says so', async (t) => {
  const { exec, server } = await leasedWorld(t)
  server.knobs.allowsRevoke = false
  const { code, stderr } = await exec(...BOTH, '--', 'true')
  assert.equal(code, 0)
  assert.match(stderr, /cannot be revoked now.*database\/creds\/app/)
  assert.doesNotMatch(stderr, /lease-1/)
})

test('exec renews the lease while the command runs', async (t) => {
  const { start, server } = await leasedWorld(t, { ttlSeconds: 3 })
  const running = start(...BOTH, '-e', 'VALUE=x', '--', ...program('forever'))
  await running.seen(/ready/)
  await until('it is renewed', () => (server.leases.all[0]?.renewals ?? 0) > 1, { timeoutMs: 60_000 })
  running.process.kill('SIGTERM')
  await running.ended
  assert.deepEqual([server.leases.all.length, server.leases.live().length], [1, 0])
})

test('with --watch a lease that cannot be renewed is replaced, and the command is restarted', async (t) => {
  const { start, server } = await leasedWorld(t, { ttlSeconds: 6, isRenewable: false })
  const value = 'VALUE={{ bao://database/creds/app/user }}'
  const running = start('--watch', '-e', value, '--', ...program('forever'))
  await running.seen(/ready \d+ user-1/)
  await running.seen(/ready \d+ user-2/)
  running.process.kill('SIGTERM')
  await running.ended
  assert.equal(server.leases.live().length, 0)
})

test('inject and export leave the lease of what they wrote', async (t) => {
  const { locket, server, read, folder } = await leasedWorld(t)
  const injected = await locket(
    'inject',
    '--secret=u={{ bao://database/creds/app/user }}',
    `--out=${folder}/out`,
  )
  assert.equal(injected.code, 0, injected.stderr)
  const exported = await locket('export', '--format', 'env', '--output', 'secrets.env', ...BOTH)
  assert.equal(exported.code, 0, exported.stderr)
  assert.deepEqual(
    [await read('out/u'), /user-\d/.exec(await read('secrets.env'))?.[0]],
    ['user-1', 'user-2'],
  )
  assert.equal(server.leases.live().length, 2)
})

test('mapping status revokes the lease of the values that it has asked for', async (t) => {
  const { locket, put, server } = await leasedWorld(t)
  const variables = ['user', 'pw'].map((field) => `${field} = "{{ bao://database/creds/app/${field} }}"\n`)
  await put('locket.toml', `[secrets]\n${variables.join('')}`)
  const { code, stderr } = await locket('mapping', 'status')
  assert.equal(code, 0, stderr)
  assert.ok(server.leases.all.length > 0)
  assert.deepEqual(server.leases.live(), [])
})
