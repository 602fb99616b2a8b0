import { LocketError } from '../vocabulary/errors.ts'

/**
 * Splits a command line into words, as a shell does: at blanks, with single and double quotes, and with `\`
 * before a character that is meant as it is. Nothing is expanded. Throws `config` for a quote that is not
 * closed, and for a `\` at the end.
 */
export function splitWords(text: string): readonly string[] {
  const words: string[] = []
  let word: string | undefined
  let quote: string | undefined
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at)
    if (char === '\\' && quote !== "'") {
      at += 1
      if (at === text.length) throw new LocketError('config', 'ends with a \\ that no character follows')
      // As in a shell: in double quotes, a \ before another character is a plain one.
      const isPlain = quote === '"' && !'"\\$`'.includes(text.charAt(at))
      word = `${word ?? ''}${isPlain ? '\\' : ''}${text.charAt(at)}`
    } else if (quote !== undefined) {
      if (char === quote) quote = undefined
      else word = `${word ?? ''}${char}`
    } else if (char === '"' || char === "'") {
      quote = char
      word ??= ''
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      word = `${word ?? ''}${char}`
    }
  }
  if (quote !== undefined) throw new LocketError('config', `has a ${quote} that is not closed`)
  return word === undefined ? words : [...words, word]
}
