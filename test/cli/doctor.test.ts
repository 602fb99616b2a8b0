import assert from 'node:assert/strict'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import * as z from 'zod'
import { command } from '../../scripts/engine/command.ts'
import { startConnectServer } from '../fixtures/servers/connect.ts'
import { json, startService } from '../fixtures/servers/http-fixture.ts'
import { assertNoSecret } from '../support/assert-no-secret.ts'
import { MAIN } from '../support/program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const TOKEN = 'canary-doctor-token-2e9b'
const Report = z.strictObject({
  ok: z.boolean(),
  checks: z.array(
    z.strictObject({
      check: z.string(),
      level: z.enum(['ok', 'note', 'problem']),
      text: z.string(),
      cure: z.string().optional(),
    }),
  ),
})

/** A host with an engine, a plugin, and a Connect server. */
async function world(t: TestContext) {
  const folder = await temporaryFolder(t)
  const config = join(folder, 'locket')
  await mkdir(config, { mode: 0o700 })
  await writeFile(join(config, 'token'), TOKEN, { mode: 0o600 })
  const connect = await startConnectServer({ data: { vaults: [] }, token: TOKEN })
  t.after(() => connect[Symbol.asyncDispose]())
  const plugin = {
    Enabled: true,
    Config: { Interface: { Types: [] } },
    Settings: { Env: [`OP_CONNECT_TOKEN=${TOKEN}`], Mounts: [{ Name: 'config', Source: config }] },
  }
  const methods = new Set<string | undefined>()
  const socketPath = join(folder, 'docker.sock')
  const engine = await startService({
    socketPath,
    answer: (request, { pathname }) => {
      methods.add(request.method)
      if (pathname === '/version') return json(200, { Version: '28.5.2' })
      return pathname === '/plugins/locket/json' ? json(200, plugin) : json(404, { message: 'no' })
    },
    failure: (status, message) => json(status, { message }),
  })
  t.after(() => engine[Symbol.asyncDispose]())
  const env = {
    PATH: process.env['PATH'] ?? '',
    OP_CONNECT_HOST: connect.url,
    OP_CONNECT_TOKEN_FILE: join(config, 'token'),
  }
  const doctor = async (args: readonly string[] = [], more: Readonly<Record<string, string>> = {}) => {
    const own = ['--folder', config, '--docker-socket', socketPath, '--format', 'json']
    const ran = await command(process.execPath, [MAIN, 'doctor', ...own, ...args], {
      env: { ...env, ...more },
    })
    assertNoSecret(ran.stdout + ran.stderr, [TOKEN], 'what was printed')
    return ran
  }
  return { folder, config, plugin, methods, doctor }
}

const lines = (stdout: string) =>
  Report.parse(JSON.parse(stdout)).checks.map(({ check, level, text }) => `${check} ${level}: ${text}`)

test('a clock that is off shows itself in the answer of a provider, whatever it answers', async (t) => {
  const { doctor } = await world(t)
  const server = createServer((request, response) => {
    const date = new Date(Date.now() - 6 * 60_000).toUTCString()
    const isHealth = request.url?.startsWith('/v1/vaults') !== true
    response.writeHead(isHealth ? 200 : 401, { date, 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const ran = await doctor([], { OP_CONNECT_HOST: `http://127.0.0.1:${port}` })
  assert.equal(ran.code, 1, ran.stderr)
  assert.match(
    lines(ran.stdout).join('\n'),
    /^provider op-connect problem: the clock of this host is [67]m\S* fast, by the time of its answer$/m,
  )
})

test('a healthy host: exit 0, and the engine is only asked', async (t) => {
  const { doctor, methods } = await world(t)
  const ran = await doctor()
  assert.equal(ran.code, 0, ran.stdout + ran.stderr)
  const shown = lines(ran.stdout).join('\n')
  assert.match(shown, /^engine ok: Docker Engine 28\.5\.2/m)
  assert.match(shown, /^plugin ok: the plugin locket is enabled$/m)
  assert.match(shown, /^provider op-connect ok: it answers/m)
  assert.deepEqual([...methods], ['GET'])
})

test('a disabled plugin, an open key and a provider out of reach: exit 1, each with its cure', async (t) => {
  const { doctor, plugin, config } = await world(t)
  plugin.Enabled = false
  await chmod(config, 0o755)
  await chmod(join(config, 'token'), 0o644)
  const ran = await doctor([], { OP_CONNECT_HOST: 'http://127.0.0.1:1' })
  assert.equal(ran.code, 1, ran.stderr)
  const { ok, checks } = Report.parse(JSON.parse(ran.stdout))
  assert.equal(ok, false)
  const problems = checks.filter(({ level }) => level === 'problem')
  const bad = new Set(problems.map(({ check }) => check))
  assert.deepEqual([...bad], ['plugin', 'permissions', 'provider op-connect'])
  for (const { text, cure } of problems) assert.ok(cure, text)
  assert.ok(problems.some(({ cure }) => cure === 'docker plugin enable locket'))
})

test('without an engine, and with a wrong setting: it works, and says so', async (t) => {
  const { doctor, folder } = await world(t)
  const socket = ['--docker-socket', join(folder, 'none.sock')]
  const ran = await doctor(socket, { LOCKET_LOG_LEVEL: 'loud' })
  assert.equal(ran.code, 1)
  const shown = lines(ran.stdout).join('\n')
  assert.match(shown, /^engine note: there is no Docker Engine/m)
  assert.match(shown, /^settings problem: .*LOCKET_LOG_LEVEL/m)
})
