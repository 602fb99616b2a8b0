import { open } from 'node:fs/promises'
import { LocketError, errnoOf } from '../../src/core/errors.ts'
import type { SourceFiles } from '../../src/core/ports.ts'

/** Reads real files as the port promises, without the guards against FIFOs and roots. */
export function createDiskFiles(): SourceFiles {
  return {
    async read(path, limits) {
      try {
        await using file = await open(path, 'r')
        const { size } = await file.stat()
        if (size > limits.maxBytes)
          throw new LocketError('too_large', `${path} is larger than ${limits.maxBytes} bytes`)
        return await file.readFile()
      } catch (thrown) {
        if (errnoOf(thrown) === undefined) throw thrown
        throw new LocketError('io', `cannot read ${path}: ${errnoOf(thrown)}`, { cause: thrown })
      }
    },
  }
}
