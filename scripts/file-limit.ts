/**
 * Loaded before each test file by scripts/test.ts. The time limits of Node's runner end a test, but not the
 * process of its file: one handle left open holds up the whole run (Node 26.10). This ends it.
 */
const limitMs = Number(process.env['TEST_FILE_LIMIT_MS'])
delete process.env['TEST_FILE_LIMIT_MS']
if (limitMs > 0)
  setTimeout(() => {
    const open = process.getActiveResourcesInfo().join(', ')
    process.stderr.write(`the test file did not end within ${limitMs} ms; still open: ${open}\n`)
    process.exit(1)
  }, limitMs).unref()
