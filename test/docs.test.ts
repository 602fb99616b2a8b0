import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '..')
const read = (path: string) => readFileSync(resolve(root, path), 'utf8')
const guides = globSync('docs/guides/*.md', { cwd: root })

/** What the engine says itself, and what is no message. */
const NOT_OURS = new Set(['plugin locket is in use', 'Status.state'])

test('the messages that the guides explain are said somewhere in the program', () => {
  const program = globSync('src/**/*.ts', { cwd: root }).map(read).join('\n')
  let seen = 0
  for (const guide of guides) {
    for (const message of messagesIn(read(guide))) {
      // Names and numbers stand in for what a message tells of.
      for (const part of message.split(
        /…|"|\bNAME\b|\bREF\b|\(PROVIDER\)|\b\d+\b|\bstatus\b|\/etc\/locket/,
      )) {
        const words = part.replace(/^[\s:;,.(]+|[\s:;,.(){}]+$/g, '')
        if (words.length < 6 || NOT_OURS.has(words)) continue
        seen += 1
        assert.ok(program.includes(words), `${guide}: nothing says "${words}"`)
      }
    }
  }
  assert.ok(seen > 30, `only ${seen} were looked at`)
})

test('every link between the pages leads somewhere', () => {
  for (const page of ['README.md', ...globSync('docs/**/*.md', { cwd: root })]) {
    for (const [, target = ''] of read(page).matchAll(/\]\(((?!https?:|#)[^)#]+)(?:#[^)]*)?\)/g))
      assert.ok(globSync(resolve(root, page, '..', target)).length > 0, `${page}: ${target}`)
  }
})

test('the tests that the seed examples name are there', () => {
  const named = [...read('docs/seed-examples.md').matchAll(/`((?:src|test)\/[^`]+)`/g)].map(
    ([, path = '']) => path,
  )
  assert.ok(named.length > 5)
  for (const path of named) assert.ok(globSync(path, { cwd: root }).length > 0, path)
})

/** First column of the tables headed `message` or `you see`. */
function messagesIn(markdown: string): string[] {
  const messages: string[] = []
  let inTable = false
  for (const line of markdown.split('\n')) {
    const first = /^\|([^|]*)\|/.exec(line)?.[1]?.trim()
    if (first === undefined) inTable = false
    else if (first === 'message' || first === 'you see') inTable = true
    else if (inTable) messages.push(...[...first.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text))
  }
  return messages
}
