import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { TABLES } from '../../src/cli/index.ts'
import { COMPOSE } from '../../src/config/sections/compose.ts'
import { EXPORT } from '../../src/cli/export.ts'
import { environmentEntries } from '../../src/config/entries/env-entry.ts'
import { LAYERS, type LayerName } from '../../src/config/layers/layers.ts'
import { loadRendering } from '../../src/config/load-rendering.ts'
import { fieldKind, type Field, fieldsOf } from '../../src/settings/field.ts'

const folder = mkdtempSync(join(tmpdir(), 'locket-environment-settings-'))
after(() => rmSync(folder, { recursive: true }))

interface Row {
  readonly texts: readonly [string, string]
  /** The parsed values, where they differ from the text. */
  readonly seen?: readonly [unknown, unknown]
  readonly byDefault?: unknown
}

const COMMON: Readonly<Record<string, Row>> = {
  env: { texts: ['A=1', 'B=x,y'], seen: [['A=1'], ['B=x,y']], byDefault: [] },
  'env-file': { texts: ['a.env', './b.env'], seen: [['a.env'], ['./b.env']], byDefault: [] },
  'field-names': { texts: ['keep', 'upper'], byDefault: 'upper' },
  secret: { texts: ['S=1', 'T=@/t'], seen: [['S=1'], ['T=@/t']], byDefault: [] },
}

const COMMANDS = {
  export: {
    sections: EXPORT,
    rows: {
      ...COMMON,
      format: { texts: ['json', 'docker-env-file'], byDefault: 'dotenv' },
      output: { texts: ['/a', 'b'] },
      show: { texts: ['true', 'false'], seen: [true, false], byDefault: false },
      mapping: { texts: ['/a', 'b'] },
      environment: { texts: ['staging', 'production'] },
      only: { texts: ['A', 'B'], seen: [['A'], ['B']] },
    },
  },
  compose: {
    sections: COMPOSE,
    rows: {
      ...COMMON,
      raw: { texts: ['true', 'false'], seen: [true, false], byDefault: false },
      'project-name': { texts: ['a', 'b'] },
    },
  },
} as const

for (const [command, { sections, rows }] of Object.entries(COMMANDS)) {
  const fields = fieldsOf(Object.values(sections))

  test(`${command}: every setting has a row here, and every row a setting`, () => {
    assert.deepEqual(Object.keys(rows).toSorted(), fields.map((field) => field.name).toSorted())
  })

  for (const field of fields) {
    const row: Row | undefined = Object.entries(rows).find(([name]) => name === field.name)?.[1]
    if (row === undefined) continue
    const seen = row.seen ?? row.texts
    const layers = LAYERS.filter((layer) => canGive(field, layer))

    test(`${command}: ${field.name}: its default, and what each source gives over those below it`, () => {
      assert.deepEqual(observe(command, field, {}), row.byDefault)
      for (const layer of layers) {
        const below = layers.slice(layers.indexOf(layer) + 1)
        const others: Partial<Record<LayerName, string>> = Object.fromEntries(
          below.map((lower) => [lower, row.texts[0]]),
        )
        assert.deepEqual(observe(command, field, { [layer]: row.texts[0] }), seen[0], layer)
        assert.deepEqual(observe(command, field, { ...others, [layer]: row.texts[1] }), seen[1], layer)
      }
    })
  }
}

function canGive(field: Field, layer: LayerName): boolean {
  if (layer === 'environment') return field.env !== undefined
  if (layer === 'toml') return field.toml !== false
  return layer === 'flag'
}

function observe(command: string, field: Field, texts: Partial<Record<LayerName, string>>): unknown {
  const argv = texts.flag === undefined ? [] : [`--${field.name}=${texts.flag}`]
  const env = texts.environment === undefined ? {} : { [field.env ?? '']: texts.environment }
  if (texts.toml !== undefined) {
    const path = join(folder, `${command}-${field.name}.toml`)
    const value = fieldKind(field) === 'list' ? [texts.toml] : texts.toml
    writeFileSync(path, `[${command}]\n${field.name} = ${JSON.stringify(value)}\n`)
    argv.push('--config', path)
  }
  return command === 'export' ? exported(field, argv, env) : composed(field, argv, env)
}

function exported(field: Field, argv: readonly string[], env: Readonly<Record<string, string>>): unknown {
  const { settings, layer } = loadRendering({ name: 'export', sections: EXPORT, argv, env, tables: TABLES })
  const { format, output, show } = settings.export
  const { fieldNames } = settings.environment
  const { path: mapping, environment, only } = settings.mapping
  const own = { format, output, show, mapping, environment, only }
  return { ...own, 'field-names': fieldNames, ...lists(settings, layer) }[field.name]
}

function composed(field: Field, argv: readonly string[], env: Readonly<Record<string, string>>): unknown {
  const { settings, layer } = loadRendering({
    name: 'compose',
    tables: TABLES,
    sections: COMPOSE,
    argv,
    env,
  })
  const { raw, project } = settings.compose
  return {
    raw,
    'project-name': project,
    'field-names': settings.environment.fieldNames,
    ...lists(settings, layer),
  }[field.name]
}

/** The entries that an environment is made of, by the setting that gave each of them. */
function lists(...given: Parameters<typeof environmentEntries>): Record<string, string[]> {
  const found: Record<string, string[]> = { env: [], 'env-file': [], secret: [] }
  for (const entry of environmentEntries(...given)) {
    const [, name = ''] =
      /(?:--|LOCKET_|\s)(env-file|env|secrets?|ENV_FILE|ENV|SECRETS)(?:\s|$)/.exec(entry.origin) ?? []
    const setting = name
      .toLowerCase()
      .replaceAll('_', '-')
      .replace(/^secrets$/, 'secret')
    found[setting]?.push(entry.kind === 'file' ? entry.path : written(entry))
  }
  return found
}

function written({
  name,
  source,
}: Extract<ReturnType<typeof environmentEntries>[number], { kind: 'variable' }>): string {
  return `${name}=${source.kind === 'file' ? `@${source.path}` : source.template}`
}
