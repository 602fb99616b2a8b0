import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../../scripts/engine/until.ts'
import { startBwsServer } from '../../fixtures/servers/bws.ts'
import { findInMemory, processFacts, untilAsleep } from '../../support/process-facts.ts'
import { MAIN } from '../../support/program.ts'
import { openTerminal } from '../terminal.ts'
import { BOTH_WAYS, execWorld, isAlive, OWN, PASSWORD, startProcess, TOKEN } from './exec-command.ts'

const A_PASSWORD = 'A={{ local://db/password }}'
const EXEC = [process.execPath, '--disable-sigusr1', MAIN, 'exec'] as const

/** Waits until the process runs `sleep`. */
async function becomesSleep(pid: number | undefined): Promise<number> {
  assert.ok(pid !== undefined)
  await untilAsleep(pid)
  return pid
}

test('the command has the process of locket, and nothing else of it', async (t) => {
  const { folder, env } = await execWorld(t)
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const facts = async (command: readonly string[]) => {
    // Pipes, which Node makes non-blocking when it opens them.
    const stdio = [openSync(pipe, 'r+'), openSync(pipe, 'r+'), openSync(pipe, 'r+')]
    const child = spawn('sh', ['-c', 'exec "$@"', 'sh', ...command], { cwd: folder, env, stdio })
    t.after(() => child.kill('SIGKILL'))
    for (const fd of stdio) closeSync(fd)
    return processFacts(await becomesSleep(child.pid))
  }
  const direct = await facts(['sleep', '60'])
  // Without the launcher, locket cannot know the soft limit of open files that it was started with.
  const known = { ...direct, limits: direct.limits.filter((line) => !line.startsWith('Max open files')) }
  for (const flags of [[], ['--exec'], ['--log-level', 'trace', '-e', A_PASSWORD]]) {
    const replaced = await facts([...EXEC, ...flags, '--', 'sleep', '60'])
    const limits = replaced.limits.filter((line) => !line.startsWith('Max open files'))
    assert.deepEqual({ ...replaced, limits }, known)
  }
})

test('the environment has no credential of locket and nothing of its start', async (t) => {
  const { folder, env } = await execWorld(t)
  const own = { OP_CONNECT_TOKEN: OWN, INFISICAL_CLIENT_SECRET: OWN, BWS_MACHINE_TOKEN: OWN }
  const kept = { ...env, NODE_OPTIONS: '--max-old-space-size=300', MINE: 'x' }
  const running = startProcess([MAIN, 'exec', '-e', A_PASSWORD, '--', 'sleep', '60'], {
    cwd: folder,
    env: { ...kept, ...own, HELD_START: '100 0' },
  })
  t.after(() => running.process.kill('SIGKILL'))
  const pid = await becomesSleep(running.process.pid)
  const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean)
  const expected = Object.entries({ ...kept, A: PASSWORD }).map(([name, value]) => `${name}=${value}`)
  assert.deepEqual(environment.toSorted(), expected.toSorted())
})

test('fetched values are in the environment of the command, and nowhere else in memory', async (t) => {
  const { start } = await execWorld(t)
  const encoded = Buffer.from(TOKEN).toString('base64')
  const variables = ['-e', A_PASSWORD, '-e', 'B={{ local://api/token | base64 }}']
  const pid = await becomesSleep(start([...variables, '--', 'sleep', '60']).process.pid)
  assert.deepEqual(findInMemory(pid, PASSWORD), { inside: 1, outside: 0 })
  assert.deepEqual(findInMemory(pid, encoded), { inside: 1, outside: 0 })
  assert.deepEqual(findInMemory(pid, TOKEN), { inside: 0, outside: 0 })
  // The same search finds values in locket itself, while it is the parent.
  const parent = start(['--no-exec', ...variables, '--', 'sh', '-c', 'echo ready; exec sleep 60'])
  await parent.seen(/ready/)
  assert.ok(findInMemory(parent.process.pid ?? 0, PASSWORD).outside > 0)
})

test('what needs locket afterwards keeps it as the parent', async (t) => {
  const { start, put, folder } = await execWorld(t)
  const source = await put('source', 'x')
  const parentOf = async (flags: readonly string[], env?: Readonly<Record<string, string>>) => {
    const running = start([...flags, '--', 'sh', '-c', 'echo ready $$; exec sleep 60'], env)
    const [, pid] = await running.seen(/ready (\d+)/)
    const isReplaced = Number(pid) === running.process.pid
    running.process.kill('SIGTERM')
    const { code, signal } = await running.ended
    assert.equal(code, 143)
    assert.equal(signal, isReplaced ? 'SIGTERM' : null)
    return isReplaced ? 'none' : 'locket'
  }
  assert.equal(await parentOf([]), 'none')
  assert.equal(await parentOf(['--timeout', '1s', '--clean-env', '--interactive']), 'none')
  for (const flags of [
    ['--no-exec'],
    ['--watch'],
    ['--mask'],
    ['--map', `${source}:${folder}/target`],
    ['--secret', 'a=b', '--out', `${folder}/out`],
    ['--signal-group'],
    ['--no-interactive'],
  ])
    assert.equal(await parentOf(flags), 'locket', flags.join(' '))
  assert.equal(await parentOf([], { LOCKET_EXEC_REPLACE: 'false' }), 'locket')
  assert.equal(await parentOf(['--exec'], { LOCKET_EXEC_REPLACE: 'false' }), 'none')
})

test('the process of a fenced library has ended before the command runs', async (t) => {
  const { exec } = await execWorld(t)
  await using server = await startBwsServer({ prefix: '/path' })
  const id = server.put({ key: 'name', value: PASSWORD })
  const env = {
    BWS_MACHINE_TOKEN: server.issue(),
    BWS_API_URL: server.apiUrl,
    BWS_IDENTITY_URL: server.identityUrl,
    BWS_CLIENT: 'sdk',
  }
  const variable = ['-e', `A={{ bws://${id} }}`]
  const children = await exec([...variable, '--', 'cat', '/proc/thread-self/children'], env)
  assert.deepEqual([children.code, children.stdout], [0, ''], children.stderr)
  const printed = await exec([...variable, '--', 'printenv', 'A'], env)
  assert.equal(printed.stdout, `${PASSWORD}\n`)
})

test('a signal while values are fetched ends locket with its own exit code', async (t) => {
  const { start, folder } = await execWorld(t)
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    const asked = Promise.withResolvers<void>()
    const server = createServer(() => asked.resolve()).listen(0, '127.0.0.1')
    t.after(() => server.close().closeAllConnections())
    await until('the server listens', () => server.listening)
    const { port } = server.address() as AddressInfo
    const env = { OP_CONNECT_HOST: `http://127.0.0.1:${port}`, OP_CONNECT_TOKEN: OWN }
    const running = start(['-e', 'A={{ op://v/i/f }}', '--', 'touch', `${folder}/started`], env)
    await asked.promise
    running.process.kill(name)
    const { code, signal, stderr } = await running.ended
    assert.deepEqual([code, signal], [75, null], stderr)
    assert.match(stderr, new RegExp(`stopped by ${name}`))
    assert.throws(() => readFileSync(`${folder}/started`))
  }
})

test('a script without a first line runs in sh, both ways', async (t) => {
  const { exec, put } = await execWorld(t)
  await chmod(await put('script', 'echo "$0 $1 $A"\n'), 0o755)
  for (const way of BOTH_WAYS) {
    const { stdout, stderr } = await exec([way, '-e', A_PASSWORD, '--', './script', 'word'])
    assert.equal(stdout, `./script word ${PASSWORD}\n`, stderr)
  }
})

test('at a terminal its modes and the flags of its descriptors stay as they are', async (t) => {
  const { folder, env } = await execWorld(t)
  const look = ['sh', '-c', '"stty -a; grep -h flags /proc/self/fdinfo/[012]; ps -o stat= -p $$"']
  const screenOf = async (command: readonly string[]) => {
    const terminal = openTerminal(t, command.join(' '), { cwd: folder, env })
    assert.equal(await terminal.ended, 0)
    assert.match(terminal.screen(), /speed [^]*flags[^]*S\S*\+/)
    // Node opens a terminal again. O_LARGEFILE, which that adds, has no effect.
    return terminal.screen().replaceAll('flags:\t0100002', 'flags:\t02')
  }
  const direct = await screenOf(look)
  assert.equal(await screenOf([...EXEC, '-e', `'${A_PASSWORD}'`, '--', ...look]), direct)
})

test('as the first process of a container the command is process 1, with the rules for it', async (t) => {
  const { folder, env } = await execWorld(t)
  const unshare = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
  for (const way of BOTH_WAYS) {
    const command = ['sh', '-c', 'echo ready $$; exec sleep 60']
    const running = startProcess([...unshare, ...EXEC, way, '--', ...command], { cwd: folder, env })
    t.after(() => running.process.kill('SIGKILL'))
    const [, number] = await running.seen(/ready (\d+)/)
    const { pid: outer } = running.process
    const first = Number(readFileSync(`/proc/${outer}/task/${outer}/children`, 'utf8'))
    const isReplaced = way === '--exec'
    assert.equal(number === '1', isReplaced)
    process.kill(first, 'SIGTERM')
    // Process 1 without a handler does not get a signal that would end it. locket as the parent passes it on.
    if (!isReplaced) await until('the command has ended', async () => !(await isAlive(first)))
    else await sleep(1000)
    assert.equal(await isAlive(first), isReplaced)
    running.process.kill('SIGKILL')
    await running.ended
  }
})

for (const way of BOTH_WAYS) {
  test(`variables that are too large together are reported (${way})`, async (t) => {
    const { exec, keep } = await execWorld(t)
    await keep('db/password', 'x'.repeat(120_000))
    // 7.2 MB: the kernel takes 6 MiB at most, whatever the limit of the stack is.
    const variables = Array.from({ length: 60 }, (_, n) => ['-e', `V${n}={{ local://db/password }}`])
    const { code, stderr } = await exec([way, ...variables.flat(), '--', 'true'])
    assert.equal(code, 126)
    assert.match(stderr, /environment and arguments are too large together \(give large values as files\)/)
  })
}
