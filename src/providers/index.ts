import { bao } from './bao/bao.ts'
import type { ProviderDef } from './define.ts'
import { bws } from './bws/bws.ts'
import { dotenv } from './dotenv/dotenv.ts'
import { env } from './env/env.ts'
import { infisical } from './infisical/infisical.ts'
import { local } from './local/local.ts'
import { op } from './op/op.ts'
import { locket } from './locket/locket.ts'
import { opConnect } from './op-connect/op-connect.ts'

/** All kinds of providers. If two kinds share a scheme, the first one parses more of its references. */
export const PROVIDERS: readonly ProviderDef[] = [
  local,
  opConnect,
  op,
  bws,
  infisical,
  bao,
  locket,
  env,
  dotenv,
]
