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
