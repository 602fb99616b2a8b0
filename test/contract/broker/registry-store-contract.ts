import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { RegistryStore } from '../../../src/core/broker/signing/registry.ts'

/** A store with the database below it. */
type OpenRegistry = (t: TestContext) => Promise<{ readonly store: RegistryStore } & AsyncDisposable>

/** Tests that every store of the registry must pass. */
export function registryStoreContract(kind: string, open: OpenRegistry): void {
  test(`${kind}: a service of the registry has one key, which can be replaced and removed`, async (t) => {
    await using opened = await open(t)
    const { store } = opened
    const [first, second] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
    assert.deepEqual(await store.clients(), [])
    await store.put({ service: 'worker', key: first }, 1)
    await store.put({ service: 'api', key: first }, 1)
    await store.put({ service: 'worker', key: second }, 2)
    assert.deepEqual(await store.clients(), [
      { service: 'api', key: first, cidrs: [] },
      { service: 'worker', key: second, cidrs: [] },
    ])
    assert.deepEqual([await store.remove('api'), await store.remove('api')], [true, false])
    assert.deepEqual(
      (await store.clients()).map(({ service }) => service),
      ['worker'],
    )
  })

  test(`${kind}: a row of the registry with a key of another length costs that row`, async (t) => {
    await using opened = await open(t)
    const { store } = opened
    await store.put({ service: 'bad', key: new Uint8Array(31) }, 1)
    await store.put({ service: 'good', key: new Uint8Array(32) }, 1)
    assert.deepEqual(
      (await store.clients()).map(({ service }) => service),
      ['good'],
    )
  })
}
