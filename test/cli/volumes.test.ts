import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { json, startService, text } from '../fixtures/servers/http-fixture.ts'
import { environmentWorld } from './environment-command.ts'
import { openTerminal } from './terminal.ts'

const STACK = 'com.docker.stack.namespace'

interface Volume {
  readonly Name: string
  readonly Driver: string
  readonly Labels: Readonly<Record<string, string>> | null
}

/** An engine with volumes of locket and others, and the command that prunes them. */
async function pruneWorld(t: TestContext, { isManager = true } = {}) {
  const world = await environmentWorld(t)
  const volume = (Name: string, Labels: Volume['Labels'] = null, Driver = 'locket:latest'): Volume => ({
    Name,
    Driver,
    Labels,
  })
  const left = new Map(
    [
      volume('by-hand'),
      volume('composed', { 'com.docker.compose.project': 'web' }),
      volume('foreign', { [STACK]: 'old' }, 'local'),
      volume('old_a', { [STACK]: 'old' }),
      volume('old_b', { [STACK]: 'old', team: 'x' }),
      volume('shop_app-2', { [STACK]: 'shop' }),
      volume('stopped', { [STACK]: 'old' }),
    ].map((one) => [one.Name, one]),
  )
  const services = [
    {
      Spec: {
        Name: 'shop_app',
        TaskTemplate: {
          ContainerSpec: {
            Mounts: [
              {
                Type: 'volume',
                Source: 'shop_app-{{.Task.Slot}}',
                VolumeOptions: { DriverConfig: { Name: 'locket' } },
              },
            ],
          },
        },
      },
    },
    { Spec: { Name: 'bare', TaskTemplate: {} } },
  ]
  const busy = new Set<string>()
  /** Names that are volumes of another driver after the list. */
  const swapped = new Set<string>()
  const socketPath = join(world.folder, 'docker.sock')
  const engine = await startService({
    socketPath,
    answer: ({ method = '' }, { pathname }) => {
      if (pathname === '/volumes') return json(200, { Volumes: [...left.values()], Warnings: null })
      if (pathname === '/info') return json(200, { Swarm: { NodeID: 'n', ControlAvailable: isManager } })
      if (pathname === '/services') return json(200, services)
      if (pathname === '/containers/json')
        return json(200, [{ Id: 'c1', Names: ['/old.1'], Mounts: [{ Type: 'volume', Name: 'stopped' }] }])
      const [, name = ''] = /^\/volumes\/(.*)$/.exec(pathname) ?? []
      const found = swapped.has(name) ? volume(name, null, 'local') : left.get(name)
      if (method === 'GET')
        return json(found === undefined ? 404 : 200, found ?? { message: 'no such volume' })
      if (busy.has(name)) return json(409, { message: `remove ${name}: volume is in use` })
      return left.delete(name) ? text(204, '') : json(404, { message: 'no such volume' })
    },
    failure: (status, message) => json(status, { message }),
  })
  t.after(() => engine[Symbol.asyncDispose]())
  const words = ['volumes', 'prune', '--docker-socket', socketPath]
  return {
    ...world,
    left,
    busy,
    swapped,
    services,
    volume,
    words,
    prune: (...more: string[]) => world.locket([...words, ...more]),
  }
}

test('a dry run says for each volume of this driver what would become of it, and why', async (t) => {
  const { prune, left } = await pruneWorld(t)
  const { code, stdout, stderr } = await prune('--dry-run')
  assert.deepEqual([code, stderr], [0, ''])
  for (const line of [
    /^by-hand +kept +not of a stack: made by hand, or by a service alone; --all removes it$/m,
    /^composed +kept +of the Compose project web; --all removes it$/m,
    /^old_a +would be removed +of stack old; no container and no service mounts it$/m,
    /^shop_app-2 +kept +service shop_app mounts it$/m,
    /^stopped +kept +container old\.1 mounts it$/m,
    /^2 would be removed, 4 kept$/m,
  ])
    assert.match(stdout, line)
  assert.ok(!stdout.includes('foreign'))
  assert.equal(left.size, 7)
})

test('without a terminal it needs --force, and then removes only what the dry run said', async (t) => {
  const { prune, left } = await pruneWorld(t)
  const asked = await prune()
  assert.equal(asked.code, 64)
  assert.match(asked.stderr, /2 volumes would be removed, nothing was removed \(remove them with --force/)
  assert.equal(left.size, 7)
  const { code, stdout } = await prune('--force')
  assert.equal(code, 0)
  assert.match(stdout, /^2 removed, 4 kept$/m)
  assert.deepEqual([...left.keys()], ['by-hand', 'composed', 'foreign', 'shop_app-2', 'stopped'])
  assert.equal((await prune()).code, 0)
})

test('--all removes unused volumes of whatever origin; --filter leaves others out', async (t) => {
  const { prune, left } = await pruneWorld(t)
  const shown = await prune('--all', '--filter', 'name=*o*', '--filter', 'stack=old', '--dry-run')
  assert.match(shown.stdout, /^2 would be removed, 1 kept$/m)
  const one = await prune('--filter', 'label=team=x', '--force')
  assert.match(one.stdout, /^1 removed$/m)
  assert.ok(!left.has('old_b'))
  assert.equal((await prune('--all', '--force')).code, 0)
  assert.deepEqual([...left.keys()], ['foreign', 'shop_app-2', 'stopped'])
})

test('a worker does not know the services, and says so; a volume in use by now is a failure', async (t) => {
  const { prune, busy, left } = await pruneWorld(t, { isManager: false })
  busy.add('old_a')
  const { code, stdout } = await prune('--force')
  assert.equal(code, 69)
  assert.match(stdout, /^shop_app-2 +removed +of stack shop; no container here mounts it$/m)
  assert.match(stdout, /^old_a +failed +the Docker Engine answered with status 409: .*volume is in use/m)
  assert.match(stdout, /^2 removed, 1 failed, 3 kept$/m)
  assert.ok(left.has('old_a'))
})

test('on a terminal it asks, and a no changes nothing', async (t) => {
  const { words, left, program, env, folder } = await pruneWorld(t)
  for (const [answer, code, size] of [
    ['n\r', 75, 7],
    ['yes\r', 0, 5],
  ] as const) {
    const terminal = openTerminal(t, [...program, ...words].join(' '), { cwd: folder, env })
    await terminal.shows(/2 volumes would be removed\. Remove\? \(y\/N\): /)
    terminal.type(answer)
    assert.equal(await terminal.ended, code)
    assert.equal(left.size, size)
  }
})

test('what came, or is used, after the question stays; so does a volume of another driver', async (t) => {
  const { words, left, program, env, folder, services, volume, swapped } = await pruneWorld(t)
  left.set('old_c', volume('old_c', { [STACK]: 'old' }))
  const terminal = openTerminal(t, [...program, ...words].join(' '), { cwd: folder, env })
  await terminal.shows(/3 volumes would be removed\. Remove\? \(y\/N\): /)
  const mounts = [{ Type: 'volume', Source: 'old_a', VolumeOptions: { DriverConfig: { Name: 'locket' } } }]
  services.push({ Spec: { Name: 'new', TaskTemplate: { ContainerSpec: { Mounts: mounts } } } })
  left.set('old_z', volume('old_z', { [STACK]: 'old' }))
  swapped.add('old_c')
  terminal.type('y\r')
  await terminal.shows(/old_a +kept +service new mounts it/)
  await terminal.shows(/old_c +failed +it is a volume of the driver local by now/)
  await terminal.shows(/old_z +kept +it came after the question/)
  assert.equal(await terminal.ended, 69)
  assert.deepEqual(
    [...left.keys()].filter((name) => name.startsWith('old_')),
    ['old_a', 'old_c', 'old_z'],
  )
})

test('words of the two commands lead to each other, and wrong ones are refused', async (t) => {
  const { locket, prune } = await pruneWorld(t)
  for (const [args, message] of [
    [['volumes'], /volumes takes prune \(locket help volumes\)/],
    [['volumes', 'refresh', 'x'], /`locket volume refresh` does that/],
    [['volume', 'prune'], /`locket volumes prune` removes volumes/],
    [['prune'], /`locket volumes prune` removes volumes/],
  ] as const) {
    const ran = await locket(args)
    assert.equal(ran.code, 64, ran.stderr)
    assert.match(ran.stderr, message)
  }
  const filter = await prune('--filter', 'dangling=true')
  assert.equal(filter.code, 64)
  assert.match(filter.stderr, /--filter "dangling=true" is not understood \(write name=PATTERN/)
  const away = await locket(['volumes', 'prune', '--docker-socket', '/nowhere.sock'])
  assert.equal(away.code, 69)
  assert.match(away.stderr, /the Docker Engine cannot be reached at \/nowhere\.sock/)
})
