import { STANDARD_STREAM, type MapEntry, type Outputs } from '../../core/plan/output-plan.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'

/** Throws `config` when a map names standard input or output. `why` is the end of the sentence. */
export function refuseStreams({ maps }: Outputs, why: string): void {
  const origin = maps.find(({ source, dest }) => [source, dest].includes(STANDARD_STREAM))?.origin
  if (origin === undefined) return
  throw new LocketError('config', `${origin}: - is standard input or output, ${why}`, {
    hint: 'a file of that name is written ./-',
  })
}

/** Returns one line for each map that uses standard input or output in a way that cannot work. */
export function streamProblems(maps: readonly MapEntry[]): string[] {
  const read = maps.filter(({ source }) => source === STANDARD_STREAM)
  const written = maps.filter(({ dest }) => dest === STANDARD_STREAM)
  const lines = (wrong: readonly MapEntry[], problem: string) =>
    wrong.map(({ origin }) => `${origin}: ${problem}`)
  return [
    ...lines(read.slice(1), 'standard input can be the source of one map only'),
    ...lines(written.slice(1), 'standard output can take one template only'),
    ...lines(
      read.filter(({ isInto }) => isInto),
      'standard input has no name: name the file, not only its folder',
    ),
    ...lines(
      written.filter(({ access }) => access !== undefined),
      'standard output has no mode and no owner',
    ),
  ]
}
