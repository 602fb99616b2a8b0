import assert from 'node:assert/strict'
import { test } from 'node:test'
import { program, texts } from './source.ts'

/** Folders that follow R21 already. Add a folder when it is clean. */
const CLEAN: readonly string[] = ['src/']

/** Share of the exports with a doc comment. Raise it, never lower it. */
const DOCUMENTED = 0.85

interface Exported {
  readonly path: string
  readonly name: string
  readonly isType: boolean
  readonly isDocumented: boolean
}

const exported = program.flatMap(exportsOf)
const users = usersOfWords()

test('R20: every exported function and value is used by another file', () => {
  assert.deepEqual(
    exported.filter((it) => !it.isType && isUnused(it)).map(({ path, name }) => `${path}: ${name}`),
    [],
  )
})

test('R21: a type that only its own file uses is not exported', () => {
  const isClean = (path: string): boolean => CLEAN.some((start) => path.startsWith(start))
  assert.deepEqual(
    exported
      .filter((it) => it.isType && isClean(it.path) && isUnused(it))
      .map(({ path, name }) => `${path}: ${name}`),
    [],
  )
})

test('R22: most exports have a doc comment', () => {
  const missing = exported.filter((it) => !it.isDocumented)
  const share = 1 - missing.length / exported.length
  const list = missing.map(({ path, name }) => `${path}: ${name}`).join('\n')
  assert.ok(share >= DOCUMENTED, `${(100 * share).toFixed(1)} % have one; without:\n${list}`)
})

function exportsOf(path: string): Exported[] {
  const text = texts.get(path) ?? ''
  const found = text.matchAll(/^export (?:async )?(function\*?|interface|type|const|let|class) (\w+)/gm)
  return [...found].map(({ index, 1: keyword = '', 2: name = '' }) => ({
    path,
    name,
    isType: keyword === 'interface' || keyword === 'type',
    isDocumented: text.slice(0, index).trimEnd().endsWith('*/'),
  }))
}

/** For each word, the files that have it outside of comments. */
function usersOfWords(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const [path, text] of texts) {
    for (const [word] of text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '').matchAll(/[A-Za-z_]\w*/g))
      found.set(word, (found.get(word) ?? new Set()).add(path))
  }
  return found
}

/** Whether no other file, tests included, has its name. */
function isUnused({ path, name }: Exported): boolean {
  return [...(users.get(name) ?? [])].every((user) => user === path)
}
