import { LocketError } from '../../../core/vocabulary/errors.ts'

/** Text that is HTML already. Only `html` and `flag` make it. */
export class Html {
  readonly text: string
  /** Names of attributes without a value: they may stand inside a tag. */
  readonly isFlag: boolean

  constructor(text: string, isFlag = false) {
    this.text = text
    this.isFlag = isFlag
  }
}

/** A thing that may be put into a template. Undefined and false are nothing. */
export type Piece = Html | string | number | undefined | false | readonly Piece[]

/** Where in a document a piece is put. */
type Place = 'text' | 'attribute' | 'path' | 'tag'

interface Template {
  /** The text between the pieces, without the indentation of the source. */
  readonly texts: readonly string[]
  readonly places: readonly Place[]
}

/** The templates of the program. Each is read once. */
const read = new WeakMap<TemplateStringsArray, Template>()

/**
 * Makes HTML from a template. Everything that is put in is escaped, but for HTML that was made the same way.
 * A template that puts a piece where escaping is not enough throws `internal`: into a script or a style, into
 * an attribute without quotes, into an event handler, or at the beginning of an address.
 */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  let template = read.get(strings)
  if (template === undefined) {
    const texts = strings.map((text) => text.replaceAll(/\s*\n\s*/g, '\n'))
    template = { texts, places: placesOf(texts) }
    read.set(strings, template)
  }
  const { texts, places } = template
  let text = texts[0] ?? ''
  for (const [index, piece] of pieces.entries())
    text += textOf(piece, places[index] ?? 'text') + (texts[index + 1] ?? '')
  return new Html(text)
}

/** Returns the attribute without a value, such as `checked`, or nothing. */
export function flag(name: 'checked' | 'selected' | 'disabled' | 'hidden' | 'required', isOn: boolean): Html {
  return new Html(isOn ? name : '', true)
}

function textOf(piece: Piece, place: Place): string {
  if (piece === undefined || piece === false) return ''
  if (typeof piece === 'string' || typeof piece === 'number') {
    if (place === 'tag') throw misplaced('a text')
    if (place === 'path' && /^[/\\]/.test(String(piece))) throw misplaced('another host')
    return escaped(String(piece))
  }
  if (!(piece instanceof Html)) return piece.map((one) => textOf(one, place)).join('')
  if (piece.isFlag !== (place === 'tag') || place === 'attribute' || place === 'path') throw misplaced('HTML')
  return piece.text
}

const NAMES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Control and bidirectional characters are shown as a sign: they can make a text look like another one. */
const INVISIBLE = /[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu

function escaped(text: string): string {
  return text
    .replaceAll(INVISIBLE, (sign) => (sign === '\n' ? sign : '\ufffd'))
    .replaceAll(/[&<>"']/g, (sign) => NAMES[sign] ?? '')
}

const ADDRESSES = /^(?:href|src|action|formaction|poster)$/
const FORBIDDEN = /^(?:on.*|style|srcdoc|srcset)$/

/** Returns the place of each piece. Throws for a template that is not safe. */
function placesOf(strings: readonly string[]): readonly Place[] {
  const places: Place[] = []
  let place: Place = 'text'
  let attribute = ''
  let value = ''
  let tag = ''
  const between = strings.slice(0, -1)
  for (const part of between) {
    for (const sign of part) {
      if (place === 'text') {
        if (sign === '<') [place, tag] = ['tag', '']
      } else if (place === 'tag') {
        if (sign === '>') place = 'text'
        else if (sign === '"') {
          attribute = /([a-z-]+)=$/.exec(tag)?.[1] ?? ''
          ;[place, value] = ['attribute', '']
        } else tag += sign
      } else if (sign === '"') [place, tag] = ['tag', `${tag}"`]
      else value += sign
    }
    if (/^(?:script|style)\b/.test(tag) && place === 'text') throw misplaced('a piece of a script')
    if (place === 'tag' && !/\s$/.test(tag)) throw misplaced('a piece without quotes')
    if (place === 'attribute') {
      const isUnsafe = ADDRESSES.test(attribute) && !/^(?:\/[^/]|\/$|#|\?)/.test(value)
      if (attribute === '' || FORBIDDEN.test(attribute) || isUnsafe)
        throw misplaced(`a piece of ${attribute}`)
    }
    const isPath = place === 'attribute' && ADDRESSES.test(attribute) && value === '/'
    places.push(isPath ? 'path' : place)
    if (place === 'attribute') value += '_'
  }
  return places
}

function misplaced(what: string): LocketError {
  return new LocketError('internal', `a template of the dashboard has ${what} at a wrong place`)
}
