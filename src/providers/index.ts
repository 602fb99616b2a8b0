import type { ProviderDef } from './define.ts'
import { dotenv } from './dotenv/dotenv.ts'
import { env } from './env/env.ts'
import { local } from './local/local.ts'
import { opConnect } from './op-connect/op-connect.ts'

/** Every kind of provider: one line each. */
export const PROVIDERS: readonly ProviderDef[] = [local, opConnect, env, dotenv]
