import { mappingTable, stateTable } from '../../app/mapping/table.ts'
import { askForVariables } from '../../app/mapping/values.ts'
import {
  MOST_VARIABLE_BYTES,
  prepareEnvironment,
  type PreparedVariable,
} from '../../app/recipe/environment.ts'
import { loadAllMappings, type WholeMapping } from '../../config/mapping/load-all.ts'
import { loadRendering } from '../../config/load-rendering.ts'
import type { SecretMapping } from '../../config/mapping/mapping.ts'
import { mappingSection } from '../../config/mapping/section.ts'
import { withVaultVariables } from '../../config/mapping/vault-variables.ts'
import { ERROR_KINDS, LocketError, toLocketError, onOneLine } from '../../core/vocabulary/errors.ts'
import type { openRendering } from '../../wire.ts'
import type { CommandContext } from '../define.ts'
import { throwFaults } from './faults.ts'
import { paintFor } from '../terminal/paint.ts'

const SECTIONS = { mapping: mappingSection } as const

/** `locket mapping list`. */
export async function list(context: CommandContext): Promise<number> {
  const { whole } = load(context, 'list')
  const variables = whole.chosen.entries.map(({ name, source }) => ({
    name,
    template: source.kind === 'inline' ? source.template : source.path,
  }))
  context.stdout.write(mappingTable(variables))
  return 0
}

/** `locket mapping validate`: every environment of the file. No provider is asked. */
export async function validate(context: CommandContext): Promise<number> {
  const loaded = load(context, 'validate')
  const { chosen, environments } = loaded.whole
  const errors = new Map<string, LocketError>()
  await withRendering(loaded, context, async ({ sources }) => {
    for (const mapping of [chosen, ...environments.values()])
      await prepared(mapping, loaded, sources).catch((thrown: unknown) => {
        const error = toLocketError(thrown)
        for (const part of error.parts.length > 0 ? error.parts : [error]) errors.set(part.message, part)
      })
  })
  throwFaults([...errors.values()], context)
  const counts = Array.from(environments, ([name, { entries }]) => `, ${entries.length} in ${name}`)
  const files = onOneLine(chosen.facts.files.join(', '))
  context.stdout.write(`${files}: ${chosen.entries.length} variables${counts.join('')}: all valid\n`)
  return 0
}

/** `locket mapping status`. Its exit code is that of the first error. */
export async function status(context: CommandContext): Promise<number> {
  const loaded = load(context, 'status')
  return await withRendering(loaded, context, async ({ sources, clients, clock }) => {
    const variables = await prepared(loaded.whole.chosen, loaded, sources)
    const caller = { kind: 'command', name: 'mapping' } as const
    const states = await askForVariables(variables, context.signal, {
      clock,
      resolve: clients.resolveFor(caller, loaded.providers),
      leasesOf(name) {
        const instance = loaded.providers.find((one) => one.name === name)
        if (instance !== undefined) return clients.leasesOf(caller, instance)
        throw new LocketError('internal', `there is no provider ${name}`)
      },
    })
    context.stdout.write(stateTable(states, paintFor(context)))
    const [first] = states.flatMap(({ errors }) => errors)
    return first === undefined ? 0 : ERROR_KINDS[first.code].exit
  })
}

function load({ argv, env: given, isRoot, uid, cwd, tables }: CommandContext, action: string) {
  const env = withVaultVariables(given)
  let whole: WholeMapping | undefined
  const loaded = loadRendering({
    name: `mapping ${action}`,
    table: 'exec',
    sections: SECTIONS,
    argv,
    env,
    isRoot,
    tables,
    map({ mapping }, problems) {
      whole = loadAllMappings(mapping, { by: { cwd, uid }, tables }, problems)
      return whole?.chosen
    },
  })
  if (whole === undefined) throw new LocketError('internal', 'the mapping file was not read')
  return { ...loaded, whole }
}

type Rendering = ReturnType<typeof openRendering>

async function withRendering<T>(
  { log, exposed }: ReturnType<typeof load>,
  { env }: CommandContext,
  body: (rendering: Rendering) => Promise<T>,
): Promise<T> {
  const wire = await import('../../wire.ts')
  const rendering = wire.openRendering(wire.openCommandEvents(log, exposed), env)
  try {
    return await body(rendering)
  } finally {
    await rendering.clients.close()
  }
}

async function prepared(
  { entries }: SecretMapping,
  { parseRef }: Pick<ReturnType<typeof load>, 'parseRef'>,
  sources: Rendering['sources'],
): Promise<readonly PreparedVariable[]> {
  return (await prepareEnvironment(entries, { parseRef, maxFileBytes: MOST_VARIABLE_BYTES }, sources))
    .templates
}
