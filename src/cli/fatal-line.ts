/**
 * The error that ends the process, as a line of a JSON log. This file imports nothing, so that any version of Node.js can run it.
 * @param stack if wanted, with the stacks of its causes.
 */
export function fatalLine(msg: string, exitCode: number, stack?: string): string {
  return `${JSON.stringify({ level: 'fatal', time: new Date().toISOString(), exitCode, stack, msg })}\n`;
}
