import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { until } from '../../../scripts/engine/until.ts'
import { execWorld, isAlive, MAIN, program, startProcess } from './exec-command.ts'

async function stateOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
  return stat.slice(stat.lastIndexOf(')') + 2)[0] ?? ''
}

async function becomes(pid: number, states: string): Promise<void> {
  await until(`process ${pid} is in one of the states ${states}`, async () =>
    states.includes(await stateOf(pid)),
  )
}

test('signals of locket reach the command, each once', async (t) => {
  const { start } = await execWorld(t)
  const running = start(['--', ...program('report-signals')])
  await running.seen(/ready/)
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGWINCH'] as const) {
    running.process.kill(name)
    await running.seen(new RegExp(`got ${name}`))
  }
  running.process.kill('SIGUSR2')
  const { code, stdout } = await running.ended
  assert.equal(code, 3)
  const got = [...stdout.matchAll(/got (\w+)/g)].map(([, name]) => name)
  // SIGTERM is followed by SIGCONT, or a command that is stopped would not notice.
  assert.deepEqual(
    got.filter((name) => name !== 'SIGCONT'),
    ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGWINCH', 'SIGUSR2'],
  )
})

test('a command that ignores SIGTERM is killed after the timeout; a second SIGTERM reaches it', async (t) => {
  const { start } = await execWorld(t)
  const running = start(['--timeout', '1500ms', '--', ...program('report-signals')])
  await running.seen(/ready/)
  const since = performance.now()
  running.process.kill('SIGTERM')
  await running.seen(/got SIGTERM/)
  running.process.kill('SIGTERM')
  await running.seen(/got SIGTERM/, 2)
  const { code, stderr } = await running.ended
  const ms = performance.now() - since
  assert.equal(code, 137)
  assert.ok(ms >= 1500 && ms < 6000, `${ms} ms`)
  assert.match(stderr, /WARN exec\.killed/)
})

test('what a command leaves behind in its group has the same time, then it is killed', async (t) => {
  const { start } = await execWorld(t)
  const running = start(['--timeout', '1s', '--', ...program('spawn-grandchild')])
  const [, , grandchild] = await running.seen(/ready (\d+) (\d+)/)
  running.process.kill('SIGTERM')
  const { code } = await running.ended
  assert.equal(code, 0)
  assert.ok(!(await isAlive(Number(grandchild))))
})

test('a command that ends by itself leaves its background processes alone', async (t) => {
  const { exec } = await execWorld(t)
  const { code, stdout } = await exec(['--', 'sh', '-c', 'sleep 5 >/dev/null 2>&1 & echo $!'])
  assert.equal(code, 0)
  const pid = Number(stdout)
  assert.ok(await isAlive(pid))
  process.kill(pid)
})

test('SIGTSTP stops command and locket, SIGCONT continues both, and a stopped one can be ended', async (t) => {
  const { env, folder } = await execWorld(t)
  // A group stops only where a parent outside of it could continue it: a shell with job control.
  const line = `set -m; '${process.execPath}' '${MAIN}' exec -- ${program('forever').join(' ')} & while :; do sleep 0.1; done`
  const shell = startProcess(['bash', '-c', line], { cwd: folder, env })
  t.after(() => shell.process.kill('SIGKILL'))
  const [, child = ''] = await shell.seen(/ready (\d+)/)
  const pid = Number(child)
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
  const locket = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  process.kill(locket, 'SIGTSTP')
  await becomes(pid, 'T')
  await becomes(locket, 'T')
  process.kill(locket, 'SIGCONT')
  await becomes(pid, 'SR')
  process.kill(pid, 'SIGSTOP')
  await becomes(pid, 'T')
  process.kill(locket, 'SIGTERM')
  await until('locket has ended', async () => !(await isAlive(locket)))
  assert.ok(!(await isAlive(pid)))
})

test("a command reads locket's standard input, and a closed pipe ends it as without locket", async (t) => {
  const { start, env, folder } = await execWorld(t)
  const running = start(['--', 'cat'])
  running.process.stdin?.end('x'.repeat(300_000))
  const { code, stdout } = await running.ended
  assert.equal(code, 0)
  assert.equal(stdout.length, 300_000)
  const line = `'${process.execPath}' '${MAIN}' exec -- yes | head -n 1; echo "$PIPESTATUS"`
  const shell = startProcess(['bash', '-c', line], { cwd: folder, env })
  assert.equal((await shell.ended).stdout, `y\n${128 + 13}\n`)
})

test('as the first process of a container, locket leaves no zombies', async (t) => {
  const { env, folder } = await execWorld(t)
  // Five orphans that end while the command runs; then it counts the zombies.
  const orphans = 'for n in 1 2 3 4 5; do (sh -c "sleep 0.2" &); done; sleep 1'
  const count = 'grep -l "^State:.Z" /proc/[0-9]*/status | wc -l'
  const command = ['sh', '-c', `echo pid $PPID; ${orphans}; echo zombies $(${count})`]
  const unshare = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
  const running = startProcess([...unshare, process.execPath, MAIN, 'exec', '--', ...command], {
    cwd: folder,
    env,
  })
  const { code, stdout, stderr } = await running.ended
  assert.equal(code, 0, stderr)
  assert.equal(stdout, 'pid 1\nzombies 0\n')
})

test('as the first process of a container, locket passes signals on and ends with the group', async (t) => {
  const { env, folder } = await execWorld(t)
  const unshare = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
  const line = 'trap "exit 7" TERM; sh -c "sleep 100; true" & while :; do sleep 0.05; done'
  // Its own namespace's numbers are not ours: a shell in there sends the signal.
  const inner = `'${process.execPath}' '${MAIN}' exec --timeout 20s -- sh -c '${line}'`
  const running = startProcess([...unshare, 'bash', '-c', `(sleep 2; kill 1) & exec ${inner}`], {
    cwd: folder,
    env,
  })
  const { code } = await running.ended
  assert.equal(code, 7)
})
