/** Takes a line for the people who watch a run. */
export type Say = (line: string) => void;
