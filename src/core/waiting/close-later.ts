/**
 * Closes a file without waiting. Use it where an error of close(2) changes nothing: the file was read, its
 * content was synchronized, or it need not outlive the system.
 */
export function closeLater(file: { close(): Promise<void> }): void {
  void file.close().catch(() => undefined)
}
