import type { ProviderDef } from './define.ts'
import { bws } from './bws/bws.ts'
import { dotenv } from './dotenv/dotenv.ts'
import { env } from './env/env.ts'
import { infisical } from './infisical/infisical.ts'
import { local } from './local/local.ts'
import { opConnect } from './op-connect/op-connect.ts'

/** Every kind of provider: one line each. */
export const PROVIDERS: readonly ProviderDef[] = [local, opConnect, infisical, bws, env, dotenv]
