import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs'
import { readRecord, recordName, type TrustRecord } from '../../core/plan/trust.ts'
import { errnoOf, LocketError } from '../../core/vocabulary/errors.ts'
import { systemReason } from '../../core/vocabulary/system-errors.ts'
import type { Env } from '../layers/env.ts'

/** Bytes of the largest record: a path has at most 4096. */
const LARGEST = 8192

/**
 * Returns the path of the record of a mapping file: in the user's state folder, by the XDG Base Directory
 * Specification. Throws `config` when the environment names no home.
 */
export function recordPath(mapping: string, { XDG_STATE_HOME: state = '', HOME: home = '' }: Env): string {
  const base = state.startsWith('/') ? state : home.startsWith('/') ? `${home}/.local/state` : undefined
  if (base === undefined)
    throw new LocketError('config', 'there is no folder for what you have allowed', { hint: 'set HOME' })
  return `${base}/locket/allowed/${recordName(mapping)}`
}

/**
 * Reads the record of a mapping file. Undefined: nothing was said about it. Throws `config` when another user
 * could have written the record, or read it: then it says nothing about this user's will.
 */
export function loadRecord(path: string, mapping: string, uid: number): TrustRecord | undefined {
  let handle: number | undefined
  try {
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
    const stat = fstatSync(handle)
    const problem = problemOf(stat, uid)
    if (problem !== undefined)
      throw new LocketError('config', `${path} is not used: ${problem}`, {
        hint: 'remove it, and run `locket allow` again',
      })
    return readRecord(readFileSync(handle, 'utf8'), mapping)
  } catch (thrown) {
    const errno = errnoOf(thrown)
    if (errno === undefined) throw thrown
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined
    throw new LocketError('io', `cannot read ${path}: ${systemReason(errno, 'read')}`, { cause: thrown })
  } finally {
    if (handle !== undefined) closeSync(handle)
  }
}

function problemOf(stat: Stats, uid: number): string | undefined {
  if (!stat.isFile()) return 'it is not a file'
  if (stat.uid !== uid) return `it belongs to the user ${stat.uid}`
  if ((stat.mode & 0o077) !== 0) return 'other users can read or write it'
  return stat.size > LARGEST ? 'it is too large' : undefined
}
