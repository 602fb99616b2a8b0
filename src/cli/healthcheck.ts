import { readFileSync, statSync } from 'node:fs'
import { errnoOf, LocketError } from '../core/vocabulary/errors.ts'
import type { Command } from './define.ts'

// Engines call this command every few seconds. It parses its only flag itself, so that it loads no schema and
// no provider.

const DEFAULT_STATUS_FILE = '/dev/shm/locket/ready'
const FLAG = '--status-file'

/** The command `locket healthcheck`, for the health check of a container. */
export const command: Command = {
  usage: [
    'locket healthcheck [--status-file PATH]',
    '',
    'Exit code 0: every secret is in place. Exit code 1: a secret is not in place; one line says why.',
    '  --status-file PATH',
    '      the --status-file of `locket inject` [LOCKET_STATUS_FILE; default',
    '      /dev/shm/locket/ready]',
  ],
  example: 'locket healthcheck --status-file /dev/shm/locket/ready',
  sections: [],
  async run({ argv, env, stdout }) {
    const path = statusFile(argv, env['LOCKET_STATUS_FILE'])
    const problem = problemOf(path)
    stdout.write(`${problem ?? 'every secret is in place'}\n`)
    return problem === undefined ? 0 : 1
  },
}

/** Returns the path of the status file. An empty `variable` counts as not set. Throws `usage`. */
function statusFile(argv: readonly string[], variable: string | undefined): string {
  let path = variable === undefined || variable === '' ? DEFAULT_STATUS_FILE : variable
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? ''
    if (word.startsWith(`${FLAG}=`)) path = word.slice(FLAG.length + 1)
    else if (word === FLAG) path = argv[(at += 1)] ?? ''
    else
      throw new LocketError('usage', `locket healthcheck takes ${FLAG} PATH and nothing more`, {
        hint: '`locket healthcheck --help` tells more',
      })
  }
  if (path.startsWith('/')) return path
  throw new LocketError('usage', `${FLAG} must be an absolute path`)
}

/** Returns the reason why a secret is not in place; undefined when every secret is in place. */
function problemOf(path: string): string | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return `not every secret is in place: there is no ${path}`
    return `cannot read ${path}: ${errnoOf(thrown) ?? 'unknown error'}`
  }
  const gone = targetsOf(text).find(isGone)
  return gone === undefined ? undefined : `not every secret is in place: ${gone} is gone`
}

/**
 * Returns the paths that `locket inject` wrote into its status file. Returns none for any other content: it
 * is then enough that the file exists.
 */
function targetsOf(text: string): string[] {
  try {
    const parsed: unknown = JSON.parse(text)
    const targets: unknown[] = Array.isArray(parsed) ? parsed : []
    return targets.filter((target) => typeof target === 'string')
  } catch {
    return []
  }
}

/** Tells whether the path does not exist. A path that this user may not look at counts as present. */
function isGone(path: string): boolean {
  try {
    statSync(path)
    return false
  } catch (thrown) {
    return ['ENOENT', 'ENOTDIR'].includes(errnoOf(thrown) ?? '')
  }
}
