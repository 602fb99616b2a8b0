import type { EventLevel, EventRow, FactKinds } from '../vocabulary/events/row.ts'
import { EVENTS, type LocketEvent } from '../vocabulary/events.ts'

/** Facts as a log line prints them. */
export type LogFacts = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

/** An event in words. */
export interface EventText {
  readonly event: string
  readonly level: EventLevel
  readonly message: string
  /** The facts that the message does not contain. */
  readonly facts: LogFacts
}

/** Returns the level, message and remaining facts of an event, for a log line. */
export function eventText({ name, facts }: LocketEvent): EventText {
  const { level, message: pattern, printedAs = name }: EventRow<FactKinds> = EVENTS[name]
  const left: Record<string, LogFacts[string]> = { ...facts }
  const message = pattern.replace(/\{(\w+)\}/g, (_, fact: string) => {
    const value = left[fact]
    delete left[fact]
    return String(value)
  })
  return { event: printedAs, level, message, facts: left }
}
