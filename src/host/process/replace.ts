import { readFileSync } from 'node:fs'
import type { CommandLine, ReplaceOptions } from '../../core/ports/process.ts'
import { errnoOf } from '../../core/vocabulary/errors.ts'
import { loadLibc } from '../libc.ts'
import { checkSizes, findProgram, spawnError } from './find-program.ts'

/** The shell that runs a script without a first line, as execvp(3) does. */
const SHELL = '/bin/sh'

/** Implements `Programs.replace`. */
export async function replaceThisProcess(
  command: CommandLine,
  { env, openFiles }: ReplaceOptions,
): Promise<never> {
  const [program, ...args] = command
  const path = findProgram(program, env['PATH'])
  checkSizes(command, env)
  if (openFiles !== undefined && openFiles !== softLimit()) (await loadLibc()).limitOpenFiles(openFiles)
  // Node ignores these two, and an ignored signal stays ignored. A signal with a handler is reset by the kernel.
  for (const signal of ['SIGPIPE', 'SIGXFSZ'] as const) process.on(signal, () => undefined)
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

function execve(path: string, command: CommandLine, env: ReplaceOptions['env']): never {
  if (process.execve === undefined) throw new Error('this Node has no execve')
  return process.execve(path, command, { ...env })
}

/** Returns the soft limit of open files of this process, or undefined if it is unlimited. */
function softLimit(): number | undefined {
  const [, soft = ''] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  return soft === '' ? undefined : Number(soft)
}
