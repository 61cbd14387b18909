/**
 * What Pod Security's level `restricted`, which includes `baseline`, requires of a pod on Linux, by Kubernetes' documentation
 * ("Pod Security Standards").
 */

// biome-ignore lint/suspicious/noExplicitAny: a pod as it was read from YAML
type Json = any;

const VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
];
const CAPABILITIES = ['NET_BIND_SERVICE'];
const SECCOMP = ['RuntimeDefault', 'Localhost'];
const APPARMOR = ['RuntimeDefault', 'Localhost'];
const SELINUX = ['container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'];
const PROBES = ['startupProbe', 'livenessProbe', 'readinessProbe'];

/** Sentences about what the level refuses in a pod's `spec`; none if the pod may run. */
export function refusedByRestricted(spec: Json): string[] {
  const refused: string[] = [];
  const pod = spec.securityContext ?? {};
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC']) refuse(spec[field] === true, `${field} is on`);
  for (const { name, ...source } of spec.volumes ?? []) {
    const kinds = Object.keys(source);
    refuse(kinds.length !== 1 || !VOLUMES.includes(kinds[0]!), `volume ${name} is of the kind ${kinds}`);
  }
  refuse((pod.sysctls ?? []).length > 0, 'sysctls are set: some are allowed, and none is expected here');
  judge('the pod', pod);
  for (const list of ['containers', 'initContainers', 'ephemeralContainers']) {
    for (const container of spec[list] ?? []) judgeContainer(container);
  }
  return refused;

  function refuse(wrong: boolean, what: string): void {
    if (wrong) refused.push(what);
  }

  function judgeContainer(container: Json): void {
    const { name, ports = [], lifecycle = {}, securityContext: own = {} } = container;
    const { drop = [], add = [] } = own.capabilities ?? {};
    judge(name, own);
    refuse((own.runAsNonRoot ?? pod.runAsNonRoot) !== true, `${name}: runAsNonRoot is not on`);
    refuse(!SECCOMP.includes((own.seccompProfile ?? pod.seccompProfile)?.type), `${name}: seccompProfile is not set`);
    refuse(own.allowPrivilegeEscalation !== false, `${name}: allowPrivilegeEscalation is not off`);
    refuse(own.privileged === true, `${name}: privileged is on`);
    refuse(!drop.includes('ALL'), `${name}: capabilities are not all dropped`);
    refuse(
      add.some((one: string) => !CAPABILITIES.includes(one)),
      `${name}: capabilities ${add} are added`,
    );
    refuse(!['Default', undefined].includes(own.procMount), `${name}: procMount is ${own.procMount}`);
    refuse(
      ports.some(({ hostPort }: Json) => hostPort),
      `${name}: a port of the host is taken`,
    );
    const handlers = [...PROBES.map((probe) => container[probe]), lifecycle.preStop, lifecycle.postStart];
    refuse(
      handlers.some((handler) => handler?.httpGet?.host || handler?.tcpSocket?.host),
      `${name}: a probe or handler names a host`,
    );
  }

  /** Judges what a pod and a container may both set. */
  function judge(
    of: string,
    { runAsUser, seccompProfile, appArmorProfile, seLinuxOptions, windowsOptions }: Json,
  ): void {
    refuse(runAsUser === 0, `${of}: runAsUser is 0`);
    refuse(
      seccompProfile && !SECCOMP.includes(seccompProfile.type),
      `${of}: seccompProfile is ${seccompProfile?.type}`,
    );
    refuse(
      appArmorProfile && !APPARMOR.includes(appArmorProfile.type),
      `${of}: appArmorProfile is ${appArmorProfile?.type}`,
    );
    const { type = '', user = '', role = '' } = seLinuxOptions ?? {};
    refuse((type !== '' && !SELINUX.includes(type)) || user !== '' || role !== '', `${of}: seLinuxOptions go too far`);
    refuse(windowsOptions?.hostProcess === true, `${of}: hostProcess is on`);
  }
}
