import type { EventFacts, EventName, LocketEvent } from '../vocabulary/events.ts'

/** Reports that something happened. Never throws and never waits. Facts hold no secret value. */
export type Emit = <N extends EventName>(name: N, ...facts: FactArguments<N>) => void

type FactArguments<N extends EventName> = keyof EventFacts<N> extends never ? [] : [facts: EventFacts<N>]

/** Is called with every event, immediately and in order: for a log, metrics, an audit, hooks. */
export type EventListener = (event: LocketEvent) => void

/**
 * Returns a function that passes each event to all listeners. An error of a listener is dropped, because
 * reporting must not disturb the work.
 */
export function createEvents(listeners: readonly EventListener[]): Emit {
  return (name, ...[facts]) => {
    const event = { name, facts: facts ?? {} } as LocketEvent
    for (const listener of listeners) {
      try {
        listener(event)
      } catch {
        // The other listeners still get the event.
      }
    }
  }
}
