/**
 * What ends the process, as a line of the log where that is JSON. It imports nothing, for Node.js of any version to say it.
 * @param stack where wanted, with the stacks of what caused it.
 */
export function fatalLine(msg: string, exitCode: number, stack?: string): string {
  return `${JSON.stringify({ level: 'fatal', time: new Date().toISOString(), exitCode, stack, msg })}\n`;
}
