import { readFileSync, writeFileSync } from 'node:fs'
import type { StartState } from './core/ports/process.ts'

/**
 * Returns what this process was started with. `held`: what the launcher `plugin/locket.sh` saw before Node
 * ran: the soft limit of open files, the ignored signals as a mask in hexadecimal digits, and descriptors.
 * Must be called before a standard stream is opened.
 */
export function readStartState(held: string | undefined): StartState {
  const [limit = '', mask = '', ...descriptors] = held?.split(' ') ?? []
  return {
    openFiles: isNumber(limit) ? Number(limit) : undefined,
    ignoredSignals: /^[0-9a-f]{1,16}$/.test(mask) ? signalsIn(BigInt(`0x${mask}`)) : [],
    descriptors: descriptors.filter(isNumber).map(Number),
    standardFlags: [0, 1, 2].map(statusFlags),
  }
}

function isNumber(text: string): boolean {
  return /^\d{1,10}$/.test(text)
}

/** Bit n - 1 of the mask stands for signal n. */
function signalsIn(mask: bigint): number[] {
  return Array.from({ length: 64 }, (_, bit) => bit + 1).filter((n) => ((mask >> BigInt(n - 1)) & 1n) === 1n)
}

function statusFlags(fd: number): number | undefined {
  try {
    const [, octal = ''] =
      /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')) ?? []
    return octal === '' ? undefined : Number.parseInt(octal, 8)
  } catch {
    // Node has no /proc here.
    return undefined
  }
}

/**
 * Gives this process the name `locket` in ps, top and systemctl: Node calls it `node-MainThread`. The words
 * of its command line stay, which `process.title` would overwrite.
 */
export function nameProcess(): void {
  try {
    writeFileSync('/proc/self/comm', 'locket')
  } catch {
    // Without /proc it keeps the name that Node gave it.
  }
}
