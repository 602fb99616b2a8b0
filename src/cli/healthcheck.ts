import { readFileSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { errnoOf, LocketError } from '../core/vocabulary/errors.ts'
import { systemReason } from '../core/vocabulary/system-errors.ts'
import type { Command } from './define.ts'

// Engines call this command every few seconds. It parses its two flags itself, so that it loads no schema
// and no provider.

const DEFAULT_STATUS_FILE = '/dev/shm/locket/ready'
const FLAG = '--status-file'
const HOLD = '--hold'
const LONGEST_HOLD_S = 60

/** The command `locket healthcheck`, for the health check of a container. */
export const command: Command = {
  usage: [
    'locket healthcheck [--status-file PATH] [--hold SECONDS]',
    '',
    'Exit code 0: every secret is in place. Exit code 1: a secret is not in place; one line says why.',
    '  --status-file PATH',
    '      the --status-file of `locket inject` [LOCKET_STATUS_FILE; default',
    '      /dev/shm/locket/ready]',
    '  --hold SECONDS',
    '      wait before the answer when the secrets have been in place for that long: an',
    '      engine that checks every second then starts few checks',
  ],
  example: 'locket healthcheck --status-file /dev/shm/locket/ready',
  sections: [],
  async run({ argv, env, stdout, signal, calledAt }) {
    const { path, holdMs } = parse(argv, env['LOCKET_STATUS_FILE'])
    if (problemOf(path) === undefined && calledAt - writtenAt(path) >= holdMs)
      // After a signal the answer comes at once.
      await sleep(holdMs, undefined, { signal }).catch(() => undefined)
    const problem = problemOf(path)
    stdout.write(`${problem ?? 'every secret is in place'}\n`)
    return problem === undefined ? 0 : 1
  },
}

/** The parsed flags. */
interface Flags {
  /** The status file. */
  readonly path: string
  readonly holdMs: number
}

/** Parses the flags. An empty `variable` counts as not set. Throws `usage`. */
function parse(argv: readonly string[], variable: string | undefined): Flags {
  let path = variable === undefined || variable === '' ? DEFAULT_STATUS_FILE : variable
  let hold = '0'
  const words = argv.flatMap((word) => {
    const end = word.indexOf('=')
    return word.startsWith('--') && end !== -1 ? [word.slice(0, end), word.slice(end + 1)] : [word]
  })
  for (let at = 0; at < words.length; at += 2) {
    const value = words[at + 1] ?? ''
    if (words[at] === FLAG) path = value
    else if (words[at] === HOLD) hold = value
    else
      throw new LocketError(
        'usage',
        `locket healthcheck takes ${FLAG} PATH, ${HOLD} SECONDS and nothing more`,
        {
          hint: '`locket healthcheck --help` tells more',
        },
      )
  }
  if (!path.startsWith('/')) throw new LocketError('usage', `${FLAG} must be an absolute path`)
  if (!/^\d{1,2}$/.test(hold) || Number(hold) > LONGEST_HOLD_S)
    throw new LocketError('usage', `${HOLD} must be a whole number of seconds, at most ${LONGEST_HOLD_S}`)
  return { path, holdMs: Number(hold) * 1000 }
}

/**
 * Returns the time at which the status file was written, in milliseconds since the epoch. A file that is gone
 * counts as written later than now.
 */
function writtenAt(path: string): number {
  try {
    return statSync(path).mtimeMs
  } catch {
    return Infinity
  }
}

/** Returns the reason why a secret is not in place; undefined when every secret is in place. */
function problemOf(path: string): string | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT') return `not every secret is in place: there is no ${path}`
    return `cannot read ${path}: ${systemReason(errnoOf(thrown), 'read')}`
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
