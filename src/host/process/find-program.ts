import { accessSync, constants, statSync } from 'node:fs'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import type { CommandLine } from '../../core/ports/process.ts'

/** The search path for an environment without PATH, as in the C library. */
const USUAL_PATH = '/bin:/usr/bin'

/** Names that messages may show. Any other name may be a value that was written in the wrong place. */
const SHOWN = /^[\w.+/@:-]{1,200}$/

/**
 * Returns the path of a program. `path`: folders, separated by colons. A name with a slash is a path. Throws
 * `command_not_found` when there is no file of this name, and `command_not_executable` when the file cannot
 * be executed.
 */
export function findProgram(name: string, path: string | undefined): string {
  const candidates = name.includes('/')
    ? [name]
    : (path ?? USUAL_PATH).split(':').map((folder) => `${folder === '' ? '.' : folder}/${name}`)
  const refusals = candidates.map(refusalOf)
  const found = candidates[refusals.indexOf('none')]
  if (name !== '' && found !== undefined) return found
  const isThere = name !== '' && refusals.some((refusal) => refusal !== 'missing')
  throw isThere ? notExecutable(name, 'it is not an executable file') : notFound(name)
}

/** Bytes of the longest argument or variable, with the byte that ends it: the kernel's MAX_ARG_STRLEN. */
const LONGEST_STRING = 131_072

/** Throws `command_not_executable` when an argument or a variable is longer than the kernel allows. */
export function checkSizes([program, ...args]: CommandLine, env: Readonly<Record<string, string>>): void {
  const isTooLong = (text: string) => Buffer.byteLength(text) >= LONGEST_STRING
  const [variable] = Object.entries(env).find(([name, value]) => isTooLong(`${name}=${value}`)) ?? []
  if (variable === undefined && !args.some(isTooLong)) return
  const what = variable === undefined ? 'an argument' : `variable ${variable}`
  throw notExecutable(program, `${what} is too large`, {
    hint: 'the kernel takes at most 128 KiB: give large values as files',
  })
}

/** Converts an error of spawn to the `command_not_executable` error that a shell would report. */
export function spawnError(name: string, thrown: unknown): LocketError {
  const errno = errnoOf(thrown)
  if (errno === 'E2BIG')
    return notExecutable(name, 'its environment and arguments are too large together', {
      cause: thrown,
      hint: 'give large values as files',
    })
  // For a script, the missing program may be the one that its first line names.
  if (errno === 'ENOENT')
    return notExecutable(name, 'its interpreter is not there', {
      cause: thrown,
      hint: 'the first line of a script names it, after #!',
    })
  return notExecutable(name, systemReason(errno), { cause: thrown })
}

function refusalOf(path: string): 'none' | 'missing' | 'refused' {
  try {
    if (!statSync(path).isFile()) return 'refused'
    accessSync(path, constants.X_OK)
    return 'none'
  } catch (thrown) {
    return ['ENOENT', 'ENOTDIR'].includes(errnoOf(thrown) ?? '') ? 'missing' : 'refused'
  }
}

function notFound(name: string): LocketError {
  const hint = name.includes('/') ? undefined : 'it is looked for in the folders of its PATH'
  return new LocketError('command_not_found', `there is no ${shown(name)}`, { hint })
}

function notExecutable(name: string, reason: string, details = {}): LocketError {
  return new LocketError('command_not_executable', `cannot start ${shown(name)}: ${reason}`, details)
}

function shown(name: string): string {
  return SHOWN.test(name) ? `command ${name}` : 'such command'
}
