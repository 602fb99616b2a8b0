import { nearest } from '../text/nearest.ts'
import { LocketError } from '../vocabulary/errors.ts'

/** The signals that `locket exec` passes on, with their numbers on Linux (signal(7), x86 and ARM). */
const NUMBERS = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGSTKFLT: 16,
  SIGCONT: 18,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
  SIGURG: 23,
  SIGXCPU: 24,
  SIGVTALRM: 26,
  SIGPROF: 27,
  SIGWINCH: 28,
  SIGIO: 29,
  SIGPWR: 30,
} as const

/** The first realtime signal that glibc leaves to programs. Bash, Docker and systemd call it `SIGRTMIN`. */
const FIRST_REALTIME = 34
const LAST_REALTIME = 64

/** A signal with a name of its own, such as `SIGTERM`. */
export type NamedSignal = keyof typeof NUMBERS
/** A realtime signal: `SIGRTMIN+0` to `SIGRTMIN+30`. */
type RealtimeSignal = `SIGRTMIN+${number}`

/** A signal that a process passes on to the program that it runs. */
export type PassedSignal = NamedSignal | RealtimeSignal

/** All signals with a name of their own that are passed on. */
export const NAMED_SIGNALS = Object.keys(NUMBERS) as readonly NamedSignal[]

/** The kernel's numbers of all realtime signals: 34 to 64. */
export const REALTIME_NUMBERS: readonly number[] = Array.from(
  { length: LAST_REALTIME - FIRST_REALTIME + 1 },
  (_, index) => FIRST_REALTIME + index,
)

/**
 * Reads the name of a signal that a program can handle: `SIGHUP`, `hup` or `SIGRTMIN+3`. Throws `config`,
 * with the nearest name.
 */
export function parseSignal(text: string): PassedSignal {
  const name = `SIG${text.trim().toUpperCase().replace(/^SIG/, '')}`
  const named = NAMED_SIGNALS.find((known) => known === name)
  if (named !== undefined) return named
  const [, offset] = /^SIGRTMIN\+([0-9]{1,2})$/.exec(name) ?? []
  if (offset !== undefined && Number(offset) <= LAST_REALTIME - FIRST_REALTIME)
    return `SIGRTMIN+${Number(offset)}`
  const near = nearest(name, NAMED_SIGNALS)
  const advice = near === undefined ? 'like SIGHUP' : `did you mean ${near}?`
  throw new LocketError('config', `needs a signal that a program can handle, ${advice}`)
}

/** Returns the name of the realtime signal with this number: `SIGRTMIN+3` for 37. */
export function realtimeSignal(number: number): RealtimeSignal {
  return `SIGRTMIN+${number - FIRST_REALTIME}`
}

/** True for a realtime signal. */
export function isRealtime(signal: PassedSignal): signal is RealtimeSignal {
  return !(signal in NUMBERS)
}

/** Returns the signal's number in the kernel: 15 for SIGTERM, 37 for `SIGRTMIN+3`. */
export function signalNumber(signal: PassedSignal): number {
  return isRealtime(signal) ? FIRST_REALTIME + Number(signal.slice('SIGRTMIN+'.length)) : NUMBERS[signal]
}
