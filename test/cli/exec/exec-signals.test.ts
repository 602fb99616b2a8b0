import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../../scripts/engine/until.ts'
import { BOTH_WAYS, execWorld, isAlive, program, startProcess } from './exec-command.ts'
import { MAIN } from '../../support/program.ts'

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
  const running = start(['--no-exec', '--', ...program('report-signals')])
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

/** A bash that says which of these signals it gets, ends with 3 at SIGUSR2, and says its number first. */
function trapping(...names: readonly string[]): readonly string[] {
  const traps = names.map((name) => `trap 'echo got ${name}' ${name}`).join('; ')
  return ['bash', '-c', `${traps}; trap 'exit 3' USR2; echo ready $$; while :; do sleep 0.05; done`]
}

/**
 * Every signal that `kill` can send, that locket can catch, and that the kernel sends to no process by
 * itself.
 */
const RARE = [
  'ABRT',
  'ALRM',
  'STKFLT',
  'TSTP',
  'TTIN',
  'TTOU',
  'URG',
  'XCPU',
  'VTALRM',
  'PROF',
  'IO',
  'PWR',
] as const

test('every signal that can be caught is passed on, and none of them ends locket', async (t) => {
  const { start } = await execWorld(t)
  const running = start(['--no-exec', '--', ...trapping(...RARE)])
  await running.seen(/ready/)
  for (const name of RARE) {
    running.process.kill(`SIG${name}`)
    await running.seen(new RegExp(`got ${name}\n`))
  }
  running.process.kill('SIGUSR2')
  assert.equal((await running.ended).code, 3)
})

test('a realtime signal is passed on, and one that ends the command gives its exit code', async (t) => {
  const { start } = await execWorld(t)
  const running = start(['--no-exec', '--', ...trapping('RTMIN+3', 'RTMAX')])
  await running.seen(/ready/)
  // Outside of a container they are listened to after a second.
  await sleep(2000)
  const pid = running.process.pid ?? assert.fail('it has no number')
  process.kill(pid, 37)
  await running.seen(/got RTMIN\+3\n/)
  process.kill(pid, 64)
  await running.seen(/got RTMAX\n/)
  process.kill(pid, 36)
  assert.equal((await running.ended).code, 128 + 36)
})

test('a signal that ends the command ends locket, which removes its files', async (t) => {
  const { start, folder } = await execWorld(t)
  for (const [name, code] of [
    ['SIGABRT', 134],
    ['SIGALRM', 142],
    ['SIGXCPU', 152],
    ['SIGPROF', 155],
  ] as const) {
    const secret = ['--secret', 'key={{ local://db/password }}', '--out', `${folder}/out`]
    const running = start([...secret, '--', ...program('forever')])
    const [, child = ''] = await running.seen(/ready (\d+)/)
    running.process.kill(name)
    assert.equal((await running.ended).code, code, name)
    assert.ok(!(await isAlive(Number(child))))
    assert.ok(!existsSync(`${folder}/out`))
  }
})

test('as the first process of a container, locket passes rare signals on too', async (t) => {
  const { env, folder } = await execWorld(t)
  const unshare = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
  const names = [...RARE, 'RTMIN+3']
  const inner = `'${process.execPath}' '${MAIN}' exec --no-exec -- "$@"`
  // Each signal is sent when the one before it has arrived.
  const seen = (text: string) => `until grep -q '${text}' ${folder}/seen; do sleep 0.05; done`
  const sends = [
    seen('ready'),
    ...names.map((name) => `kill -s ${name} 1; ${seen(`got ${name}$`)}`),
    'kill -s USR2 1',
  ].join('; ')
  const first = ['bash', '-c', `(${sends}) 2>&- & exec ${inner}`, 'bash', ...trapping(...names)]
  const running = startProcess(
    // One process only may be the first: `tee` is outside of the namespace.
    ['bash', '-c', `"$@" | tee ${folder}/seen; exit "$PIPESTATUS"`, 'bash', ...unshare, ...first],
    { cwd: folder, env },
  )
  const { code, stdout, stderr } = await running.ended
  assert.equal(code, 3, stderr)
  assert.deepEqual(
    [...stdout.matchAll(/got (\S+)/g)].map(([, name]) => name),
    names,
  )
})

/**
 * A pool: a parent that says which signals its worker and it get, and ends with 5 once the worker has
 * finished its job.
 */
const POOL = [
  'bash',
  '-c',
  `trap 'echo parent got TERM; isOver=1' TERM
   bash -c 'trap "echo worker got TERM" TERM; echo ready; for n in $(seq 60); do sleep 0.05; done; echo job done' &
   while kill -0 $! 2>/dev/null; do wait $!; done
   exit 5`,
]

test('SIGTERM goes to the command alone: the worker of a pool finishes its job', async (t) => {
  const { start } = await execWorld(t)
  const running = start(['--no-exec', '--', ...POOL])
  await running.seen(/ready/)
  running.process.kill('SIGTERM')
  const { code, stdout } = await running.ended
  assert.equal(code, 5)
  assert.equal(stdout, 'ready\nparent got TERM\njob done\n')
})

test('with --signal-group it goes to all that the command has started', async (t) => {
  const { start } = await execWorld(t)
  const running = start(['--signal-group', '--', ...POOL])
  await running.seen(/ready/)
  running.process.kill('SIGTERM')
  const { code, stdout } = await running.ended
  assert.equal(code, 5)
  assert.match(stdout, /worker got TERM/)
})

test('what a command leaves in its group when SIGTERM has ended it gets SIGTERM too', async (t) => {
  const { start } = await execWorld(t)
  const running = start(['--no-exec', '--timeout', '20s', '--', 'sh', '-c', 'echo ready; sleep 100; true'])
  await running.seen(/ready/)
  const since = performance.now()
  running.process.kill('SIGTERM')
  assert.equal((await running.ended).code, 143)
  assert.ok(performance.now() - since < 10_000)
})

test('a command that ignores SIGTERM is killed after the timeout; a second SIGTERM reaches it', async (t) => {
  const { start } = await execWorld(t)
  const running = start(['--no-exec', '--timeout', '1500ms', '--', ...program('report-signals')])
  await running.seen(/ready/)
  const since = performance.now()
  running.process.kill('SIGTERM')
  await running.seen(/got SIGTERM/)
  running.process.kill('SIGTERM')
  await running.seen(/got SIGTERM/, 2)
  const { code, stderr } = await running.ended
  const ms = performance.now() - since
  assert.equal(code, 137)
  assert.ok(ms >= 1500, `${ms} ms`)
  assert.match(stderr, /WARN exec\.killed/)
})

test('what a command leaves behind in its group has the same time, then it is killed', async (t) => {
  const { start } = await execWorld(t)
  const running = start(['--no-exec', '--timeout', '1s', '--', ...program('spawn-grandchild')])
  const [, , grandchild] = await running.seen(/ready (\d+) (\d+)/)
  running.process.kill('SIGTERM')
  const { code } = await running.ended
  assert.equal(code, 0)
  assert.ok(!(await isAlive(Number(grandchild))))
})

for (const way of BOTH_WAYS) {
  test(`a command that ends by itself leaves its background processes alone (${way})`, async (t) => {
    const { exec } = await execWorld(t)
    const { code, stdout } = await exec([way, '--', 'sh', '-c', 'sleep 5 >/dev/null 2>&1 & echo $!'])
    assert.equal(code, 0)
    const pid = Number(stdout)
    assert.ok(await isAlive(pid))
    process.kill(pid)
  })

  test(`a command reads the standard input, and a closed pipe ends it as without locket (${way})`, async (t) => {
    const { start, env, folder } = await execWorld(t)
    const running = start([way, '--', 'cat'])
    running.process.stdin?.end('x'.repeat(300_000))
    const { code, stdout } = await running.ended
    assert.equal(code, 0)
    assert.equal(stdout.length, 300_000)
    const line = `'${process.execPath}' '${MAIN}' exec ${way} -- yes | head -n 1; echo "$PIPESTATUS"`
    const shell = startProcess(['bash', '-c', line], { cwd: folder, env })
    assert.equal((await shell.ended).stdout, `y\n${128 + 13}\n`)
  })
}

test('SIGTSTP stops command and locket, SIGCONT continues both, and a stopped one can be ended', async (t) => {
  const { env, folder } = await execWorld(t)
  // A group stops only where a parent outside of it could continue it: a shell with job control. The shell
  // waits in `read`: bash 5.2 leaves a `while` loop when a job in the background is stopped.
  const command = program('forever').join(' ')
  const line = `set -m; '${process.execPath}' '${MAIN}' exec --no-exec -- ${command} < /dev/null & read -r _`
  const shell = startProcess(['bash', '-c', line], { cwd: folder, env })
  const [, child = ''] = await shell.seen(/ready (\d+)/)
  const pid = Number(child)
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
  const locket = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  process.kill(locket, 'SIGTSTP')
  await becomes(pid, 'T')
  await becomes(locket, 'T')
  process.kill(locket, 'SIGCONT')
  await becomes(pid, 'SR')
  // SIGCONT reaches the command from two sides, the later one may come after SIGSTOP: send it again.
  await until('the command is stopped', async () => {
    process.kill(pid, 'SIGSTOP')
    return (await stateOf(pid)) === 'T'
  })
  process.kill(locket, 'SIGTERM')
  await until('locket has ended', async () => !(await isAlive(locket)))
  assert.ok(!(await isAlive(pid)))
})

test('as the first process of a container, locket leaves no zombies', async (t) => {
  const { env, folder } = await execWorld(t)
  // Five orphans that end while the command runs; then it counts the zombies.
  const orphans = 'for n in 1 2 3 4 5; do (sh -c "sleep 0.2" &); done; sleep 1'
  const count = 'grep -l "^State:.Z" /proc/[0-9]*/status | wc -l'
  const command = ['sh', '-c', `echo pid $PPID; ${orphans}; echo zombies $(${count})`]
  const unshare = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
  const running = startProcess([...unshare, process.execPath, MAIN, 'exec', '--no-exec', '--', ...command], {
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
  const line = 'trap "exit 7" TERM; sh -c "sleep 100; true" & : > ready; while :; do sleep 0.05; done'
  // Its own namespace's numbers are not ours: a shell in there sends the signal.
  const inner = `'${process.execPath}' '${MAIN}' exec --no-exec --timeout 20s -- sh -c '${line}'`
  const running = startProcess(
    [...unshare, 'bash', '-c', `(until [ -e ready ]; do sleep 0.05; done; kill 1) & exec ${inner}`],
    {
      cwd: folder,
      env,
    },
  )
  const { code } = await running.ended
  assert.equal(code, 7)
})
