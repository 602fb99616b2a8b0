import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { until } from '../../../scripts/engine/until.ts'
import { blindRun, VALUE } from './blind-run.ts'

async function proxyRun(t: TestContext) {
  const world = await blindRun(t)
  const folder = join(world.folder, 'blind')
  const where = ['--proxy-listen', '127.0.0.1:0', '--placeholders', folder]
  return {
    ...world,
    env: join(folder, 'env'),
    /** Starts the proxy, and resolves when it is ready. */
    proxy: async (...args: readonly string[]) => {
      const running = world.start(['proxy', ...where, ...world.flags, ...args])
      await running.said('blind.listening')
      return running
    },
    /** Runs a script with the variables of the file, as an entry point of another container does. */
    script: async (text: string): Promise<string> => {
      const { API, OTHER } = { API: world.target.api, OTHER: world.target.other }
      const env = { PATH: process.env['PATH'] ?? '', API, OTHER }
      const child = spawn('sh', ['-c', `set -a; . ${folder}/env; set +a; ${text}`], { env })
      const out: Buffer[] = []
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => out.push(chunk))
      await new Promise((resolve) => child.once('close', resolve))
      return Buffer.concat(out).toString()
    },
  }
}

const ASK = 'curl -sS -H "Authorization: Bearer $TOKEN" "https://$API/echo"'

test('programs of other containers use a value by the file of the proxy', async (t) => {
  const { proxy, script, target, env, folder, start } = await proxyRun(t)
  const running = await proxy()
  const out = await script(ASK)
  assert.ok(out.includes('locketblind') && !out.includes(VALUE), out)
  assert.equal(target.arrived.at(-1)?.headers['authorization'], `Bearer ${VALUE}`, out)
  assert.ok(!(await readFile(env, 'utf8')).includes(VALUE))
  const healthy = start(['healthcheck', '--status-file', join(folder, 'blind/ready')])
  assert.equal(await healthy.ended, 0)
  running.child.kill('SIGTERM')
  assert.equal(await running.ended, 0, running.err())
  assert.ok(!`${running.out()}${running.err()}`.includes(VALUE))
})

test('placeholders outlive a restart of the proxy, its authority does not', async (t) => {
  const { proxy, script, env } = await proxyRun(t)
  const token = async () => /^TOKEN=.*$/m.exec(await readFile(env, 'utf8'))?.[0]
  const certificate = () => script('cat "$SSL_CERT_FILE"')
  const first = await proxy()
  const before = [await token(), await certificate()]
  first.child.kill('SIGTERM')
  await first.ended
  await proxy()
  assert.equal(await token(), before[0])
  assert.notEqual(await certificate(), before[1])
  assert.match(await script(ASK), /"server":"api"/)
})

test('a value that changes in its provider is used without a restart', async (t) => {
  const { proxy, script, target, folder } = await proxyRun(t)
  const running = await proxy('--refresh', '5s')
  await writeFile(join(folder, '.env'), 'TOKEN=canary-blind-run-second-52\n')
  await until('the new value', () => running.err().includes('blind.refreshed'), { timeoutMs: 60_000 })
  await script(ASK)
  assert.equal(target.arrived.at(-1)?.headers['authorization'], 'Bearer canary-blind-run-second-52')
})

test('an address that programs cannot connect to needs a name', async (t) => {
  const { start, flags } = await blindRun(t)
  const running = start(['proxy', '--proxy-listen', '0.0.0.0:0', ...flags])
  assert.equal(await running.ended, 78)
  assert.match(running.err(), /proxy-name is missing/)
})
