import { environmentNeeds, rawSupport, requireRaw } from '../app/export/compose-versions.ts'
import { exportEnvironment } from '../app/export/export-environment.ts'
import { openTextSink } from '../app/sinks/environment.ts'
import {
  COMPOSE_POSITIONALS,
  composeMetadata,
  isTyped,
  nothingToSet,
  parseComposeCall,
  type ComposeCall,
} from '../config/compose/call.ts'
import {
  announcedMessages,
  MAX_ANSWER_BYTES,
  SERVICE_CONFIG,
  serviceEntries,
  serviceEnvironment,
  type ServiceEnvironment,
} from '../config/compose/announced.ts'
import { joinedEntries } from '../config/entries/joined-entries.ts'
import { environmentEntries, type EnvEntry } from '../config/entries/env-entry.ts'
import { throwProblems, type Problems } from '../config/layers/layers.ts'
import { loadRendering } from '../config/load-rendering.ts'
import { COMPOSE, COMPOSE_SECTIONS } from '../config/sections/compose.ts'
import { ERROR_KINDS, formatError, LocketError, toLocketError } from '../core/vocabulary/errors.ts'
import type { Command, CommandContext } from './define.ts'
import { askCompose } from './terminal/ask-compose.ts'

/**
 * The command `locket compose`, which Docker Compose calls. Compose reads only standard output. It accepts
 * lines of JSON, and fails at the first `error` and at any other text. A person who calls it gets plain text
 * without values.
 */
export const command: Command = {
  usage: [
    'locket compose [--project-name NAME] up|down|stop SERVICE [FLAGS]',
    'locket compose metadata',
    '',
    'Docker Compose calls it for a service with `provider: {type: locket}`; the options of that service are these flags.',
    'Without --project-name, or in a terminal, it answers in plain text and shows no values.',
  ],
  example: 'locket compose up locket --env "DB_PASSWORD={{ local://db/password }}"',
  sections: COMPOSE_SECTIONS,
  async run(context) {
    if (isTyped(context.argv, context.stdout)) return await answer(context, inWords(context.stdout))
    const say = (message: object) => context.stdout.write(`${JSON.stringify(message)}\n`)
    try {
      return await answer(context, inMessages(context.stdout, say))
    } catch (thrown) {
      const error = toLocketError(thrown)
      say({ type: 'error', message: formatError(error) })
      if (error.code === 'internal') throw error
      return ERROR_KINDS[error.code].exit
    }
  },
}

type Say = (message: object) => void
type LogOptions = Parameters<(typeof import('../wire.ts'))['openCommandEvents']>[0]

/** How the command answers: to Compose in messages, or to a person in words. */
interface Answers {
  readonly isCompose: boolean
  /** Returns how events are written. */
  log(chosen: LogOptions): LogOptions
  metadata(metadata: object): void
  /** Says that `down` or `stop` had nothing to do. */
  nothingToDo(call: ComposeCall): void
  variable(name: string, value: string, place: { readonly service: string; readonly raw: boolean }): void
}

function inMessages(stdout: CommandContext['stdout'], say: Say): Answers {
  return {
    isCompose: true,
    log: ({ level }) => ({
      format: 'compose',
      level,
      // Compose fails at the first `error`, but a retry may succeed after a failed try. The command writes
      // one `error` when it fails.
      errorsAs: 'warn',
      write: (line) => void stdout.write(line),
    }),
    metadata: say,
    nothingToDo: () => undefined,
    variable: (name, value, { raw }) =>
      say({ type: raw ? 'rawsetenv' : 'setenv', message: `${name}=${value}` }),
  }
}

function inWords(stdout: CommandContext['stdout']): Answers {
  return {
    isCompose: false,
    log: (chosen) => chosen,
    metadata: (metadata) => stdout.write(`${JSON.stringify(metadata, undefined, 2)}\n`),
    nothingToDo: ({ action, service }) =>
      stdout.write(`${action} has nothing to do: locket stores nothing for ${service}\n`),
    variable: (name, _value, { service, raw }) =>
      stdout.write(`${raw ? '' : `${service.toUpperCase()}_`}${name} has a value\n`),
  }
}

async function answer(context: CommandContext, answers: Answers): Promise<number> {
  const call = parseComposeCall(context.argv)
  if (call.action === 'metadata') answers.metadata(composeMetadata())
  else if (call.action === 'up') await up(call, { ...context, argv: call.argv }, answers)
  else answers.nothingToDo(call)
  return 0
}

/**
 * Sets the variables of `service`. Sets none until all have a value. Rejects with the error of one that
 * fails.
 */
async function up({ service }: ComposeCall, context: CommandContext, answers: Answers): Promise<void> {
  const { name, argv, env, isRoot, tables, signal } = context
  const request = { name, sections: COMPOSE, argv, env, isRoot, tables }
  const loaded = loadRendering({ ...request, positionals: COMPOSE_POSITIONALS })
  const { settings, layer, parseRef, providers } = loaded
  const chosen = environmentEntries(settings, layer)
  const { raw } = settings.compose
  const { callingComposeVersion, openCommandEvents, openRendering, systemClock } = await import('../wire.ts')
  const announced = answers.isCompose ? announcedMessages(env) : undefined
  const isTold = announced?.has(SERVICE_CONFIG) === true
  const environment = isTold ? await askEnvironment(context, systemClock()) : new Map<string, string>()
  const entries = [...ownEntries(environment), ...chosen]
  if (entries.length === 0)
    throw new LocketError('usage', `service ${service} has ${nothingToSet({ environment: isTold })}`, {
      hint: isTold ? undefined : environmentNeeds(await callingComposeVersion()),
    })
  const emit = openCommandEvents(answers.log(loaded.log), loaded.exposed)
  if (raw && announced !== undefined) requireRaw(announced)
  const needs = raw && announced === undefined ? rawSupport(await callingComposeVersion()) : undefined
  const joined = joinedEntries(entries, parseRef).map(({ where, warning }) => `${where}: ${warning}`)
  const remarks = [needs, raw ? undefined : remarkOn(service), ...joined]
  for (const remark of remarks) if (remark !== undefined) emit('compose.remark', { remark })
  const rendering = openRendering(emit, env)
  try {
    const resolve = rendering.clients.resolveFor({ kind: 'command', name: 'compose' }, providers)
    const sink = openTextSink(async (variables) => {
      emit('compose.set', { count: variables.size })
      for (const [variable, value] of variables) answers.variable(variable, value, { service, raw })
    })
    await exportEnvironment(
      { entries, parseRef, fieldNames: settings.environment.fieldNames, signal, sink },
      { ...rendering, resolve },
    )
  } finally {
    await rendering.clients.close()
  }
}

/** Asks Compose for the `environment:` of the service. */
async function askEnvironment(
  context: CommandContext,
  clock: Parameters<typeof askCompose>[2],
): Promise<ServiceEnvironment> {
  const line = await askCompose({ type: SERVICE_CONFIG, maxBytes: MAX_ANSWER_BYTES }, context, clock)
  try {
    return serviceEnvironment(line)
  } finally {
    line.fill(0)
  }
}

function ownEntries(environment: ServiceEnvironment): EnvEntry[] {
  const problems: Problems = []
  const entries = serviceEntries(environment, problems)
  throwProblems(problems)
  return entries
}

function remarkOn(service: string): string | undefined {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(service)) return undefined
  return `Compose begins the variables with ${service.toUpperCase()}_, which is not a valid variable name in a shell`
}
