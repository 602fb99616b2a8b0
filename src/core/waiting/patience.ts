/** The patience of the work under one or more signals. */
interface Patience {
  isOver: boolean
  readonly listeners: Set<() => void>
}

// The patience belongs to the signal because both are conditions of the caller, and because every request
// gets a signal already, through shared work and repetitions.
const known = new WeakMap<AbortSignal, Patience>()

/**
 * Marks the work under a signal as patient, and returns the signal: its requests wait behind all others. A
 * caller that is not patient and joins the work ends that by `hurry`.
 */
export function bePatient(signal: AbortSignal): AbortSignal {
  known.set(signal, { isOver: false, listeners: new Set() })
  return signal
}

/** Returns whether the work under a signal waits behind other work. */
export function isPatient(signal: AbortSignal): boolean {
  return known.get(signal)?.isOver === false
}

/** Gives `to` the patience of `from`, and returns `to`. Both have the same patience from now on. */
export function keepPatience(from: AbortSignal, to: AbortSignal): AbortSignal {
  const patience = known.get(from)
  if (patience !== undefined) known.set(to, patience)
  return to
}

/** Ends the patience of the work under a signal: somebody who is not patient waits for it too. */
export function hurry(signal: AbortSignal): void {
  const patience = known.get(signal)
  if (patience === undefined || patience.isOver) return
  patience.isOver = true
  for (const listener of patience.listeners) listener()
  patience.listeners.clear()
}

/** Calls `listener` once when the patience of the work under a signal ends. Disposing ends the wait. */
export function onHurry(signal: AbortSignal, listener: () => void): Disposable {
  const listeners = known.get(signal)?.listeners
  listeners?.add(listener)
  return { [Symbol.dispose]: () => void listeners?.delete(listener) }
}

/**
 * Gives work that several callers share the patience of one more caller: it is patient as long as every
 * caller is. `isFirst`: the caller begins the work. Disposing ends the bond.
 */
export function sharePatience(caller: AbortSignal, shared: AbortSignal, isFirst: boolean): Disposable {
  if (!isPatient(caller)) hurry(shared)
  else if (isFirst) bePatient(shared)
  return onHurry(caller, () => hurry(shared))
}
