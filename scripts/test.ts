/**
 * `node scripts/test.ts unit|e2e...`: Node's test runner over the files of those suites. These are failures
 * too: a skip that test/expected-skips.json does not list, and a file that changed in the working tree.
 */
import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import type { TestEvent } from 'node:test/reporters'

const SUITES = new Map([
  [
    'unit',
    {
      files: ['src/**/*.test.ts', 'test/**/*.test.ts'],
      concurrency: availableParallelism(),
      timeout: 120_000,
    },
  ],
  // Each file has an engine to itself.
  ['e2e', { files: ['test/e2e/**/*.test.ts'], concurrency: 2, timeout: 300_000 }],
])
/** How long a test file may take, in units of the time limit of one test. */
const FILE_LIMIT = 3
const COUNT = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/
const totals = new Map<string, number>()
const expected: readonly { readonly test: string; readonly reason: string }[] = JSON.parse(
  readFileSync('test/expected-skips.json', 'utf8'),
)
const surprises: string[] = []
const treeBefore = workingTree()

await pipeline(Readable.from(events(process.argv.slice(2))), new spec(), process.stdout, { end: false })
for (const name of surprises)
  process.stderr.write(`skipped or to do, and not in test/expected-skips.json: ${name}\n`)
const touched = [...workingTree().symmetricDifference(treeBefore)]
for (const line of touched) process.stderr.write(`changed while the tests ran: ${line}\n`)
const failed = (totals.get('fail') ?? 0) + (totals.get('cancelled') ?? 0) + surprises.length + touched.length
process.exitCode = failed > 0 || (totals.get('pass') ?? 0) === 0 ? 1 : 0

/** The changed and new files as lines of `git status`, without ignored ones. Empty outside a git checkout. */
function workingTree(): Set<string> {
  const words = ['status', '--porcelain', '--untracked-files=all']
  try {
    const lines = execFileSync('git', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return new Set(lines.split('\n').filter((line) => line !== ''))
  } catch {
    return new Set()
  }
}

/** The suites one after the other, with one count at the end instead of one for each. */
async function* events(suites: readonly string[]): AsyncGenerator<TestEvent> {
  for (const name of suites) {
    const suite = SUITES.get(name)
    if (suite === undefined) throw new Error(`no suite ${name}: ${[...SUITES.keys()].join(', ')}`)
    const files = globSync(suite.files, { exclude: name === 'unit' ? ['test/e2e/**'] : [] }).toSorted()
    if (files.length === 0) throw new Error(`the suite ${name} has no files`)
    process.env['TEST_FILE_LIMIT_MS'] = String(suite.timeout * FILE_LIMIT)
    const execArgv = ['--import', new URL('file-limit.ts', import.meta.url).href]
    const { concurrency, timeout } = suite
    for await (const event of run({ files, concurrency, timeout, execArgv })) if (!counted(event)) yield event
  }
  for (const [name, count] of totals) {
    const message = `${name} ${name === 'duration_ms' ? Math.round(count) : count}`
    yield { type: 'test:diagnostic', data: { nesting: 0, message, level: 'info' } }
  }
}

/** Adds a suite's closing counts to the totals; true when the event was one. */
function counted(event: TestEvent): boolean {
  if (event.type === 'test:pass' || event.type === 'test:fail') noteSkip(event.data)
  if (event.type !== 'test:diagnostic' || event.data.nesting !== 0) return false
  const [, name, count] = COUNT.exec(event.data.message) ?? []
  if (name === undefined) return false
  totals.set(name, (totals.get(name) ?? 0) + Number(count))
  return true
}

function noteSkip(test: { name: string; skip?: string | boolean; todo?: string | boolean }): void {
  const isSkipped = (test.skip ?? false) !== false || (test.todo ?? false) !== false
  if (isSkipped && !expected.some((it) => it.test === test.name)) surprises.push(test.name)
}
