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

/** The first realtime signal that glibc leaves to programs, as `SIGRTMIN` of bash, Docker and systemd. */
const FIRST_REALTIME = 34
const LAST_REALTIME = 64

export type NamedSignal = keyof typeof NUMBERS
/** `SIGRTMIN+0` to `SIGRTMIN+30`. */
export type RealtimeSignal = `SIGRTMIN+${number}`

/** A signal that a process passes on to the program that it runs. */
export type PassedSignal = NamedSignal | RealtimeSignal

export const NAMED_SIGNALS = Object.keys(NUMBERS) as readonly NamedSignal[]

export const REALTIME_NUMBERS: readonly number[] = Array.from(
  { length: LAST_REALTIME - FIRST_REALTIME + 1 },
  (_, index) => FIRST_REALTIME + index,
)

export function realtimeSignal(number: number): RealtimeSignal {
  return `SIGRTMIN+${number - FIRST_REALTIME}`
}

export function isRealtime(signal: PassedSignal): signal is RealtimeSignal {
  return !(signal in NUMBERS)
}

/** The signal's number in the kernel: 15 for SIGTERM, 37 for `SIGRTMIN+3`. */
export function signalNumber(signal: PassedSignal): number {
  return isRealtime(signal) ? FIRST_REALTIME + Number(signal.slice('SIGRTMIN+'.length)) : NUMBERS[signal]
}
