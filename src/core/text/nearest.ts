import { distance } from 'fastest-levenshtein'

/**
 * Returns the known word that `text` was probably meant to be, else undefined. At most a third of its letters
 * differ, or two; two swapped letters count as two.
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
