import type { Command, CommandSummary } from './define.ts'

export interface CommandEntry extends CommandSummary {
  /** It asks nobody over a network, through a proxy or without. */
  readonly isOffline?: true
  load(): Promise<{ readonly command: Command }>
}

/** Every command: one line each. `load` keeps what a command needs out of the start of the others. */
export const COMMANDS: readonly CommandEntry[] = [
  { name: 'volume', summary: 'serve the Docker volume driver', load: () => import('./volume.ts') },
  {
    name: 'inject',
    summary: 'write templates and secrets as files, once or whenever they change',
    load: () => import('./inject.ts'),
  },
  {
    name: 'exec',
    summary: 'run a command with secrets in its environment and in files',
    load: () => import('./exec.ts'),
  },
  {
    name: 'healthcheck',
    isOffline: true,
    summary: 'say whether `locket inject` has every secret in place',
    load: () => import('./healthcheck.ts'),
  },
  {
    name: 'secret',
    isOffline: true,
    summary: 'keep secrets in the embedded store',
    load: () => import('./secret.ts'),
  },
  {
    name: 'check',
    summary: 'check settings, compose files and templates, and whether every reference has a value',
    load: () => import('./check.ts'),
  },
  {
    name: 'compose',
    summary: 'set variables as a provider service of Docker Compose',
    load: () => import('./compose.ts'),
  },
  {
    name: 'export',
    summary: 'write variables down as a .env file, JSON, YAML or shell commands',
    load: () => import('./export.ts'),
  },
  {
    name: 'completion',
    isOffline: true,
    summary: 'print what makes a shell complete these words',
    load: () => import('./completion.ts'),
  },
]
