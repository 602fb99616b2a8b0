import * as z from 'zod'
import { RELOAD_LABEL } from '../../core/reload/on-change.ts'
import type { ContainerState, UsingContainer } from '../../core/ports/engine.ts'
import { LocketError, onOneLine } from '../../core/vocabulary/errors.ts'
import type { EngineAnswer } from './exchange.ts'

// Answers of the engine's API, as versions 1.41 and 1.51 have them. Podman's API has the same fields.

const Id = z.string().regex(/^[0-9a-zA-Z][0-9a-zA-Z_.-]{0,127}$/)

const List = z.array(
  z.object({
    Id,
    Names: z.array(z.string()).nullish(),
    Labels: z.record(z.string(), z.string()).nullish(),
    State: z.string(),
  }),
)

const Inspect = z.object({
  State: z.object({ Running: z.boolean(), Paused: z.boolean().nullish(), StartedAt: z.string() }),
  Config: z.object({ StopSignal: z.string().nullish() }).nullish(),
  HostConfig: z.object({ RestartPolicy: z.object({ Name: z.string() }).nullish() }).nullish(),
})

const Created = z.object({ Id })
const Exec = z.object({ Running: z.boolean(), ExitCode: z.number().nullish() })
const Message = z.object({ message: z.string() })

const LONGEST_SHOWN = 300

/** Containers in these states have a program. One that is `restarting` reads its files anew. */
const RUNNING: readonly string[] = ['running', 'paused']

/** Reads the list of the running containers. */
export function readContainers(answer: EngineAnswer): readonly UsingContainer[] {
  return parse(List, answer)
    .filter(({ State }) => RUNNING.includes(State.toLowerCase()))
    .map(({ Id: id, Names, Labels }) => ({
      id,
      name: onOneLine(Names?.[0]?.replace(/^\//, '').slice(0, LONGEST_SHOWN) ?? id.slice(0, 12)),
      label: Labels?.[RELOAD_LABEL],
    }))
}

/** Reads the list of all containers, and returns the IDs of those that do not run. */
export function readStarting(answer: EngineAnswer): readonly string[] {
  return parse(List, answer)
    .filter(({ State }) => !RUNNING.includes(State.toLowerCase()))
    .map(({ Id: id }) => id)
}

/**
 * Reads the state of one container. Undefined: it does not run. Throws `unavailable` for one that is paused:
 * a signal would end the pause, and a command would fail.
 */
export function readState(answer: EngineAnswer): ContainerState | undefined {
  const { State, Config, HostConfig } = parse(Inspect, answer)
  if (!State.Running) return undefined
  if (State.Paused === true) throw new LocketError('unavailable', 'the container is paused')
  const startedAt = Date.parse(State.StartedAt)
  if (Number.isNaN(startedAt)) throw unreadable()
  return {
    startedAt,
    restartPolicy: HostConfig?.RestartPolicy?.Name || 'no',
    stopSignal: Config?.StopSignal || undefined,
  }
}

/** Reads the ID of a command that was made. */
export function readExecId(answer: EngineAnswer): string {
  return parse(Created, answer).Id
}

/** Reads the exit code of a command. Undefined: it runs. */
export function readExitCode(answer: EngineAnswer): number | undefined {
  const { Running, ExitCode } = parse(Exec, answer)
  return Running ? undefined : (ExitCode ?? undefined)
}

/** Returns the error of an answer whose status is not a success. The engine's message is quoted. */
export function engineRefusal({ status, text }: EngineAnswer): LocketError {
  const reason = Message.safeParse(jsonOf(text)).data?.message
  const said = reason === undefined ? '' : `: ${onOneLine(shortened(reason))}`
  const code = status === 404 ? 'not_found' : status === 401 || status === 403 ? 'denied' : 'unavailable'
  return new LocketError(code, `the Docker Engine answered with status ${status}${said}`)
}

function shortened(text: string): string {
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text
}

function parse<S extends z.ZodType>(schema: S, { text }: EngineAnswer): z.output<S> {
  const parsed = schema.safeParse(jsonOf(text))
  if (!parsed.success) throw unreadable()
  return parsed.data
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function unreadable(): LocketError {
  return new LocketError('provider_protocol', 'the Docker Engine answered something that cannot be read')
}
