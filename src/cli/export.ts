import { exportEnvironment } from '../app/export/export-environment.ts'
import { openTextSink } from '../app/sinks/environment.ts'
import { environmentEntries } from '../config/entries/env-entry.ts'
import { joinedEntries } from '../config/entries/joined-entries.ts'
import { loadMapping } from '../config/mapping/load-mapping.ts'
import { mappingSection } from '../config/mapping/section.ts'
import { withVaultVariables } from '../config/mapping/vault-variables.ts'
import { loadRendering } from '../config/load-rendering.ts'
import { environmentSection, variableSecretsSection } from '../config/sections/environment.ts'
import { exportSection } from '../config/sections/export.ts'
import { RENDERING_SECTIONS } from '../config/sections/rendering.ts'
import { ENV_FORMATS, misreadVariables, writeEnvironment } from '../core/text/env-formats/formats.ts'
import type { Emit } from '../core/ports/events.ts'
import { LocketError } from '../core/vocabulary/errors.ts'
import { Secret } from '../core/vocabulary/secret.ts'
import type { Command, CommandContext } from './define.ts'
import { printValue, refuseTerminal } from './terminal/print-value.ts'

/** The sections of `locket export`, without those that every command that renders has. */
export const EXPORT = {
  export: exportSection,
  environment: environmentSection,
  secrets: variableSecretsSection,
  mapping: mappingSection,
} as const

/** The command `locket export`. It wipes the rendered text after it is written. */
export const command: Command = {
  usage: [
    'locket export [FLAGS]',
    '',
    'Without --env, --env-file and --secret it takes the variables of the mapping file, as `locket run` does.',
  ],
  example: 'eval "$(locket export --format shell --env "DB_PASSWORD={{ local://db/password }}")"',
  sections: [...Object.values(EXPORT), ...RENDERING_SECTIONS],
  async run(context) {
    const { name, argv, isRoot, uid, cwd, tables, stdout } = context
    const env = withVaultVariables(context.env)
    const loaded = loadRendering({
      name,
      sections: EXPORT,
      argv,
      env,
      isRoot,
      tables,
      map({ mapping, environment, secrets }, problems) {
        const isNamed = [environment.env, environment.envFiles, secrets.secrets].some(
          (it) => it !== undefined,
        )
        return loadMapping(
          mapping,
          { isMapped: isNamed ? 'if-named' : 'if-there', by: { cwd, uid }, tables },
          problems,
        )
      },
    })
    const { format, output, show } = loaded.settings.export
    if (output === undefined && !show)
      refuseTerminal(stdout, '--show prints them anyway, --output FILE writes a file')
    await exportTo(loaded, context, async (variables, emit) => {
      const written = formatOf(format)
      const text = Secret.fromText(writeEnvironment(written, variables))
      for (const [reader, names] of misreadVariables(written, variables))
        emit('export.misread', { reader, variables: names })
      try {
        if (output === undefined) await printValue(text, 'the environment', stdout)
        else await (await import('../wire.ts')).writePrivateFile(output, text.reveal())
      } finally {
        text.wipe()
      }
    })
    return 0
  },
}

type Loaded = ReturnType<typeof loadRendering<typeof EXPORT>>

async function exportTo(
  { settings, layer, parseRef, providers, log, exposed, mapping }: Loaded,
  { env, signal }: CommandContext,
  write: (variables: ReadonlyMap<string, string>, emit: Emit) => Promise<void>,
): Promise<void> {
  const entries = [...(mapping?.entries ?? []), ...environmentEntries(settings, layer)]
  if (entries.length === 0) throw nothingNamed()
  const { openCommandEvents, openRendering } = await import('../wire.ts')
  const rendering = openRendering(openCommandEvents(log, exposed), env)
  if (mapping !== undefined) rendering.emit('mapping.used', mapping.facts)
  for (const facts of joinedEntries(entries, parseRef)) rendering.emit('template.warning', facts)
  try {
    const resolve = rendering.clients.resolveFor({ kind: 'command', name: 'export' }, providers)
    const sink = openTextSink((variables) => write(variables, rendering.emit))
    await exportEnvironment(
      { entries, parseRef, fieldNames: settings.environment.fieldNames, signal, sink },
      { ...rendering, resolve },
    )
  } finally {
    await rendering.clients.close()
  }
}

function formatOf(name: string) {
  const format = ENV_FORMATS.get(name)
  if (format === undefined) throw new LocketError('internal', `there is no format ${name}`)
  return format
}

function nothingNamed(): LocketError {
  return new LocketError('usage', 'there is no variable to export', {
    hint: 'name some with --env, --env-file or --secret, or write a locket.toml with a table [secrets]',
  })
}
