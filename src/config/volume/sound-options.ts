import type { Problems } from '../layers/layers.ts'

/** One option of a volume or of a provider service, and its value. */
type Option<V> = readonly [name: string, value: V]

/** The options of which each is right by itself, and all that is wrong. */
interface SoundOptions<V> {
  readonly sound: readonly Option<V>[]
  /** Names of the options that are wrong. */
  readonly dropped: readonly string[]
  /** One line each. */
  readonly problems: Problems
}

/**
 * Leaves out the options that are wrong, for `locket check`, which goes on without them. `problemsOf` returns
 * the problems of some options together. An option is wrong when it makes one of these problems alone too.
 */
export function soundOptions<V>(
  options: readonly Option<V>[],
  problemsOf: (options: readonly Option<V>[]) => Problems,
): SoundOptions<V> {
  const problems = problemsOf(options)
  const all = new Set(problems)
  if (all.size === 0) return { sound: options, dropped: [], problems }
  const wrong = new Set(options.filter((option) => problemsOf([option]).some((problem) => all.has(problem))))
  return {
    sound: options.filter((option) => !wrong.has(option)),
    dropped: Array.from(wrong, ([name]) => name),
    problems,
  }
}
