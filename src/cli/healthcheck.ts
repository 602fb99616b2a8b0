import { readFileSync, statSync } from 'node:fs'
import { errnoOf, LocketError } from '../core/vocabulary/errors.ts'
import type { Command } from './define.ts'

// Engines call this every few seconds: neither the option parser nor the settings' schemas are loaded for its one flag.

const DEFAULT_STATUS_FILE = '/dev/shm/locket/ready'
const FLAG = '--status-file'

export const command: Command = {
  async run({ argv, env, stdout }) {
    const path = statusFile(argv, env['LOCKET_STATUS_FILE'])
    const problem = problemOf(path)
    stdout.write(`${problem ?? 'every secret is in place'}\n`)
    return problem === undefined ? 0 : 1
  },
}

/** An empty variable is one that is not set. Throws `usage`. */
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

/** Why not every secret is in place; undefined when each is. */
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

/** `locket inject` writes which files it has made. A file of somebody else's making says nothing but that it is there. */
function targetsOf(text: string): string[] {
  try {
    const parsed: unknown = JSON.parse(text)
    const targets: unknown[] = Array.isArray(parsed) ? parsed : []
    return targets.filter((target) => typeof target === 'string')
  } catch {
    return []
  }
}

/** What this user may not look at may well be there. */
function isGone(path: string): boolean {
  try {
    statSync(path)
    return false
  } catch (thrown) {
    return ['ENOENT', 'ENOTDIR'].includes(errnoOf(thrown) ?? '')
  }
}
