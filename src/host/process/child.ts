import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { constants } from 'node:os'
import { isatty } from 'node:tty'
import { errnoOf } from '../../core/vocabulary/errors.ts'
import type { Child, ChildOptions, CommandLine, PassedSignal, Programs } from '../../core/ports/process.ts'
import { checkSizes, findProgram, spawnError } from './find-program.ts'
import { maskOutput, type MaskedOutput } from './mask-output.ts'
import { processStat } from './process-stat.ts'
import { stopThisProcess } from './signals.ts'

export const programs: Programs = {
  check,
  run,
  hasTerminal: () => (processStat('self')?.terminal ?? 0) !== 0,
}

function check(command: CommandLine, env: ChildOptions['env']): void {
  findProgram(command[0], env['PATH'])
  checkSizes(command, env)
}

interface Started {
  readonly child: ChildProcess
  readonly pid: number
}

async function run(command: CommandLine, options: ChildOptions): Promise<Child> {
  check(command, options.env)
  const started = await start(command, options)
  const outputs = maskedOutputs(started.child, options)
  const care = new DisposableStack()
  if (options.hasTerminal) care.use(stopWith(started.pid))
  const ended = endOf(started.child, outputs).finally(() => care.dispose())
  return options.hasTerminal ? inOurGroup(started, ended) : inOwnGroup(started, ended)
}

function start(
  [program, ...args]: CommandLine,
  { env, hasTerminal, redactor }: ChildOptions,
): Promise<Started> {
  const output = redactor === undefined ? 'inherit' : 'pipe'
  // What is typed at a terminal that is not its own would be for locket.
  const input = hasTerminal || !isatty(0) ? 'inherit' : 'ignore'
  const stdio: StdioOptions = [input, output, output]
  return new Promise((resolve, reject) => {
    const refuse = (thrown: unknown) => reject(spawnError(program, thrown))
    try {
      const child = spawn(program, args, { env: { ...env }, stdio, detached: !hasTerminal })
      child.on('error', refuse)
      child.once('spawn', () => {
        if (child.pid !== undefined) resolve({ child, pid: child.pid })
      })
    } catch (thrown) {
      refuse(thrown)
    }
  })
}

function maskedOutputs({ stdout, stderr }: ChildProcess, { redactor }: ChildOptions): MaskedOutput[] {
  if (redactor === undefined || stdout === null || stderr === null) return []
  return [maskOutput(stdout, process.stdout, redactor()), maskOutput(stderr, process.stderr, redactor())]
}

async function endOf(child: ChildProcess, outputs: readonly MaskedOutput[]): Promise<number> {
  const code = await new Promise<number>((resolve) => {
    child.once('exit', (status, signal) => resolve(status ?? 128 + constants.signals[signal ?? 'SIGKILL']))
  })
  await Promise.all(outputs.map((output) => output.finish()))
  return code
}

/**
 * At a terminal: it sends Ctrl-C, Ctrl-\ and Ctrl-Z to the whole group, of which this process is one, and hangs up on all of it. What else
 * this process is sent was meant for the program. Its group may hold other programs of the user's.
 */
function inOurGroup({ child, pid }: Started, ended: Promise<number>): Child {
  const isGone = () => child.exitCode !== null || child.signalCode !== null
  return {
    ended,
    isGone,
    kill: () => void child.kill('SIGKILL'),
    signal(name) {
      if (isGone() || isFromTerminal(name)) return
      // One that stands in another group, as a shell does, was not continued with this one.
      if (name === 'SIGCONT' && processStat(pid)?.state !== 'T') return
      child.kill(name)
    },
  }
}

function isFromTerminal(name: PassedSignal): boolean {
  const self = processStat('self')
  if (self === undefined) return false
  if (name === 'SIGWINCH') return true
  if (name === 'SIGHUP') return self.terminal === 0
  return ['SIGINT', 'SIGQUIT', 'SIGTSTP'].includes(name) && self.foreground === self.group
}

/** Alone: what this process is sent goes to the program and to all that it has started. */
function inOwnGroup({ pid }: Started, ended: Promise<number>): Child {
  let isEmpty = false
  function send(name: NodeJS.Signals | 0): void {
    if (isEmpty) return
    try {
      process.kill(-pid, name)
    } catch (thrown) {
      // From now on its number may be another's. EPERM: a program of another user's, as sudo is.
      if (errnoOf(thrown) === 'ESRCH') isEmpty = true
    }
  }
  return {
    ended,
    isGone() {
      send(0)
      return isEmpty
    },
    kill: () => send('SIGKILL'),
    signal(name) {
      if (name === 'SIGTSTP') {
        // The kernel ignores SIGTSTP where the group has no shell above it.
        send('SIGSTOP')
        stopThisProcess()
        send('SIGCONT')
        return
      }
      send(name)
      // One that is stopped would not notice.
      if (name === 'SIGTERM') send('SIGCONT')
    },
  }
}

/** A shell that waits for this process is to see that the program has stopped. */
function stopWith(pid: number): Disposable {
  const look = () => {
    if (processStat(pid)?.state === 'T') stopThisProcess()
  }
  process.on('SIGCHLD', look)
  look()
  return { [Symbol.dispose]: () => void process.off('SIGCHLD', look) }
}
