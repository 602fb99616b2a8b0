import { defineEnvFormat, linesOf } from './define.ts'

/** Docker reads lines with a buffer of 64 KiB, their line break included. */
const LONGEST_LINE = 65_535

/** Docker takes everything behind the first = as it stands, except a carriage return at a line's end. */
export const dockerEnvFileFormat = defineEnvFormat({
  name: 'docker-env-file',
  summary: 'for docker run --env-file, which knows no quotes',
  obstacle(name, value) {
    if (value.includes('\n')) return 'a line break'
    if (value.endsWith('\r')) return 'a carriage return at the end'
    const bytes = new TextEncoder().encode(`${name}=${value}\n`).byteLength
    return bytes > LONGEST_LINE ? `a line of more than ${LONGEST_LINE} bytes` : undefined
  },
  write: (variables) => linesOf(variables, (name, value) => `${name}=${value}`),
})
