import type { ProviderDef } from './define.ts'

/** Every kind of provider: one line each. */
export const PROVIDERS: readonly ProviderDef[] = []
