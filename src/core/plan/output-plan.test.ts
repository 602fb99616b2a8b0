import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toLocketError } from '../vocabulary/errors.ts'
import { checkPlaces, outputPaths, planOutputs, sourcePaths, type Outputs } from './output-plan.ts'
import type { RequestedFile } from './plan.ts'
import type { SourceListing } from '../ports/files.ts'

function map(source: string, dest: string) {
  return { source, dest: dest.replace(/(?<=.)\/$/, ''), isInto: dest.endsWith('/'), origin: `map ${source}` }
}

function secret(name: string, path?: string): RequestedFile {
  const source =
    path === undefined ? { kind: 'inline' as const, template: 'x' } : { kind: 'file' as const, path }
  return { name, source, origin: `secret ${name}` }
}

function outputs(given: Partial<Outputs>): Outputs {
  return { maps: [], secrets: [], out: '/out', ...given }
}

function found(listings: Record<string, readonly string[] | 'file' | 'missing'>): Map<string, SourceListing> {
  return new Map(
    Object.entries(listings).map(([path, files]) => [
      path,
      typeof files === 'string' ? { kind: files } : { kind: 'folder', files },
    ]),
  )
}

function refusal(act: () => unknown): string {
  try {
    act()
  } catch (thrown) {
    const error = toLocketError(thrown)
    assert.equal(error.code, 'plan_conflict')
    return error.message
  }
  throw new assert.AssertionError({ message: 'it was not refused' })
}

test('files, folders and named secrets get their output paths', () => {
  const asked = outputs({
    maps: [map('/t', '/run/app'), map('/one.conf', '/etc/app/one.conf'), map('/two.conf', '/etc/app/')],
    secrets: [secret('a/b'), secret('c', '/c.tpl')],
  })
  checkPlaces(asked)
  const listings = found({ '/t': ['x.conf', 'deep/y.conf'], '/one.conf': 'file', '/two.conf': 'file' })
  const planned = planOutputs(asked, listings)
  assert.deepEqual(
    planned.map(({ target, folder, path, source }) => [
      target,
      folder,
      path,
      source.kind === 'file' ? source.path : '',
    ]),
    [
      ['/run/app/x.conf', '/run', 'app/x.conf', '/t/x.conf'],
      ['/run/app/deep/y.conf', '/run', 'app/deep/y.conf', '/t/deep/y.conf'],
      ['/etc/app/one.conf', '/etc', 'app/one.conf', '/one.conf'],
      ['/etc/app/two.conf', '/etc', 'app/two.conf', '/two.conf'],
      ['/out/a/b', '/', 'out/a/b', ''],
      ['/out/c', '/', 'out/c', '/c.tpl'],
    ],
  )
  assert.deepEqual(sourcePaths(asked), ['/t', '/one.conf', '/two.conf', '/c.tpl'])
  assert.deepEqual(outputPaths(asked), ['/run/app', '/etc/app/one.conf', '/etc/app', '/out/a/b', '/out/c'])
})

test('several sources can share an output folder', () => {
  const asked = outputs({
    maps: [map('/a', '/out'), map('/b', '/out'), map('/c', '/out/c')],
    secrets: [secret('s')],
  })
  checkPlaces(asked)
  assert.equal(planOutputs(asked, found({ '/a': ['x'], '/b': ['y'], '/c': ['x'] })).length, 4)
})

test('two sources for one file, and a file where a folder is needed, are refused', () => {
  const two = outputs({ maps: [map('/a', '/out')], secrets: [secret('x')] })
  assert.equal(
    refusal(() => planOutputs(two, found({ '/a': ['x'] }))),
    '"/out/x" comes from /a/x and from secret x',
  )
  const nested = outputs({ maps: [map('/a', '/out')], secrets: [secret('x')] })
  assert.equal(
    refusal(() => planOutputs(nested, found({ '/a': ['x/y'] }))),
    'secret x makes "/out/x" a file, /a/x/y needs it as a folder',
  )
  assert.match(
    refusal(() => checkPlaces(outputs({ secrets: [secret('a'), secret('a')] }))),
    /"a" comes from/,
  )
  const taken = [{ path: '/out/x', origin: 'status-file' }]
  assert.match(
    refusal(() => planOutputs(two, found({ '/a': [] }), taken)),
    /comes from secret x and from status-file/,
  )
})

test('an output inside a source, a source inside an output, and equal paths are refused', () => {
  const refused: [Outputs, RegExp][] = [
    [outputs({ maps: [map('/t', '/t/out')] }), /the output \/t\/out lies inside the source \/t$/],
    [outputs({ maps: [map('/app/t', '/app')] }), /the output \/app has the source \/app\/t inside it$/],
    [outputs({ maps: [map('/t/a', '/t/a')] }), /the output \/t\/a is also the source of map \/t\/a$/],
    [outputs({ maps: [map('/t/a', '/t/')] }), /has the source \/t\/a inside it$/],
    [outputs({ maps: [map('/t', '/x')], out: '/t/o', secrets: [secret('s')] }), /lies inside the source/],
    [
      outputs({ maps: [map('/t', '/x')], secrets: [secret('s', '/x/s.tpl')] }),
      /has the source \/x\/s.tpl inside it/,
    ],
    [outputs({ maps: [map('/t', '/')] }), /has the source \/t inside it/],
  ]
  for (const [asked, message] of refused)
    assert.match(
      refusal(() => checkPlaces(asked)),
      message,
    )
  checkPlaces(outputs({ maps: [map('/app/app.conf.tpl', '/app/app.conf'), map('/tt', '/t')] }))
  const linked = outputs({ maps: [map('/link', '/out')] })
  checkPlaces(linked)
  assert.match(
    refusal(() => checkPlaces(linked, (path) => (path === '/link' ? '/out/deep' : path))),
    /has the source \/link inside it/,
  )
})

test('invalid names are refused, never changed into valid ones', () => {
  for (const name of ['..', 'a/../b', '/etc/x', '', 'a//b', 'a\nb'])
    refusal(() => checkPlaces(outputs({ secrets: [secret(name)] })))
  assert.match(
    refusal(() => planOutputs(outputs({ maps: [map('/t', '/o')] }), found({ '/t': ['a\nb'] }))),
    /control/,
  )
})
