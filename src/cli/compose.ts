import { rawSupport } from '../app/export/compose-raw.ts'
import { exportEnvironment } from '../app/export/export-environment.ts'
import { openTextSink } from '../app/sinks/environment.ts'
import {
  COMPOSE_POSITIONALS,
  composeMetadata,
  NOTHING_TO_SET,
  parseComposeCall,
} from '../config/compose/call.ts'
import { environmentEntries } from '../config/entries/env-entry.ts'
import { loadRendering } from '../config/load-rendering.ts'
import { COMPOSE, COMPOSE_SECTIONS } from '../config/sections/compose.ts'
import { ERROR_KINDS, formatError, LocketError, toLocketError } from '../core/vocabulary/errors.ts'
import type { Command, CommandContext } from './define.ts'

/**
 * The command `locket compose`, which Docker Compose calls. Compose reads only standard output. It accepts
 * lines of JSON, and fails at the first `error` and at any other text.
 */
export const command: Command = {
  usage: [
    'locket compose [--project-name NAME] up|down|stop SERVICE [FLAGS]',
    'locket compose metadata',
    '',
    'Docker Compose calls it for a service with `provider: {type: locket}`; the options of that service are these flags.',
  ],
  example: 'locket compose up locket --env "DB_PASSWORD={{ local://db/password }}"',
  sections: COMPOSE_SECTIONS,
  async run(context) {
    const say = (message: object) => context.stdout.write(`${JSON.stringify(message)}\n`)
    try {
      const call = parseComposeCall(context.argv)
      if (call.action === 'metadata') say(composeMetadata())
      if (call.action === 'up') await up(call.service, { ...context, argv: call.argv }, say)
      return 0
    } catch (thrown) {
      const error = toLocketError(thrown)
      say({ type: 'error', message: formatError(error) })
      if (error.code === 'internal') throw error
      return ERROR_KINDS[error.code].exit
    }
  },
}

type Say = (message: object) => void

/**
 * Sets the variables of `service`. Sets none until all have a value. Rejects with the error of one that
 * fails.
 */
async function up(service: string, context: CommandContext, say: Say): Promise<void> {
  const { name, argv, env, isRoot, tables, signal, stdout } = context
  const request = { name, sections: COMPOSE, argv, env, isRoot, tables }
  const loaded = loadRendering({ ...request, positionals: COMPOSE_POSITIONALS })
  const { settings, layer, parseRef, providers } = loaded
  const entries = environmentEntries(settings, layer)
  if (entries.length === 0) throw new LocketError('usage', `service ${service} has ${NOTHING_TO_SET}`)
  const { raw } = settings.compose
  const { callingComposeVersion, openCommandEvents, openRendering } = await import('../wire.ts')
  const emit = openCommandEvents({
    format: 'compose',
    level: loaded.log.level,
    // Compose fails at the first `error`, but a retry may succeed after a failed try. The command writes one
    // `error` when it fails.
    errorsAs: 'warn',
    write: (line) => void stdout.write(line),
  })
  const remark = raw ? rawSupport(await callingComposeVersion()) : remarkOn(service)
  if (remark !== undefined) emit('compose.remark', { remark })
  const rendering = openRendering(emit, env)
  try {
    const resolve = rendering.clients.resolveFor({ kind: 'command', name: 'compose' }, providers)
    const sink = openTextSink(async (variables) => {
      emit('compose.set', { count: variables.size })
      const type = raw ? 'rawsetenv' : 'setenv'
      for (const [variable, value] of variables) say({ type, message: `${variable}=${value}` })
    })
    await exportEnvironment(
      { entries, parseRef, fieldNames: settings.environment.fieldNames, signal, sink },
      { ...rendering, resolve },
    )
  } finally {
    await rendering.clients.close()
  }
}

function remarkOn(service: string): string | undefined {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(service)) return undefined
  return `Compose begins the variables with ${service.toUpperCase()}_, which is not a valid variable name in a shell`
}
