import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { test } from 'node:test'
import { importsOf, program, texts, type Import } from './source.ts'

/** Folders that grow by an entry for each thing of their kind: command, filter, provider, use case. */
const REGISTRIES: readonly string[] = ['src/app', 'src/cli', 'src/core/filters', 'src/providers']

/** Entries of a folder, tests not counted: more of them are rooms that nobody has named. */
const MOST_ENTRIES = 14

/** The top folder. */
const TOP: readonly string[] = [
  '.ci',
  '.gitignore',
  '.npmrc',
  '.oxfmtrc.json',
  '.oxlintrc.json',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'Dockerfile',
  'Dockerfile.rootfs',
  'LICENSE',
  'Makefile',
  'README.md',
  'SECURITY.md',
  'bench',
  'config.json',
  'docs',
  'findings',
  'package-lock.json',
  'package.json',
  'plugin',
  'scripts',
  'src',
  'test',
  'tsconfig.json',
]

const DUMPING_GROUND = /(^|[/-])(utils?|helpers?|common|misc|shared|managers?|services?|types)([/.-]|$)/

test('R3: files are short, named in kebab-case, and imported with their ending', () => {
  const isLong = (path: string): boolean =>
    (texts.get(path) ?? '').split('\n').length >
    (path.startsWith('src/') && !path.endsWith('.test.ts') ? 251 : 301)
  const isMissing = ({ target }: Import): boolean =>
    /^(src|test|scripts|bench)\//.test(target) && !existsSync(target)
  const paths = [...texts.keys()]
  assert.deepEqual(paths.filter(isLong), [])
  assert.deepEqual(
    paths.filter((path) => !/^[a-z0-9./-]+$/.test(path)),
    [],
  )
  assert.deepEqual(
    paths.filter((path) => importsOf(path).some(isMissing)),
    [],
  )
})

test('R4: no name that would hold anything, and no index.ts that is not a registry', () => {
  for (const path of texts.keys()) {
    assert.doesNotMatch(path, DUMPING_GROUND, path)
    const isRegistry = REGISTRIES.includes(dirname(path))
    assert.ok(basename(path) !== 'index.ts' || isRegistry, `${path} is a barrel`)
  }
})

test('R10: every provider has a guide and a contract test', () => {
  const providers = importsOf('src/providers/index.ts').filter((it) => !it.isType)
  assert.ok(providers.length > 0)
  const missing = providers.flatMap(({ target }) => {
    const kind = basename(target, '.ts')
    return [`docs/guides/${kind}.md`, `test/contract/${kind}/${kind}.test.ts`].filter(
      (file) => !existsSync(file),
    )
  })
  assert.deepEqual(missing, [])
})

test('R11: no folder of the program has more entries than a person takes in at once', () => {
  const entries = new Map<string, Set<string>>()
  for (const path of program) {
    const parts = path.split('/')
    for (let depth = 1; depth < parts.length; depth += 1) {
      const folder = parts.slice(0, depth).join('/')
      entries.set(folder, (entries.get(folder) ?? new Set()).add(parts[depth] ?? ''))
    }
  }
  const full = [...entries].filter(([folder, names]) => {
    return names.size > MOST_ENTRIES && !REGISTRIES.includes(folder)
  })
  assert.deepEqual(
    full.map(([folder]) => folder),
    [],
  )
})

test('R12: the top folder holds what it is known for and nothing else', () => {
  const listed = execFileSync('git', ['ls-files'], { encoding: 'utf8' }).trim().split('\n')
  const found = new Set(listed.filter((path) => existsSync(path)).map((path) => path.split('/')[0] ?? ''))
  assert.deepEqual([...found].sort(), TOP)
})
