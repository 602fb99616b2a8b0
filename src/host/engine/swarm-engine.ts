import * as z from 'zod'
import type { Clock } from '../../core/ports/clock.ts'
import type { SwarmEngine, SwarmService } from '../../core/volume/swarm/swarm-engine.ts'
import { isLocketError, LocketError } from '../../core/vocabulary/errors.ts'
import { openReader, parseAnswer } from './reader.ts'
import { isSamePlugin, managerHere } from './swarm-node.ts'

// Answers of the engine's API about a Swarm, as versions 1.41 and 1.51 have them.

const Id = z.string().regex(/^[0-9a-zA-Z]{1,64}$/)
const Labels = z.record(z.string(), z.string()).nullish()

const NodeStatus = z.object({ ManagerStatus: z.object({ Leader: z.boolean().nullish() }).nullish() })

const Secret = z.object({
  ID: Id,
  Spec: z.object({ Name: z.string(), Labels, Driver: z.object({ Name: z.string() }).nullish() }),
})

const Service = z.object({
  ID: Id,
  Version: z.object({ Index: z.number() }),
  Spec: z.object({
    Name: z.string(),
    Labels,
    TaskTemplate: z.object({
      ForceUpdate: z.number().nullish(),
      ContainerSpec: z.object({ Secrets: z.array(z.object({ SecretID: Id })).nullish() }).nullish(),
    }),
    UpdateConfig: z.object({ Order: z.string().nullish() }).nullish(),
  }),
  UpdateStatus: z
    .object({ State: z.string().nullish(), StartedAt: z.string().nullish(), Message: z.string().nullish() })
    .nullish(),
})

/** The specification as it is sent back: what is not read here is kept. */
const Whole = z.looseObject({ Spec: z.looseObject({ TaskTemplate: z.looseObject({}) }) })

/** Tries when somebody else changes the service at the same time. */
const MOST_TRIES = 3

/** Returns the client of a manager's API at a socket. */
export function openSwarmEngine(socket: string, clock: Clock): SwarmEngine {
  const { ask, get } = openReader(socket, clock)

  async function tryRedeploy(id: string, forceUpdate: number, signal: AbortSignal): Promise<void> {
    const { text } = await ask({ method: 'GET', path: `/services/${id}` }, signal)
    const { Version, Spec } = parseAnswer(Service, text)
    if ((Spec.TaskTemplate.ForceUpdate ?? 0) >= forceUpdate) return
    refuseLargeNumbers(text, Spec.Name)
    const whole = parseAnswer(Whole, text).Spec
    const body = { ...whole, TaskTemplate: { ...whole.TaskTemplate, ForceUpdate: forceUpdate } }
    await ask({ method: 'POST', path: `/services/${id}/update?version=${Version.Index}`, body }, signal)
  }

  return {
    async leads(signal) {
      const here = await managerHere(get, signal)
      const node = await get(`/nodes/${encodeURIComponent(here)}`, NodeStatus, signal)
      return node.ManagerStatus?.Leader === true
    },

    async secrets(driver, signal) {
      const all = await get('/secrets', z.array(Secret), signal)
      return all
        .filter(({ Spec }) => isSamePlugin(Spec.Driver?.Name, driver))
        .map(({ ID, Spec }) => ({ id: ID, name: Spec.Name, labels: Spec.Labels ?? {} }))
    },

    services: async (signal) => (await get('/services', z.array(Service), signal)).map(serviceOf),
    service: async (id, signal) => serviceOf(await get(`/services/${id}`, Service, signal)),

    async redeploy(id, forceUpdate, signal) {
      for (let tries = 1; ; tries += 1) {
        try {
          return await tryRedeploy(id, forceUpdate, signal)
        } catch (thrown) {
          // The engine has no code of its own for a version that is not the newest one any more.
          const isLate = isLocketError(thrown) && thrown.code === 'unavailable'
          if (!isLate || tries === MOST_TRIES) throw thrown
        }
      }
    },
  }
}

function serviceOf({ ID, Spec, UpdateStatus }: z.output<typeof Service>): SwarmService {
  const state = UpdateStatus?.State ?? ''
  return {
    id: ID,
    name: Spec.Name,
    labels: Spec.Labels ?? {},
    secretIds: (Spec.TaskTemplate.ContainerSpec?.Secrets ?? []).map(({ SecretID }) => SecretID),
    forceUpdate: Spec.TaskTemplate.ForceUpdate ?? 0,
    startsFirst: Spec.UpdateConfig?.Order === 'start-first',
    update:
      state === ''
        ? undefined
        : { state, startedAt: UpdateStatus?.StartedAt ?? '', message: UpdateStatus?.Message ?? '' },
  }
}

/** Numbers of more than 15 digits would be sent back as other numbers. */
function refuseLargeNumbers(text: string, name: string): void {
  const withoutTexts = text.replace(/"(?:[^"\\]|\\.)*"/g, '""')
  if (!/\d{16,}/.test(withoutTexts)) return
  throw new LocketError('config', `service ${name} has a number of more than 15 digits`, {
    hint: `redeploy it by hand: docker service update --force ${name}`,
  })
}
