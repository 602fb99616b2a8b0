import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { constants } from 'node:os'
import { isatty } from 'node:tty'
import { errnoOf } from '../../core/vocabulary/errors.ts'
import type { Child, ChildOptions, CommandLine, Programs } from '../../core/ports/process.ts'
import { isRealtime, signalNumber, type PassedSignal } from '../../core/ports/signals.ts'
import { checkSizes, findProgram, spawnError } from './find-program.ts'
import { maskOutput, type MaskedOutput } from './mask-output.ts'
import { dispositionOf, processStat } from './process-stat.ts'
import { prepareReplacing, replaceThisProcess } from './replace.ts'
import { stopThisProcess } from './signals.ts'

/** Starts programs as child processes of this one. */
export const programs: Programs = {
  check,
  replace: replaceThisProcess,
  prepare: prepareReplacing,
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
  /**
   * The realtime signal that this process sent and that ends the program. Node reports such an end as an exit
   * with 0.
   */
  endedBy: number | undefined
}

async function run(command: CommandLine, options: ChildOptions): Promise<Child> {
  check(command, options.env)
  const started = await start(command, options)
  const outputs = maskedOutputs(started.child, options)
  const care = new DisposableStack()
  if (options.hasTerminal) care.use(stopWith(started.pid))
  care.use(endWithThisProcess(started.child))
  const ended = endOf(started, outputs).finally(() => care.dispose())
  return options.hasTerminal ? inOurGroup(started, ended) : inOwnGroup(started, ended, options)
}

function start(
  [program, ...args]: CommandLine,
  { env, hasTerminal, redactor }: ChildOptions,
): Promise<Started> {
  const output = redactor === undefined ? 'inherit' : 'pipe'
  // Without the terminal as its own, the program must not read from it: that input is for locket.
  const input = hasTerminal || !isatty(0) ? 'inherit' : 'ignore'
  const stdio: StdioOptions = [input, output, output]
  return new Promise((resolve, reject) => {
    const refuse = (thrown: unknown) => reject(spawnError(program, thrown))
    try {
      const child = spawn(program, args, { env: { ...env }, stdio, detached: !hasTerminal })
      child.on('error', refuse)
      child.once('spawn', () => {
        if (child.pid !== undefined) resolve({ child, pid: child.pid, endedBy: undefined })
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

async function endOf(started: Started, outputs: readonly MaskedOutput[]): Promise<number> {
  const code = await new Promise<number>((resolve) => {
    started.child.once('exit', (status, signal) => {
      if (status === 0 && started.endedBy !== undefined) resolve(128 + started.endedBy)
      else resolve(status ?? 128 + constants.signals[signal ?? 'SIGKILL'])
    })
  })
  await Promise.all(outputs.map((output) => output.finish()))
  return code
}

/** Returns true when the program has ended. Its process ID may then belong to another process. */
function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

/**
 * Sends a signal to `target`: the program or, if negative, its group. Returns false when no such process
 * exists.
 */
function send(started: Started, target: number, signal: PassedSignal): boolean {
  const number = signalNumber(signal)
  if (isRealtime(signal) && dispositionOf(started.pid, number) === 'default') started.endedBy = number
  return sendTo(target, number)
}

function sendTo(target: number, signal: number): boolean {
  try {
    process.kill(target, signal)
    return true
  } catch (thrown) {
    // EPERM: the program belongs to another user, as sudo does.
    return errnoOf(thrown) !== 'ESRCH'
  }
}

/**
 * Returns a program that shares the process group of this process, at a terminal. The terminal sends Ctrl-C,
 * Ctrl-\\ and Ctrl-Z to the whole group, and hangs up on all of it. Every other signal goes to the program
 * alone: the group may hold other programs.
 */
function inOurGroup(started: Started, ended: Promise<number>): Child {
  const { child, pid } = started
  const isGone = () => hasEnded(child)
  return {
    ended,
    isGone,
    terminateRest: () => undefined,
    kill: () => void child.kill('SIGKILL'),
    signal(name) {
      if (isGone() || isFromTerminal(name)) return
      // A program in another group, such as a shell, was not stopped with this process.
      if (name === 'SIGCONT' && processStat(pid)?.state !== 'T') return
      send(started, pid, name)
    },
  }
}

function isFromTerminal(name: PassedSignal): boolean {
  if (name === 'SIGWINCH') return true
  if (name === 'SIGHUP') return processStat('self')?.terminal === 0
  return isFromKeyboard(name)
}

/**
 * Returns true for a signal that may come from the keyboard. It looks the same as one from `kill`. If this
 * process reads the keyboard, the signal is treated as the keyboard's.
 */
function isFromKeyboard(name: PassedSignal): boolean {
  const self = processStat('self')
  return (
    self !== undefined &&
    ['SIGINT', 'SIGQUIT', 'SIGTSTP'].includes(name) &&
    self.terminal !== 0 &&
    self.foreground === self.group
  )
}

/** Returns a program that leads its own process group, without a terminal. */
function inOwnGroup(started: Started, ended: Promise<number>, { isGroupSignalled }: ChildOptions): Child {
  const { child, pid } = started
  let isEmpty = false
  function toGroup(name: PassedSignal): void {
    if (!isEmpty) isEmpty = !send(started, -pid, name)
  }
  function raw(number: number): void {
    if (!isEmpty) isEmpty = !sendTo(-pid, number)
  }
  /**
   * Stops the group, then this process, as a terminal does for Ctrl-Z. Returns when the shell has continued
   * this process.
   */
  function stopAll(): void {
    raw(constants.signals.SIGSTOP)
    stopThisProcess()
    raw(constants.signals.SIGCONT)
  }
  return {
    ended,
    isGone() {
      raw(0)
      return isEmpty
    },
    terminateRest() {
      if (!isGroupSignalled) toGroup('SIGTERM')
    },
    kill: () => raw(constants.signals.SIGKILL),
    signal(name) {
      // The kernel ignores SIGTSTP of a group without a shell above it, unless the program catches it.
      if (name === 'SIGTSTP' && process.pid !== 1 && dispositionOf(pid, signalNumber(name)) === 'default') {
        stopAll()
        return
      }
      const isForAll = isGroupSignalled || isFromKeyboard(name) || hasEnded(child)
      const pass = isForAll ? toGroup : (one: PassedSignal) => void send(started, pid, one)
      pass(name)
      // A stopped program would not notice SIGTERM.
      if (name === 'SIGTERM') pass('SIGCONT')
    },
  }
}

/** Ends the program when this process ends early, for example by an uncaught error. */
function endWithThisProcess(child: ChildProcess): Disposable {
  const end = () => void child.kill('SIGTERM')
  process.once('exit', end)
  return { [Symbol.dispose]: () => void process.off('exit', end) }
}

/**
 * Stops this process when the program has stopped, so that a shell that waits for this process notices it.
 */
function stopWith(pid: number): Disposable {
  const look = () => {
    if (processStat(pid)?.state === 'T') stopThisProcess()
  }
  process.on('SIGCHLD', look)
  look()
  return { [Symbol.dispose]: () => void process.off('SIGCHLD', look) }
}
