import { fieldKind, type Field } from '../../settings/field.ts'
import type { Given, Layer, Problems } from './layers.ts'
import { splitList } from './split-list.ts'

export type Env = Readonly<Record<string, string | undefined>>

/** An empty variable is one that is not set: the engine and Compose pass such. */
export function envLayer(fields: readonly Field[], env: Env, problems: Problems): Layer {
  const layer = new Map<string, Given>()
  for (const field of fields) {
    const given = fromEnv(field, env, problems)
    if (given !== undefined) layer.set(field.name, given)
  }
  return layer
}

function fromEnv(field: Field, env: Env, problems: Problems): Given | undefined {
  if (field.env === undefined) return undefined
  const text = env[field.env] ?? ''
  const file = field.credential === true ? (env[`${field.env}_FILE`] ?? '') : ''
  if (text !== '' && file !== '')
    problems.push(`environment: ${field.env} and ${field.env}_FILE are both set`)
  if (file !== '') return { value: `file:${file}`, origin: `environment ${field.env}_FILE` }
  if (text === '') return undefined
  return { value: fieldKind(field) === 'list' ? splitList(text) : text, origin: `environment ${field.env}` }
}
