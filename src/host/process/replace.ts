import { constants } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { CommandLine, ReplaceOptions, StartState } from '../../core/ports/process.ts'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import { loadLibc, type Libc } from '../libc.ts'
import { checkSizes, findProgram, spawnError } from './find-program.ts'

/** The shell that runs a script without a first line, as execvp(3) does. */
const SHELL = '/bin/sh'

/** Implements `Programs.replace`. */
export async function replaceThisProcess(
  command: CommandLine,
  { env, startState, signal }: ReplaceOptions,
): Promise<never> {
  const [program, ...args] = command
  const path = findProgram(program, env['PATH'])
  checkSizes(command, env)
  const libc = await loadLibc().catch(cannotReplace)
  restoreSignals(libc, startState)
  // A signal that came before has its listener called within two turns. A later one has its effect at once.
  await nextTurn()
  await nextTurn()
  signal.throwIfAborted()
  restoreRest(libc, startState)
  // Node prints that execve is experimental, if it returns.
  process.removeAllListeners('warning')
  try {
    try {
      return execve(path, command, env)
    } catch (thrown) {
      if (errnoOf(thrown) !== 'ENOEXEC') throw thrown
      return execve(SHELL, [SHELL, path, ...args], env)
    }
  } catch (thrown) {
    throw spawnError(program, thrown)
  }
}

/** Implements `Programs.prepare`. */
export function prepareReplacing(): void {
  loadLibc().catch(() => undefined)
}

function execve(path: string, command: CommandLine, env: ReplaceOptions['env']): never {
  if (process.execve === undefined) return cannotReplace(undefined)
  return process.execve(path, command, { ...env })
}

/**
 * Gives signals the effect that they had when this process was started. Node ignores SIGPIPE and SIGXFSZ, and
 * has reset every signal that was ignored. It blocks SIGUSR1 because of `--disable-sigusr1`. The kernel keeps
 * all of this over execve(2), and resets a signal with a handler. The two with a listener are reset here, so
 * that none is received and then forgotten.
 */
function restoreSignals(libc: Libc, { ignoredSignals }: StartState): void {
  const { SIGPIPE, SIGXFSZ, SIGINT, SIGTERM, SIGUSR1 } = constants.signals
  for (const number of [SIGPIPE, SIGXFSZ, SIGINT, SIGTERM]) libc.setSignal(number, 'default')
  for (const number of ignoredSignals) libc.setSignal(number, 'ignored')
  libc.unblockSignal(SIGUSR1)
}

/**
 * Puts back what else Node has changed: it raises the soft limit of open files, closes most inherited
 * descriptors for the programs that it starts, and makes pipes non-blocking.
 */
function restoreRest(libc: Libc, { openFiles, descriptors, standardFlags }: StartState): void {
  if (openFiles !== undefined) libc.limitOpenFiles(openFiles)
  for (const fd of descriptors) libc.keepOpen(fd)
  for (const [fd, flags] of standardFlags.entries()) if (flags !== undefined) libc.setStatusFlags(fd, flags)
}

function cannotReplace(cause: unknown): never {
  throw new LocketError('internal', 'locket cannot replace itself by the command', {
    hint: 'add --no-exec: locket then stays as the parent of the command',
    cause,
  })
}
