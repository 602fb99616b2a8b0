import { age } from './age/age.ts'
import { awsSm } from './aws-sm/aws-sm.ts'
import { awsSsm } from './aws-ssm/aws-ssm.ts'
import { azureKv } from './azure-kv/azure-kv.ts'
import { bao } from './bao/bao.ts'
import type { ProviderDef } from './define.ts'
import { bws } from './bws/bws.ts'
import { doppler } from './doppler/doppler.ts'
import { dotenv } from './dotenv/dotenv.ts'
import { env } from './env/env.ts'
import { gcpSm } from './gcp-sm/gcp-sm.ts'
import { infisical } from './infisical/infisical.ts'
import { keepassxc } from './keepassxc/keepassxc.ts'
import { local } from './local/local.ts'
import { op } from './op/op.ts'
import { locket } from './locket/locket.ts'
import { opConnect } from './op-connect/op-connect.ts'
import { pass } from './pass/pass.ts'
import { sops } from './sops/sops.ts'

/** All kinds of providers. If two kinds share a scheme, the first one parses more of its references. */
export const PROVIDERS: readonly ProviderDef[] = [
  local,
  opConnect,
  op,
  bws,
  infisical,
  bao,
  awsSm,
  awsSsm,
  gcpSm,
  azureKv,
  doppler,
  age,
  sops,
  pass,
  keepassxc,
  locket,
  env,
  dotenv,
]
