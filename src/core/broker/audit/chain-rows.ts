import { chainedLine, FIRST } from '../../audit/chain.ts'
import type { AuditEntry } from '../seams.ts'

/** The end of a chain: the number of its last line, and the hash of that line. */
export interface AuditHead {
  /** 0: the chain has no line. */
  readonly seq: number
  /** 64 hexadecimal digits. */
  readonly hash: string
}

/** A line of the audit in its place in the chain. */
export interface AuditRow {
  /** Lines are counted from 1, without a gap. */
  readonly seq: number
  readonly entry: AuditEntry
  /** SHA-256 of the line. */
  readonly hash: string
}

/** The head of a chain without lines. */
export const EMPTY_CHAIN: AuditHead = { seq: 0, hash: FIRST }

const LONGEST_TEXT = 1000

/**
 * Returns the rows of these entries after the head. Texts are cut to 1000 characters, and have only
 * characters that each database keeps: a hash would not fit otherwise.
 */
export function chainRows(entries: readonly AuditEntry[], after: AuditHead): readonly AuditRow[] {
  let { seq, hash } = after
  return entries.map((raw) => {
    const entry = storable(raw)
    seq += 1
    hash = chainedLine(factsOf(seq, entry), hash).hash
    return { seq, entry, hash }
  })
}

/** Returns the line of a row as it is hashed and exported: JSON without a line break. */
export function auditLine({ seq, entry }: Pick<AuditRow, 'seq' | 'entry'>, previous: string): string {
  return chainedLine(factsOf(seq, entry), previous).text
}

/** The facts of a line in their order. `time`, `action` and `outcome` are keys of the daemon's log too. */
function factsOf(seq: number, entry: AuditEntry): object {
  const { at, actor, action, target, machine, secret, address, outcome, reason } = entry
  return {
    seq,
    time: new Date(at).toISOString(),
    actor,
    action,
    target,
    ...(machine === undefined ? {} : { machine }),
    ...(secret === undefined ? {} : { secret }),
    address,
    outcome,
    reason,
  }
}

function storable(entry: AuditEntry): AuditEntry {
  const { actor, target, machine, secret, address, reason } = entry
  return {
    ...entry,
    actor: plain(actor),
    target: plain(target),
    address: plain(address),
    reason: plain(reason),
    ...(machine === undefined ? {} : { machine: plain(machine) }),
    ...(secret === undefined ? {} : { secret: plain(secret) }),
  }
}

/** Control characters could change what a terminal shows, and PostgreSQL keeps no NUL. */
function plain(text: string): string {
  const short = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text
  return short.toWellFormed().replaceAll(/\p{Cc}/gu, '\uFFFD')
}
