import { fetchCopies, parseCopyTarget } from '../../app/secret/copied.ts'
import { loadRendering } from '../../config/load-rendering.ts'
import { RENDERING_SECTIONS } from '../../config/sections/rendering.ts'
import { secretCopySection, storeSection } from '../../config/sections/secret.ts'
import { withVaultVariables } from '../../config/mapping/vault-variables.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { wipeAll } from '../../core/vocabulary/secret.ts'
import type { CommandContext } from '../define.ts'
import { made } from './made.ts'

const SECTIONS = { copy: secretCopySection, store: storeSection } as const

/** The sections of `locket secret copy`. */
export const COPY_SECTIONS = [secretCopySection, ...RENDERING_SECTIONS] as const

/** `locket secret copy REFERENCE TARGET`. It stores all values or none, and shows none. */
export async function copy(context: CommandContext): Promise<void> {
  const { isRoot, tables, stderr, signal } = context
  const env = withVaultVariables(context.env)
  const loaded = loadRendering({
    name: 'secret copy',
    table: 'exec',
    sections: SECTIONS,
    argv: context.argv.slice(1),
    env,
    isRoot,
    tables,
    positionals: ['REFERENCE', 'TARGET'],
  })
  const { settings, parseRef, providers, log, exposed, positionals } = loaded
  const [reference = '', place = ''] = positionals
  const target = parseCopyTarget(place)
  const text = reference.replace(/^\s*\{\{\s*(.*?)\s*\}\}\s*$/, '$1')
  const ref = parseRef(text)
  if (ref === undefined)
    throw new LocketError('usage', 'the first argument is not a reference of a known provider', {
      hint: 'locket secret copy op://VAULT/ITEM/FIELD local://PATH',
    })
  const { openCommandEvents, openLocalSecrets, openRendering } = await import('../../wire.ts')
  const emit = openCommandEvents(log, exposed)
  const { clients, clock } = openRendering(emit, env)
  try {
    const resolve = clients.resolveFor({ kind: 'command', name: 'secret copy' }, providers)
    const values = await fetchCopies(ref, target, signal, { clock, resolve })
    try {
      const stored = await openLocalSecrets(settings.store, emit).set(values, signal, settings.copy)
      const verb = (name: string) => ([...stored.replaced].some((it) => it === name) ? 'replaced' : 'stored')
      const lines = [...values.keys()].map((name) => `${verb(name)} local://${name}\n`)
      stderr.write(`${made(stored)}${lines.join('')}`)
    } finally {
      wipeAll(values.values())
    }
  } finally {
    await clients.close()
  }
}
