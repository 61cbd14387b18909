/**
 * The version of KafkaJS that this folder was written for; each file that changes or uses its internals names it, with
 * the test that fails when they change. Before it is raised, each of these files is read beside what it changes.
 */
export const WRITTEN_FOR = '2.2.4';
