import { until } from '../../scripts/engine/until.ts'

/**
 * Waits until the output of a running program matches, and returns the match. A program writes its log before
 * it answers, but its output comes through a pipe, so it can arrive here after the answer. Rejects with the
 * output after 60 s.
 */
export async function untilLogged(output: () => string, pattern: RegExp): Promise<RegExpExecArray> {
  return until(`the log matches ${pattern}`, () => {
    const match = pattern.exec(output())
    if (match !== null) return match
    throw new Error(`the output so far: ${output()}`)
  })
}
