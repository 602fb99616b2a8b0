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
