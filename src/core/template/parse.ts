import { LocketError, throwErrors } from '../vocabulary/errors.ts'
import { argumentProblem } from '../filters/define.ts'
import { FILTERS } from '../filters/index.ts'
import { nearest } from '../text/nearest.ts'
import { uniqueRefs } from '../vocabulary/resolve.ts'
import { inOneTurn, type Steps } from '../waiting/turns.ts'
import { checkAlone } from './alone.ts'
import { createDiagnostics, FAILED, type Diagnostics } from './diagnostics.ts'
import { createLocator, type TextPosition } from './position.ts'
import { findSingleBraces, findStray, ORDINARY_SCHEMES, type StrayReference } from './stray.ts'
import {
  decodeText,
  isBlank,
  LONGEST_REFERENCE,
  LONGEST_TAG,
  nextBraces,
  OPEN,
  peekText,
  readFilters,
  readHead,
  skipBlanks,
} from './tag.ts'
import type { FilterCall, ParseRef, Segment, Template } from './template.ts'

const FILTER_SHAPE = 'write {{ reference | filter }}'

/**
 * An id without a scheme, as some secret managers use it. In braces it is certainly meant as a reference, so
 * it is an error when no provider takes ids: otherwise the id would be written where a password belongs.
 */
const BARE_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

interface Reader {
  readonly bytes: Uint8Array
  readonly parseRef: ParseRef
  readonly diagnostics: Diagnostics
  readonly positionOf: (offset: number) => TextPosition
  readonly countTag: () => void
  /** True: the text goes on behind `bytes`. */
  readonly isCut: boolean
}

/** How to parse a template. */
interface ParseOptions {
  readonly parseRef: ParseRef
  /** Names the text in messages. */
  readonly origin: string
  /** Called for each pair of braces, before it is read, whether or not it is a tag. It may throw. */
  readonly countTag?: (() => void) | undefined
}

/**
 * The segment of a tag, or undefined when the text is not a tag and is kept. `next`: offset where reading
 * continues.
 */
interface Found {
  readonly segment?: Segment | undefined
  readonly next: number
}

/** Does all of `parseSteps` at once. */
export function parseTemplate(bytes: Uint8Array, parseRef: ParseRef, origin: string): Template {
  return inOneTurn(parseSteps(bytes, { parseRef, origin }))
}

/**
 * Finds the references in a text of any encoding. The rest of the text stays as it is, byte for byte. Throws
 * one error that lists every malformed reference of a known scheme and every wrong filter, with line and
 * column; or the error of `countTag`.
 */
export function* parseSteps(
  bytes: Uint8Array,
  { parseRef, origin, countTag = () => undefined }: ParseOptions,
): Steps<Template> {
  const diagnostics = createDiagnostics(origin)
  const reader = { bytes, parseRef, diagnostics, positionOf: createLocator(bytes), countTag, isCut: false }
  const bare = readBare(reader)
  yield
  const segments = checkAlone(bare ?? (yield* readTags(reader)), diagnostics)
  throwErrors(diagnostics.errors())
  const refs = segments.flatMap((segment) => (segment.kind === 'secret' ? [segment.ref] : []))
  if (refs.length === 0) warnOfSingleBraces(reader)
  return { segments, refs: uniqueRefs(refs), warnings: diagnostics.warnings() }
}

function warnOfSingleBraces({ bytes, parseRef, diagnostics }: Reader): void {
  const found = findSingleBraces(bytes, parseRef.schemes ?? [])
  if (found === undefined) return
  const position = createLocator(bytes)(found.offset)
  diagnostics.warn(position, `{${found.scheme}://… stays as it is: a reference needs two braces, {{ }}`)
}

/** Returns the segments when the whole text is one reference without braces, else undefined. */
function readBare({ bytes, parseRef, diagnostics, positionOf, countTag }: Reader): Segment[] | undefined {
  const from = skipBlanks(bytes, 0)
  let end = bytes.byteLength
  while (end > from && isBlank(bytes[end - 1])) end -= 1
  // Two braces are a tag, and most templates begin with one.
  if (end - from > LONGEST_REFERENCE || (bytes[from] === OPEN && bytes[from + 1] === OPEN)) return undefined
  const text = decodeText(bytes.subarray(from, end))?.trim() ?? ''
  if (text === '' || /\{\{|\p{Cc}/u.test(text)) return undefined
  const [head = '', ...filters] = text.split('|')
  const position = positionOf(from)
  const ref = diagnostics.attempt(position, () => parseRef(head.trim()))
  if (ref === undefined) return undefined
  if (ref === FAILED) return []
  if (filters.length > 0) diagnostics.error(position, bareFilter(ref.text))
  countTag()
  return [{ kind: 'secret', ref, filters: [], raw: decodeText(bytes) ?? text, ...position }]
}

function* readTags(reader: Reader): Steps<Segment[]> {
  const { bytes, countTag } = reader
  const segments: Segment[] = []
  let copied = 0
  for (let start = yield* nextBraces(bytes, 0); start !== -1;) {
    countTag()
    const { segment, next } = readTag(reader, start)
    if (segment !== undefined) {
      if (start > copied) segments.push({ kind: 'text', bytes: bytes.subarray(copied, start) })
      segments.push(segment)
      copied = next
    }
    yield
    start = yield* nextBraces(bytes, next)
  }
  if (bytes.byteLength > copied) segments.push({ kind: 'text', bytes: bytes.subarray(copied) })
  return segments
}

function readTag(reader: Reader, start: number): Found {
  const end = start + LONGEST_TAG
  if (reader.bytes.byteLength <= end) return readNearTag(reader, start)
  const near = { ...reader, bytes: reader.bytes.subarray(0, end), isCut: true }
  const { segment, next } = readNearTag(near, start)
  // The cut can part two braces.
  return { segment, next: Math.min(next, end - 1) }
}

/** Reads a tag that ends within the reader's bytes. */
function readNearTag(reader: Reader, start: number): Found {
  const { bytes, parseRef, diagnostics } = reader
  const position = reader.positionOf(start)
  const head = readHead(bytes, start + 2)
  if (head.kind === 'literal') {
    return { segment: { kind: 'text', bytes: bytes.subarray(head.from, head.from + 2) }, next: head.end }
  }
  const text = head.kind === 'unclosed' ? undefined : head.text
  if (text === undefined) return leave(reader, position, start, head.next)
  const ref = diagnostics.attempt(position, () => parseRef(text))
  if (ref === FAILED) return { next: head.next }
  if (ref === undefined && BARE_ID.test(text)) {
    diagnostics.error(
      position,
      new LocketError('ref_syntax', `${text} is an id, and no provider that takes ids is chosen`, {
        hint: 'set provider to bws',
        facts: { references: [text] },
        names: ['references'],
      }),
    )
    return { next: head.next }
  }
  if (ref === undefined) return leave(reader, position, start, head.next)
  const filters = readFilters(bytes, head.next)
  if (filters.kind === 'unclosed') {
    if (!reader.isCut || filters.next < bytes.byteLength) return leave(reader, position, start, filters.next)
    diagnostics.error(position, syntaxIn(ref.text, `the tag is longer than ${LONGEST_TAG} bytes`))
    return { next: filters.next }
  }
  if (filters.kind === 'malformed') {
    diagnostics.error(position, syntaxIn(ref.text, filters.problem, FILTER_SHAPE))
    return { next: filters.next }
  }
  for (const call of filters.calls) checkCall(call, ref.text, position, diagnostics)
  const raw = decodeText(bytes.subarray(start, filters.end))
  if (raw === undefined) {
    diagnostics.error(position, syntaxIn(ref.text, 'an argument of its filters is not UTF-8 text'))
    return { next: filters.end }
  }
  return { segment: { kind: 'secret', ref, filters: filters.calls, raw, ...position }, next: filters.end }
}

/**
 * Handles braces that are not a tag. A reference of a provider in them is an error. Other text is kept, with
 * a warning when it has an unknown scheme. The message repeats only the scheme, because a URL may hold a
 * password.
 */
function leave(
  { bytes, parseRef, diagnostics }: Reader,
  position: TextPosition,
  start: number,
  next: number,
): Found {
  const stray = findStray(bytes, start + 2, parseRef.schemes ?? [])
  if (stray !== undefined) {
    diagnostics.error(position, strayError(stray))
    return { next }
  }
  const beginning = peekText(bytes.subarray(start + 2, Math.min(next, start + 100)))
  const scheme = /^[-"'\s]*([a-z][a-z0-9+.-]*):\/\//i.exec(beginning)?.[1]
  if (scheme !== undefined && !ORDINARY_SCHEMES.test(scheme)) {
    const isClosed = next < bytes.byteLength && bytes[next] !== OPEN
    const reason = isClosed ? 'is not a reference of a known provider' : 'has no closing braces'
    diagnostics.warn(position, `{{ ${scheme}://… ${reason} and stays as it is`)
  }
  return { next }
}

function strayError({ scheme, meant, isClosed }: StrayReference): LocketError {
  const error = (reason: string, hint: string) => new LocketError('template_syntax', reason, { hint })
  if (meant !== undefined)
    return error(`no provider has the scheme ${scheme}://`, `did you mean ${meant}://?`)
  if (!isClosed) return error(`{{ ${scheme}://… has no closing braces`, FILTER_SHAPE)
  return error(
    `${scheme}:// is in braces that are not a tag`,
    `write {{ reference }} or {{ reference | filter }} and nothing else; {{ "{{" }} writes two braces`,
  )
}

function checkCall(
  { name, args }: FilterCall,
  ref: string,
  position: TextPosition,
  diagnostics: Diagnostics,
): void {
  const filter = FILTERS.get(name)
  if (filter === undefined) {
    const near = nearest(name, FILTERS.keys())
    const hint =
      near === undefined
        ? `filters are ${[...FILTERS.keys()].join(', ')}; a | inside a name is written %7C`
        : `did you mean ${near}?`
    diagnostics.error(position, syntaxIn(ref, `there is no filter ${JSON.stringify(name)}`, hint))
    return
  }
  const problem = argumentProblem(filter, args)
  if (problem !== undefined) diagnostics.error(position, syntaxIn(ref, problem))
}

function syntaxIn(reference: string, reason: string, hint?: string): LocketError {
  return new LocketError('template_syntax', reason, { hint, facts: { references: [reference] } })
}

function bareFilter(reference: string): LocketError {
  return new LocketError('template_syntax', `${reference} has a filter but no braces`, {
    hint: FILTER_SHAPE,
    facts: { references: [reference] },
    names: ['references'],
  })
}
