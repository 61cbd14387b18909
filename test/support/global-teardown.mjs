export default async function teardown() {
  await globalThis.tidemarkStack?.stop();
}
