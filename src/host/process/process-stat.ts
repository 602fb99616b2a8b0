import { readFileSync } from 'node:fs'

/** The facts about a process in /proc/PID/stat. */
interface ProcessStat {
  /** `T`: the process is stopped. `Z`: it has ended and its parent has not waited for it. */
  readonly state: string
  readonly parent: number
  readonly group: number
  /** Device number of the terminal. 0: the process has none. */
  readonly terminal: number
  /** The process group that reads from the terminal and receives its signals; -1 without a terminal. */
  readonly foreground: number
}

/** Returns the facts about a process, or undefined when there is no such process. */
export function processStat(pid: number | 'self'): ProcessStat | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    // It has ended meanwhile.
    return undefined
  }
  // The name before the state, in parentheses, may hold blanks and parentheses.
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

/** The effect of a signal on a process. */
type Disposition = 'default' | 'ignored' | 'caught' | 'blocked'

/**
 * Returns the effect of a signal on a process, or undefined when there is no such process. Reads
 * /proc/PID/status, whose masks have bit n - 1 for signal n. `blocked` is that of the main thread.
 */
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
