import fs from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { mock } from 'node:test'

const CALLS = ['open', 'rename', 'link', 'unlink', 'mkdir'] as const
const HANDLE_CALLS = ['writeFile', 'chmod', 'sync'] as const

/**
 * Calls `onStep` before and after each call that changes a file, with its name. The calls do what they always
 * do. Disposing ends that.
 */
export async function followFileSteps(onStep: (call: string) => void): Promise<Disposable> {
  const handle = await handlePrototype()
  const follow = (target: object, name: string): void => {
    const original: unknown = Reflect.get(target, name)
    if (typeof original !== 'function') throw new Error(`no function ${name}`)
    mock.method(
      target as Record<string, () => unknown>,
      name,
      async function (this: unknown, ...args: unknown[]) {
        onStep(name)
        const result: unknown = await Reflect.apply(original, this, args)
        onStep(name)
        return result
      },
    )
  }
  for (const name of CALLS) follow(fs.promises, name)
  for (const name of HANDLE_CALLS) follow(handle, name)
  syncBuiltinESMExports()
  return {
    [Symbol.dispose]() {
      mock.restoreAll()
      syncBuiltinESMExports()
    },
  }
}

async function handlePrototype(): Promise<object> {
  await using file: FileHandle = await open('/dev/null')
  const prototype: unknown = Object.getPrototypeOf(file)
  if (typeof prototype !== 'object' || prototype === null) throw new Error('a FileHandle has no prototype')
  return prototype
}
