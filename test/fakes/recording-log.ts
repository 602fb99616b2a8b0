import { createEvents, type Emit } from '../../src/core/ports/events.ts'
import { eventText, type EventText } from '../../src/core/ports/event-text.ts'

export interface RecordingLog {
  readonly emit: Emit
  /** Every event so far, as a log line says it. */
  readonly lines: readonly EventText[]
}

/** Keeps every event. */
export function createRecordingLog(): RecordingLog {
  const lines: EventText[] = []
  return { lines, emit: createEvents([(event) => lines.push(eventText(event))]) }
}
