import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Worker } from '../../src/core/ports/process.ts'
import { startWorkerProcess } from '../../src/host/process/worker-process.ts'
import { gone, isRunning } from '../support/processes.ts'

const PROGRAM = new URL('../fixtures/programs/fenced.ts', import.meta.url)
const PARENT = new URL('../fixtures/programs/fence-parent.ts', import.meta.url).pathname
const DEADLINE = { timeout: 20_000 }

/** A worker with a way to ask it one thing at a time. */
function started(t: TestContext, caCert?: string): Worker & { ask(method: string): Promise<unknown> } {
  const worker = startWorkerProcess(PROGRAM, ['canary-library'], { caCert })
  t.after(async () => {
    worker.kill()
    await worker.ended
  })
  let heard = Promise.withResolvers<unknown>()
  worker.onMessage((message) => heard.resolve((message as { value?: unknown }).value))
  return {
    ...worker,
    ask(method) {
      heard = Promise.withResolvers()
      worker.send({ id: 1, method, argument: undefined })
      return heard.promise
    },
  }
}

/** The output of a parent whose worker is asked for `method`, and the worker's process id. */
async function parented(t: TestContext, method: string, argument = '') {
  const parent = spawn(process.execPath, [PARENT, method, argument], { stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => parent.kill('SIGKILL'))
  let printed = ''
  for (const stream of [parent.stdout, parent.stderr])
    stream.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  while (!/pid \d+\n/.test(printed)) await once(parent.stdout, 'data')
  return { parent, pid: Number(/pid (\d+)/.exec(printed)?.[1]), printed: () => printed }
}

test('what is sent before the program has started is not lost', DEADLINE, async (t) => {
  assert.equal(typeof (await started(t).ask('pid')), 'number')
})

test('its environment has the proxy and certificate variables and nothing else', DEADLINE, async (t) => {
  const set = { OP_SERVICE_ACCOUNT_TOKEN: 'canary-token', no_proxy: 'near.invalid', NODE_OPTIONS: '' }
  const before = Object.keys(set).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, set)
  t.after(() => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  })
  const caCert = join(await temporaryFolder(t), 'ca.pem')
  await writeFile(caCert, rootCertificates[0] ?? '')
  const pid = String(await started(t, caCert).ask('pid'))
  const environment = readFileSync(`/proc/${pid}/environ`, 'utf8')
  const names = environment.split('\0').flatMap((line) => (line === '' ? [] : [line.split('=')[0] ?? '']))
  const allowed =
    /^(https?_proxy|all_proxy|REQUEST_METHOD|no_proxy|NODE_USE_ENV_PROXY|NODE_EXTRA_CA_CERTS|LOCKET_CA_CERT|NODE_CHANNEL_\w+)$/i
  assert.deepEqual(
    names.filter((name) => !allowed.test(name)),
    [],
  )
  assert.ok(environment.includes(`LOCKET_CA_CERT=${caCert}\0`))
  assert.ok(environment.includes('no_proxy=near.invalid\0'))
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  assert.deepEqual(words, [process.execPath, '--disable-sigusr1', PROGRAM.pathname, 'canary-library', ''])
})

test('nothing that it prints comes out', DEADLINE, async (t) => {
  const { pid, printed } = await parented(t, 'print', 'canary-printed')
  await new Promise((done) => setTimeout(done, 300))
  assert.ok(isRunning(pid))
  assert.equal(printed(), `pid ${pid}\n`)
})

test('the output of a panic is discarded, and the end of the process is reported', DEADLINE, async (t) => {
  const { parent, printed, pid } = await parented(t, 'panic')
  await once(parent, 'close')
  assert.equal(printed(), `pid ${pid}\nended\n`)
})

for (const method of ['echo', 'hang', 'spin']) {
  test(`it ends with its parent, even when that is killed: ${method}`, DEADLINE, async (t) => {
    const { parent, pid } = await parented(t, method)
    await new Promise((done) => setTimeout(done, 200))
    assert.ok(isRunning(pid))
    parent.kill('SIGKILL')
    await gone(pid)
  })
}

test('kill ends it at once', DEADLINE, async (t) => {
  const worker = started(t)
  const pid = Number(await worker.ask('pid'))
  void worker.ask('spin')
  await new Promise((done) => setTimeout(done, 100))
  worker.kill()
  await worker.ended
  assert.ok(!isRunning(pid))
  worker.send({ id: 2, method: 'pid' })
  worker.kill()
})

test('a program that is not there has ended', DEADLINE, async () => {
  const worker = startWorkerProcess(new URL('nothing.ts', PROGRAM), [])
  await worker.ended
})

test('a Node that cannot be started has ended', DEADLINE, async (t) => {
  const { execPath } = process
  t.after(() => (process.execPath = execPath))
  process.execPath = '/nowhere/node'
  const worker = startWorkerProcess(PROGRAM, [])
  worker.send({ id: 1, method: 'pid' })
  await worker.ended
  worker.kill()
})
