import { readFileSync, statSync } from 'node:fs'
import { errnoOf, LocketError } from '../core/vocabulary/errors.ts'
import type { Command } from './define.ts'

// Engines call this every few seconds. It parses its one flag itself, so that no schema and no provider is
// loaded.

const DEFAULT_STATUS_FILE = '/dev/shm/locket/ready'
const FLAG = '--status-file'

export const command: Command = {
  usage: [
    'locket healthcheck [--status-file PATH]',
    '',
    'Exit code 0: every secret is in place. 1: not, or not yet; one line says why.',
    '  --status-file PATH',
    '      what `locket inject` was given as its --status-file [LOCKET_STATUS_FILE; default',
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

/** Says why a secret is not in place. Returns undefined when every secret is. */
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
 * Returns the paths that `locket inject` wrote into its status file. Other content gives none: then it is
 * enough that the file exists.
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

/** A path that this user may not look at counts as present. */
function isGone(path: string): boolean {
  try {
    statSync(path)
    return false
  } catch (thrown) {
    return ['ENOENT', 'ENOTDIR'].includes(errnoOf(thrown) ?? '')
  }
}
