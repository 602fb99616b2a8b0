import { defineEnvFormat, linesOf } from './define.ts'
import { quoteAsJson } from '../json-string.ts'

/** Format YAML: one mapping. Names are quoted too, because YAML 1.1 reads a bare NO or ON as a boolean. */
export const yamlFormat = defineEnvFormat({
  name: 'yaml',
  summary: 'one YAML mapping, by name',
  write: (variables) =>
    variables.size === 0
      ? '{}\n'
      : linesOf(variables, (name, value) => `${quoteAsJson(name)}: ${quoteAsJson(value)}`),
})
