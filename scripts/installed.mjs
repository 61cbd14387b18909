// Runs before scripts that need all packages: names what an install left out, and the command for it. Any Node.js can run this.
import { existsSync, readFileSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const { devDependencies } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const isThere = (path) => existsSync(new URL(`node_modules/${path}`, root));

const missing = Object.keys(devDependencies).filter((name) => !isThere(name));
const isOld = Number(process.versions.node.split('.')[0]) < 24;
if (missing.length > 0) {
  end(`packages are not installed: ${missing.join(', ')}. Run npm ci --include=dev`);
} else if (isOld && !isThere('node/bin/node')) {
  end(
    `this is Node.js ${process.versions.node}, and Node.js 24 is not in node_modules, since the install scripts of ` +
      'packages were not run (--ignore-scripts). Run npm ci --ignore-scripts=false',
  );
}

function end(why) {
  console.error(`tidemark: ${why}`);
  process.exit(1);
}
