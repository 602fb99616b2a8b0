import { defineEnvFormat, linesOf } from './define.ts'

/** Bytes. Docker reads lines with a buffer of 64 KiB, which must hold the line break too. */
const LONGEST_LINE = 65_535

/**
 * Format of `docker run --env-file`. Docker takes everything after the first = unchanged, except a final
 * carriage return.
 */
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
