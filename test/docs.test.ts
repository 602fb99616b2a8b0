import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'

const root = resolve(import.meta.dirname, '..')
const read = (path: string) => readFileSync(resolve(root, path), 'utf8')
const guides = globSync('docs/guides/*.md', { cwd: root })
const TOP_PAGES = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md']

/** Messages of the engine, and words that are not a message. */
const NOT_OURS = new Set([
  'plugin locket is in use',
  'Status.state',
  'unable to get secret from secret store: secret',
  'docker service ps --no-trunc',
  'plugin locket found but disabled',
  'expanding mounts failed',
  'not defined',
])

test('the messages that the guides explain are in the program', () => {
  const program = globSync('src/**/*.ts', { cwd: root })
    .filter((path) => !path.endsWith('.test.ts'))
    .map((path) => withoutProse(read(path)))
    .join('\n')
  const unsaid: string[] = []
  let seen = 0
  for (const guide of guides) {
    for (const message of messagesIn(read(guide))) {
      // Names and numbers replace the variable parts of a message.
      for (const part of message.split(
        /…|"|\bNAME\b|\bREF\b|\(PROVIDER\)|\b\d+\b|\bstatus\b|\/etc\/locket/,
      )) {
        const words = part.replace(/^[\s:;,.(]+|[\s:;,.(){}]+$/g, '')
        if (words.length < 6 || NOT_OURS.has(words)) continue
        seen += 1
        if (!program.includes(words)) unsaid.push(`${guide}: nothing says "${words}"`)
      }
    }
  }
  assert.deepEqual(unsaid, [])
  assert.ok(seen > 30, `only ${seen} were looked at`)
})

test('every link between the pages has a target', () => {
  for (const page of [...TOP_PAGES, ...globSync('docs/**/*.md', { cwd: root })]) {
    for (const [, target = ''] of read(page).matchAll(/\]\(((?!https?:|#)[^)#]+)(?:#[^)]*)?\)/g))
      assert.ok(globSync(resolve(root, page, '..', target)).length > 0, `${page}: ${target}`)
  }
})

test('the files that the pages name exist', () => {
  let seen = 0
  for (const page of [...TOP_PAGES, ...globSync('docs/**/*.md', { cwd: root })]) {
    for (const [, path = ''] of read(page).matchAll(/`((?:src|test|scripts|plugin|docs|bench)\/[^` ]+)`/g)) {
      // KIND and NAME are for the reader to fill in.
      if (/[A-Z]{4}/.test(path)) continue
      seen += 1
      assert.ok(globSync(path, { cwd: root }).length > 0, `${page}: ${path}`)
    }
  }
  assert.ok(seen > 50, `only ${seen} were looked at`)
})

test('each privilege that the engine asks for is explained where it is met', () => {
  const manifest: Manifest = JSON.parse(read('config.json'))
  const asked = [
    `network: [${manifest.network.type}]`,
    ...manifest.mounts.map(({ source }) => `mount: [${source}]`),
    ...manifest.linux.capabilities.map((name) => `capabilities: [${name}]`),
  ]
  assert.equal(asked.length, 4)
  const row = (privilege: string) => `| \`${privilege}\` | `
  for (const privilege of asked) assert.ok(read('README.md').includes(row(privilege)), privilege)
  assert.equal(
    read('README.md').match(/^\| `(?:network|mount|capabilities|device): /gm)?.length,
    asked.length,
  )
})

/** The parts of the plugin's manifest for which the engine asks. */
interface Manifest {
  readonly network: { readonly type: string }
  readonly mounts: readonly { readonly source: string }[]
  readonly linux: { readonly capabilities: readonly string[] }
}

/** The source without its comments and the lines of help: they are not messages. */
function withoutProse(source: string): string {
  return source.replaceAll(/^ *(?:\/\*\*|\*|\/\/).*$/gm, '').replaceAll(/^ *summary:\s*'.*',?$/gm, '')
}

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
