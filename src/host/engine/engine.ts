import { stat } from 'node:fs/promises'
import type { Clock } from '../../core/ports/clock.ts'
import type { Engine } from '../../core/ports/engine.ts'
import { isRealtime, signalNumber } from '../../core/ports/signals.ts'
import { errnoOf, isLocketError, LocketError } from '../../core/vocabulary/errors.ts'
import { formatDuration } from '../../core/text/units.ts'
import {
  readContainers,
  readStarting,
  readExecId,
  readExitCode,
  readState,
  engineRefusal,
} from './answers.ts'
import { exchange, type EngineAnswer, type EngineRequest } from './exchange.ts'

/** Where the engine listens. */
interface EngineOptions {
  /** Undefined: the operator has named no socket. */
  readonly socket: string | undefined
  /** True: this process is a managed plugin, and the socket is a mount of it. */
  readonly isManaged: boolean
  readonly clock: Clock
}

const ANSWER_MS = 10_000
/** A restart waits for the stop of the container, which may take as long as its author has asked for. */
const RESTART_MS = 180_000
/** Milliseconds that a command in a container may run. */
const EXEC_MS = 60_000
const FIRST_LOOK_MS = 50
const LONGEST_LOOK_MS = 1000

/**
 * Returns the client of the Docker Engine at a socket. No connection is kept open. Paths have no version: the
 * engine then answers in its newest, and the fields that are read here are in all of them.
 */
export function openEngine({ socket, isManaged, clock }: EngineOptions): Engine {
  async function ask(wanted: EngineRequest, signal: AbortSignal): Promise<EngineAnswer> {
    if (socket === undefined) throw noSocket(isManaged)
    const answer = await exchange(socket, wanted, clock, signal)
    if (answer.status >= 200 && answer.status < 300) return answer
    throw engineRefusal(answer)
  }
  const get = (path: string, signal: AbortSignal) =>
    ask({ method: 'GET', path, timeoutMs: ANSWER_MS }, signal)
  const post = (path: string, signal: AbortSignal, more: Partial<EngineRequest> = {}) =>
    ask({ method: 'POST', path, timeoutMs: ANSWER_MS, ...more }, signal)

  async function exitCode(execId: string, signal: AbortSignal): Promise<number> {
    const end = clock.elapsed() + EXEC_MS
    for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_LOOK_MS)) {
      const code = readExitCode(await get(`/exec/${execId}/json`, signal))
      if (code !== undefined) return code
      if (clock.elapsed() > end)
        throw new LocketError('timeout', `the command still runs after ${formatDuration(EXEC_MS)}`)
      await clock.sleep(pauseMs, signal)
    }
  }

  return {
    async fault() {
      if (socket === undefined) return noSocket(isManaged)
      try {
        if ((await stat(socket)).isSocket()) return undefined
      } catch (thrown) {
        if (errnoOf(thrown) === undefined) throw thrown
      }
      return isManaged
        ? noSocket(isManaged)
        : new LocketError('config', `docker-socket: ${socket} is not a socket`, {
            hint: 'name the socket of the Docker Engine, most often /run/docker.sock',
          })
    },

    async containersWith(volume, signal) {
      // Without `all` the engine lists running containers only.
      const filters = encodeURIComponent(JSON.stringify({ volume: [volume] }))
      return readContainers(await get(`/containers/json?filters=${filters}`, signal))
    },

    async startingWith(volume, signal) {
      // The list does not wait for a container that starts, as a question for that container would.
      const filters = encodeURIComponent(JSON.stringify({ volume: [volume] }))
      return readStarting(await get(`/containers/json?all=1&filters=${filters}`, signal))
    },

    async stateOf(id, signal) {
      try {
        return readState(await get(`/containers/${id}/json`, signal))
      } catch (thrown) {
        if (isLocketError(thrown) && thrown.code === 'not_found') return undefined
        throw thrown
      }
    },

    async kill(id, sent, signal) {
      // The engine knows the names of half of the realtime signals, and all numbers.
      const text = isRealtime(sent) ? String(signalNumber(sent)) : sent
      await post(`/containers/${id}/kill?signal=${text}`, signal)
    },

    async restart(id, signal) {
      await post(`/containers/${id}/restart`, signal, { timeoutMs: RESTART_MS })
    },

    async exec(id, command, signal) {
      // Nothing is attached: the output of the command may hold a secret.
      const made = await post(`/containers/${id}/exec`, signal, {
        body: { Cmd: command, AttachStdin: false, AttachStdout: false, AttachStderr: false, Tty: false },
      })
      const execId = readExecId(made)
      const started = { body: { Detach: true, Tty: false } }
      await post(`/exec/${execId}/start`, signal, started).catch((thrown: unknown) => {
        if (!isLocketError(thrown) || thrown.code !== 'unavailable') throw thrown
        throw new LocketError('hook_failed', thrown.reason)
      })
      const code = await exitCode(execId, signal)
      if (code !== 0) throw new LocketError('hook_failed', `the command ended with exit code ${code}`)
    },
  }
}

function noSocket(isManaged: boolean): LocketError {
  return new LocketError('config', "locket was not given the Docker Engine's socket", {
    hint: isManaged
      ? 'docker plugin disable -f locket, docker plugin set locket docker.source=/var/run/docker.sock, docker plugin enable locket'
      : 'set docker-socket for the daemon, most often to /run/docker.sock',
  })
}
