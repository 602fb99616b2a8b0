import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { texts } from './source.ts'

/** Files and folders whose comments and strings follow R17 already. Add a folder when it is clean. */
const CLEAN: readonly string[] = [
  'bench/',
  'scripts/',
  'src/app/volume/',
  'src/core/volume/',
  'src/http/',
  'test/',
]

/** Pages that are generated from strings of `src`, and one that is being rewritten. */
const OTHER_PAGES: readonly string[] = [
  'docs/reference/errors.md',
  'docs/reference/events.md',
  'docs/reference/filters.md',
  'docs/reference/options.md',
]

const PAGES = globSync(['*.md', 'docs/**/*.md'])
  .filter((path) => !OTHER_PAGES.includes(path))
  .toSorted()

const PAGE_COLUMNS = 100
const COMMENT_COLUMNS = 110
const NAME_COLUMNS = 90

/** Phrases of riddles, with what to write instead. */
const AVOID: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/(?:^|[.!?:] )(?:What|Whatever|Whoever|Whose)\b(?![^.]*\?)/, 'begin with the subject: "The file that …"'],
  [/(?:^|[.!?:] )(?:Of|So is|So are|Nor is|Nor does|The same of|Likewise)\b/, 'begin with the subject'],
  [/\bnobody['’]s\b/i, 'name the owner, or say that there is none'],
  [/\bof (?:its|their|the) user['’]s\b/i, 'say "the user\'s …"'],
  [/(?<!\bthere )\bis no (?!longer\b)/i, 'say "is not …"'],
  [/\b(?:can|could|to) ?(?:not)? be had\b/i, 'say "does not work" or "is not available"'],
  [/\bmay pass\b/i, 'say "is retryable"'],
  [/\bstands in\b|\bas it stands\b/i, 'say "replaces" or "unchanged"'],
  [/\bworth (?:it|more)\b/i, 'give the reason'],
  [/\bis (?:told|said)\b/i, 'say "is logged" or "is reported"'],
  [/\bhas not (?:a|an|its|the|three)\b/i, 'say "has no …" or "does not have …"'],
  [/\bin vain\b|\bto its word\b/i, 'use plain words'],
]

test('R16: the pages have lines of at most 100 columns, tables and code left out', () => {
  const wide = PAGES.flatMap((path) =>
    proseOf(path)
      .filter(({ line }) => line.length > PAGE_COLUMNS)
      .map(({ number }) => `${path}:${number}`),
  )
  assert.deepEqual(wide, [])
})

test('R17: the pages are in plain technical English', () => {
  const found = PAGES.flatMap((path) =>
    paragraphsOf(path).flatMap(({ number, text }) =>
      faultsOf(text).map((fault) => `${path}:${number}: ${fault}`),
    ),
  )
  assert.deepEqual(found, [])
})

test('R17: comments, messages and test names are in plain technical English', () => {
  const found = cleanFiles().flatMap(([path, text]) =>
    [...commentsOf(text), ...stringsOf(path, text)].flatMap((words) =>
      faultsOf(words).map((fault) => `${path}: ${fault}: ${words.slice(0, 80)}`),
    ),
  )
  assert.deepEqual(found, [])
})

test('R18: lines of comments have at most 110 columns', () => {
  const wide = cleanFiles().flatMap(([path, text]) =>
    text.split('\n').flatMap((line, index) => {
      const isComment = /^\s*(?:\/\/|\/\*|\*)/.test(line)
      return isComment && line.length > COMMENT_COLUMNS ? [`${path}:${index + 1}`] : []
    }),
  )
  assert.deepEqual(wide, [])
})

test('R19: names of tests have at most 90 characters', () => {
  const long = [...texts].flatMap(([path, text]) =>
    namesOf(text)
      .filter((name) => name.length > NAME_COLUMNS)
      .map((name) => `${path}: ${name}`),
  )
  assert.deepEqual(long, [])
})

test('R17: the patterns find the phrases they are for', () => {
  for (const phrase of [
    'What was wrong counts.',
    'It ends. Of the command that is named.',
    'a place of its user’s',
    'this is no address',
    'it cannot be had while it runs',
    'what may pass is tried again',
  ])
    assert.notDeepEqual(faultsOf(phrase), [], phrase)
  for (const phrase of ['there is no such file', 'it is no longer used', 'What now?', 'The end of the file.'])
    assert.deepEqual(faultsOf(phrase), [], phrase)
})

function faultsOf(text: string): string[] {
  return AVOID.flatMap(([pattern, instead]) => {
    const found = pattern.exec(text)
    return found === null ? [] : [`"${found[0].trim()}": ${instead}`]
  })
}

interface Line {
  readonly number: number
  readonly line: string
}

/** The lines of a page. Generated lines, which come from `src`, are empty. */
function linesOf(path: string): string[] {
  const generated = /<!-- driver options[\s\S]*<!-- end of driver options -->/
  const blank = (part: string): string => part.replaceAll(/[^\n]/g, '')
  return readFileSync(path, 'utf8').replace(generated, blank).split('\n')
}

/** Lines of a page outside code blocks and tables. */
function proseOf(path: string): Line[] {
  let inCode = false
  return linesOf(path)
    .map((line, index) => ({ number: index + 1, line }))
    .filter(({ line }) => {
      const isFence = /^\s*```/.test(line)
      if (isFence) inCode = !inCode
      return !isFence && !inCode && !/^\s*\|/.test(line)
    })
}

/**
 * Paragraphs, list items and headings as one line each, without inline code and marks. Also cells of tables.
 */
function paragraphsOf(path: string): { number: number; text: string }[] {
  const found: { number: number; text: string }[] = []
  let isOpen = false
  for (const { number, line } of proseOf(path)) {
    const begins = /^\s*(?:[-*#]|\d+\.)/.test(line)
    const text = plain(line.replace(/^\s*(?:[-*#]+|\d+\.) /, ''))
    const last = found.at(-1)
    if (text === '') isOpen = false
    else if (isOpen && !begins && last !== undefined) last.text += ` ${text}`
    else found.push({ number, text })
    isOpen = text !== '' && !line.startsWith('#')
  }
  for (const [index, line] of linesOf(path).entries()) {
    if (!/^\s*\|/.test(line)) continue
    for (const cell of line.split('|')) found.push({ number: index + 1, text: plain(cell) })
  }
  return found
}

function plain(markdown: string): string {
  return markdown
    .replaceAll(/`[^`]*`/g, 'CODE')
    .replaceAll(/\]\([^)]*\)/g, '')
    .replaceAll(/\*\*|[[\]]/g, '')
    .trim()
}

function cleanFiles(): [string, string][] {
  const isClean = (path: string): boolean => CLEAN.some((start) => path.startsWith(start))
  return [...texts].filter(([path]) => isClean(path) && path !== 'test/architecture/words.test.ts')
}

/** Each comment as one line, without its stars and slashes. */
function commentsOf(text: string): string[] {
  const blocks = [...text.matchAll(/\/\*[\s\S]*?\*\//g)].map(([comment]) => comment)
  const lines = [...text.matchAll(/(?:^[ \t]*\/\/.*\n)+/gm)].map(([comment]) => comment)
  return [...blocks, ...lines].map((comment) =>
    plain(comment.replaceAll(/^\s*(?:\/\*\*?|\*\/|\*|\/\/)/gm, ' ').replaceAll(/\*\/|\s+/g, ' ')),
  )
}

/** Strings of three words and more. Of a test only its names, because the others quote messages. */
function stringsOf(path: string, text: string): string[] {
  if (/^test\/|\.test\.ts$/.test(path)) return namesOf(text)
  const found = text.matchAll(/'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)"|`((?:\\.|[^`\\])*)`/g)
  return [...found]
    .map(([, single, double, template]) => single ?? double ?? template ?? '')
    .filter((words) => words.split(/\s+/).length > 2)
}

/** Names of tests. */
function namesOf(text: string): string[] {
  const found = text.matchAll(/\b(?:test|describe)\(\s*(?:'((?:\\.|[^'\\\n])*)'|"([^"\n]*)"|`([^`\n]*)`)/g)
  return [...found].map(([, single, double, template]) => single ?? double ?? template ?? '')
}
