import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { VOLUME_SECTIONS } from '../../src/config/sections/volume.ts'
import { isPerVolume } from '../../src/config/volume/driver-opts.ts'
import { LAYERS, type LayerName } from '../../src/config/layers/layers.ts'
import { loadVolume } from './load-volume.ts'
import { toLocketError } from '../../src/core/vocabulary/errors.ts'
import { fieldKind, type Field, fieldsOf } from '../../src/settings/field.ts'
import { ACCESS_ROWS } from './access-rows.ts'
import { AUDIT_ROWS } from './audit-rows.ts'
import { BROKER_ROWS } from './broker-rows.ts'
import { CEILING_ROWS } from './ceiling-rows.ts'
import { CLOUD_ROWS } from './cloud-rows.ts'
import { DAEMON_ROWS } from './daemon-rows.ts'
import { ROWS as OTHER_ROWS, type Options, type SettingRow } from './setting-rows.ts'

const folder = mkdtempSync(join(tmpdir(), 'locket-settings-'))
after(() => rmSync(folder, { recursive: true }))

const ROWS = {
  ...OTHER_ROWS,
  ...CEILING_ROWS,
  ...DAEMON_ROWS,
  ...ACCESS_ROWS,
  ...AUDIT_ROWS,
  ...CLOUD_ROWS,
  ...BROKER_ROWS,
}
const FIELDS = fieldsOf(VOLUME_SECTIONS).filter((field) => field.name !== 'config')

/** A source of one setting: the command line, the environment and the volume with it. */
interface Setup {
  readonly argv: string[]
  readonly env: Record<string, string>
  readonly options: Record<string, string>
}

test('every setting has a row here, and every row a setting', () => {
  assert.deepEqual(Object.keys(ROWS).toSorted(), FIELDS.map((field) => field.name).toSorted())
})

for (const field of FIELDS) {
  const row = ROWS[field.name]
  if (row === undefined) continue
  const layers = LAYERS.filter((layer) => layer !== 'default' && canGive(field, layer))

  test(`${field.name}: its default`, () => {
    assert.deepEqual(observe(field, row, {}), row.byDefault)
  })

  for (const layer of layers) {
    test(`${field.name}: given by ${layer} alone, and over all layers below`, () => {
      const below = layers.slice(layers.indexOf(layer) + 1)
      const others = Object.fromEntries(below.map((lower) => [lower, row.texts[0]]))
      assert.deepEqual(observe(field, row, { [layer]: row.texts[0] }), row.seen[0])
      assert.deepEqual(observe(field, row, { ...others, [layer]: row.texts[1] }), row.seen[1])
    })
  }
}

function canGive(field: Field, layer: LayerName): boolean {
  if (layer === 'environment') return field.env !== undefined
  if (layer === 'toml') return field.toml !== false
  return layer !== 'driver option' || isPerVolume(field)
}

function observe(field: Field, row: SettingRow, texts: Partial<Record<LayerName, string>>): unknown {
  const setup: Setup = { argv: [...(row.argv ?? [])], env: {}, options: {} }
  for (const layer of LAYERS) {
    const text = texts[layer]
    if (text !== undefined) give(setup, field, layer, text)
  }
  try {
    return row.read(load(setup), optionsOf(setup, row))
  } catch (thrown) {
    // A wrong value of the daemon stops the daemon; only the row of `provider` gives one.
    assert.equal(toLocketError(thrown).code, 'config')
    return 'refused'
  }
}

function load({ argv, env }: Setup): ReturnType<typeof loadVolume> {
  return loadVolume(argv, env, join(folder, 'nothing.toml'))
}

function optionsOf({ options }: Setup, row: SettingRow): Options {
  return Object.keys(options).length === 0 ? options : { ...row.alongside, ...options }
}

function give(setup: Setup, field: Field, layer: LayerName, text: string): void {
  if (layer === 'driver option') setup.options[field.name] = text
  if (layer === 'environment') setup.env[field.env ?? ''] = text
  if (layer === 'flag') setup.argv.push(`--${field.name}=${text}`)
  if (layer === 'toml') {
    const path = join(folder, `${field.name}.toml`)
    const value = fieldKind(field) === 'list' ? [text] : text
    writeFileSync(path, `[volume]\n${field.name} = ${JSON.stringify(value)}\n`)
    setup.argv.push('--config', path)
  }
}
