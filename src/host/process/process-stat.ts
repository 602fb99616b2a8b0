import { readFileSync } from 'node:fs'

/** What the kernel tells of a process in /proc/PID/stat. */
export interface ProcessStat {
  /** `T`: stopped; `Z`: it has ended and nobody has waited for it. */
  readonly state: string
  readonly parent: number
  readonly group: number
  /** 0: it has no terminal. */
  readonly terminal: number
  /** The group that reads from its terminal and is sent its signals; -1 without a terminal. */
  readonly foreground: number
}

/** Undefined for a process that is not there. */
export function processStat(pid: number | 'self'): ProcessStat | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    // It has ended meanwhile.
    return undefined
  }
  // The name before it, in parentheses, may hold blanks and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state = '', parent, group, , terminal, foreground] = fields
  return {
    state,
    parent: Number(parent),
    group: Number(group),
    terminal: Number(terminal),
    foreground: Number(foreground),
  }
}

/** What a process does when it is sent a signal; undefined for a process that is not there. */
export type Disposition = 'default' | 'ignored' | 'caught' | 'blocked'

/** Read from /proc/PID/status, whose masks have the bit n - 1 for signal n. `blocked` is told of the main thread. */
export function dispositionOf(pid: number, signal: number): Disposition | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/status`, 'latin1')
  } catch {
    // It has ended meanwhile.
    return undefined
  }
  const isIn = (mask: string) => {
    const [, digits = '0'] = new RegExp(`^${mask}:\\s*([0-9a-f]+)$`, 'm').exec(text) ?? []
    return ((BigInt(`0x${digits}`) >> BigInt(signal - 1)) & 1n) === 1n
  }
  if (isIn('SigIgn')) return 'ignored'
  if (isIn('SigBlk')) return 'blocked'
  return isIn('SigCgt') ? 'caught' : 'default'
}
