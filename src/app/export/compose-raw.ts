import { LocketError } from '../../core/vocabulary/errors.ts'

/** The first release of Docker Compose that takes variables without the service's name before them. */
const FIRST = '5.2.0'

/**
 * Undefined: it does. Throws `usage` for one that does not, by its version. Else what is to be said, because
 * nobody knows.
 */
export function rawSupport(version: string | undefined): string | undefined {
  const numbers = numbersOf(version ?? '')
  if (numbers === undefined) return `raw needs Docker Compose ${FIRST} or newer`
  const first = numbersOf(FIRST) ?? []
  const at = first.findIndex((number, index) => number !== numbers[index])
  if (at === -1 || (numbers[at] ?? 0) > (first[at] ?? 0)) return undefined
  throw new LocketError(
    'usage',
    `raw needs Docker Compose ${FIRST} or newer, and this is ${numbers.join('.')}`,
    {
      hint: 'without raw each variable has the name of its service before its own',
    },
  )
}

function numbersOf(version: string): number[] | undefined {
  return /^v?(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number)
}
