import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createSupervisor } from '../../src/app/exec/supervise.ts'
import { LocketError } from '../../src/core/vocabulary/errors.ts'
import type { Child, ChildOptions } from '../../src/core/ports/process.ts'
import type { PassedSignal } from '../../src/core/ports/signals.ts'
import { createManualClock } from '../fakes/manual-clock.ts'
import { createRecordingLog } from '../fakes/recording-log.ts'

interface FakeChild extends Child {
  readonly value: string | undefined
  readonly got: string[]
  end(code: number): void
  /** The processes that it has started end too. */
  vanish(): void
}

/** A world without processes: each that is started waits to be ended by the test. */
export function world(options: { readonly isKeptRunning?: boolean } = {}) {
  const clock = createManualClock()
  const log = createRecordingLog()
  const children: FakeChild[] = []
  const refused = new Set<string>()
  const unstartable = new Set<string>()
  let listener: ((signal: PassedSignal) => void) | undefined
  /** Signals that come while a command is being started. */
  const early: PassedSignal[] = []
  const check = (env: ChildOptions['env']) => {
    if (refused.has(env['VALUE'] ?? '')) throw new LocketError('command_not_found', 'there is no command x')
  }
  const supervisor = createSupervisor(
    {
      command: ['x'],
      hasTerminal: false,
      isGroupSignalled: false,
      redactor: undefined,
      timeoutMs: 30_000,
      isKeptRunning: options.isKeptRunning ?? true,
    },
    {
      clock,
      emit: log.emit,
      listenSignals(next) {
        listener = next
        return { [Symbol.dispose]: () => (listener = undefined) }
      },
      programs: {
        hasTerminal: () => false,
        prepare() {},
        replace: () => assert.fail('not replaced'),
        check: (_, env) => check(env),
        async run(_, { env }) {
          check(env)
          if (unstartable.has(env['VALUE'] ?? ''))
            throw new LocketError('command_not_executable', 'no memory')
          const child = fakeChild(env['VALUE'])
          children.push(child)
          for (const signal of early.splice(0)) listener?.(signal)
          return child
        },
      },
    },
  )
  return {
    clock,
    log,
    children,
    early,
    refused,
    unstartable,
    supervisor,
    send: (signal: PassedSignal) => listener?.(signal),
    isListening: () => listener !== undefined,
    last: () => children.at(-1) ?? assert.fail('nothing was started'),
  }
}

function fakeChild(value: string | undefined): FakeChild {
  const { promise: ended, resolve } = Promise.withResolvers<number>()
  const got: string[] = []
  let isGone = false
  return {
    value,
    got,
    ended,
    signal: (name) => void got.push(name),
    terminateRest: () => void got.push('SIGTERM for the rest'),
    kill() {
      got.push('SIGKILL')
      isGone = true
      resolve(137)
    },
    isGone: () => isGone,
    end(code) {
      isGone = true
      resolve(code)
    },
    vanish() {
      resolve(0)
    },
  }
}

export async function turns(): Promise<void> {
  for (let n = 0; n < 20; n += 1) await nextTurn()
}
