import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { findLeaks } from '../../scripts/engine/leaks.ts'
import {
  CONFIG,
  createVolume,
  recordsOf,
  startLocket,
  startWith,
  statusOf,
} from '../../scripts/engine/locket.ts'
import { mountedVolumes, pluginNamed } from '../../scripts/engine/plugin.ts'

const PASSWORD = 'canary-live-password-e07c'
const engine = await startLocket({ liveRestore: true, secrets: { a: PASSWORD } })
after(() => engine[Symbol.asyncDispose]())
const options = { 'secret.a': '{{ local://a }}' }

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  test(`dockerd ends by ${signal}: plugin and containers run on, the last unmount wipes`, async () => {
    await createVolume(engine, 'live', options)
    await startWith(engine, 'l1', 'live')
    await startWith(engine, 'l2', 'live')
    const before = { records: await recordsOf(engine), pid: (await pluginNamed(engine)).pid }
    await engine.kill(signal)
    assert.deepEqual(await recordsOf(engine), before.records)
    await engine.start()
    assert.equal((await pluginNamed(engine)).pid, before.pid)
    assert.equal(await engine.ok(['exec', 'l1', 'cat', '/s/a']), PASSWORD)
    assert.deepEqual(await recordsOf(engine), before.records)
    assert.equal((await statusOf(engine, 'live')).state, 'mounted')
    await engine.ok(['rm', '-f', 'l1'])
    assert.equal(await engine.ok(['exec', 'l2', 'cat', '/s/a']), PASSWORD)
    await engine.ok(['rm', '-f', 'l2'])
    assert.equal((await mountedVolumes(engine)).has('live'), false)
    await engine.ok(['volume', 'rm', 'live'])
    assert.equal((await recordsOf(engine)).has('live'), false)
  })
}

test('no value is anywhere but where it belongs', async () => {
  assert.deepEqual(await findLeaks(engine, [PASSWORD], { paths: [CONFIG] }), [])
})
