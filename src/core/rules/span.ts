/** Why a visit ended. */
export type EndReason = 'inactivity' | 'explicit' | 'max_duration' | 'max_events';

/** Why nothing is added after a visit's last event. */
export type Seal = Exclude<EndReason, 'inactivity'>;
