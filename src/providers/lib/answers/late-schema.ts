import type * as z from 'zod'
import { LocketError } from '../../../core/vocabulary/errors.ts'

/** The module of zod. */
type Zod = typeof z

/** A schema that is built at its first use. */
export interface LateSchema<S extends z.ZodType> {
  /** Returns the schema itself. */
  schema(): S
  /** As zod's. */
  safeParse(value: unknown): z.ZodSafeParseResult<z.output<S>>
  /** As zod's. */
  parse(value: unknown): z.output<S>
}

/** The value that a late schema returns. */
export type LateOutput<L> = L extends LateSchema<infer S> ? z.output<S> : never

/**
 * Values that are parsed without generated code. zod generates a function for each object of a schema, which
 * takes longer than some fifty parses without it. A command parses an answer or two.
 */
const PLAIN_PARSES = 50
const PLAIN = { jitless: true } as const

let loading: Promise<Zod> | undefined
let loaded: Zod | undefined

/**
 * Loads zod. The HTTP client calls it when a request is on its way: the server works meanwhile, so that a
 * command does not wait for the tens of milliseconds that the loading takes.
 */
export async function loadSchemas(): Promise<void> {
  if (loaded !== undefined) return
  loaded = await (loading ??= import('zod'))
}

/** Returns a schema for the answers of an HTTP client, which are not there before zod is loaded. */
export function lateSchema<S extends z.ZodType>(make: (zod: Zod) => S): LateSchema<S> {
  let made: S | undefined
  let parses = 0
  const schema = (): S => {
    if (loaded === undefined) throw new LocketError('internal', 'a schema is used before zod is loaded')
    return (made ??= make(loaded))
  }
  return {
    schema,
    safeParse: (value) => schema().safeParse(value, plainAt((parses += 1))),
    parse: (value) => schema().parse(value, plainAt((parses += 1))),
  }
}

/** Returns the options of the nth parse of a schema. */
export function plainAt(nth: number): typeof PLAIN | undefined {
  return nth <= PLAIN_PARSES ? PLAIN : undefined
}
