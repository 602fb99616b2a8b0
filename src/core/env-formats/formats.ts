import { LocketError, throwErrors } from '../vocabulary/errors.ts'
import type { EnvFormat } from './define.ts'
import { dockerEnvFileFormat } from './docker-env-file.ts'
import { dotenvFormat } from './dotenv.ts'
import { envFormat } from './env.ts'
import { jsonFormat } from './json.ts'
import { shellFormat } from './shell.ts'
import { yamlFormat } from './yaml.ts'

/** Every format of `locket export`: one line each. */
export const ENV_FORMATS: ReadonlyMap<string, EnvFormat> = new Map(
  [dotenvFormat, envFormat, shellFormat, jsonFormat, yamlFormat, dockerEnvFileFormat].map((format) => [
    format.name,
    format,
  ]),
)

/** Programs that will read some of the values otherwise than they are, and the names of those variables. */
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

/** Throws `unfit_value`, naming each variable that the format cannot carry. */
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
