import * as z from 'zod'
import { jsonExcess } from '../../core/text/json-shape.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { variableNameProblem } from '../../core/vocabulary/names.ts'
import { shownName } from '../entries/secret-entry.ts'
import type { EnvEntry } from '../entries/env-entry.ts'
import { credentialVariables } from '../entries/child-environment.ts'
import type { Env } from '../layers/env.ts'
import type { Problems } from '../layers/layers.ts'

/** The message that asks Compose for the service as it resolved it. Compose 5.6.0 and later answer it. */
export const SERVICE_CONFIG = 'get-service-config'

/** Names of the variables in a service's `environment:`, with their values as Compose resolved them. */
export type ServiceEnvironment = ReadonlyMap<string, string>

/**
 * Returns the message types that the calling Compose accepts, which 5.6.0 and later announce. Undefined: an
 * older Compose, or another caller.
 */
export function announcedMessages(env: Env): ReadonlySet<string> | undefined {
  const announced = env['COMPOSE_PROVIDER_MESSAGES'] ?? ''
  return announced === '' ? undefined : new Set(announced.split(','))
}

/** The rest of the answer is not read: images, labels, options and whatever later versions add. */
const Answer = z.object({ environment: z.record(z.string(), z.string().nullable()).nullish() })

/** The kernel gives a program an environment of at most 2 MiB. JSON escapes may double it. */
export const MAX_ANSWER_BYTES = 4 * 1024 * 1024
const LIMITS = { depth: 64, values: 50_000 }

/**
 * Parses the line with which Compose answers `get-service-config`. A variable without a value, which Compose
 * leaves out of containers too, is left out. Throws `provider_protocol`; the message quotes nothing.
 */
export function serviceEnvironment(line: Uint8Array): ServiceEnvironment {
  const parsed = Answer.safeParse(jsonOf(line))
  if (!parsed.success) throw unreadable('an answer without a service')
  const variables = Object.entries(parsed.data.environment ?? {})
  return new Map(variables.flatMap(([name, value]) => (value === null ? [] : [[name, value]])))
}

/**
 * Returns the variables of a service's `environment:` as entries. Unlike in the option `env`, an `@` at the
 * beginning of a value means nothing. Adds to `problems` names that are not valid, and credentials of locket
 * itself, which containers must not get by mistake.
 */
export function serviceEntries(environment: ServiceEnvironment, problems: Problems): EnvEntry[] {
  const credentials = credentialVariables()
  return [...environment].flatMap(([name, template]): EnvEntry[] => {
    const isOwn = credentials.has(name) && !template.includes('{{')
    const problem = variableNameProblem(name) ?? (isOwn ? OWN_CREDENTIAL : undefined)
    if (problem !== undefined) problems.push(`environment: ${shownName(name)} ${problem}`)
    const source = { kind: 'inline', template } as const
    return problem === undefined ? [{ kind: 'variable', name, source, origin: `environment ${name}` }] : []
  })
}

const OWN_CREDENTIAL =
  'is a credential of locket itself, and containers would get it: write it as an option, and without it here'

function jsonOf(line: Uint8Array): unknown {
  const excess = jsonExcess(line, LIMITS)
  if (excess === 'depth') throw unreadable(`an answer nested deeper than ${LIMITS.depth} levels`)
  if (excess === 'values') throw unreadable(`an answer of more than ${LIMITS.values} values`)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line))
  } catch {
    // The parser's error would quote the answer.
    throw unreadable('a line that is not JSON')
  }
}

function unreadable(what: string): LocketError {
  return new LocketError('provider_protocol', `Docker Compose answered ${SERVICE_CONFIG} with ${what}`)
}
