import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { commandPage } from '../../src/cli/help/page.ts'
import { COMMANDS, TABLES } from '../../src/cli/index.ts'
import { flagNames } from '../../src/config/layers/flags.ts'
import { openToml, tomlLayer } from '../../src/config/layers/toml.ts'
import { configFileSection } from '../../src/config/sections/config-file.ts'
import { fieldKind, fieldsOf, type Field, type Section } from '../../src/settings/field.ts'
import { LOADED } from './loaded-commands.ts'

test('names of commands are unique, and no word of help is one', () => {
  const names = COMMANDS.map(({ name }) => name)
  assert.deepEqual(names, [...new Set(names)])
  for (const name of names) assert.match(name, /^(?!help$)[a-z][a-z-]*$/)
})

/** The commands that read the table of `locket volume`, `locket exec` or `locket serve`. */
const READ_ANOTHER_TABLE = new Set([
  'check',
  'doctor',
  'swarm',
  'run',
  'mapping',
  'audit',
  'machine',
  'grant',
  'secret-ref',
])

for (const entry of LOADED) {
  const { name, summary, hasTable, command } = entry
  const { usage, example, sections, more = [], actions = new Map() } = command

  test(`${name}: a summary, a usage and an example, all on its help page`, () => {
    assert.match(summary, /^[a-z`].*[^.]$/)
    assert.match(usage[0] ?? '', new RegExp(`^locket ${name}\\b`))
    assert.match(example, new RegExp(`\\blocket ${name}\\b`))
    const page = commandPage(entry, command, { isAll: false })
    for (const line of [...usage, example]) assert.ok(page.includes(line), line)
    assert.ok(page.toLowerCase().startsWith(summary.toLowerCase()))
  })

  test(`${name}: each flag is declared once, and its actions take sections of its own`, () => {
    const flags = fieldsOf([...sections, ...more]).flatMap(wordsOf)
    assert.deepEqual(
      flags.filter((flag, index) => flags.indexOf(flag) !== index),
      [],
    )
    const all: readonly Section[] = [...sections, ...more]
    for (const [action, own] of actions) {
      assert.ok(
        usage.some((line) => line.includes(action)),
        action,
      )
      for (const section of own.sections) assert.ok(all.includes(section), section.name)
    }
  })

  test(`${name}: its table in configuration files is accepted or refused`, () => {
    const fields = fieldsOf([...sections, ...more])
    const problems: string[] = []
    const document = openToml({ path: 'x.toml', text: `[${name}]\nno-such-key = 1\n` }, TABLES, problems)
    // The daemon reads the table `[swarm]`.
    assert.equal(problems.length, hasTable || name === 'swarm' ? 0 : 1, problems.join())
    tomlLayer(document, name, fields, problems)
    assert.match(problems.at(-1) ?? '', /there is no setting no-such-key/)
    const readsFiles = sections.includes(configFileSection) && !READ_ANOTHER_TABLE.has(name)
    assert.equal(hasTable ?? false, readsFiles)
  })
}

test('help and completion load no server, no YAML and nothing of the machine', () => {
  const run = new URL('../../src/run.ts', import.meta.url).href
  const script = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
    const { run } = await import(${JSON.stringify(run)})
    await run({ path: 'locket', argv: ['completion', 'bash'], env: {} })
    process.stderr.write(JSON.stringify(loaded))`
  const ran = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' })
  const loaded: string[] = JSON.parse(ran.stderr)
  for (const { name } of COMMANDS)
    assert.ok(
      loaded.some((url) => url.endsWith(`/src/cli/${name}.ts`)),
      name,
    )
  assert.deepEqual(
    loaded.filter((url) => /\/src\/(wire\.ts|host\/|http\/)|node_modules\/(fastify|yaml)\//.test(url)),
    [],
  )
})

/** Every word that sets the field. */
function wordsOf(field: Field): string[] {
  const names = flagNames(field)
  const opposites = fieldKind(field) === 'switch' ? names.map((name) => `no-${name}`) : []
  return [...names, ...opposites, ...(field.short === undefined ? [] : [`-${field.short}`])]
}
