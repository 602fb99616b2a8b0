import { escapeUnit } from './json-string.ts'
import type { Secret } from '../vocabulary/secret.ts'

/** Bytes. A shorter value is not masked, because it would match ordinary output. */
const SHORTEST_MASKED = 4
/** Bytes. A longer value is not masked, because the search needs many times the memory of the value. */
export const LONGEST_MASKED = 256 * 1024
/** Bytes. A longer value is masked whole and line by line, but not in encoded forms. */
const LONGEST_ENCODED = 16 * 1024

/** Bytes. A shorter value is not searched inside longer base64: too few letters would be left to match. */
const SHORTEST_INSIDE = 8
/** Characters. A shorter line of a multi-line value is not masked alone. */
const SHORTEST_LINE = 8
/** Characters. Widths at which programs break base64 into lines: 64 for PEM, 76 for MIME. */
const LINE_WIDTHS = [64, 76]

/** True when the value is neither too short nor too long to be masked. */
export function isMaskable({ byteLength }: Secret): boolean {
  return byteLength >= SHORTEST_MASKED && byteLength <= LONGEST_MASKED
}

/**
 * Returns the byte strings that a program may write when it prints this value: the value, its lines, and its
 * base64, hex, JSON and URL forms. The caller must wipe them.
 */
export function printedForms(value: Secret): Uint8Array[] {
  if (!isMaskable(value)) return []
  const bytes = Buffer.from(value.reveal())
  const whole = [bytes, withoutLastNewlines(bytes)]
  const forms = [
    ...whole,
    ...linesOf(bytes),
    ...(bytes.length > LONGEST_ENCODED ? [] : whole.flatMap(encodedForms)),
  ]
  const distinct = new Map(forms.map((form) => [form.toString('latin1'), form]))
  return [...distinct.values()].filter(({ byteLength }) => byteLength >= SHORTEST_MASKED)
}

function encodedForms(bytes: Buffer): Buffer[] {
  return [...base64Forms(bytes), ...hexForms(bytes), ...textForms(bytes)]
}

function withoutLastNewlines(bytes: Buffer): Buffer {
  let end = bytes.length
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d)) end -= 1
  return bytes.subarray(0, end)
}

/**
 * Returns the lines of a text. A program that prints a key of several lines often indents it or changes its
 * line ends. The first and last line of a PEM block are not secret.
 */
function linesOf(bytes: Buffer): Buffer[] {
  const lines = bytes.toString('latin1').split(/[\r\n]+/)
  if (lines.length < 2) return []
  return lines
    .map((line) => line.trim())
    .filter((line) => line.length >= SHORTEST_LINE && !line.startsWith('-----'))
    .map((line) => Buffer.from(line, 'latin1'))
}

/**
 * Returns the base64 forms: whole, broken into lines, and the letters that stay the same at each of the three
 * offsets where the value can begin inside longer base64.
 */
function base64Forms(bytes: Buffer): Buffer[] {
  const offsets = bytes.length < SHORTEST_INSIDE ? [0] : [0, 1, 2]
  const texts = (['base64', 'base64url'] as const).flatMap((encoding) => {
    const whole = bytes.toString(encoding)
    const inside = offsets.map((offset) => insideOf(bytes, offset, encoding))
    const lines = LINE_WIDTHS.flatMap((width) => (whole.length > width ? piecesOf(whole, width) : []))
    return [whole, ...inside, ...lines]
  })
  return texts.map((text) => Buffer.from(text, 'latin1'))
}

/** Returns the letters of the base64 that do not depend on the bytes before and after the value. */
function insideOf(bytes: Buffer, offset: number, encoding: 'base64' | 'base64url'): string {
  const shifted = Buffer.concat([Buffer.alloc(offset), bytes]).toString(encoding)
  return shifted.slice(Math.ceil((8 * offset) / 6), Math.floor((8 * (offset + bytes.length)) / 6))
}

function piecesOf(text: string, width: number): string[] {
  return Array.from({ length: Math.ceil(text.length / width) }, (_, at) =>
    text.slice(at * width, (at + 1) * width),
  )
}

function hexForms(bytes: Buffer): Buffer[] {
  const hex = bytes.toString('hex')
  return [Buffer.from(hex, 'latin1'), Buffer.from(hex.toUpperCase(), 'latin1')]
}

/** Returns the JSON and URL forms of a value that is UTF-8 text, else none. */
function textForms(bytes: Buffer): Buffer[] {
  const text = bytes.toString('utf8')
  if (!Buffer.from(text, 'utf8').equals(bytes)) return []
  return [...jsonForms(text), ...urlForms(text)].map((form) => Buffer.from(form, 'utf8'))
}

/**
 * Returns the JSON text with and without the escapes that only some writers use: those of non-ASCII
 * characters and of the slash.
 */
function jsonForms(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1)
  const ascii = json.replace(/[^\0-\x7f]/g, escapeUnit)
  return [json, ascii].flatMap((form) => [form, form.replaceAll('/', '\\/')])
}

/**
 * Returns the percent-encoded forms. Writers differ in the marks that they keep, in how they write a space,
 * and in the case of hex digits.
 */
function urlForms(text: string): string[] {
  const common = encodeURIComponent(text)
  const strict = common.replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
  return [common, strict, strict.replaceAll('%2F', '/')]
    .flatMap((form) => [form, form.replaceAll('%20', '+')])
    .flatMap((form) => [form, form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())])
}
