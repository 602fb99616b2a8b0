import { renderEnvironment } from '../app/export/rendered-environment.ts'
import { environmentEntries } from '../config/entries/env-entry.ts'
import { loadRendering } from '../config/load-rendering.ts'
import { environmentSection, variableSecretsSection } from '../config/sections/environment.ts'
import { exportSection } from '../config/sections/export.ts'
import { RENDERING_SECTIONS } from '../config/sections/rendering.ts'
import { ENV_FORMATS, misreadVariables, writeEnvironment } from '../core/env-formats/formats.ts'
import { LocketError } from '../core/vocabulary/errors.ts'
import { Secret } from '../core/vocabulary/secret.ts'
import type { Command, CommandContext } from './define.ts'
import { printValue, refuseTerminal } from './terminal/print-value.ts'

/** The sections of `locket export` beside those of every command that renders. */
export const EXPORT = {
  export: exportSection,
  environment: environmentSection,
  secrets: variableSecretsSection,
} as const

export const command: Command = {
  usage: ['locket export [FLAGS]'],
  example: 'eval "$(locket export --format shell --env "DB_PASSWORD={{ local://db/password }}")"',
  sections: [...Object.values(EXPORT), ...RENDERING_SECTIONS],
  async run(context) {
    const { name, argv, env, isRoot, tables, stdout } = context
    const loaded = loadRendering({ name, sections: EXPORT, argv, env, isRoot, tables })
    const { format, output, show } = loaded.settings.export
    if (output === undefined && !show)
      refuseTerminal(stdout, '--show prints them all the same, --output FILE writes a file')
    const text = await exported(loaded, format, context)
    try {
      if (output === undefined) await printValue(text, 'the environment', stdout)
      else await (await import('../wire.ts')).writePrivateFile(output, text.reveal())
    } finally {
      text.wipe()
    }
    return 0
  },
}

type Loaded = ReturnType<typeof loadRendering<typeof EXPORT>>

async function exported(
  loaded: Loaded,
  formatName: string,
  { env, signal }: CommandContext,
): Promise<Secret> {
  const { settings, layer, parseRef, providers, log } = loaded
  const entries = environmentEntries(settings, layer)
  if (entries.length === 0) throw nothingNamed()
  const format = ENV_FORMATS.get(formatName)
  if (format === undefined) throw new LocketError('internal', `there is no format ${formatName}`)
  const { openCommandEvents, openRendering } = await import('../wire.ts')
  const rendering = openRendering(openCommandEvents(log), env)
  try {
    const resolve = rendering.clients.resolveFor({ kind: 'command', name: 'export' }, providers)
    const variables = await renderEnvironment({ entries, parseRef, resolve, signal }, rendering)
    const text = writeEnvironment(format, variables)
    for (const [reader, names] of misreadVariables(format, variables))
      rendering.emit('export.misread', { reader, variables: names })
    return Secret.fromText(text)
  } finally {
    await rendering.clients.close()
  }
}

function nothingNamed(): LocketError {
  return new LocketError('usage', 'there is no variable to export', {
    hint: 'name some with --env, --env-file or --secret',
  })
}
