import { distance } from 'fastest-levenshtein'

/**
 * Returns the known word that is most similar to `text`, for "did you mean", or undefined. Up to a third of
 * the letters may differ, or up to two of them, whichever is more; in a text of one or two letters, one. Two
 * swapped letters count as two. Case is ignored.
 */
export function nearest(text: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let fewest = Math.max(text.length < 3 ? 1 : 2, Math.floor(text.length / 3)) + 1
  for (const word of known) {
    const edits = distance(text.toLowerCase(), word.toLowerCase())
    if (edits >= fewest) continue
    best = word
    fewest = edits
  }
  return best
}
