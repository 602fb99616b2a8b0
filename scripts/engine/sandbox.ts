import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { once } from 'node:events'

import { makeCgroups, sweepCgroups, sweepDeadCgroups } from './cgroups.ts'
import { command } from './command.ts'
import type { CommandOptions, Ran } from './command.ts'
import { until } from './until.ts'

/**
 * Mount, network and PID namespaces of their own. Process 1 in there reads its standard input: when we close
 * it, or die however we die, the kernel kills every process inside, and with the last of them go all mounts
 * and interfaces.
 */
export interface Sandbox extends AsyncDisposable {
  /** Names its control groups; begins with `locket-e2e-`. */
  readonly tag: string
  /** The sandbox's `/` as this process can open it: `ROOT/run/…` is private to it, the rest is the host's. */
  readonly root: string
  /** Runs a program inside, to its end. */
  exec(program: string, args: readonly string[], options?: CommandOptions): Promise<Ran>
  /** Starts a program inside; its output is appended to `log`, a path on the host. */
  spawn(program: string, args: readonly string[], options: SpawnOptions): Promise<Inmate>
  /** Kills every process inside but process 1, at once, and unmounts everything below `folder`. */
  crash(folder: string): Promise<void>
}

export interface SpawnOptions {
  readonly log: string
  readonly env?: NodeJS.ProcessEnv
}

/** A process in the sandbox that we started. */
export interface Inmate {
  /** As the host numbers it. */
  readonly pid: number
  readonly exited: Promise<number>
  isAlive(): boolean
  kill(signal: NodeJS.Signals): Promise<number>
  /** For SIGSTOP and SIGCONT, after which nothing ends. */
  signal(signal: NodeJS.Signals): void
}

const SETUP = `
set -e
mount --make-rshared /
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/lock /run/e2e
ip link set lo up
echo ready
set +e
cat > /dev/null
`

const open = new Map<string, () => void>()
let opened = 0

export async function openSandbox(): Promise<Sandbox> {
  sweepDeadCgroups()
  catchSignals()
  opened += 1
  const tag = `locket-e2e-${process.pid}-${opened}`
  const groups = makeCgroups(tag)
  const flags = ['-m', '-n', '-p', '-f', '--kill-child', '--mount-proc', '--propagation', 'private']
  const unshare = spawn('unshare', [...flags, 'sh', '-c', SETUP], { stdio: ['pipe', 'pipe', 'inherit'] })
  const gone = once(unshare, 'exit')
  // Without a listener a broken pipe would end the test run.
  unshare.stdin.on('error', () => {})
  const [said] = await Promise.race([once(unshare.stdout, 'data'), gone])
  if (!String(said).startsWith('ready'))
    throw new Error('the sandbox did not start: is this root, with unshare and ip?')
  const init = childOf(unshare.pid)
  if (init === undefined) throw new Error('the sandbox ended at once')
  open.set(tag, () => {
    process.kill(init, 'SIGKILL')
    sweepCgroups(tag, 5000)
  })

  const root = `/proc/${init}/root`
  const enter = ['-t', String(init), '-m', '-n', '-p', '--']
  const joinGroups = [
    'sh',
    '-c',
    `for group in ${groups.join(' ')}; do echo 0 > $group; done; exec "$@"`,
    'sh',
  ]
  return {
    tag,
    root,
    exec: (program, args, options) => command('nsenter', [...enter, program, ...args], options),
    async crash(folder) {
      await until('nothing runs in the sandbox', async () => {
        const pids = await others(root)
        if (pids.length > 0) await command('nsenter', [...enter, 'kill', '-9', ...pids])
        return pids.length === 0
      })
      const mounts = `cut -d ' ' -f 5 /proc/self/mountinfo | grep '^${folder}/' | sort -r`
      await command('nsenter', [
        ...enter,
        'sh',
        '-c',
        `${mounts} | while read -r target; do umount -l "$target"; done`,
      ])
    },
    spawn: (program, args, options) => spawnInmate([...enter, ...joinGroups, program, ...args], options),
    async [Symbol.asyncDispose]() {
      if (!open.delete(tag)) return
      unshare.stdin.end()
      // Process 1 is dead only when all others are, and unshare ends after that.
      await gone
      await until('the control groups of the sandbox are gone', () => sweepCgroups(tag, 0), {
        timeoutMs: 10_000,
      })
    },
  }
}

async function spawnInmate(args: readonly string[], options: SpawnOptions): Promise<Inmate> {
  const log = openSync(options.log, 'a')
  const nsenter = spawn('nsenter', args, { stdio: ['ignore', log, log], env: options.env ?? process.env })
  closeSync(log)
  const exited = new Promise<number>((resolve, reject) => {
    nsenter.once('error', reject)
    nsenter.once('exit', (status) => resolve(status ?? 128))
  })
  const pid = await until(`${args.join(' ')} runs`, () => {
    if (nsenter.exitCode !== null) throw new Error(`it ended at once, see ${options.log}`)
    return childOf(nsenter.pid)
  })
  return {
    pid,
    exited,
    isAlive: () => nsenter.exitCode === null && nsenter.signalCode === null,
    async kill(signal) {
      process.kill(pid, signal)
      return await exited
    },
    signal(signal) {
      process.kill(pid, signal)
      // nsenter stops with its child, and does not go on by itself.
      if (signal === 'SIGCONT') nsenter.kill(signal)
    },
  }
}

/** Every process inside but process 1 and the program that it waits for, as the sandbox numbers them. */
async function others(root: string): Promise<string[]> {
  const all = (await readdir(`${root}/proc`)).filter((name) => /^\d+$/.test(name) && name !== '1')
  const own = await readFile(`${root}/proc/1/task/1/children`, 'utf8')
  const keeper = (
    await filterAsync(own.trim().split(' '), async (pid) => (await commandOf(root, pid)) === 'cat')
  )[0]
  return await filterAsync(all, async (pid) => pid !== keeper && (await commandOf(root, pid)) !== undefined)
}

/** Undefined for one that is dead and waits to be reaped. */
async function commandOf(root: string, pid: string): Promise<string | undefined> {
  const line = await readFile(`${root}/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return line === '' ? undefined : line.split('\0')[0]
}

async function filterAsync(
  values: readonly string[],
  keep: (value: string) => Promise<boolean>,
): Promise<string[]> {
  const kept = await Promise.all(values.map(keep))
  return values.filter((_, index) => kept[index])
}

/** The first child of a process, undefined while it has none. */
function childOf(pid: number | undefined): number | undefined {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return text === '' ? undefined : Number(text.split(' ')[0])
}

let catching = false

/** Interrupted: the kernel ends the sandboxes by itself, the control groups are ours to remove. */
function catchSignals(): void {
  if (catching) return
  catching = true
  process.once('exit', closeAll)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      closeAll()
      process.kill(process.pid, signal)
    })
  }
}

function closeAll(): void {
  for (const close of open.values()) close()
  open.clear()
}
