import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

import { command } from './command.ts'
import type { CommandOptions, Ran } from './command.ts'
import { DIST } from './plugin.ts'
import { openSandbox } from './sandbox.ts'
import type { Inmate } from './sandbox.ts'
import { until } from './until.ts'

/** A machine whose process 1 is systemd, on an overlay of this machine's `/`. Its network is a loopback. */
export interface SystemdHost extends AsyncDisposable {
  /** Runs a shell script as root of that machine; a status other than 0 is an answer. */
  run(script: string, options?: CommandOptions): Promise<Ran>
  /** The same for a script that must succeed; its output, trimmed. */
  ok(script: string, options?: CommandOptions): Promise<string>
  /** Powers off cleanly and starts again. The disk keeps its content, and the engine its data. */
  reboot(): Promise<void>
}

const CHECKOUT = resolve(import.meta.dirname, '../..')
const PROGRAM = join(import.meta.dirname, 'boot.sh')
const NAMESPACES = ['-m', '-p', '-C', '-u', '-i', '-f', '--kill-child', '--propagation', 'private']

/**
 * Boots systemd in PID, mount, control group, UTS and IPC namespaces inside a sandbox, so that all of it ends
 * with the sandbox. The checkout is at /mnt/checkout, read-only, with the program under test as its dist.
 */
export async function bootSystemd(): Promise<SystemdHost> {
  const sandbox = await openSandbox()
  const log = `${sandbox.root}/run/e2e/boot.log`
  let machine: Inmate | undefined
  let init = 0

  const run: SystemdHost['run'] = (script, options) =>
    command(
      'nsenter',
      ['-t', String(init), '-m', '-p', '-n', '-C', '-u', '-i', '-r', '-w', '--', 'sh', '-c', script],
      {
        ...options,
        env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root' },
      },
    )
  const boot = async (): Promise<void> => {
    const booting = await sandbox.spawn('unshare', [...NAMESPACES, PROGRAM, CHECKOUT, DIST], { log })
    machine = booting
    const assertAlive = async () => {
      if (!booting.isAlive()) throw new Error(`systemd did not start: ${await readFile(log, 'utf8')}`)
    }
    init = await until('the machine has a process 1', async () => {
      await assertAlive()
      return firstChild(booting.pid)
    })
    await until(
      'systemd has reached multi-user.target',
      async () => {
        await assertAlive()
        if (readFileSync(`/proc/${init}/comm`, 'utf8').trim() !== 'systemd') return false
        return (await run('systemctl is-active multi-user.target')).code === 0
      },
      { timeoutMs: 120_000 },
    )
  }
  try {
    await boot()
  } catch (error) {
    await sandbox[Symbol.asyncDispose]()
    throw error
  }
  return {
    run,
    async ok(script, options) {
      const ran = await run(script, options)
      if (ran.code !== 0) throw new Error(`${script}: exit ${ran.code}: ${ran.stderr || ran.stdout}`)
      return ran.stdout.trim()
    },
    async reboot() {
      // The shell may die before systemctl answers: the end of process 1 is what counts.
      await run('systemctl --no-block poweroff')
      await machine?.exited
      await boot()
    },
    [Symbol.asyncDispose]: () => sandbox[Symbol.asyncDispose](),
  }
}

function firstChild(pid: number): number | undefined {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return text === '' ? undefined : Number(text.split(' ')[0])
}
