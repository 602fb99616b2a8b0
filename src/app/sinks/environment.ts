import { LocketError, throwErrors } from '../../core/vocabulary/errors.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import { decodeUtf8 } from '../../core/text/utf8.ts'
import type { PreparedVariable } from '../recipe/environment.ts'
import type { PreparedTemplate } from '../recipe/recipe.ts'
import type { Rendered } from '../render/render.ts'
import type { Sink } from './sink.ts'

/**
 * Makes a sink for a text that is written once, such as standard output. `write` gets the value of every
 * variable that has one, by name.
 */
export function openTextSink(
  write: (values: ReadonlyMap<string, string>) => Promise<void>,
): Sink<PreparedVariable> {
  return {
    async put(variables, { contents }) {
      const values = environmentOf(valuesOf(variables, contents))
      await write(values)
      return { changed: [], made: [...values.keys()], gone: [] }
    },
  }
}

/** Returns each variable that has a value, with that value. */
export function valuesOf(
  variables: readonly PreparedVariable[],
  contents: Rendered<PreparedTemplate>['contents'],
): (readonly [PreparedVariable, Secret])[] {
  return variables.flatMap((variable) => {
    const value = contents.get(variable)
    return value === undefined ? [] : [[variable, value] as const]
  })
}

/**
 * Returns values as an environment holds them: strings, which cannot be wiped. Call it as late as possible.
 * Throws one `unfit_value` that names each variable whose value holds a NUL byte or is not UTF-8.
 */
export function environmentOf(values: Iterable<readonly [PreparedVariable, Secret]>): Map<string, string> {
  const environment = new Map<string, string>()
  const errors: LocketError[] = []
  for (const [{ name, origin }, value] of values) {
    const bytes = value.reveal()
    const text = bytes.includes(0) ? undefined : decodeUtf8(bytes)
    if (text !== undefined) environment.set(name, text)
    else
      errors.push(
        new LocketError('unfit_value', bytes.includes(0) ? NUL : NOT_UTF8, {
          facts: { origin },
          hint: 'write it into a file, or encode it: {{ reference | base64 }}',
        }),
      )
  }
  throwErrors(errors)
  return environment
}

const NUL = 'the value holds a NUL byte, which no environment can'
const NOT_UTF8 = 'the value is not UTF-8 text, as an environment has to be'
