import { LocketError, throwErrors } from '../../vocabulary/errors.ts'
import type { EnvFormat } from './define.ts'
import { dockerEnvFileFormat } from './docker-env-file.ts'
import { dotenvFormat } from './dotenv.ts'
import { envFormat } from './env.ts'
import { jsonFormat } from './json.ts'
import { shellFormat } from './shell.ts'
import { yamlFormat } from './yaml.ts'

/** All formats of `locket export`, by name. */
export const ENV_FORMATS: ReadonlyMap<string, EnvFormat> = new Map(
  [dotenvFormat, envFormat, shellFormat, jsonFormat, yamlFormat, dockerEnvFileFormat].map((format) => [
    format.name,
    format,
  ]),
)

/** Returns the programs that misread some of the values, each with the names of those variables. */
export function misreadVariables(
  format: EnvFormat,
  variables: ReadonlyMap<string, string>,
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const [name, value] of variables) {
    for (const reader of format.misreaders?.(value) ?? [])
      found.set(reader, [...(found.get(reader) ?? []), name])
  }
  return found
}

/**
 * Returns the variables in the format. Throws one `unfit_value` that names each variable that the format
 * cannot hold.
 */
export function writeEnvironment(format: EnvFormat, variables: ReadonlyMap<string, string>): string {
  const errors = [...variables].flatMap(([name, value]) => {
    const obstacle = format.obstacle?.(name, value)
    if (obstacle === undefined) return []
    const message = `${name}: the format ${format.name} cannot hold ${obstacle}`
    return [
      new LocketError('unfit_value', message, { hint: 'json, yaml and dotenv hold any name and any value' }),
    ]
  })
  throwErrors(errors)
  return format.write(variables)
}
