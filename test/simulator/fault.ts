/** A request to a part that did not work, as the one who asked sees it. */
export class Fault extends Error {
  override readonly name = 'Fault';
}
