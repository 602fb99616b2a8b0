import type { ProviderSubject } from './provider-backend.ts'

const NO_SERVER = 'files and programs of this machine: there is no server'

/** The knobs that a kind without a server lacks. */
export const NO_SERVER_KNOBS: ProviderSubject['lacks'] = {
  throttle: NO_SERVER,
  fail: NO_SERVER,
  failNext: NO_SERVER,
  expire: NO_SERVER,
  drop: NO_SERVER,
  refuse: NO_SERVER,
  slow: NO_SERVER,
  limit: NO_SERVER,
  gauge: NO_SERVER,
  hang: NO_SERVER,
  forbid: 'who can open one of the values can open all',
}
