import type { CommandEntry } from './define.ts'

/**
 * The registry: one entry for each command, in the order of help. It holds the name, the summary and
 * `hasTable`, which the overview and the reader of configuration files need of all commands. So no command
 * loads the file of another command.
 */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'volume',
    hasTable: true,
    summary: 'serve the Docker volume driver, or call the daemon that serves it',
    load: () => import('./volume.ts'),
  },
  {
    name: 'volumes',
    isOffline: true,
    summary: 'remove volumes that removed services left on this node',
    load: () => import('./volumes.ts'),
  },
  {
    name: 'status',
    isOffline: true,
    summary: 'show the volumes, mounts and providers of the daemon that runs',
    load: () => import('./status.ts'),
  },
  {
    name: 'swarm',
    summary: 'redeploy services of a Swarm whose secrets have changed',
    load: () => import('./swarm.ts'),
  },
  {
    name: 'inject',
    hasTable: true,
    summary: 'write templates and secrets as files, once or whenever they change',
    load: () => import('./inject.ts'),
  },
  {
    name: 'exec',
    hasTable: true,
    summary: 'run a command with secrets in its environment and in files',
    load: () => import('./exec.ts'),
  },
  {
    name: 'run',
    summary: 'run a command with the secrets that a mapping file names',
    load: () => import('./run.ts'),
  },
  {
    name: 'mapping',
    summary: 'add variables to a mapping file, and check the file and its references',
    load: () => import('./mapping.ts'),
  },
  {
    name: 'hook',
    summary: 'print the hook that sets the variables of a folder in bash, zsh or fish',
    load: () => import('./hook.ts'),
  },
  {
    name: 'allow',
    isOffline: true,
    summary: 'let the hook of your shell use the mapping file of a folder',
    load: () => import('./allow.ts'),
  },
  {
    name: 'deny',
    isOffline: true,
    summary: 'keep the hook of your shell from the mapping file of a folder',
    load: () => import('./deny.ts'),
  },
  {
    name: 'healthcheck',
    isOffline: true,
    summary: 'report whether `locket inject` has every secret in place',
    load: () => import('./healthcheck.ts'),
  },
  {
    name: 'secret',
    summary: 'keep secrets in the embedded store, and copy them there from other managers',
    load: () => import('./secret.ts'),
  },
  {
    name: 'init',
    summary: 'write the first configuration and a compose file, and check them',
    load: () => import('./init.ts'),
  },
  {
    name: 'check',
    summary: 'check settings, compose files and templates, and whether every reference has a value',
    load: () => import('./check.ts'),
  },
  {
    name: 'doctor',
    summary: 'find what is wrong with this host, and say how to cure it',
    load: () => import('./doctor.ts'),
  },
  {
    name: 'compose',
    hasTable: true,
    summary: 'set variables as a provider service of Docker Compose',
    load: () => import('./compose.ts'),
  },
  {
    name: 'export',
    hasTable: true,
    summary: 'write variables as a .env file, JSON, YAML or shell commands',
    load: () => import('./export.ts'),
  },
  {
    name: 'audit',
    isOffline: true,
    summary: 'check and show the audit log of the volume driver, or the audit of a broker',
    load: () => import('./audit.ts'),
  },
  {
    name: 'serve',
    hasTable: true,
    summary: 'answer machines as a broker, with grants and an identity for each of them',
    load: () => import('./serve.ts'),
  },
  {
    name: 'proxy',
    hasTable: true,
    summary: 'put secrets into the HTTPS requests of programs that do not have them',
    load: () => import('./proxy.ts'),
  },
  {
    name: 'machine',
    summary: 'add, list, disable and remove the machines that this broker answers',
    load: () => import('./machine.ts'),
  },
  {
    name: 'grant',
    summary: 'let a machine read secrets of this broker, or take that away',
    load: () => import('./grant.ts'),
  },
  {
    name: 'secret-ref',
    summary: 'give references names, under which machines read them through this broker',
    load: () => import('./secret-ref.ts'),
  },
  {
    name: 'enrol',
    summary: 'make the key of this machine and bring it to a broker',
    load: () => import('./enrol.ts'),
  },
  {
    name: 'completion',
    isOffline: true,
    summary: 'print the script that makes a shell complete commands and flags',
    load: () => import('./completion.ts'),
  },
]

/** Names of the tables that a configuration file may have in addition to `[providers.NAME]`. */
export const TABLES: readonly string[] = COMMANDS.filter(({ hasTable }) => hasTable).map(({ name }) => name)
