import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

/**
 * Not bundled: they are looked for in `lib/node_modules` when a reference first needs them. 1Password's SDK ships there, Bitwarden's never
 * does: its licence forbids it, and whoever installs it there may use it.
 */
const OUTSIDE = ['@1password/sdk', '@bitwarden/sdk-napi']

/** Bundles the program into ESM files that load what they need when they need it; returns the folders of the npm packages inside. */
export async function bundle(root: string, outdir: string): Promise<readonly string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: 'src/main.ts', 'sdk-worker': 'src/sdk-worker.ts' },
    outdir,
    bundle: true,
    external: OUTSIDE,
    splitting: true,
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    platform: 'node',
    target: 'node24',
    // Not minified: the compile cache makes it no faster, and a stack trace in a bug report says something.
    metafile: true,
    logLevel: 'warning',
    // CommonJS packages inside an ES module call `require` for Node's own modules.
    banner: {
      js: "import { createRequire as bundleRequire } from 'node:module'\nconst require = bundleRequire(import.meta.url)",
    },
  })
  // esbuild makes what begins with #! a program; this one is started by the launcher.
  chmodSync(join(outdir, 'main.mjs'), 0o644)
  const folders = Object.keys(metafile.inputs).map(
    (path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1],
  )
  return [...new Set(folders.filter((folder) => folder !== undefined))].toSorted()
}
